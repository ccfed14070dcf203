#include "guest-drivers/steward/trace_text.h"
#include "enlight/abi/tlfs.h"
#include "guest-drivers/steward/report.h"
#include "hv/lib/string.h"
#include "xen-adapter/abi/xen_rows.h"

enum { ABI_XEN = 1, ABI_TLFS = 2 };
#define DECIMAL_MOST 9999u /* larger numbers are addresses and times more often than counts */

/* By row: its call and the name of its structure. */
static const struct {
    u8 nr;
    bool is_operation; /* the first argument is the command, which the name tells */
    const char *structure;
} rows[XENROW_COUNT] = {
    [XENROW_none] = {0, false, "none"},
#define CALL(nr, call, nargs, kind, tag, callers, prio, hvm, herr, pv, perr, header, doc)      \
    [XENROW_##call] = {nr, false, #tag},
#define OP(nr, sub, call, name, tag, callers, prio, hvm, herr, pv, perr, header, doc)          \
    [XENROW_##call##_##name] = {nr, true, #tag},
#include "xen-adapter/abi/xen.def"
};

/* Arguments of a call, the command included. */
static const u8 argument_count[XEN_NR_SPACE] = {
#define CALL(nr, call, nargs, kind, tag, callers, prio, hvm, herr, pv, perr, header, doc)      \
    [nr] = nargs,
#define FAMILY(nr, call, nargs, mask, header) [nr] = nargs,
#include "xen-adapter/abi/xen.def"
};

static const struct {
    const char *structure;
    const char *name;
    u16 offset;
    u16 bytes;
} fields[] = {
#define FIELD(tag, member)                                                                     \
    {#tag, #member, offsetof(struct xen_##tag, member),                                        \
     sizeof(((struct xen_##tag *)0)->member)},
#include "xen-adapter/abi/xen_fields.def"
#undef FIELD
};

static const char *const errors[] = {
#define ERROR(name) [XEN_##name] = #name
    ERROR(EPERM),      ERROR(ENOENT),  ERROR(ESRCH),   ERROR(EIO),      ERROR(ENXIO),
    ERROR(E2BIG),      ERROR(EAGAIN),  ERROR(ENOMEM),  ERROR(EACCES),   ERROR(EFAULT),
    ERROR(EBUSY),      ERROR(EEXIST),  ERROR(ENODEV),  ERROR(EINVAL),   ERROR(ENOSPC),
    ERROR(ERANGE),     ERROR(ENOSYS),  ERROR(ENODATA), ERROR(ETIME),    ERROR(EOVERFLOW),
    ERROR(EOPNOTSUPP), ERROR(ENOBUFS), ERROR(EISCONN), ERROR(ENOTCONN),
#undef ERROR
};

static void number_put(struct out *out, u64 value)
{
    out_print(out, value <= DECIMAL_MOST ? "%lu" : "0x%lx", (unsigned long)value);
}

static u64 field_read(const u8 *data, u32 bytes)
{
    u64 value = 0;

    memcpy(&value, data, MIN(bytes, (u32)sizeof(value)));
    return value;
}

static void bytes_put(struct out *out, const struct native_trace_record *record)
{
    for (u32 i = 0; i < record->data_bytes; i++)
        out_print(out, "%02x", record->data[i]);
}

/* {member=value, ...}, or its bytes where nobody named the members. */
static void structure_put(struct out *out, const struct native_trace_record *record,
                          const char *structure)
{
    bool is_first = true;

    out_print(out, "{");
    for (u32 i = 0; i < ARRAY_SIZE(fields); i++) {
        if (strcmp(fields[i].structure, structure) != 0 ||
            (u32)fields[i].offset + fields[i].bytes > record->data_bytes)
            continue;
        out_print(out, "%s%s=", is_first ? "" : ", ", fields[i].name);
        number_put(out, field_read(record->data + fields[i].offset, fields[i].bytes));
        is_first = false;
    }
    if (is_first)
        bytes_put(out, record);
    out_print(out, "}");
}

/* Which argument points to the structure: behind the command, and behind vcpu_op's vCPU. */
static u32 structure_index(u32 row)
{
    if (rows[row].nr == XENNR_vcpu_op)
        return 2;
    return rows[row].is_operation ? 1 : 0;
}

static void arguments_put(struct out *out, const struct native_trace_record *record)
{
    u32 row = record->call;
    u32 all = row == XENROW_none ? NATIVE_TRACE_ARGUMENTS : argument_count[rows[row].nr];
    u32 count = MIN(all, NATIVE_TRACE_ARGUMENTS);
    u32 first = rows[row].is_operation ? 1 : 0;

    for (u32 i = first; i < count; i++) {
        if (i != first)
            out_print(out, ", ");
        if (record->data_bytes != 0 && i == structure_index(row))
            structure_put(out, record, rows[row].structure);
        else
            number_put(out, record->argument[i]);
    }
}

static void xen_put(struct out *out, const struct native_trace_record *record)
{
    out_print(out, "%s", report_call_name(NATIVE_COUNTER_XEN + record->call));
    if (record->call == XENROW_none)
        out_print(out, ".%u", record->number);
    out_print(out, "(");
    arguments_put(out, record);
}

static void errno_put(struct out *out, s64 result)
{
    u64 error = 0 - (u64)result;

    if (result < 0 && error < ARRAY_SIZE(errors) && errors[error])
        out_print(out, "-%s", errors[error]);
    else if (result < 0)
        out_print(out, "%ld", (long)result);
    else
        number_put(out, (u64)result);
}

static const char *const statuses[] = {
#define STATUS(name) [TLFS_##name] = #name
    STATUS(SUCCESS),
    STATUS(INVALID_HYPERCALL_CODE),
    STATUS(INVALID_HYPERCALL_INPUT),
    STATUS(INVALID_ALIGNMENT),
    STATUS(INVALID_PARAMETER),
    STATUS(ACCESS_DENIED),
    STATUS(OPERATION_DENIED),
    STATUS(INSUFFICIENT_MEMORY),
    STATUS(INVALID_PARTITION_ID),
    STATUS(INVALID_VP_INDEX),
    STATUS(INVALID_PORT_ID),
    STATUS(INVALID_CONNECTION_ID),
    STATUS(INSUFFICIENT_BUFFERS),
#undef STATUS
};

/* The input is an address or, of a fast call, the value itself. [TLFS 3.7] */
static void tlfs_put(struct out *out, const struct native_trace_record *record)
{
    u64 control = record->argument[0];
    u64 count = control >> TLFS_CONTROL_COUNT & TLFS_CONTROL_COUNT_MASK;

    out_print(out, "%s", report_call_name(NATIVE_COUNTER_TLFS + record->call));
    if (record->call == TLFS_ROW_none)
        out_print(out, ".0x%lx", (unsigned long)(control & UINT16_MAX));
    out_print(out, control & TLFS_CONTROL_FAST ? "(fast " : "(");
    number_put(out, record->argument[1]);
    out_print(out, ", ");
    number_put(out, record->argument[2]);
    if (count != 0)
        out_print(out, ", %lu times", (unsigned long)count);
}

static void status_put(struct out *out, s64 result)
{
    if (result >= 0 && result < (s64)ARRAY_SIZE(statuses) && statuses[result])
        out_print(out, "%s", statuses[result]);
    else
        number_put(out, (u64)result);
}

void trace_text(struct out *out, const struct native_trace_record *record, u64 begin_tsc,
                u64 tsc_khz)
{
    u64 us = (record->tsc - begin_tsc) * 1000 / MAX(tsc_khz, 1ul);

    out_print(out, "%5lu.%06lu d%uv%u ", (unsigned long)(us / 1000000),
              (unsigned long)(us % 1000000), record->partition, record->vcpu);
    if (record->abi == ABI_XEN && record->call < XENROW_COUNT)
        xen_put(out, record);
    else if (record->abi == ABI_TLFS && record->call < (u32)TLFS_ROWS)
        tlfs_put(out, record);
    else
        out_print(out, "call %u of interface %u(", record->call, record->abi);
    out_print(out, ") = ");
    if (record->abi == ABI_TLFS)
        status_put(out, record->result);
    else
        errno_put(out, record->result);
    out_print(out, "\n");
}
