#include "hv/core/fair_queue.h"

#define TOKEN_RUN_NS 50000u                    /* no timer for less */
#define HURRY_NS     (FAIR_REQUEST_MIN_NS + 1) /* more than who mostly sleeps asks for */
#define HURRY_LAG    4                         /* what remains of a lead: a part of so many */

/* --- waking and sleeping --- */

static bool is_idle(const struct fair_queue *queue)
{
    return !queue->first && (!queue->current || queue->current->state != FAIR_RUNNING);
}

/* May the one who woke take the CPU from its current? */
static bool preempts(const struct fair_queue *queue, const struct fair_entity *entity, u64 now)
{
    const struct fair_entity *current = queue->current;

    if (!current || current->state != FAIR_RUNNING)
        return true;
    if (is_before(now, entity->time))
        return false;
    return entity->request_ns < current->request_ns ||
           is_before(entity->deadline, current->deadline);
}

/* The CPU on which it can run first; its last one where that makes no difference. */
static u32 place_find(const struct fair *fair, const struct fair_entity *entity, u64 now)
{
    u32 found = FAIR_NO_CPU;

    if (entity->loaded_on != FAIR_NO_CPU)
        return entity->loaded_on;
    if (is_idle(&fair->queue[entity->cpu]))
        return entity->cpu;
    for (u32 cpu = 0; cpu < fair->cpus; cpu++)
        if (is_idle(&fair->queue[cpu]))
            return cpu;
    if (preempts(&fair->queue[entity->cpu], entity, now))
        return entity->cpu;
    for (u32 cpu = 0; cpu < fair->cpus && found == FAIR_NO_CPU; cpu++)
        if (!fair->queue[cpu].favoured && preempts(&fair->queue[cpu], entity, now))
            found = cpu;
    return found == FAIR_NO_CPU ? entity->cpu : found;
}

static void preempt_ask(struct fair *fair, u32 cpu, struct fair_entity *entity, u64 now_ns)
{
    struct fair_queue *queue = &fair->queue[cpu];
    u64 at = MAX(now_ns, queue->began_ns + FAIR_RUN_MIN_NS);

    if (!queue->favoured || is_before(entity->deadline, queue->favoured->deadline))
        queue->favoured = entity;
    queue->preempt_at_ns = MIN(queue->preempt_at_ns, at);
    fair->kicks |= BIT(cpu);
}

/* Into the queue of a CPU, which learns of it if that changes what it does. */
static void place(struct fair *fair, struct fair_entity *entity, u64 now_ns)
{
    u64 now = fair_virtual_now(fair);
    u32 cpu = place_find(fair, entity, now);
    bool was_idle = is_idle(&fair->queue[cpu]);
    bool was_empty = !fair->queue[cpu].first;

    fair_queue_insert(fair, cpu, entity);
    if (was_idle || was_empty)
        fair->kicks |= BIT(cpu);
    if (!was_idle && preempts(&fair->queue[cpu], entity, now))
        preempt_ask(fair, cpu, entity, now_ns);
}

void fair_wake(struct fair *fair, struct fair_entity *entity, u64 now_ns)
{
    u64 now;

    if (entity->state != FAIR_OFF)
        return;
    fair_charge_all(fair, now_ns);
    now = fair_virtual_now(fair);
    if (is_before(entity->time, now))
        entity->time = now;
    /* What it is ahead is a debt of at most the same size as the largest credit. */
    else if (is_before(now + virtual_of(FAIR_LAG_NS, entity->weight), entity->time))
        entity->time = now + virtual_of(FAIR_LAG_NS, entity->weight);
    fair_member_link(fair, entity);
    request_begin(entity);
    if (fair->queue[entity->cpu].current == entity) {
        entity->state = FAIR_RUNNING; /* it slept and woke before its CPU looked */
        fair->queue[entity->cpu].since_ns = now_ns;
        return;
    }
    place(fair, entity, now_ns);
}

/* The next request is what it needed this time, with room to spare. */
static void request_learn(struct fair_entity *entity)
{
    u64 wanted = MAX(2 * entity->burst_ns, FAIR_REQUEST_MIN_NS);

    entity->burst_ns = 0;
    if (entity->group->class == FAIR_NORMAL)
        entity->request_ns = MIN((entity->request_ns + wanted) / 2, FAIR_SLICE_NS);
}

void fair_sleep(struct fair *fair, struct fair_entity *entity, u64 now_ns)
{
    switch (entity->state) {
    case FAIR_OFF:
        return;
    case FAIR_HELD_BACK:
        fair_list_remove(&fair->queue[entity->cpu].held, entity);
        break;
    case FAIR_WAITING:
        fair_queue_remove(fair, entity);
        fair_member_unlink(fair, entity);
        break;
    case FAIR_RUNNING:
        fair_charge(fair, entity->cpu, now_ns);
        fair_member_unlink(fair, entity);
        break;
    }
    entity->state = FAIR_OFF;
    request_learn(entity);
}

void fair_entity_end(struct fair *fair, struct fair_entity *entity, u64 now_ns)
{
    struct fair_queue *queue = &fair->queue[entity->cpu];

    fair_sleep(fair, entity, now_ns);
    if (queue->current == entity)
        queue->current = NULL;
    if (entity->loaded_on != FAIR_NO_CPU)
        fair->queue[entity->loaded_on].loaded = NULL;
    entity->loaded_on = FAIR_NO_CPU;
}

/* The mean of its members' virtual times, whose weights are all the same. */
static u64 members_time(const struct fair_group *group)
{
    u64 base = group->first->time;
    s64 sum = 0;

    for (const struct fair_entity *at = group->first; at; at = at->member_next)
        sum += (s64)(at->time - base);
    return base + (u64)(sum / (s64)group->active);
}

static void hurry(struct fair *fair, struct fair_entity *entity, u64 mean)
{
    struct fair_queue *queue = &fair->queue[entity->cpu];

    fair_time_set(fair, entity, mean + (u64)((s64)(entity->time - mean) / HURRY_LAG));
    entity->request_ns = HURRY_NS;
    request_begin(entity);
    if (entity->state == FAIR_WAITING) {
        fair_list_remove(&queue->first, entity);
        fair_queue_insert(fair, entity->cpu, entity);
    } else if (queue->first) {
        fair->kicks |= BIT(entity->cpu);
    }
}

/* Each of a group soon has a short turn, on whatever CPU it waits; the group as a whole is owed
 * what it was. Until one of them asks for more there is nothing to do again. */
static void members_hurry(struct fair *fair, struct fair_group *group)
{
    struct fair_entity *slow = group->first;
    u64 mean;

    while (slow && slow->request_ns <= HURRY_NS)
        slow = slow->member_next;
    if (!slow)
        return;
    mean = members_time(group);
    for (struct fair_entity *at = group->first; at; at = at->member_next)
        hurry(fair, at, mean);
}

bool fair_yield(struct fair *fair, u32 cpu)
{
    struct fair_queue *queue = &fair->queue[cpu];

    if (queue->current)
        members_hurry(fair, queue->current->group);
    queue->has_yielded = queue->first || fair->cpus > 1;
    return queue->has_yielded;
}

/* --- choosing --- */

/* It is active and its group has nothing left: it waits for tokens. */
static void hold_back(struct fair *fair, struct fair_entity *entity, u64 now_ns)
{
    struct fair_group *group = entity->group;
    u64 missing = (u64)((s64)bucket_ns(group) - group->tokens_ns);

    fair_member_unlink(fair, entity);
    entity->state = FAIR_HELD_BACK;
    entity->release_ns = now_ns + missing * 100 / group->cap + 1;
    fair_list_push(&fair->queue[entity->cpu].held, entity);
}

static void release_due(struct fair *fair, u32 cpu, u64 now_ns)
{
    struct fair_entity *at = fair->queue[cpu].held;

    while (at) {
        struct fair_entity *next = at->next;

        if (at->release_ns <= now_ns) {
            fair_list_remove(&fair->queue[cpu].held, at);
            at->state = FAIR_OFF;
            fair_wake(fair, at, now_ns);
        }
        at = next;
    }
}

/* The eligible one with the first deadline; when all are ahead, the one who is least so. */
static struct fair_entity *choose(struct fair *fair, u32 cpu, const struct fair_entity * not,
                                  u64 now_ns)
{
    struct fair_entity *at = fair->queue[cpu].first;
    struct fair_entity *least = NULL;
    u64 now = fair_virtual_now(fair);

    while (at) {
        struct fair_entity *next = at->next;

        if (!fair_has_tokens(at->group, now_ns)) {
            fair_queue_remove(fair, at);
            hold_back(fair, at, now_ns);
        } else if (at != not ) {
            if (!is_before(now, at->time))
                return at;
            if (!least || is_before(at->time, least->time))
                least = at;
        }
        at = next;
    }
    return least;
}

/* For a CPU without work: who is furthest behind in any other's queue. */
static struct fair_entity *steal(struct fair *fair, u32 cpu, u64 now_ns)
{
    struct fair_entity *found = NULL;

    for (u32 from = 0; from < fair->cpus; from++) {
        if (from == cpu)
            continue;
        for (struct fair_entity *at = fair->queue[from].first; at; at = at->next)
            if (at->loaded_on == FAIR_NO_CPU && fair_has_tokens(at->group, now_ns) &&
                (!found || is_before(at->time, found->time)))
                found = at;
    }
    return found;
}

/* The virtual time of a CPU's current as of now, charged or not. */
static u64 current_time(const struct fair_queue *queue, u64 now_ns)
{
    const struct fair_entity *current = queue->current;
    u64 ran = now_ns > queue->since_ns ? now_ns - queue->since_ns : 0;

    return current->time + virtual_of(MIN(ran, FAIR_CHARGE_MAX), current->weight);
}

/*
 * Who waits here and has fallen behind the current of another CPU by more than a slice goes
 * there. With one more entity than CPUs this passes the one that has to wait around.
 */
static void give(struct fair *fair, u32 cpu, u64 now_ns)
{
    struct fair_entity *behind = NULL;
    u32 to = FAIR_NO_CPU;
    u64 furthest = 0;

    for (struct fair_entity *at = fair->queue[cpu].first; at; at = at->next)
        if (at->loaded_on == FAIR_NO_CPU && (!behind || is_before(at->time, behind->time)))
            behind = at;
    for (u32 other = 0; other < fair->cpus && behind; other++) {
        const struct fair_queue *queue = &fair->queue[other];
        u64 time;

        if (other == cpu || !queue->current || queue->current->state != FAIR_RUNNING)
            continue;
        time = current_time(queue, now_ns);
        if (to == FAIR_NO_CPU || is_before(furthest, time)) {
            furthest = time;
            to = other;
        }
    }
    if (to == FAIR_NO_CPU ||
        !is_before(behind->time + virtual_of(FAIR_SLICE_NS, behind->weight), furthest))
        return;
    fair_queue_remove(fair, behind);
    fair_queue_insert(fair, to, behind);
    preempt_ask(fair, to, behind, now_ns);
}

static void give_to_idle(struct fair *fair, u32 cpu)
{
    for (u32 other = 0; other < fair->cpus; other++)
        if (other != cpu && is_idle(&fair->queue[other])) {
            fair->kicks |= BIT(other);
            return;
        }
}

static void current_set(struct fair *fair, u32 cpu, struct fair_entity *next, u64 now_ns)
{
    struct fair_queue *queue = &fair->queue[cpu];

    if (next) {
        fair_queue_remove(fair, next);
        next->state = FAIR_RUNNING;
        next->cpu = cpu;
        if (queue->loaded != next) {
            if (queue->loaded)
                queue->loaded->loaded_on = FAIR_NO_CPU;
            queue->loaded = next;
            next->loaded_on = cpu;
        }
    }
    if (next != queue->current)
        queue->began_ns = now_ns;
    queue->current = next;
    queue->since_ns = now_ns;
    queue->preempt_at_ns = FAIR_NEVER;
    queue->favoured = NULL;
    queue->has_expired = false;
    queue->has_yielded = false;
}

bool fair_must_switch(const struct fair *fair, u32 cpu, u64 now_ns)
{
    const struct fair_queue *queue = &fair->queue[cpu];

    return !queue->current || queue->current->state != FAIR_RUNNING || queue->has_expired ||
           queue->has_yielded || queue->preempt_at_ns <= now_ns;
}

static struct fair_entity *choose_next(struct fair *fair, u32 cpu,
                                       const struct fair_entity * not, u64 now_ns)
{
    struct fair_queue *queue = &fair->queue[cpu];
    struct fair_entity *next = NULL;

    if (queue->favoured && (queue->has_yielded || queue->preempt_at_ns <= now_ns) &&
        fair_has_tokens(queue->favoured->group, now_ns))
        return queue->favoured;
    next = choose(fair, cpu, not, now_ns);
    if (!next && not )
        next = choose(fair, cpu, NULL, now_ns);
    return next ? next : steal(fair, cpu, now_ns);
}

/* The current goes on; who came meanwhile may run elsewhere. */
static struct fair_entity *keep(struct fair *fair, u32 cpu)
{
    if (fair->queue[cpu].first)
        give_to_idle(fair, cpu);
    return fair->queue[cpu].current;
}

struct fair_entity *fair_next(struct fair *fair, u32 cpu, u64 now_ns)
{
    struct fair_queue *queue = &fair->queue[cpu];
    struct fair_entity *current;
    struct fair_entity *next;
    bool has_expired;

    fair_charge(fair, cpu, now_ns);
    release_due(fair, cpu, now_ns);
    current = queue->current;
    if (current && current->state == FAIR_RUNNING) {
        if (!fair_has_tokens(current->group, now_ns))
            hold_back(fair, current, now_ns);
        else if (fair_must_switch(fair, cpu, now_ns))
            fair_queue_insert(fair, cpu, current);
        else
            return keep(fair, cpu);
    }
    has_expired = queue->has_expired;
    next = choose_next(fair, cpu, queue->has_yielded ? current : NULL, now_ns);
    current_set(fair, cpu, next, now_ns);
    if (fair->cpus > 1 && queue->first) {
        if (has_expired)
            give(fair, cpu, now_ns);
        give_to_idle(fair, cpu);
    }
    return next;
}

/* ns until the group of the CPU's current has used up its tokens. */
static u64 tokens_last_ns(const struct fair_group *group)
{
    u64 drain = (u64)group->active * 100;

    if (group->cap == 0 || drain <= group->cap)
        return FAIR_NEVER;
    return MAX((u64)MAX(group->tokens_ns, 0) * 100 / (drain - group->cap), TOKEN_RUN_NS);
}

u64 fair_deadline(const struct fair *fair, u32 cpu)
{
    const struct fair_queue *queue = &fair->queue[cpu];
    const struct fair_entity *current = queue->current;
    u64 at = queue->preempt_at_ns;

    for (const struct fair_entity *held = queue->held; held; held = held->next)
        at = MIN(at, held->release_ns);
    if (!current || current->state != FAIR_RUNNING)
        return at;
    if (queue->first) {
        u64 left =
            is_before(current->time, current->deadline) ? current->deadline - current->time : 0;

        at = MIN(at, queue->since_ns + ((left * current->weight) >> FAIR_SHIFT) + 1);
    }
    if (current->group->cap != 0) {
        u64 last_ns = tokens_last_ns(current->group);

        at = last_ns == FAIR_NEVER ? at : MIN(at, queue->since_ns + last_ns);
    }
    return at;
}
