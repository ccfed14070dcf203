/*
 * What the scheduler's choices stand on: the machine's virtual time, groups and their tokens,
 * the CPUs' queues, and charging. Between fair.c and fair_queue.c only.
 */
#ifndef HV_CORE_FAIR_QUEUE_H
#define HV_CORE_FAIR_QUEUE_H

#include "hv/core/fair.h"

/* A weight of 2^22 gains one unit of virtual time each ns. */
#define FAIR_SHIFT      22
#define FAIR_CHARGE_MAX ((u64)1 << 40) /* ns at a time: the product stays in 64 bits */

static inline u64 virtual_of(u64 ns, u32 weight)
{
    return (ns << FAIR_SHIFT) / weight;
}

static inline bool is_before(u64 a, u64 b)
{
    return (s64)(a - b) < 0;
}

static inline u64 bucket_ns(const struct fair_group *group)
{
    return FAIR_CAP_PERIOD_NS * group->cap / 100;
}

static inline void request_begin(struct fair_entity *entity)
{
    entity->deadline = entity->time + virtual_of(entity->request_ns, entity->weight);
}

/* The base follows it, so that the sum stays small. */
u64 fair_virtual_now(struct fair *fair);
void fair_time_set(struct fair *fair, struct fair_entity *entity, u64 time);

/* May run: its group has no cap, or something of it left. */
bool fair_has_tokens(struct fair_group *group, u64 now_ns);

void fair_list_push(struct fair_entity **first, struct fair_entity *entity);
void fair_list_remove(struct fair_entity **first, struct fair_entity *entity);
/* By deadline. */
void fair_queue_insert(struct fair *fair, u32 cpu, struct fair_entity *entity);
void fair_queue_remove(struct fair *fair, struct fair_entity *entity);
/* Who is awake shares its group's weight. */
void fair_member_link(struct fair *fair, struct fair_entity *entity);
void fair_member_unlink(struct fair *fair, struct fair_entity *entity);

/* The CPU's current for the time since it was charged last. */
void fair_charge(struct fair *fair, u32 cpu, u64 now_ns);
/* All CPUs' currents, if that is long ago. */
void fair_charge_all(struct fair *fair, u64 now_ns);

#endif
