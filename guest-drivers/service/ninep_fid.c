#include "guest-drivers/service/ninep_fid.h"
#include "hv/lib/string.h"

static u16 *chain_of(struct ninep_fids *fids, u32 number)
{
    return &fids->chain[number % NINEP_CHAINS];
}

void fids_clear(struct ninep_fids *fids)
{
    memset(fids->chain, 0, sizeof(fids->chain));
    fids->first_free = 0;
    fids->fresh = 0;
}

struct ninep_fid *fid_find(struct ninep_fids *fids, u32 number)
{
    u16 i = *chain_of(fids, number);

    while (i != 0 && fids->slot[i - 1].number != number)
        i = fids->slot[i - 1].next;
    return i != 0 ? &fids->slot[i - 1] : NULL;
}

struct ninep_fid *fid_add(struct ninep_fids *fids, u32 number, u32 node)
{
    u16 *chain = chain_of(fids, number);
    u16 i = fids->first_free;

    if (i != 0)
        fids->first_free = fids->slot[i - 1].next;
    else if (fids->fresh < NINEP_FIDS)
        i = ++fids->fresh;
    else
        return NULL;
    fids->slot[i - 1] = (struct ninep_fid){.number = number, .node = node, .next = *chain};
    *chain = i;
    return &fids->slot[i - 1];
}

void fid_remove(struct ninep_fids *fids, struct ninep_fid *fid)
{
    u16 *at = chain_of(fids, fid->number);
    u16 i = (u16)(fid - fids->slot + 1);

    while (*at != i)
        at = &fids->slot[*at - 1].next;
    *at = fid->next;
    fid->next = fids->first_free;
    fids->first_free = i;
}
