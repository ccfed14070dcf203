/*
 * What the root and a guest with the Hyper-V interface send each other: messages of the guest
 * wait for the root, messages and event flags of the root wait until the guest's adapter shows
 * them, just before the vCPU is entered. Frames of the partition, made when first needed.
 *
 * Locks: all of it H.
 */
#ifndef HYPERCALL_MAILBOX_H
#define HYPERCALL_MAILBOX_H

#include "hv/lib/status.h"
#include "hv/lib/types.h"
#include "hypercall/abi/native.h"

struct partition;
struct vcpu;

/* ---- The root's side ----------------------------------------------------------------------
 */

/* root_port: a local port of the root whose other end is in p. ST_INVALID, ST_NO_MEMORY. */
enum status mailbox_bind(struct partition *p, struct partition *root, u32 root_port);
enum status mailbox_connect(struct partition *p, struct partition *root, u32 root_port,
                            u32 connection);
enum status mailbox_disconnect(struct partition *p, u32 connection);

struct mailbox_message {
    u32 connection; /* of a posted one: its SINT */
    u32 type;
    u32 bytes;
    u8 payload[NATIVE_MESSAGE_BYTES];
};
/* The oldest message of the guest, NULL when there is none; it stays until dropped. */
const struct mailbox_message *mailbox_peek(const struct partition *p);
void mailbox_drop(struct partition *p);

/* A free record for a message to this vCPU, filled by the caller and then committed. */
enum status mailbox_reserve(struct vcpu *vcpu, struct mailbox_message **out);
void mailbox_commit(struct vcpu *vcpu);
enum status mailbox_flag_set(struct vcpu *vcpu, u32 sint, u32 flag);

/* ---- The adapter's side -------------------------------------------------------------------
 */

/* ST_NO_ENTRY: no such connection; ST_NO_SPACE: the root has to take some first. */
enum status op_message_send(struct partition *p, u32 connection, u32 type, const void *payload,
                            u32 bytes);
/* ST_NO_ENTRY. */
enum status op_event_signal(struct partition *p, u32 connection);

/* Does anything of the root wait for this vCPU? */
bool op_message_waits(const struct vcpu *vcpu);
/* Does a message of the root wait for any vCPU of it? */
bool op_messages_wait(const struct partition *p);
/* The index-th message for it, oldest first; NULL: no more. Taking one moves the rest up. */
const struct mailbox_message *op_message_at(const struct vcpu *vcpu, u32 index);
void op_message_take(struct vcpu *vcpu, u32 index);
/* Takes one flag; false when there is none. */
bool op_event_flag_take(struct vcpu *vcpu, u32 *sint, u32 *flag);

#endif
