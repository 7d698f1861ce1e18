/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The fake host's entropy, disk and network, and what becomes of memory that is given back
 * (fake_host.h has their state).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/host_io.h"
#include "tests/unit/fake_host.h"

#define DISK_PATIENCE 1000u /* who asks so often waits for a read: it is over */

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "fake host: caller's error: %s\n", what);
        abort();
    }
}

/* So that runs repeat: each byte is the number of those before it. */
void host_random(void *buf, size_t len)
{
    for (size_t i = 0; i < len; i++)
        ((uint8_t *)buf)[i] = (uint8_t)fake.random_bytes++;
}

void host_frames_forget(hfn_t first, uint32_t count)
{
    memset(host_frame_ptr(first), 0, (size_t)count * PAGE_SIZE);
    fake.frames_forgotten += count;
}

bool host_net(uint8_t mac[6])
{
    memcpy(mac, "\x52\x31\0\0\0\7", 6);
    return fake.net;
}

void host_net_send(const void *frame, size_t len)
{
    must(fake.net && len >= HOST_FRAME_LEAST && len <= HOST_FRAME, "a frame of no such length");
    memcpy(fake.sent, frame, len);
    fake.sent_len = len, fake.sent_frames++;
}

size_t host_net_receive(void *frame, size_t size)
{
    memcpy(frame, fake.receive, size);
    return fake.to_receive && fake.to_receive-- ? fake.receive_len : 0;
}

bool host_disk(unsigned n, struct host_disk *out)
{
    *out = (struct host_disk){fake.disk_sectors, fake.disk_read_only};
    return n == 0 && fake.disk_sectors;
}

static bool disk_call(unsigned n, char what, uint64_t sector, uint32_t count, bool write)
{
    must(n == 0, "no such disk");
    must(sector <= fake.disk_sectors && count <= fake.disk_sectors - sector, "beyond the disk");
    must(!write || !fake.disk_read_only, "a write to a disk that is read-only");
    if (fake.disk_calls < sizeof fake.disk_call)
        fake.disk_call[fake.disk_calls++] = what;
    return !fake.disk_fails;
}

static bool disk_move(unsigned n, uint64_t sector, const struct host_span *s, unsigned spans,
                      bool write)
{
    for (unsigned i = 0; i < spans; sector += s[i++].sectors) {
        uint8_t *at = fake.disk + sector * HOST_SECTOR;
        if (!disk_call(n, write ? 'w' : 'r', sector, s[i].sectors, write))
            return false;
        memcpy(write ? at : s[i].at, write ? s[i].at : at, (size_t)s[i].sectors * HOST_SECTOR);
    }
    return true;
}

bool host_disk_read(unsigned n, uint64_t sector, const struct host_span *to, unsigned spans)
{
    return disk_move(n, sector, to, spans, false);
}

bool host_disk_write(unsigned n, uint64_t sector, const struct host_span *from, unsigned spans)
{
    return disk_move(n, sector, from, spans, true);
}

/* A read that lasts is done when the test says so. */
bool host_disk_begin(unsigned n, uint64_t sector, const struct host_span *to, unsigned spans,
                     unsigned tag)
{
    must(n == 0 && tag < HOST_READS && spans && spans <= HOST_SPANS, "no such read");
    if (!fake.disk_lasts)
        return false;
    must(!fake.disk_read[tag].spans, "a tag that is in use");
    fake.disk_read[tag].sector = sector;
    fake.disk_read[tag].spans = spans;
    memcpy(fake.disk_read[tag].to, to, spans * sizeof *to);
    return true;
}

bool host_disk_done(unsigned n, unsigned *tag, bool *ok)
{
    for (*tag = 0; *tag < HOST_READS; ++*tag) {
        struct fake_read *r = &fake.disk_read[*tag];
        if (!r->spans || (!fake.disk_ready && ++fake.disk_asked < DISK_PATIENCE))
            continue;
        fake.disk_ready -= fake.disk_ready != 0;
        fake.disk_asked = 0;
        *ok = disk_move(n, r->sector, r->to, r->spans, false);
        r->spans = 0;
        return true;
    }
    return false;
}

bool host_disk_flush(unsigned n)
{
    return disk_call(n, 'f', 0, 0, false);
}

bool host_disk_discard(unsigned n, uint64_t sector, uint32_t count)
{
    return disk_call(n, 'd', sector, count, true);
}

bool host_disk_zero(unsigned n, uint64_t sector, uint32_t count, bool unmap)
{
    memset(fake.disk + sector * HOST_SECTOR, 0, (size_t)count * HOST_SECTOR);
    return disk_call(n, unmap ? 'u' : 'z', sector, count, true);
}
