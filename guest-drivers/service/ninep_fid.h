/* Fids: the numbers by which a 9P client names files. They are its own choice. */
#ifndef GUEST_DRIVERS_SERVICE_NINEP_FID_H
#define GUEST_DRIVERS_SERVICE_NINEP_FID_H

#include "hv/lib/types.h"

#define NINEP_FIDS   65535u /* of a session; a client with a cache holds one for each entry */
#define NINEP_CHAINS 4096u

struct ninep_fid {
    u32 number;
    u32 node;
    u16 next; /* slot + 1, in its chain, or of the free ones */
    bool is_open;
};

struct ninep_fids {
    struct ninep_fid slot[NINEP_FIDS];
    u16 chain[NINEP_CHAINS]; /* slot + 1 */
    u16 first_free;          /* slot + 1 */
    u16 fresh;               /* slots never used begin here */
};

void fids_clear(struct ninep_fids *fids);
/* NULL: there is none of that number. */
struct ninep_fid *fid_find(struct ninep_fids *fids, u32 number);
/* A new one, whose number is not in use. NULL: there are too many. */
struct ninep_fid *fid_add(struct ninep_fids *fids, u32 number, u32 node);
void fid_remove(struct ninep_fids *fids, struct ninep_fid *fid);

#endif
