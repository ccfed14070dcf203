/* What a port does not take is finished for it: checksums and TCP segments. */
// sources: guest-drivers/service/offload.c
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "guest-drivers/service/offload.h"

#define PAYLOAD 3000u
#define SEEN    80u

/* The headers behind Ethernet's are aligned. */
static _Alignas(8) u8 frame_memory[2 + NET_FRAME_MAX];
static u8 *const frame_bytes = frame_memory + 2;
static struct net_frame frame;
static struct net_port port;

/* What the port got. */
static _Alignas(8) u8 seen_memory[SEEN][1608];
static u8 *seen[SEEN];
static struct net_frame seen_frame[SEEN];
static u32 seen_count;

static void port_send(struct net_port *to, const struct net_frame *what)
{
    (void)to;
    assert_true(seen_count < SEEN && what->bytes <= 1600);
    seen_frame[seen_count] = *what;
    seen[seen_count] = seen_memory[seen_count] + 2;
    memcpy(seen[seen_count++], what->at, what->bytes);
}

static int setup(void **state)
{
    (void)state;
    memset(frame_memory, 0, sizeof(frame_memory));
    seen_count = 0;
    frame = (struct net_frame){.at = frame_bytes, .flags = NET_CHECKSUM_BLANK};
    port = (struct net_port){.send = port_send, .largest = 1514};
    return 0;
}

static void payload_put(u32 at, u32 bytes)
{
    for (u32 i = 0; i < bytes; i++)
        frame_bytes[at + i] = (u8)(i * 7 + i / 251);
    frame.bytes = at + bytes;
}

static struct tcphdr *tcp_put(u32 at)
{
    struct tcphdr *tcp = (void *)(frame_bytes + at);

    tcp->seq = htonl(0xfffffff0);
    tcp->doff = 8; /* with options */
    tcp->fin = tcp->psh = tcp->ack = 1;
    tcp->res2 = 2; /* CWR */
    tcp->check = 0x1234;
    return tcp;
}

static u32 ipv4_put(u32 at, u8 protocol, u32 rest)
{
    struct iphdr *ip = (void *)(frame_bytes + at);

    frame_bytes[at - 2] = 8;
    *ip = (struct iphdr){.version = 4,
                         .ihl = 6,
                         .tot_len = htons((u16)(24 + rest)),
                         .id = htons(0xffff),
                         .ttl = 64,
                         .protocol = protocol,
                         .saddr = htonl(0x0a000001),
                         .daddr = htonl(0x0a0000fe)};
    return at + 24;
}

static u32 ipv6_put(u32 at, u8 protocol, u32 rest)
{
    struct ip6_hdr *ip = (void *)(frame_bytes + at);

    frame_bytes[at - 2] = 0x86;
    frame_bytes[at - 1] = 0xdd;
    ip->ip6_vfc = 0x60;
    ip->ip6_nxt = 60; /* options for the target */
    ip->ip6_plen = htons((u16)(16 + rest));
    memset(&ip->ip6_src, 0xab, 32);
    frame_bytes[at + 40] = protocol;
    frame_bytes[at + 41] = 1;
    return at + 56;
}

/* The plain definition [RFC 1071], with the pseudo header in front: zero when right. */
static u16 sum_of(const u8 *at, const struct net_headers *headers)
{
    u32 length = headers->end - headers->transport;
    u32 addresses = headers->is_ipv6 ? 8 : 12;
    u32 count = headers->is_ipv6 ? 32 : 8;
    u32 sum = length + headers->protocol;

    for (u32 i = 0; i < count; i += 2)
        sum += (u32)at[headers->network + addresses + i] << 8 |
               at[headers->network + addresses + i + 1];
    for (u32 i = 0; i < length; i++)
        sum += (u32)at[headers->transport + i] << (i & 1 ? 0 : 8);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (u16)~sum;
}

static void expect_good(u32 index)
{
    struct net_headers headers;

    assert_int_equal(net_headers_read(seen[index], seen_frame[index].bytes, &headers), ST_OK);
    assert_int_equal(sum_of(seen[index], &headers), 0);
    assert_int_equal(seen_frame[index].flags, NET_CHECKSUM_GOOD);
}

static void test_fills_checksums(void **state)
{
    (void)state;
    for (u32 round = 0; round < 20; round++) { /* each length modulo 4 */
        bool is_tcp = round & 1;
        u32 head = is_tcp ? 32 : 8;
        u32 rest = head + 99 + (round >> 2);
        u8 protocol = is_tcp ? IPPROTO_TCP : IPPROTO_UDP;
        u32 at;

        setup(state);
        at = round & 2 ? ipv6_put(14, protocol, rest) : ipv4_put(14, protocol, rest);
        if (is_tcp)
            tcp_put(at);
        payload_put(at + head, rest - head);
        frame.bytes += 5; /* padding is not summed */
        frame_bytes[frame.bytes - 1] = 0x77;
        assert_true(offload_send(&port, &frame));
        assert_int_equal(seen_count, 1);
        assert_int_equal(seen_frame[0].bytes, frame.bytes);
        expect_good(0);
    }
}

/* UDP: a sum of zero is sent as ffff. */
static void test_udp_zero(void **state)
{
    u32 at = ipv4_put(14, IPPROTO_UDP, 10);
    u16 sum;

    (void)state;
    payload_put(at + 8, 2);
    frame_bytes[at + 8] = frame_bytes[at + 9] = 0;
    assert_int_equal(net_checksum_fill(frame_bytes, frame.bytes), ST_OK);
    memcpy(&sum, frame_bytes + at + 6, 2);
    memcpy(frame_bytes + at + 8, &sum, 2); /* now the true sum is zero */
    assert_int_equal(net_checksum_fill(frame_bytes, frame.bytes), ST_OK);
    assert_int_equal(frame_bytes[at + 6], 0xff);
    assert_int_equal(frame_bytes[at + 7], 0xff);
}

static void test_blank_is_passed_on(void **state)
{
    u32 at = ipv4_put(14, IPPROTO_TCP, 132);

    (void)state;
    tcp_put(at);
    payload_put(at + 32, 100);
    port.abilities = NET_TAKES_BLANK4;
    assert_true(offload_send(&port, &frame));
    assert_int_equal(seen_frame[0].flags, NET_CHECKSUM_BLANK);
    port.abilities = NET_TAKES_BLANK6;
    assert_true(offload_send(&port, &frame));
    expect_good(1);
    /* What nobody understands is only for ports that take all. */
    frame_bytes[12] = 0x77;
    assert_false(offload_send(&port, &frame));
    port.abilities = NET_TAKES_BLANK4 | NET_TAKES_BLANK6;
    assert_true(offload_send(&port, &frame));
}

static void test_tags(void **state)
{
    u32 at = ipv4_put(22, IPPROTO_UDP, 20);

    (void)state;
    memcpy(frame_bytes + 12, "\x88\xa8\0\5\x81\0\0\7", 8);
    payload_put(at + 8, 12);
    assert_true(offload_send(&port, &frame));
    expect_good(0);
    memcpy(frame_bytes + 20, "\x81\0", 2);
    assert_false(offload_send(&port, &frame));
}

static void expect_segments(u32 at, u32 mss, u32 count)
{
    u32 payload = at + 32;

    assert_int_equal(seen_count, count);
    for (u32 i = 0; i < count; i++) {
        const struct tcphdr *tcp = (const void *)(seen[i] + at);
        u32 bytes = MIN(mss, PAYLOAD - i * mss);
        bool is_last = i + 1 == count;

        expect_good(i);
        assert_int_equal(seen_frame[i].gso, NET_GSO_NONE);
        assert_int_equal(seen_frame[i].bytes, payload + bytes);
        assert_memory_equal(seen[i] + payload, frame_bytes + payload + i * mss, bytes);
        assert_int_equal(ntohl(tcp->seq), (u32)(0xfffffff0 + i * mss));
        assert_int_equal(tcp->fin, is_last);
        assert_int_equal(tcp->psh, is_last);
        assert_int_equal(tcp->ack, 1);
        assert_int_equal(tcp->res2 >> 1, i == 0);
    }
}

static void test_segments_ipv4(void **state)
{
    u32 at = ipv4_put(14, IPPROTO_TCP, 32 + PAYLOAD);

    (void)state;
    tcp_put(at);
    payload_put(at + 32, PAYLOAD);
    frame.gso = NET_GSO_TCP4;
    frame.gso_bytes = 1400;
    assert_true(offload_send(&port, &frame));
    expect_segments(at, 1400, 3);
    for (u32 i = 0; i < 3; i++) {
        const struct iphdr *ip = (const void *)(seen[i] + 14);
        u32 sum = 0;

        assert_int_equal(ntohs(ip->id), (u16)(0xffff + i));
        for (u32 k = 0; k < 24; k += 2)
            sum += (u32)seen[i][14 + k] << 8 | seen[i][15 + k];
        assert_int_equal((sum & 0xffff) + (sum >> 16), 0xffff);
    }
    seen_count = 0;
    frame.gso_bytes = 1500; /* exact */
    port.largest = at + 32 + 1500;
    assert_true(offload_send(&port, &frame));
    expect_segments(at, 1500, 2);
}

static void test_segments_ipv6(void **state)
{
    u32 at = ipv6_put(14, IPPROTO_TCP, 32 + PAYLOAD);

    (void)state;
    tcp_put(at);
    payload_put(at + 32, PAYLOAD);
    frame.gso = NET_GSO_TCP6;
    frame.gso_bytes = 1000;
    assert_true(offload_send(&port, &frame));
    expect_segments(at, 1000, 3);
    frame.gso = NET_GSO_TCP4; /* it is not */
    assert_false(offload_send(&port, &frame));
}

static void test_gso_is_passed_on(void **state)
{
    u32 at = ipv4_put(14, IPPROTO_TCP, 32 + 1000);

    (void)state;
    tcp_put(at);
    payload_put(at + 32, 1000);
    frame.gso = NET_GSO_TCP4;
    frame.gso_bytes = 500;
    port.abilities = NET_TAKES_BLANK4 | NET_TAKES_BLANK6 | NET_TAKES_GSO4;
    assert_true(offload_send(&port, &frame));
    assert_int_equal(seen_count, 1);
    assert_int_equal(seen_frame[0].gso_bytes, 500);
    port.abilities = NET_TAKES_GSO6;
    assert_true(offload_send(&port, &frame));
    assert_int_equal(seen_count, 3);
}

static void test_refuses(void **state)
{
    u32 at = ipv4_put(14, IPPROTO_TCP, 32 + PAYLOAD);
    struct iphdr *ip = (void *)(frame_bytes + 14);
    struct tcphdr *tcp = tcp_put(at);

    (void)state;
    payload_put(at + 32, PAYLOAD);
    assert_false(offload_send(&port, &frame)); /* longer than the port takes */
    frame.gso = NET_GSO_TCP4;
    frame.gso_bytes = OFFLOAD_SEGMENT_LEAST - 1;
    assert_false(offload_send(&port, &frame));
    frame.gso_bytes = 1514;
    assert_false(offload_send(&port, &frame));
    frame.gso_bytes = ~0u;
    assert_false(offload_send(&port, &frame));
    frame.gso_bytes = 1400;
    tcp->doff = 4;
    assert_false(offload_send(&port, &frame));
    tcp->doff = 8;
    ip->tot_len = htons((u16)(24 + 32 + PAYLOAD + 1));
    assert_false(offload_send(&port, &frame));
    ip->tot_len = htons(24 + 20);
    assert_false(offload_send(&port, &frame)); /* the head itself does not fit */
    ip->tot_len = htons((u16)(24 + 32 + PAYLOAD));
    ip->frag_off = htons(0x2000);
    assert_false(offload_send(&port, &frame));
    ip->frag_off = htons(1);
    assert_false(offload_send(&port, &frame));
    ip->frag_off = 0;
    ip->ihl = 4;
    assert_false(offload_send(&port, &frame));
    ip->ihl = 6;
    ip->protocol = IPPROTO_UDP;
    assert_false(offload_send(&port, &frame));
    ip->protocol = IPPROTO_TCP;
    assert_true(offload_send(&port, &frame));
    frame.gso_bytes = OFFLOAD_SEGMENT_LEAST;
    seen_count = 0;
    assert_true(offload_send(&port, &frame));
    assert_int_equal(seen_count, (PAYLOAD + OFFLOAD_SEGMENT_LEAST - 1) / OFFLOAD_SEGMENT_LEAST);
    for (u32 bytes = 0; bytes < at + 32; bytes++)
        assert_int_equal(net_checksum_fill(frame_bytes, bytes), ST_UNSUPPORTED);
}

/* A few headers of IPv6 may stand before TCP's, one more than that is none of ours. */
static void test_headers_of_ipv6(void **state)
{
    struct net_headers headers;

    (void)state;
    for (u32 extras = 0; extras <= 9; extras++) {
        u8 *head = frame_bytes + 14;
        u32 at = 14 + 40;

        memset(frame_bytes, 0, 300);
        frame_bytes[12] = 0x86;
        frame_bytes[13] = 0xdd;
        head[0] = 0x60;
        head[5] = (u8)(extras * 16 + 20);
        head[6] = extras ? 0 : IPPROTO_TCP; /* hop by hop, then for the target */
        for (u32 i = 0; i < extras; i++, at += 16) {
            frame_bytes[at] = i + 1 == extras ? IPPROTO_TCP : 60;
            frame_bytes[at + 1] = 1;
        }
        frame_bytes[at + 12] = 5 << 4;
        if (extras == 9) {
            assert_int_equal(net_headers_read(frame_bytes, at + 20, &headers), ST_UNSUPPORTED);
            break;
        }
        assert_int_equal(net_headers_read(frame_bytes, at + 20, &headers), ST_OK);
        assert_int_equal(headers.transport, at);
        assert_int_equal(headers.payload, at + 20);
        assert_int_equal(net_headers_read(frame_bytes, at + 19, &headers), ST_UNSUPPORTED);
    }
    frame_bytes[14 + 5] = 0; /* a packet of nothing but its head */
    frame_bytes[14 + 6] = 59;
    assert_int_equal(net_network_read(frame_bytes, 14 + 40, &headers), ST_OK);
    assert_int_equal(headers.end, 14 + 40);
    assert_int_equal(net_network_read(frame_bytes, 14 + 39, &headers), ST_UNSUPPORTED);
}

/* As a sender leaves it: no length, no checksums. What is filled in is what cutting it needs.
 */
static void segment_prepare(u32 at)
{
    tcp_put(at);
    payload_put(at + 32, PAYLOAD);
    frame.gso_bytes = 1000;
}

static void test_completes_ipv4(void **state)
{
    u32 at = ipv4_put(14, IPPROTO_TCP, 32 + PAYLOAD);
    struct iphdr *ip = (void *)(frame_bytes + 14);
    struct tcphdr *tcp = (void *)(frame_bytes + at);
    u32 sum = 0;

    (void)state;
    segment_prepare(at);
    ip->tot_len = 0;
    ip->check = 0x1234;
    assert_int_equal(net_segment_complete(frame_bytes, frame.bytes, NET_GSO_TCP4), ST_OK);
    assert_int_equal(ntohs(ip->tot_len), 24 + 32 + PAYLOAD);
    for (u32 i = 0; i < 24; i += 2)
        sum += (u32)frame_bytes[14 + i] << 8 | frame_bytes[15 + i];
    assert_int_equal(sum % 0xffff, 0);
    /* 10.0.0.1, 10.0.0.254, 6 and the length */
    assert_int_equal(ntohs(tcp->check), 0x0a00 + 1 + 0x0a00 + 254 + 6 + 32 + PAYLOAD);
    frame.gso = NET_GSO_TCP4;
    assert_true(offload_send(&port, &frame));
    expect_segments(at, 1000, 3);
}

static void test_completes_ipv6(void **state)
{
    u32 at = ipv6_put(14, IPPROTO_TCP, 32 + PAYLOAD);
    struct ip6_hdr *ip = (void *)(frame_bytes + 14);

    (void)state;
    segment_prepare(at);
    ip->ip6_plen = 0;
    assert_int_equal(net_segment_complete(frame_bytes, frame.bytes, NET_GSO_TCP6), ST_OK);
    assert_int_equal(ntohs(ip->ip6_plen), frame.bytes - 54);
    frame.gso = NET_GSO_TCP6;
    assert_true(offload_send(&port, &frame));
    expect_segments(at, 1000, 3);
}

static void test_completes_nothing_else(void **state)
{
    u32 at = ipv4_put(14, IPPROTO_TCP, 32 + PAYLOAD);

    (void)state;
    segment_prepare(at);
    for (u32 bytes = 0; bytes < at + 32; bytes++)
        assert_int_equal(net_segment_complete(frame_bytes, bytes, NET_GSO_TCP4),
                         ST_UNSUPPORTED);
    assert_int_equal(net_segment_complete(frame_bytes, frame.bytes, NET_GSO_TCP6),
                     ST_UNSUPPORTED);
    ((struct iphdr *)(void *)(frame_bytes + 14))->protocol = IPPROTO_UDP;
    assert_int_equal(net_segment_complete(frame_bytes, frame.bytes, NET_GSO_TCP4),
                     ST_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_fills_checksums, setup),
        cmocka_unit_test_setup(test_udp_zero, setup),
        cmocka_unit_test_setup(test_blank_is_passed_on, setup),
        cmocka_unit_test_setup(test_tags, setup),
        cmocka_unit_test_setup(test_segments_ipv4, setup),
        cmocka_unit_test_setup(test_segments_ipv6, setup),
        cmocka_unit_test_setup(test_gso_is_passed_on, setup),
        cmocka_unit_test_setup(test_refuses, setup),
        cmocka_unit_test_setup(test_headers_of_ipv6, setup),
        cmocka_unit_test_setup(test_completes_ipv4, setup),
        cmocka_unit_test_setup(test_completes_ipv6, setup),
        cmocka_unit_test_setup(test_completes_nothing_else, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
