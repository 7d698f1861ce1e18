/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The other half of the interface between core and host (host.h): what stands behind the
 * guest's paravirtual devices.
 */
#ifndef RING1_HOST_IO_H
#define RING1_HOST_IO_H

#include "monitor/types.h"

/* LEN random bytes, as good as the host has them (docs/limits.md). */
void host_random(void *buf, size_t len);

/* ---- Memory ------------------------------------------------------------------ */

/* Nobody wants the content of these frames any more: the host may use the memory behind them until
 * they are touched again. They hold zeros then, or what they held. */
void host_frames_forget(hfn_t first, uint32_t count);

/* ---- Network ---------------------------------------------------------------- */

/* Ethernet frames, addresses first and no checksum behind: the longest, and the shortest that has a
 * header. */
#define HOST_FRAME       1518u
#define HOST_FRAME_LEAST 14u

/* Is there a network? Then MAC is the guest's address in it. */
bool host_net(uint8_t mac[6]);
/* A frame goes out; it is lost where there is no room for it. */
void host_net_send(const void *frame, size_t len);
/* The next frame that came in, cut to SIZE bytes: its length; 0: none. */
size_t host_net_receive(void *frame, size_t size);

/* ---- Disks ----------------------------------------------------------------- */

#define HOST_SECTOR 512u

struct host_disk {
    uint64_t sectors;
    bool read_only;
};

/* Memory that a transfer goes to or comes from, up to HOST_SPANS pieces at a time, each of whole
 * sectors. */
#define HOST_SPANS 126u
struct host_span {
    void *at;
    uint32_t sectors;
};

/* The plan's disk number N. False: there is none. */
bool host_disk(unsigned n, struct host_disk *out);

/*
 * The caller keeps within the disk, and writes to none that is read-only. COUNT is in sectors. All
 * are done when they return; false: the host could not, and its log says why. What was written
 * survives the end of the host machine once a later flush has succeeded, and the end of the monitor
 * at once.
 */
bool host_disk_read(unsigned n, uint64_t sector, const struct host_span *to, unsigned spans);
bool host_disk_write(unsigned n, uint64_t sector, const struct host_span *from, unsigned spans);
bool host_disk_flush(unsigned n);
/* The sectors' content is of no interest any more: true also where the host makes nothing of that.
 */
bool host_disk_discard(unsigned n, uint64_t sector, uint32_t count);
/* UNMAP: the host may give their place on its disk away. */
bool host_disk_zero(unsigned n, uint64_t sector, uint32_t count, bool unmap);

/*
 * Reading while the guest goes on. False: nothing has begun, and host_disk_read is to be used; some
 * hosts always say so. Otherwise the memory is the disk's until host_disk_done has named the TAG
 * that was given, a number below HOST_READS that is not in use.
 */
#define HOST_READS 2u
bool host_disk_begin(unsigned n, uint64_t sector, const struct host_span *to, unsigned spans,
                     unsigned tag);
/* A read that is over, each once: its tag, and whether it went well. False: there is none now. */
bool host_disk_done(unsigned n, unsigned *tag, bool *ok);

#endif
