/*
 * The Xen face of the 9P server: the rings of one front-end. Its data pages are never mapped; a
 * request is fetched and a reply stored by grant copies, a file's bytes straight from the
 * archive. Indexes or sizes that make no sense end the connection. [xen/io/9pfs.h]
 */
#ifndef GUEST_DRIVERS_SERVICE_P9_RING_H
#define GUEST_DRIVERS_SERVICE_P9_RING_H

#include "guest-drivers/service/ninep.h"
#include "guest-drivers/service/platform.h"
#include "xen-adapter/abi/p9fs.h"

#define P9_RINGS_MAX 4u

struct p9_ring {
    struct xen_p9fs_interface *shared;
    u32 place; /* of that page */
    u32 port;
    u32 half;  /* bytes for each direction */
    u32 taken; /* out_cons and in_prod, which are ours */
    u32 put;
    u32 ref[1u << XEN_P9FS_ORDER_MAX];
    bool is_busy; /* there may be more requests than were served */
};

struct p9_back {
    struct ninep server;
    const struct cpio *tree;
    u32 partition;
    u32 rings;
    struct p9_ring ring[P9_RINGS_MAX];
    bool is_broken;
    u64 requests, read_bytes;
};

void p9_back_make(struct p9_back *back, const struct cpio *tree, u32 partition);
/* Connects one more ring. ST_INVALID, and what mapping and binding answer. */
enum status p9_ring_open(struct p9_back *back, u32 ref, u32 port);
/* All rings are there: the session may begin. */
void p9_back_begin(struct p9_back *back);
/* Gives all of the guest's back. */
void p9_back_close(struct p9_back *back);

/* Serves what waits behind this port; false if it is none of this back-end's. */
bool p9_port_serve(struct p9_back *back, u32 port);
/* Goes on with what was left over; true if there is still more. */
bool p9_continue(struct p9_back *back);

#endif
