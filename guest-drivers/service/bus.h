/*
 * xenbus, the back-end's half: a device is a folder of keys for each side in the store, and a
 * state that both sides step through. [xen/io/xenbus.h, abi/xenstore-blk-net.md 2]
 */
#ifndef GUEST_DRIVERS_SERVICE_BUS_H
#define GUEST_DRIVERS_SERVICE_BUS_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"

struct store;

enum bus_state {
    BUS_UNKNOWN,
    BUS_INITIALISING,
    BUS_INIT_WAIT,
    BUS_INITIALISED,
    BUS_CONNECTED,
    BUS_CLOSING,
    BUS_CLOSED,
    BUS_RECONFIGURING,
    BUS_RECONFIGURED,
};

#define BUS_PATH_MAX 96

struct bus_device {
    const char *kind;      /* "vbd", "vif" */
    const char *back_kind; /* the back-end's folder, where it has another name; NULL */
    u32 partition;         /* the front-end's */
    u32 id;                /* its number there */
    enum bus_state ours, theirs;
    bool is_open;
    /* Connects to what the front-end offers in its keys; after a failure close() is called. */
    enum status (*open)(struct bus_device *device);
    /* Gives all of the front-end's back; maybe it was never open. */
    void (*close)(struct bus_device *device);
    char front[BUS_PATH_MAX], back[BUS_PATH_MAX];
    struct bus_device *next;
};

void bus_init(struct store *store);

/* Makes both folders with the keys every device has, ours in state INITIALISING. Keys are added
 * with bus_put() and bus_front_put(); bus_state_set(INIT_WAIT) then invites the front-end. */
enum status bus_device_add(struct bus_device *device);
/* Ends the connection from our side. */
void bus_device_close(struct bus_device *device);
/* Removes both folders; the device must not be open. */
void bus_device_remove(struct bus_device *device);

/* Keys in the back-end's folder, or given to the front-end in its own. */
enum status bus_put(struct bus_device *device, const char *key, const char *value);
enum status bus_put_number(struct bus_device *device, const char *key, u64 value);
enum status bus_front_put(struct bus_device *device, const char *key, const char *value);
enum status bus_front_put_number(struct bus_device *device, const char *key, u64 value);
void bus_state_set(struct bus_device *device, enum bus_state state);

/* What the front-end wrote. ST_NO_ENTRY; ST_INVALID for a number that is none or above `max`.
 */
enum status bus_get(struct bus_device *device, const char *key, char *value, u32 room);
enum status bus_get_number(struct bus_device *device, const char *key, u32 max, u32 *value);
/* The same of one queue; they have folders of their own where there are several. */
enum status bus_get_of_queue(struct bus_device *device, u32 queues, u32 queue, const char *key,
                             u32 *value);

/* Tells the devices what their front-ends did. Call after the store was served. */
void bus_serve(void);

#endif
