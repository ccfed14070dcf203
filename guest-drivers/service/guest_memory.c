#include "guest-drivers/service/guest_memory.h"
#include "guest-drivers/lib/guest.h"
#include "guest-drivers/lib/native_call.h"

/* Our addresses, above the other windows. */
#define CHUNK_WINDOW (GUEST_WINDOW + ((u64)4 << 30))
#define CHUNK_BYTES  LARGE_PAGE_SIZE
#define CHUNK_FRAMES (CHUNK_BYTES / PAGE_SIZE)
#define CHAINS       1024u
_Static_assert(CHUNK_WINDOW + GUEST_CHUNKS * CHUNK_BYTES <= GUEST_MAPPED,
               "the window is mapped");

struct chunk {
    struct guest_memory *memory; /* NULL: free */
    u64 index;                   /* which 2 MiB of the guest */
    u32 older, newer;            /* chunk + 1, of its guest by last use */
    u32 next;                    /* in its chain */
    u32 users;
};
static struct chunk chunks[GUEST_CHUNKS];
static u32 chain[CHAINS]; /* chunk + 1 */

static u64 place_of(u32 i)
{
    return CHUNK_WINDOW + (i - 1) * CHUNK_BYTES;
}

static u32 *chain_of(const struct guest_memory *memory, u64 index)
{
    return &chain[(index + memory->partition * 257u) % CHAINS];
}

static u32 chunk_find(const struct guest_memory *memory, u64 index)
{
    u32 i = *chain_of(memory, index);

    while (i != 0 && (chunks[i - 1].memory != memory || chunks[i - 1].index != index))
        i = chunks[i - 1].next;
    return i;
}

static void used_unlink(struct guest_memory *memory, u32 i)
{
    const struct chunk *chunk = &chunks[i - 1];

    *(chunk->older ? &chunks[chunk->older - 1].newer : &memory->first) = chunk->newer;
    *(chunk->newer ? &chunks[chunk->newer - 1].older : &memory->last) = chunk->older;
}

static void used_append(struct guest_memory *memory, u32 i)
{
    chunks[i - 1].older = memory->last;
    chunks[i - 1].newer = 0;
    *(memory->last ? &chunks[memory->last - 1].newer : &memory->first) = i;
    memory->last = i;
}

static void chunk_end(u32 i)
{
    struct chunk *chunk = &chunks[i - 1];
    struct native_memory_unmap in = {place_of(i)};
    u32 *at = chain_of(chunk->memory, chunk->index);

    (void)call_memory_unmap(&in, NULL);
    while (*at != i)
        at = &chunks[*at - 1].next;
    *at = chunk->next;
    used_unlink(chunk->memory, i);
    chunk->memory->used--;
    chunk->memory = NULL;
}

/* Makes room among the guest's own: the one used longest ago goes. */
static bool chunk_reclaim(struct guest_memory *memory)
{
    u32 i = memory->first;

    while (i != 0 && chunks[i - 1].users != 0)
        i = chunks[i - 1].newer;
    if (i != 0)
        chunk_end(i);
    return i != 0;
}

/* Frames of this piece that are RAM; it begins with RAM or has none. */
static u64 frames_of(const struct guest_memory *memory, u64 index)
{
    u64 begin = index * CHUNK_BYTES;
    u64 low_end = memory->low_bytes;
    u64 high_end = memory->high_begin + memory->high_bytes;
    u64 end = begin < low_end ? low_end : high_end;

    if (begin >= low_end && (begin < memory->high_begin || begin >= high_end))
        return 0;
    return MIN(CHUNK_BYTES, end - begin) / PAGE_SIZE;
}

static enum status chunk_map(struct guest_memory *memory, u64 index, u32 i)
{
    struct native_memory_map in = {.partition = memory->partition,
                                   .flags = NATIVE_READ | NATIVE_WRITE,
                                   .remote_at = index * CHUNK_BYTES,
                                   .local_at = place_of(i),
                                   .pages = frames_of(memory, index)};

    return call_memory_map(&in, NULL);
}

static enum status chunk_make(struct guest_memory *memory, u64 index, u32 *out)
{
    u32 *head = chain_of(memory, index);
    u32 i = 1;

    if (memory->used >= memory->limit && !chunk_reclaim(memory))
        return ST_AGAIN;
    while (i <= GUEST_CHUNKS && chunks[i - 1].memory)
        i++;
    if (i > GUEST_CHUNKS)
        return ST_AGAIN;
    TRY(chunk_map(memory, index, i));
    chunks[i - 1] = (struct chunk){.memory = memory, .index = index, .next = *head};
    *head = i;
    used_append(memory, i);
    memory->used++;
    *out = i;
    return ST_OK;
}

enum status guest_page_get(struct guest_memory *memory, u64 gfn, u8 **at)
{
    u64 index = gfn / CHUNK_FRAMES;
    u32 i = chunk_find(memory, index);

    if (gfn % CHUNK_FRAMES >= frames_of(memory, index))
        return ST_RANGE;
    if (i == 0)
        TRY(chunk_make(memory, index, &i));
    chunks[i - 1].users++;
    *at = guest_pointer(place_of(i) + gfn % CHUNK_FRAMES * PAGE_SIZE);
    return ST_OK;
}

void guest_page_put(struct guest_memory *memory, u64 gfn)
{
    u32 i = chunk_find(memory, gfn / CHUNK_FRAMES);

    if (--chunks[i - 1].users != 0)
        return;
    used_unlink(memory, i);
    used_append(memory, i);
}

void guest_memory_end(struct guest_memory *memory)
{
    while (memory->first != 0)
        chunk_end(memory->first);
}
