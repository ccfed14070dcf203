/* Basic types of the house: fixed widths and addresses that do not mix. */
#ifndef HV_LIB_TYPES_H
#define HV_LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

/* Host-physical, guest-physical and guest-virtual byte addresses. */
typedef struct {
    u64 raw;
} hpa_t;
typedef struct {
    u64 raw;
} gpa_t;
typedef struct {
    u64 raw;
} gva_t;

#define PAGE_SHIFT      12
#define PAGE_SIZE       ((u64)1 << PAGE_SHIFT)
#define PAGE_MASK       (PAGE_SIZE - 1)
#define LARGE_PAGE_SIZE ((u64)2 << 20)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)     ((a) < (b) ? (a) : (b))
#define MAX(a, b)     ((a) > (b) ? (a) : (b))
#define BIT(n)        ((u64)1 << (n))

static inline hpa_t hpa(u64 raw)
{
    return (hpa_t){raw};
}

static inline gpa_t gpa(u64 raw)
{
    return (gpa_t){raw};
}

static inline gva_t gva(u64 raw)
{
    return (gva_t){raw};
}

static inline u64 align_down(u64 value, u64 power_of_two)
{
    return value & ~(power_of_two - 1);
}

/* The caller knows that value + power_of_two does not wrap. */
static inline u64 align_up(u64 value, u64 power_of_two)
{
    return (value + power_of_two - 1) & ~(power_of_two - 1);
}

/* Guest-given numbers are added and multiplied with these; true means "does not fit". */
static inline bool add_overflows(u64 a, u64 b, u64 *sum)
{
    return __builtin_add_overflow(a, b, sum);
}

static inline bool mul_overflows(u64 a, u64 b, u64 *product)
{
    return __builtin_mul_overflow(a, b, product);
}

#endif
