#include "hv/core/fair_queue.h"

/* Weights are multiplied by this, so that a group's can be shared by 64 members. */
#define FAIR_SCALE  64u
#define CHARGE_SPAN 1000000u /* how stale the others' charges may be when one wakes */

void fair_make(struct fair *fair, u32 cpus)
{
    *fair = (struct fair){.cpus = cpus};
    for (u32 i = 0; i < FAIR_CPUS; i++)
        fair->queue[i].preempt_at_ns = FAIR_NEVER;
}

void fair_group_make(struct fair_group *group, enum fair_class class, u64 now_ns)
{
    *group = (struct fair_group){
        .weight = FAIR_WEIGHT_USUAL, .class = class, .tokens_at_ns = now_ns};
}

void fair_entity_make(struct fair_entity *entity, struct fair_group *group)
{
    *entity = (struct fair_entity){
        .group = group,
        .loaded_on = FAIR_NO_CPU,
        .weight = FAIR_WEIGHT_USUAL * FAIR_SCALE,
        .request_ns = FAIR_REQUEST_MIN_NS,
    };
}

u64 fair_virtual_now(struct fair *fair)
{
    s64 mean;

    if (fair->weight == 0)
        return fair->base;
    mean = fair->sum / (s64)fair->weight;
    fair->base += (u64)mean;
    fair->sum -= mean * (s64)fair->weight;
    return fair->base;
}

static void mean_add(struct fair *fair, const struct fair_entity *entity)
{
    fair->weight += entity->weight;
    fair->sum += (s64)entity->weight * (s64)(entity->time - fair->base);
}

static void mean_remove(struct fair *fair, const struct fair_entity *entity)
{
    fair->weight -= entity->weight;
    fair->sum -= (s64)entity->weight * (s64)(entity->time - fair->base);
}

void fair_time_set(struct fair *fair, struct fair_entity *entity, u64 time)
{
    fair->sum += (s64)entity->weight * (s64)(time - entity->time);
    entity->time = time;
}

/* --- groups: weight and cap --- */

static void members_reweigh(struct fair *fair, struct fair_group *group)
{
    u32 weight = MAX(group->weight * FAIR_SCALE / MAX(group->active, 1u), 1u);

    for (struct fair_entity *at = group->first; at; at = at->member_next) {
        if (at->weight == weight)
            continue;
        mean_remove(fair, at);
        at->weight = weight;
        mean_add(fair, at);
    }
}

/* Fills up for the time that has passed; not beyond two periods. */
static void tokens_fill(struct fair_group *group, u64 now_ns)
{
    u64 passed = now_ns - group->tokens_at_ns;

    if (now_ns <= group->tokens_at_ns)
        return;
    group->tokens_at_ns = now_ns;
    group->tokens_ns += (s64)(MIN(passed, FAIR_CHARGE_MAX) * group->cap / 100);
    group->tokens_ns = MIN(group->tokens_ns, (s64)(2 * bucket_ns(group)));
}

bool fair_has_tokens(struct fair_group *group, u64 now_ns)
{
    if (group->cap == 0)
        return true;
    tokens_fill(group, now_ns);
    return group->tokens_ns > 0;
}

void fair_group_set(struct fair *fair, struct fair_group *group, u32 weight, u32 cap,
                    u64 now_ns)
{
    group->weight = weight;
    group->cap = cap;
    group->tokens_at_ns = now_ns;
    group->tokens_ns = (s64)bucket_ns(group);
    members_reweigh(fair, group);
}

/* --- queues --- */

void fair_list_push(struct fair_entity **first, struct fair_entity *entity)
{
    entity->previous = NULL;
    entity->next = *first;
    if (*first)
        (*first)->previous = entity;
    *first = entity;
}

void fair_list_remove(struct fair_entity **first, struct fair_entity *entity)
{
    if (entity->previous)
        entity->previous->next = entity->next;
    else
        *first = entity->next;
    if (entity->next)
        entity->next->previous = entity->previous;
    entity->next = NULL;
    entity->previous = NULL;
}

void fair_queue_insert(struct fair *fair, u32 cpu, struct fair_entity *entity)
{
    struct fair_queue *queue = &fair->queue[cpu];
    struct fair_entity *before = NULL;

    entity->state = FAIR_WAITING;
    entity->cpu = cpu;
    for (struct fair_entity *at = queue->first; at; at = at->next) {
        if (is_before(entity->deadline, at->deadline))
            break;
        before = at;
    }
    if (!before) {
        fair_list_push(&queue->first, entity);
        return;
    }
    entity->previous = before;
    entity->next = before->next;
    if (before->next)
        before->next->previous = entity;
    before->next = entity;
}

void fair_queue_remove(struct fair *fair, struct fair_entity *entity)
{
    struct fair_queue *queue = &fair->queue[entity->cpu];

    fair_list_remove(&queue->first, entity);
    if (queue->favoured == entity)
        queue->favoured = NULL;
}

void fair_member_link(struct fair *fair, struct fair_entity *entity)
{
    struct fair_group *group = entity->group;

    entity->member_previous = NULL;
    entity->member_next = group->first;
    if (group->first)
        group->first->member_previous = entity;
    group->first = entity;
    group->active++;
    mean_add(fair, entity);
    members_reweigh(fair, group);
}

void fair_member_unlink(struct fair *fair, struct fair_entity *entity)
{
    struct fair_group *group = entity->group;

    if (entity->member_previous)
        entity->member_previous->member_next = entity->member_next;
    else
        group->first = entity->member_next;
    if (entity->member_next)
        entity->member_next->member_previous = entity->member_previous;
    group->active--;
    mean_remove(fair, entity);
    members_reweigh(fair, group);
}

/* --- charging --- */

/* Credit that it had no CPU to use for, or a debt from another time, is forgotten. */
static void lag_limit(struct fair *fair, struct fair_entity *entity)
{
    u64 now = fair_virtual_now(fair);
    u64 most = virtual_of(FAIR_LAG_NS, entity->weight);

    if (is_before(entity->time, now - most))
        fair_time_set(fair, entity, now - most);
}

void fair_charge(struct fair *fair, u32 cpu, u64 now_ns)
{
    struct fair_queue *queue = &fair->queue[cpu];
    struct fair_entity *current = queue->current;
    u64 ran;

    if (!current || current->state != FAIR_RUNNING || now_ns <= queue->since_ns)
        return;
    ran = MIN(now_ns - queue->since_ns, FAIR_CHARGE_MAX);
    queue->since_ns = now_ns;
    fair_time_set(fair, current, current->time + virtual_of(ran, current->weight));
    current->burst_ns += ran;
    if (current->group->cap != 0) {
        tokens_fill(current->group, now_ns);
        current->group->tokens_ns -= (s64)ran;
    }
    lag_limit(fair, current);
    if (is_before(current->time, current->deadline))
        return;
    queue->has_expired = true;
    if (current->group->class == FAIR_NORMAL)
        current->request_ns = MIN(2 * current->request_ns, FAIR_SLICE_NS);
    request_begin(current);
}

void fair_charge_all(struct fair *fair, u64 now_ns)
{
    if (now_ns - fair->charged_ns < CHARGE_SPAN)
        return;
    fair->charged_ns = now_ns;
    for (u32 cpu = 0; cpu < fair->cpus; cpu++)
        fair_charge(fair, cpu, now_ns);
}
