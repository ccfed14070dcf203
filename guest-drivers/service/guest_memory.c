#include "guest-drivers/service/guest_memory.h"
#include "guest-drivers/lib/guest.h"
#include "guest-drivers/lib/native_call.h"
#include "guest-drivers/service/platform.h"

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
    bool is_mapped;
};
static struct chunk chunks[GUEST_CHUNKS];

/* How often each page is in use, of all chunks that were ever used; some chunks to a page.
 * Rings and requests together are far less than what a count holds. */
#define COUNTED (PAGE_SIZE / (CHUNK_FRAMES * sizeof(u16)))
static u16 *counts[GUEST_CHUNKS / COUNTED];
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

static u16 *count_of(u32 i, u64 gfn)
{
    return &counts[(i - 1) / COUNTED][(i - 1) % COUNTED * CHUNK_FRAMES + gfn % CHUNK_FRAMES];
}

static enum status counts_make(u32 i)
{
    u16 **page = &counts[(i - 1) / COUNTED];

    if (!*page)
        *page = platform_memory(PAGE_SIZE);
    return *page ? ST_OK : ST_AGAIN;
}

static void chunk_unmap(u32 i)
{
    struct native_memory_unmap in = {place_of(i)};

    if (chunks[i - 1].is_mapped)
        (void)call_memory_unmap(&in, NULL);
    chunks[i - 1].is_mapped = false;
}

/* The frames of it that are there; from its begin, or there are none. */
static enum status chunk_map(u32 i)
{
    struct chunk *chunk = &chunks[i - 1];
    u64 gfn = chunk->index * CHUNK_FRAMES;
    struct native_memory_map in;

    if (chunk->is_mapped)
        return ST_OK;
    in = (struct native_memory_map){
        .partition = chunk->memory->partition,
        .flags = NATIVE_READ | NATIVE_WRITE | NATIVE_HOLES,
        .remote_at = chunk->index * CHUNK_BYTES,
        .local_at = place_of(i),
        .pages = MIN(CHUNK_FRAMES, guest_frames_run(&chunk->memory->frames, gfn)),
    };
    if (call_memory_map(&in, NULL) != ST_OK)
        return ST_AGAIN;
    chunk->is_mapped = true;
    return ST_OK;
}

static void chunk_end(u32 i)
{
    struct chunk *chunk = &chunks[i - 1];
    u32 *at = chain_of(chunk->memory, chunk->index);

    chunk_unmap(i);
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
    TRY(counts_make(i));
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

    if (!guest_frame_is_here(&memory->frames, gfn))
        return ST_RANGE;
    if (i == 0)
        TRY(chunk_make(memory, index, &i));
    TRY(chunk_map(i));
    chunks[i - 1].users++;
    *count_of(i, gfn) += 1;
    *at = guest_pointer(place_of(i) + gfn % CHUNK_FRAMES * PAGE_SIZE);
    return ST_OK;
}

void guest_page_put(struct guest_memory *memory, u64 gfn)
{
    u32 i = chunk_find(memory, gfn / CHUNK_FRAMES);

    *count_of(i, gfn) -= 1;
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

/* ---- frames that go and come ---- */

/* Chunks with pages in use keep their place for guest_memory_settle(). */
static void chunks_unmap(struct guest_memory *memory, u64 gfn, u64 count)
{
    for (u64 index = gfn / CHUNK_FRAMES; index <= (gfn + count - 1) / CHUNK_FRAMES; index++) {
        u32 i = chunk_find(memory, index);

        if (i != 0 && chunks[i - 1].users == 0)
            chunk_end(i);
        else if (i != 0)
            chunk_unmap(i);
    }
    memory->moves++;
}

static bool frames_are_used(const struct guest_memory *memory, u64 gfn, u64 count)
{
    u64 end = gfn + count;

    for (; gfn < end; gfn = align_down(gfn, CHUNK_FRAMES) + CHUNK_FRAMES) {
        u32 i = chunk_find(memory, gfn / CHUNK_FRAMES);
        u64 pages = MIN(end - gfn, CHUNK_FRAMES - gfn % CHUNK_FRAMES);

        for (u64 page = 0; i != 0 && chunks[i - 1].users != 0 && page < pages; page++)
            if (*count_of(i, gfn + page) != 0)
                return true;
    }
    return false;
}

static enum status frames_remove(struct guest_memory *memory, u64 gfn, u64 count)
{
    struct native_memory_remove in = {
        .partition = memory->partition, .at = gfn * PAGE_SIZE, .bytes = count * PAGE_SIZE};

    if (frames_are_used(memory, gfn, count))
        return ST_BUSY;
    chunks_unmap(memory, gfn, count);
    /* Without memory to split a large page some may be left: they count as gone too, and are
     * given back like the others when the guest gets them again. */
    return call_memory_remove(&in, NULL) == ST_BUSY ? ST_BUSY : ST_OK;
}

static enum status frames_populate(const struct guest_memory *memory, u64 gfn, u64 count)
{
    struct native_memory_populate in = {.partition = memory->partition,
                                        .flags = NATIVE_READ | NATIVE_WRITE | NATIVE_EXEC,
                                        .at = gfn * PAGE_SIZE,
                                        .bytes = count * PAGE_SIZE};

    return call_memory_populate(&in, NULL);
}

/* The guest has had a page of the hypervisor shown there meanwhile, or some were left. */
static enum status frames_replace(struct guest_memory *memory, u64 gfn, u64 count)
{
    for (u64 end = gfn + count; gfn < end; gfn++) {
        TRY(frames_remove(memory, gfn, 1));
        TRY(frames_populate(memory, gfn, 1));
    }
    return ST_OK;
}

enum status guest_memory_release(struct guest_memory *memory, u64 gfn, u64 count)
{
    if (!guest_frames_are_here(&memory->frames, gfn, count))
        return ST_RANGE;
    TRY(frames_remove(memory, gfn, count));
    guest_frames_take(&memory->frames, gfn, count);
    return ST_OK;
}

enum status guest_memory_restore(struct guest_memory *memory, u64 gfn, u64 count)
{
    enum status status;

    if (!guest_frames_are_away(&memory->frames, gfn, count))
        return ST_RANGE;
    chunks_unmap(memory, gfn, count);
    status = frames_populate(memory, gfn, count);
    if (status == ST_EXISTS)
        status = frames_replace(memory, gfn, count);
    if (status == ST_OK)
        guest_frames_give(&memory->frames, gfn, count);
    return status;
}

enum status guest_memory_add(struct guest_memory *memory, u64 count)
{
    struct guest_frames *frames = &memory->frames;
    u64 gfn = frames->more_begin + frames->more;

    if (count == 0 || count > guest_frames_left(frames))
        return ST_RANGE;
    chunks_unmap(memory, gfn, count);
    TRY(frames_populate(memory, gfn, count));
    frames->more += count;
    return ST_OK;
}

enum status guest_memory_take_back(struct guest_memory *memory, u64 count)
{
    struct guest_frames *frames = &memory->frames;
    u64 gfn = frames->more_begin + frames->more - count;

    if (count == 0 || count > frames->more || !guest_frames_are_here(frames, gfn, count))
        return ST_RANGE;
    TRY(frames_remove(memory, gfn, count));
    frames->more -= count;
    return ST_OK;
}

void guest_memory_settle(struct guest_memory *memory)
{
    for (u32 i = memory->first; i != 0; i = chunks[i - 1].newer)
        if (chunks[i - 1].users != 0)
            (void)chunk_map(i); /* else at its next use */
}
