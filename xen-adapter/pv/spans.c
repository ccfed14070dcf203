#include "xen-adapter/pv/spans.h"

static void span_delete(struct spans *spans, u32 index)
{
    spans->count--;
    for (u32 i = index; i < spans->count; i++)
        spans->span[i] = spans->span[i + 1];
}

static enum status span_insert(struct spans *spans, u32 index, struct span span)
{
    if (spans->count == SPANS_MAX)
        return ST_NO_SPACE;
    for (u32 i = spans->count; i > index; i--)
        spans->span[i] = spans->span[i - 1];
    spans->span[index] = span;
    spans->count++;
    return ST_OK;
}

enum status spans_add(struct spans *spans, u64 base, u64 end)
{
    u32 at = 0;

    if (base >= end)
        return ST_OK;
    while (at < spans->count && spans->span[at].end < base)
        at++;
    while (at < spans->count && spans->span[at].base <= end) {
        base = MIN(base, spans->span[at].base);
        end = MAX(end, spans->span[at].end);
        span_delete(spans, at);
    }
    return span_insert(spans, at, (struct span){base, end});
}

enum status spans_remove(struct spans *spans, u64 base, u64 end)
{
    if (base >= end)
        return ST_OK;
    for (u32 i = 0; i < spans->count;) {
        struct span *span = &spans->span[i];
        struct span tail = {end, span->end};

        if (!spans_overlap(base, end, span->base, span->end)) {
            i++;
            continue;
        }
        if (base > span->base && end < span->end) {
            TRY(span_insert(spans, i + 1, tail));
            spans->span[i].end = base;
            return ST_OK;
        }
        if (base <= span->base && end >= span->end) {
            span_delete(spans, i);
            continue;
        }
        if (base <= span->base)
            span->base = end;
        else
            span->end = base;
        i++;
    }
    return ST_OK;
}

bool spans_hold(const struct spans *spans, u64 base, u64 end)
{
    for (u32 i = 0; i < spans->count; i++)
        if (base >= spans->span[i].base && base <= end && end <= spans->span[i].end)
            return true;
    return false;
}

enum status spans_take_high(struct spans *spans, u64 bytes, u64 align, u64 limit, u64 *base)
{
    for (u32 i = spans->count; i-- > 0;) {
        u64 end = MIN(spans->span[i].end, limit);
        u64 at;

        if (end < bytes)
            continue;
        at = align_down(end - bytes, align);
        if (at < spans->span[i].base)
            continue;
        *base = at;
        return spans_remove(spans, at, at + bytes);
    }
    return ST_NO_MEMORY;
}

enum status spans_take_low(struct spans *spans, u64 bytes, u64 align, u64 floor, u64 *base)
{
    for (u32 i = 0; i < spans->count; i++) {
        u64 at = align_up(MAX(spans->span[i].base, floor), align);

        if (at >= spans->span[i].end || bytes > spans->span[i].end - at)
            continue;
        *base = at;
        return spans_remove(spans, at, at + bytes);
    }
    return ST_NO_MEMORY;
}

struct span spans_largest(const struct spans *spans, u64 limit)
{
    struct span best = {0, 0};

    for (u32 i = 0; i < spans->count; i++) {
        struct span span = spans->span[i];

        span.end = MIN(span.end, limit);
        if (span.base < span.end && span.end - span.base > best.end - best.base)
            best = span;
    }
    return best;
}
