/*
 * `workload legacy PATH TURNS`: the disk PATH of a guest that UEFI has started, as the firmware
 * saw it: a legacy virtio block device on a PCI bus that the kernel knows nothing of, driven
 * from here by its ports. It must be the same disk, after each of TURNS queues that make no
 * sense, too. The disk is known by its size.
 * [virtio 1.2 2.7, 4.1.4.10, 5.2; PCI 3.0 3.2.2.3.2]
 */
#include "abi-tests/workload/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE        4096u
#define HUGE        (2u << 20)
#define SECTOR      512u
#define ENTRIES     64u
#define LONG_BYTES  (400u << 10) /* more than a step of the service */
#define FREE_SECTOR 2000u        /* before the first partition, which begins at 1 MiB */
#define DISK_ID     0x10011af4u
#define DISKS_MAX   8u
#define PATIENCE_NS 20000000000ull
#define SETTLE_US   20000u

enum { NEXT = 1, WRITE = 2, INDIRECT = 4 };
enum { IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8 };
enum {
    FEATURES = 0,
    DRIVER_FEATURES = 4,
    QUEUE = 8,
    SIZE = 12,
    NOTIFY = 16,
    STATUS = 18,
    ISR,
    SECTORS
};

struct desc {
    uint64_t address;
    uint32_t bytes;
    uint16_t flags, next;
};

/* 2 MiB of memory in one piece; the device is told where. */
struct shared {
    struct desc desc[ENTRIES];
    struct {
        uint16_t flags, index, ring[ENTRIES];
    } avail;
    _Alignas(PAGE) struct {
        uint16_t flags, index;
        struct {
            uint32_t id, bytes;
        } ring[ENTRIES];
    } used;
    _Alignas(PAGE) struct {
        uint32_t type, reserved;
        uint64_t sector;
    } head;
    uint8_t status;
    _Alignas(PAGE) uint8_t data[LONG_BYTES];
};

static volatile struct shared *shared;
static uint64_t machine; /* guest-physical address of it */
static uint16_t ports;
static uint64_t sectors;
static int is_readonly;
static uint8_t __attribute__((aligned(PAGE))) expected[LONG_BYTES];

static uint64_t address_of(const volatile void *at)
{
    return machine + (uint64_t)((const volatile uint8_t *)at - (volatile uint8_t *)shared);
}

static const char *memory_make(void)
{
    uint8_t *at =
        mmap(NULL, 2 * HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int map = open("/proc/self/pagemap", O_RDONLY);
    uint64_t entry[sizeof(struct shared) / PAGE];

    if (at == MAP_FAILED || map < 0)
        return strerror(errno);
    at += -(uintptr_t)at % HUGE;
    (void)madvise(at, HUGE, MADV_HUGEPAGE);
    memset(at, 0, HUGE);
    if (mlock(at, HUGE) != 0 ||
        pread(map, entry, sizeof(entry), (off_t)((uintptr_t)at / PAGE * sizeof(*entry))) !=
            sizeof(entry))
        return strerror(errno);
    close(map);
    for (size_t i = 1; i < sizeof(entry) / sizeof(*entry); i++)
        if (entry[i] != entry[0] + i)
            return "there is no memory in one piece";
    shared = (volatile struct shared *)at;
    machine = (entry[0] & ((1ull << 55) - 1)) * PAGE;
    return NULL;
}

static uint32_t config_read(uint32_t device, uint32_t offset)
{
    outl(0x80000000u | device << 11 | offset, 0xcf8);
    return inl(0xcfc);
}

/* Switches the ports on that the firmware has given this disk; how many sectors it has. */
static uint64_t disk_begin(uint32_t device)
{
    if (config_read(device, 0) != DISK_ID)
        return 0;
    ports = (uint16_t)(config_read(device, 0x10) & ~3u);
    outl(0x80000000u | device << 11 | 4, 0xcf8);
    outw(1, 0xcfc);
    return inl(ports + SECTORS) | (uint64_t)inl(ports + SECTORS + 4) << 32;
}

/* The disk of that size. */
static const char *disk_find(void)
{
    uint32_t device = 1;

    if (iopl(3) != 0)
        return strerror(errno);
    if (config_read(0, 0) == 0xffffffff || config_read(31, 0) != 0xffffffff)
        return "there is no bridge, or what is not there answers";
    while (device <= DISKS_MAX && disk_begin(device) != sectors)
        device++;
    if (device > DISKS_MAX)
        return "the firmware has no disk of this size";
    is_readonly = inl(ports + FEATURES) >> 5 & 1;
    return inw(ports + SIZE) == ENTRIES ? NULL : "it has no queue";
}

/* A reset is not waited for: what the device is about to write may still come. */
static void device_begin(uint32_t queue)
{
    outb(0, ports + STATUS);
    usleep(SETTLE_US);
    memset((void *)(uintptr_t)shared, 0, 2 * PAGE);
    outb(3, ports + STATUS);
    outl(inl(ports + FEATURES), ports + DRIVER_FEATURES);
    outl(queue, ports + QUEUE);
    outb(7, ports + STATUS);
}

static void notify(void)
{
    __sync_synchronize();
    outw(0, ports + NOTIFY);
}

static void request_put(uint32_t type, uint64_t sector, uint32_t bytes)
{
    uint16_t direction = type == OUT ? 0 : WRITE;

    shared->head.type = type;
    shared->head.sector = sector;
    shared->status = 0xff;
    shared->desc[0] = (struct desc){address_of(&shared->head), 16, NEXT, 1};
    shared->desc[1] = (struct desc){address_of(shared->data), bytes, NEXT | direction, 2};
    shared->desc[2] = (struct desc){address_of(&shared->status), 1, WRITE, 0};
    shared->avail.ring[shared->avail.index % ENTRIES] = 0;
    __sync_synchronize();
    shared->avail.index++;
}

/* Its status, or 0xff when no answer came. */
static uint8_t request(uint32_t type, uint64_t sector, uint32_t bytes)
{
    uint64_t deadline_ns = test_now_ns() + PATIENCE_NS;

    request_put(type, sector, bytes);
    notify();
    while (shared->used.index != shared->avail.index && test_now_ns() < deadline_ns)
        usleep(100);
    return shared->used.index == shared->avail.index && (inb(ports + ISR) & 1) ? shared->status
                                                                               : 0xff;
}

/* What the kernel reads there is what the device reads. */
static const char *read_compare(int file, uint64_t sector, uint32_t bytes)
{
    uint8_t status;

    if (pread(file, expected, bytes, (off_t)(sector * SECTOR)) != (ssize_t)bytes)
        return strerror(errno);
    memset((void *)(uintptr_t)shared->data, 0x5a, bytes);
    status = request(IN, sector, bytes);
    if (status != 0)
        return test_fail("reading %u bytes of sector %u: status %u", bytes, (unsigned)sector,
                         status);
    if (memcmp((const void *)(uintptr_t)shared->data, expected, bytes) != 0)
        return test_fail("sector %u is another to the kernel", (unsigned)sector);
    return NULL;
}

/* What is written here the kernel reads; it is zeros as before afterwards. */
static const char *write_compare(int file)
{
    if (is_readonly)
        return request(OUT, FREE_SECTOR, PAGE) == 1 ? NULL : "what is read-only is written to";
    for (int pass = 0; pass < 2; pass++) {
        memset((void *)(uintptr_t)shared->data, pass ? 0 : 0xc3, PAGE);
        if (request(OUT, FREE_SECTOR, PAGE) != 0 || request(FLUSH, 0, 0) != 0)
            return "a sector cannot be written";
        if (pread(file, expected, PAGE, FREE_SECTOR * SECTOR) != PAGE ||
            memcmp((const void *)(uintptr_t)shared->data, expected, PAGE) != 0)
            return "what was written is not there";
    }
    return NULL;
}

static const char *refusals(void)
{
    if (request(IN, sectors, SECTOR) != 1 || request(IN, 0, SECTOR - 1) != 1 ||
        request(2, 0, SECTOR) != 2)
        return "a request is not refused";
    if (request(GET_ID, 0, 20) != 0 || shared->data[0] == 0x5a)
        return "it has no name";
    return NULL;
}

/* Something that no driver does; it reads at most, into memory of ours. */
static void nonsense(uint64_t *state)
{
    uint64_t choice = test_random(state);
    volatile struct desc *desc = &shared->desc[choice >> 8 & 3];

    request_put(IN, choice >> 32, SECTOR);
    switch (choice & 7) {
    case 0:
        shared->avail.index = (uint16_t)(choice >> 16);
        break;
    case 1:
        shared->avail.ring[0] = (uint16_t)(choice >> 16 | ENTRIES);
        break;
    case 2:
        desc->flags = NEXT;
        desc->next = (uint16_t)(choice >> 16);
        break;
    case 3:
        desc->flags |= INDIRECT;
        break;
    case 4:
        desc->address = choice | 1ull << 52;
        break;
    case 5:
        desc->bytes = (uint32_t)(choice >> 16) & ~1u;
        desc->address |= 1ull << 52;
        break;
    case 6:
        outl((uint32_t)choice | 0x80000000u, ports + QUEUE);
        break;
    default:
        desc->address = address_of(&shared->desc[choice >> 16 & 31]);
        break;
    }
    notify();
}

static const char *disk_try(int file, uint32_t turns)
{
    uint64_t state = 0x9e3779b97f4a7c15ull;
    const char *why = NULL;

    device_begin((uint32_t)(machine / PAGE));
    if ((why = read_compare(file, 0, PAGE)) || (why = read_compare(file, 2048, LONG_BYTES)) ||
        (why = refusals()) || (why = write_compare(file)))
        return why;
    for (uint32_t i = 0; !why && i < turns; i++) {
        device_begin((uint32_t)(machine / PAGE));
        nonsense(&state);
        usleep((useconds_t)(test_random(&state) % 20000)); /* it may have been seen or not */
        device_begin((uint32_t)(machine / PAGE));
        why = read_compare(file, test_random(&state) % (sectors / 8) * 8, PAGE);
    }
    outb(0, ports + STATUS);
    return why;
}

const char *test_legacy(const char *path, uint32_t turns)
{
    int file = open(path, O_RDONLY | O_DIRECT);
    const char *why;

    if (file < 0)
        return strerror(errno);
    sectors = (uint64_t)lseek(file, 0, SEEK_END) / SECTOR;
    if (!(why = disk_find()) && !(why = memory_make()))
        why = disk_try(file, turns);
    close(file);
    return why;
}
