#include "xen-adapter/pv/guest_copy.h"

/* entry.S */
u64 guest_copy_bytes(void *to, const void *from, u64 bytes);
u64 guest_clear_bytes(void *to, u64 bytes);

enum status copy_from_guest(void *to, u64 from, u64 bytes)
{
    if (!guest_range_ok(from, bytes) || guest_copy_bytes(to, (const void *)from, bytes) != 0)
        return ST_FAULT;
    return ST_OK;
}

enum status copy_to_guest(u64 to, const void *from, u64 bytes)
{
    if (!guest_range_ok(to, bytes) || guest_copy_bytes((void *)to, from, bytes) != 0)
        return ST_FAULT;
    return ST_OK;
}

enum status clear_guest(u64 to, u64 bytes)
{
    if (!guest_range_ok(to, bytes) || guest_clear_bytes((void *)to, bytes) != 0)
        return ST_FAULT;
    return ST_OK;
}
