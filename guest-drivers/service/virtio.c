#include "guest-drivers/service/virtio.h"
#include "guest-drivers/lib/guest.h"
#include "guest-drivers/lib/native_call.h"
#include "guest-drivers/service/platform.h"

#define DEVICE_WINDOW (GUEST_WINDOW + ((u64)3 << 30))
#define DEVICE_SPACE  ((u64)1 << 20) /* of the window, for one device */
#define BAR_SPACE     (DEVICE_SPACE / 8)
#define BAR_BYTES     ((u64)16 << 10) /* as a rule all structures are in one register of these */
#define CAPS_MAX      48u
#define PCI_COMMAND   4u
#define PCI_BAR       16u
#define PCI_BARS      6u
#define PCI_CAPS      52u
#define PCI_CAP_MSIX  17u
#define MSIX_ENABLE   0x8000u
#define MSIX_MASK     0x4000u
#define PCI_ADDRESSES 256u /* the devices and functions of bus 0 */

/* ---- PCI --------------------------------------------------------------------------------- */

static u32 pci_get(u32 address, u32 offset, u8 bytes)
{
    struct native_pci in = {.address = (u16)address, .offset = (u8)offset, .bytes = bytes};
    struct native_pci_value out;

    return call_pci_read(&in, &out) == ST_OK ? out.value : ~0u;
}

static void pci_put(u32 address, u32 offset, u8 bytes, u32 value)
{
    struct native_pci in = {
        .address = (u16)address, .offset = (u8)offset, .bytes = bytes, .value = value};

    (void)call_pci_write(&in, NULL);
}

bool virtio_find(u32 *address, u32 kind, u32 kind_both)
{
    for (; *address < PCI_ADDRESSES; ++*address) {
        u32 id = pci_get(*address, 0, 4);

        if (id == (VIRTIO_VENDOR | kind << 16) || id == (VIRTIO_VENDOR | kind_both << 16))
            return true;
    }
    return false;
}

/* The machine address a memory register of the device was given; 0 if it is no such one. */
static u64 bar_address(u32 address, u32 bar)
{
    u32 low = pci_get(address, PCI_BAR + bar * 4, 4);

    if (low & 1)
        return 0;
    if ((low & 6) != 4)
        return low & ~0xfu;
    return (low & ~0xfu) | (u64)pci_get(address, PCI_BAR + bar * 4 + 4, 4) << 32;
}

/* Registers of the device as memory of ours; NULL when they cannot be mapped. */
static volatile u8 *registers_map(struct virtio_device *device, u32 address, u32 bar,
                                  u32 offset, u32 bytes)
{
    struct native_device_map in = {.local_at = DEVICE_WINDOW + device->window * DEVICE_SPACE +
                                               bar * BAR_SPACE,
                                   .bytes = BAR_BYTES};

    if (bar >= PCI_BARS || (u64)offset + bytes > BAR_BYTES)
        return NULL;
    in.machine = bar_address(address, bar);
    if (in.machine == 0 || (!device->mapped[bar] && call_device_map(&in, NULL) != ST_OK))
        return NULL;
    device->mapped[bar] = 1;
    return (volatile u8 *)guest_pointer(in.local_at) + offset;
}

/* The structure that a vendor capability names. [virtio 1.1, 4.1.4] */
static void structure_map(struct virtio_device *device, u32 address, u32 cap)
{
    u32 kind = pci_get(address, cap + 3, 1);
    u32 bytes = MIN(pci_get(address, cap + 12, 4), (u32)PAGE_SIZE);
    volatile u8 *at;

    if (kind != VIRTIO_CAP_COMMON && kind != VIRTIO_CAP_NOTIFY && kind != VIRTIO_CAP_DEVICE)
        return;
    at = registers_map(device, address, pci_get(address, cap + 4, 1),
                       pci_get(address, cap + 8, 4), bytes);
    if (kind == VIRTIO_CAP_COMMON) {
        device->common = (volatile struct virtio_common *)(volatile void *)at;
    } else if (kind == VIRTIO_CAP_DEVICE) {
        device->config = at;
    } else {
        device->notify = at;
        device->notify_step = pci_get(address, cap + 16, 4);
    }
}

/* The table of interrupt messages. [PCI 3.0, 6.8.2] */
static void messages_map(struct virtio_device *device, u32 address, u32 cap)
{
    u32 table = pci_get(address, cap + 4, 4);

    device->messages = (volatile u32 *)(volatile void *)registers_map(
        device, address, table & 7, table & ~7u, 16);
    device->messages_cap = cap;
}

static void structures_find(struct virtio_device *device, u32 address)
{
    u32 cap = pci_get(address, PCI_CAPS, 1) & 0xfc;

    for (u32 i = 0; cap >= 64 && i < CAPS_MAX; i++) {
        u32 id = pci_get(address, cap, 1);

        if (id == VIRTIO_CAP_VENDOR)
            structure_map(device, address, cap);
        else if (id == PCI_CAP_MSIX)
            messages_map(device, address, cap);
        cap = pci_get(address, cap + 1, 1) & 0xfc;
    }
}

/* ---- the start [virtio 1.1, 3.1.1] ------------------------------------------------------- */

static enum status features_agree(struct virtio_device *device, u64 needed, u64 wanted)
{
    volatile struct virtio_common *common = device->common;
    u64 offered;

    common->device_status = 0;
    while (common->device_status != 0)
        ;
    common->device_status = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER;
    common->device_feature_select = 0;
    offered = common->device_feature;
    common->device_feature_select = 1;
    offered |= (u64)common->device_feature << 32;
    needed |= VIRTIO_F_VERSION;
    if ((offered & needed) != needed)
        return ST_UNSUPPORTED;
    device->features = offered & (needed | wanted);
    common->driver_feature_select = 0;
    common->driver_feature = (u32)device->features;
    common->driver_feature_select = 1;
    common->driver_feature = (u32)(device->features >> 32);
    common->device_status = VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK;
    return (common->device_status & VIRTIO_FEATURES_OK) ? ST_OK : ST_UNSUPPORTED;
}

/* Message 0 of the device is the one that raises our port. */
static enum status messages_start(struct virtio_device *device, u32 address)
{
    struct native_device_interrupt message;
    u32 at = device->messages_cap + 2;

    TRY(call_device_interrupt(NULL, &message));
    device->messages[0] = (u32)message.address;
    device->messages[1] = (u32)(message.address >> 32);
    device->messages[2] = message.data;
    device->messages[3] = 0; /* not masked */
    pci_put(address, at, 2, (pci_get(address, at, 2) & ~MSIX_MASK) | MSIX_ENABLE);
    return ST_OK;
}

enum status virtio_start(struct virtio_device *device, u32 address, u64 needed, u64 wanted)
{
    static u32 started;

    if (started == VIRTIO_DEVICES_MAX)
        return ST_NO_SPACE;
    *device = (struct virtio_device){.window = started++};
    /* It answers to memory accesses, and makes its own. */
    pci_put(address, PCI_COMMAND, 2, pci_get(address, PCI_COMMAND, 2) | 6);
    structures_find(device, address);
    if (!device->common || !device->config || !device->notify || !device->messages)
        return ST_NO_DEVICE;
    TRY(messages_start(device, address));
    return features_agree(device, needed, wanted);
}

static void address_put(volatile u32 *to, const volatile void *from)
{
    u64 machine = machine_address(from);

    to[0] = (u32)machine;
    to[1] = (u32)(machine >> 32);
}

enum status virtio_queue_start(struct virtio_device *device, struct virtio_queue *queue,
                               u16 index, enum virtio_queue_mode mode)
{
    volatile struct virtio_common *common = device->common;

    common->queue_select = index;
    if (common->queue_size < VIRTQ_ENTRIES)
        return ST_UNSUPPORTED;
    common->queue_size = VIRTQ_ENTRIES;
    queue->index = index;
    queue->avail.flags = mode == VIRTIO_SILENT ? VIRTQ_SILENT : 0;
    common->queue_msix_vector = 0;
    if (common->queue_msix_vector != 0)
        return ST_UNSUPPORTED;
    address_put(common->queue_desc, queue->desc);
    address_put(common->queue_driver, &queue->avail);
    address_put(common->queue_device, &queue->ring);
    queue->bell =
        (volatile u16 *)(volatile void *)(device->notify +
                                          (u64)common->queue_notify_off * device->notify_step);
    common->queue_enable = 1;
    return ST_OK;
}

void virtio_ready(struct virtio_device *device)
{
    device->common->device_status |= VIRTIO_DRIVER_OK;
}

/* ---- the queue --------------------------------------------------------------------------- */

void virtio_queue_put(struct virtio_queue *queue, u16 head)
{
    queue->avail.ring[queue->avail.index % VIRTQ_ENTRIES] = head;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    queue->avail.index++;
    queue->has_news = true;
}

void virtio_queue_ring(struct virtio_queue *queue)
{
    if (!queue->has_news)
        return;
    queue->has_news = false;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!(queue->ring.flags & VIRTQ_SILENT))
        *queue->bell = queue->index;
}

bool virtio_queue_take(struct virtio_queue *queue, u32 *head, u32 *bytes)
{
    u32 place = queue->used % VIRTQ_ENTRIES;

    if (queue->used == __atomic_load_n(&queue->ring.index, __ATOMIC_ACQUIRE))
        return false;
    *head = queue->ring.ring[place].id;
    *bytes = queue->ring.ring[place].bytes;
    queue->used++;
    return true;
}
