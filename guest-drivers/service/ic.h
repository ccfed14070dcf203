/*
 * Integration components of a VMBus guest: what its host asks it now and then. Shutdown, time
 * of day, heartbeat, and the keys with which the guest describes itself (KVP).
 */
#ifndef GUEST_DRIVERS_SERVICE_IC_H
#define GUEST_DRIVERS_SERVICE_IC_H

#include "enlight/abi/ic.h"
#include "guest-drivers/service/vmbus.h"

enum ic_kind { IC_KIND_SHUTDOWN, IC_KIND_TIME, IC_KIND_HEARTBEAT, IC_KIND_KVP, IC_KINDS };

enum ic_state {
    IC_CLOSED,
    IC_OPENED, /* nothing said yet */
    IC_ASKED,  /* which version; the guest has not answered */
    IC_AGREED,
    IC_REFUSED, /* no version in common */
};

#define IC_NEVER    (~(u64)0)
#define IC_KEYS_MAX 16u
#define IC_TEXT_MAX 48u

/* One moment; only the time component looks at more than now_ns. */
struct ic_now {
    u64 now_ns;
    u64 wall_ns;   /* since 1970 */
    u64 reference; /* the guest's reference time, in 100 ns */
};

/* What a guest says of itself. */
struct ic_key {
    char name[IC_TEXT_MAX];
    char value[IC_TEXT_MAX];
};

struct ic {
    struct vmbus_channel channel;
    enum ic_kind kind;
    enum ic_state state;
    struct ic_version version;
    u64 next_ns;      /* when it speaks next */
    u32 wanted;       /* IC_SHUTDOWN_*: of the shutdown that was asked for */
    bool is_wanted;   /* it is to be said; of time: it is to be set */
    bool is_answered; /* what was said last */
    u8 transaction;
    u64 answers;      /* beats of the heart */
    const char *name; /* what the guest is told it is called; NULL: nothing */
    bool is_named;    /* it was told */
    bool is_naming;   /* that was said last */
    u32 key_count;    /* of a guest that has told all: when next_ns is IC_NEVER */
    struct ic_key key[IC_KEYS_MAX];
};

/* Makes a component; vmbus_channel_offer(&ic->channel) follows. */
void ic_make(struct ic *ic, enum ic_kind kind);
/* Has it anything to say? */
bool ic_is_due(const struct ic *ic, u64 now_ns);
/* Says what is due; when to be called again, at the latest. */
u64 ic_continue(struct ic *ic, const struct ic_now *now);
/* The guest is to set its clock again, if it listens. */
void ic_time(struct ic *ic);
/* The guest is to end or restart (IC_SHUTDOWN_*). ST_NO_DATA: it does not listen. */
enum status ic_shutdown(struct ic *ic, u32 flags);

#endif
