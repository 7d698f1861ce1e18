/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The network of a PC: a driver for the host machine's first virtio network device (virtio 1.2,
 * section 5.1). Frames are copied: those that go out into buffers that the device has until it is
 * done, and where none is left a frame is lost, as on a wire; those that come in out of buffers
 * that it gets back at once. Its interrupt wakes the guest, and does not come again until all that
 * came is taken. A device that says what cannot be is switched off, and the guest hears nothing
 * more.
 */
#include "monitor/host_io.h"
#include "monitor/log.h"
#include "monitor/mem.h"
#include "monitor/pc/line.h"
#include "monitor/pc/pc.h"
#include "monitor/pool.h"

#define F_MAC      (1ull << 5)
#define CONFIG_MAC 0u
#define HEADER     12u /* in front of a frame (5.1.6): all zeros, as nothing is offloaded */
#define BUFFERS    64u /* for each direction */
#define LEAST      2u  /* entries of a queue */
#define ROOM       2048u

_Static_assert(HEADER + HOST_FRAME <= ROOM && BUFFERS <= VQ_ENTRIES, "room");

enum queue { RECEIVE, TRANSMIT, QUEUES };

static const struct vq_kind kind = {.device = 0x1041, .transitional = 0x1000};

static struct {
    struct vq_device device;
    struct vq queue[QUEUES];
    uint8_t *buffers[QUEUES]; /* ROOM bytes for each entry */
    unsigned count[QUEUES];   /* how many */
    uint16_t unused[BUFFERS]; /* to transmit: those that the device has not got, a stack of ... */
    unsigned free;            /* ... so many */
    bool quiet;               /* it does not interrupt, as what came is being taken */
    bool runs;
    uint8_t mac[6];
} net;

static void stop(const char *why)
{
    log_line("ring1: the machine's network device in slot %u is switched off: %s",
             net.device.pci.slot, why);
    vq_stop(&net.device);
    net.runs = false;
}

/* ---- Starting it ------------------------------------------------------------------- */

static void give_buffer(unsigned n)
{
    vq_link(&net.queue[RECEIVE], n, net.buffers[RECEIVE] + n * ROOM, HEADER + HOST_FRAME, true,
            true);
    vq_offer(&net.queue[RECEIVE], n);
}

static bool start_queue(enum queue n)
{
    if (!vq_start(&net.device, &net.queue[n], n, LEAST, n == RECEIVE))
        return false;
    net.count[n] = net.queue[n].entries < BUFFERS ? net.queue[n].entries : BUFFERS;
    net.buffers[n] = pool_alloc(pc_cpu.pool, (size_t)net.count[n] * ROOM);
    return net.buffers[n];
}

/* One that has no address of its own gets one that is locally administered. */
static void find_mac(void)
{
    static const uint8_t own[6] = {0x52, 0x31, 0, 0, 0, 1};
    uint32_t low = vq_config(&net.device, CONFIG_MAC),
             high = vq_config(&net.device, CONFIG_MAC + 4);
    uint64_t mac = low | (uint64_t)high << 32;
    memcpy(net.mac, net.device.features & F_MAC ? (const void *)&mac : own, sizeof net.mac);
}

bool pc_net_init(void)
{
    memset(&net, 0, sizeof net);
    if (!vq_open(&net.device, kind, 0, F_MAC) || !start_queue(RECEIVE) || !start_queue(TRANSMIT))
        return false;
    find_mac();
    for (; net.free < net.count[TRANSMIT]; net.free++)
        net.unused[net.free] = (uint16_t)net.free;
    for (unsigned n = 0; n < net.count[RECEIVE]; n++)
        give_buffer(n);
    vq_go(&net.device);
    vq_kick(&net.queue[RECEIVE]);
    net.runs = true;
    if (!line_listen(&net.device)) /* frames are found when the monitor looks anyway */
        log_line("ring1: the machine's network device in slot %u has no interrupt line: frames "
                 "may come late",
                 net.device.pci.slot);
    return true;
}

bool host_net(uint8_t mac[6])
{
    memcpy(mac, net.mac, sizeof net.mac);
    return net.runs;
}

/* ---- Frames ------------------------------------------------------------------------- */

/* Buffers that went out are free again. */
static void take_sent(void)
{
    unsigned n;
    uint32_t len;
    enum vq_answer answer;
    while ((answer = vq_take(&net.queue[TRANSMIT], &n, &len)) == VQ_GOT)
        net.unused[net.free++] = (uint16_t)n;
    if (answer == VQ_WRONG)
        stop("it gave back a transmit buffer that it did not have");
}

void host_net_send(const void *frame, size_t len)
{
    if (net.runs && len <= HOST_FRAME)
        take_sent();
    if (!net.runs || !net.free || len > HOST_FRAME)
        return;
    unsigned n = net.unused[--net.free];
    uint8_t *buffer = net.buffers[TRANSMIT] + n * ROOM;
    memset(buffer, 0, HEADER);
    memcpy(buffer + HEADER, frame, len);
    vq_link(&net.queue[TRANSMIT], n, buffer, HEADER + (uint32_t)len, false, true);
    vq_offer(&net.queue[TRANSMIT], n);
    vq_kick(&net.queue[TRANSMIT]);
}

/* The next buffer that came back: its frame's length, 0 where that is too short for one. */
static enum vq_answer next(unsigned *n, uint32_t *len)
{
    enum vq_answer answer = vq_take(&net.queue[RECEIVE], n, len);
    if (answer == VQ_WRONG)
        stop("it gave back a receive buffer that it did not have");
    if (answer != VQ_GOT)
        return answer;
    if (*len > HEADER + HOST_FRAME) {
        stop("it says that a frame is longer than its buffer");
        return VQ_WRONG;
    }
    *len = *len < HEADER + HOST_FRAME_LEAST ? 0 : *len - HEADER;
    return VQ_GOT;
}

/* What comes from here on interrupts again. False: something has come just now. */
static bool wait_for_more(void)
{
    struct vq *q = &net.queue[RECEIVE];
    if (net.quiet)
        vq_quiet(q, false);
    net.quiet = false;
    return !vq_waits(q);
}

static void listen_no_more(void)
{
    if (!net.quiet)
        vq_quiet(&net.queue[RECEIVE], true);
    net.quiet = true;
}

/* A device that has only nonsense to give is not listened to for ever. */
size_t host_net_receive(void *frame, size_t size)
{
    unsigned n;
    uint32_t len;
    for (unsigned tries = 0; net.runs && tries < BUFFERS; tries++) {
        enum vq_answer answer = next(&n, &len);
        if (answer == VQ_WRONG || (answer == VQ_NONE && wait_for_more()))
            return 0;
        if (answer != VQ_GOT)
            continue;
        listen_no_more();
        len = len < size ? len : (uint32_t)size;
        memcpy(frame, net.buffers[RECEIVE] + n * ROOM + HEADER, len);
        give_buffer(n);
        vq_kick(&net.queue[RECEIVE]);
        if (len)
            return len;
    }
    return 0;
}
