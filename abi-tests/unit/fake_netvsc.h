/* A guest's network driver for tests of the network service, and another port of its switch. */
#ifndef ABI_TESTS_UNIT_FAKE_NETVSC_H
#define ABI_TESTS_UNIT_FAKE_NETVSC_H

#include "abi-tests/unit/fake_vmbus.h"
#include "guest-drivers/service/netvsc.h"

#define FAKE_NIC_PORT       (FAKE_PORT + 1)
#define FAKE_NIC_ADDRESS    0x00163e010203ull
/* Frames of the guest: the buffers to and from it, pages for messages. */
#define FAKE_RECEIVE        40u
#define FAKE_RECEIVES       24u /* pages: 12 sections */
#define FAKE_SEND           70u
#define FAKE_SENDS          6u /* pages: 4 sections */
#define FAKE_PAGES          80u
#define FAKE_RECEIVE_GPADL  0x100u
#define FAKE_SEND_GPADL     0x101u
#define FAKE_NIC_FRAMES_MAX 64u

extern struct vmbus fake_bus;
extern struct netvsc fake_nic;
extern struct fake_ring fake_out, fake_in;
extern struct netvsp_message fake_answer; /* to what was said last */

/* What the other port was sent: how often, and the last of it. */
extern struct net_port fake_other;
extern struct net_frame fake_other_frame;
extern u32 fake_other_count;

/* cmocka's setup and teardown: a channel that is open, nothing said yet. */
int fake_nic_begin(void **state);
int fake_nic_end(void **state);

/* Says it and takes nothing yet. */
void fake_nic_say(const struct netvsp_message *message);
void fake_nic_complete(u64 transaction);
void fake_nic_answer_take(void);
u32 fake_nic_init(u32 version);
/* Gives a buffer; the status of the answer. */
u32 fake_nic_buffer(u32 type, u32 gpadl);
/* Version 6.1 and both buffers. */
void fake_nic_connect(void);

/* A packet that came by sections: their bytes. */
struct fake_parcel {
    u64 transaction;
    u32 count;
    struct {
        u8 *at;
        u32 bytes;
    } part[NETVSC_FRAGMENTS_MAX];
};
struct fake_parcel fake_nic_take(u32 channel_type);
/* The same of one section, given back. */
u8 *fake_nic_section_take(u32 channel_type, u32 *bytes);

/* A RNDIS message from pages of the guest. */
void fake_nic_rndis(u32 channel_type, const void *message, u32 bytes);
/* One that is answered; its words. */
const u32 *fake_nic_control(const void *message, u32 bytes, u32 type);
void fake_nic_filter(u32 filter);
/* A PACKET message with a frame for everybody. */
void fake_nic_frame_make(u8 *message, u32 bytes);
/* A frame for the guest from the other port. */
void fake_nic_input(u32 bytes);

#endif
