/* A small archive of the kind "newc", written entry by entry. [cpio(5)] */
#ifndef ABI_TESTS_UNIT_CPIO_ARCHIVE_H
#define ABI_TESTS_UNIT_CPIO_ARCHIVE_H

#include <stdio.h>
#include <string.h>
#include "hv/lib/types.h"

static u8 archive[32768];
static u64 archive_used;

static inline void archive_begin(void)
{
    memset(archive, 0, sizeof(archive));
    archive_used = 0;
}

static inline void entry_put(const char *name, u32 mode, u32 inode, u32 links, const char *data)
{
    u32 size = (u32)strlen(data);

    snprintf((char *)archive + archive_used, 112,
             "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", inode, mode, 1000u,
             100u, links, 0x3a6b2c00u, size, 0u, 0u, 8u, 1u, (u32)strlen(name) + 1, 0u);
    memcpy(archive + archive_used + 110, name, strlen(name) + 1);
    archive_used = align_up(archive_used + 110 + strlen(name) + 1, 4);
    memcpy(archive + archive_used, data, size);
    archive_used = align_up(archive_used + size, 4);
}

static inline void archive_end(void)
{
    entry_put("TRAILER!!!", 0, 0, 1, "");
}

#endif
