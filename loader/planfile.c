/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Head, segment table and text first, then the bytes of each segment in turn, padded to 16
 * so that the monitor's copies are aligned. Segment bytes go straight from the kernel's
 * and the initrd's own buffers to the file.
 */
#include "loader/planfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALIGNMENT 16u
#define SECTOR    512u
#define PIECE     (1u << 20) /* of a disk, copied at a time */

static uint64_t align(uint64_t n)
{
    return (n + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1);
}

static uint64_t head_size(const struct image *im, const struct plan_choice *c)
{
    return align(sizeof(struct plan) + im->count * sizeof(struct plan_segment) + strlen(c->append));
}

/* How many disks the plan has the content of. */
static unsigned inside(const struct plan_choice *c)
{
    return c->disks && c->disks_inside ? c->disks->count : 0;
}

static uint64_t disk_bytes(const struct diskfile *f)
{
    return f->sectors * SECTOR;
}

bool planfile_size(const struct image *im, const struct plan_choice *c, uint32_t *size,
                   struct problem *p)
{
    uint64_t total = head_size(im, c);
    for (unsigned i = 0; i < im->count; i++)
        total += align(im->seg[i].file_size);
    for (unsigned i = 0; i < inside(c); i++)
        total += align(disk_bytes(&c->disks->file[i]));
    if (total >> 32)
        return problem_bad(p, inside(c)
                                  ? "kernel, initrd and disks together are larger than 4 GiB; a "
                                    "disk of any size needs another host than Bochs"
                                  : "kernel and initrd together are larger than 4 GiB");
    *size = (uint32_t)total;
    return true;
}

static void fill_plan(struct plan *plan, const struct image *im, const struct plan_choice *c,
                      uint32_t total)
{
    *plan = (struct plan){
        .magic = PLAN_MAGIC,
        .version = PLAN_VERSION,
        .total_size = total,
        .memory_mib = im->ram >> 20,
        .engine = c->engine,
        .flags = c->flags,
        .segments = im->count,
        .append_len = (uint32_t)strlen(c->append),
        .eip = im->eip,
        .esp = im->esp,
        .eax = im->eax,
        .ebx = im->ebx,
        .ecx = im->ecx,
        .edx = im->edx,
        .esi = im->esi,
        .edi = im->edi,
        .ebp = im->ebp,
        .cs = IMAGE_CS,
        .ds = IMAGE_DS,
        .gdt_base = im->gdt_base,
        .gdt_limit = im->gdt_limit,
        .runs = c->runs,
    };
    size_t length = strnlen(c->name, sizeof plan->name - 1);
    memcpy(plan->name, c->name, length);
}

/* The disks' content comes last. */
static void fill_disks(struct plan *plan, const struct plan_choice *c, uint64_t offset)
{
    plan->disks = c->disks ? c->disks->count : 0;
    for (unsigned i = 0; i < plan->disks; i++) {
        const struct diskfile *f = &c->disks->file[i];
        plan->disk[i] = (struct plan_disk){
            .sectors = f->sectors,
            .file_offset = inside(c) ? (uint32_t)offset : 0,
            .flags = f->read_only ? PLAN_DISK_READ : 0,
        };
        offset += align(disk_bytes(f));
    }
}

static bool write_all(int fd, const void *data, size_t size, struct problem *p)
{
    const uint8_t *at = data;
    while (size) {
        ssize_t n = write(fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return problem_host(p, "cannot write the boot plan: %s; is $TMPDIR full?",
                                strerror(errno));
        at += n;
        size -= (size_t)n;
    }
    return true;
}

static bool write_head(int fd, const struct image *im, const struct plan_choice *c, uint32_t total,
                       struct problem *p)
{
    uint64_t size = head_size(im, c), offset = size;
    uint8_t *head = calloc(1, size);
    if (!head)
        return problem_host(p, "out of memory for the boot plan");
    fill_plan((struct plan *)head, im, c, total);
    uint8_t *at = head + sizeof(struct plan);
    for (unsigned i = 0; i < im->count; i++, at += sizeof(struct plan_segment)) {
        const struct image_segment *s = &im->seg[i];
        struct plan_segment out = {s->gpa, s->size, (uint32_t)offset, s->file_size};
        memcpy(at, &out, sizeof out);
        offset += align(s->file_size);
    }
    memcpy(at, c->append, strlen(c->append));
    fill_disks((struct plan *)head, c, offset);
    bool ok = write_all(fd, head, size, p);
    free(head);
    return ok;
}

/* A file that has become shorter meanwhile is an error. */
static bool write_disk(int fd, const struct diskfile *f, struct problem *p)
{
    uint8_t *piece = malloc(PIECE);
    bool ok = piece || problem_host(p, "out of memory for the boot plan");
    for (uint64_t at = 0; ok && at < disk_bytes(f);) {
        uint64_t left = disk_bytes(f) - at;
        ssize_t n = pread(f->fd, piece, left < PIECE ? left : PIECE, (off_t)at);
        if (n <= 0)
            ok = problem_bad(p, "--disk %s: cannot read it: %s", f->path,
                             n < 0 ? strerror(errno) : "it has become shorter");
        else
            ok = write_all(fd, piece, (size_t)n, p);
        at += n > 0 ? (uint64_t)n : 0;
    }
    free(piece);
    return ok;
}

bool planfile_write(int fd, const struct image *im, const struct plan_choice *c, struct problem *p)
{
    static const uint8_t padding[ALIGNMENT];
    uint32_t total;
    if (!planfile_size(im, c, &total, p) || !write_head(fd, im, c, total, p))
        return false;
    for (unsigned i = 0; i < im->count; i++) {
        const struct image_segment *s = &im->seg[i];
        if (!write_all(fd, s->bytes, s->file_size, p) ||
            !write_all(fd, padding, align(s->file_size) - s->file_size, p))
            return false;
    }
    for (unsigned i = 0; i < inside(c); i++) {
        uint64_t bytes = disk_bytes(&c->disks->file[i]);
        if (!write_disk(fd, &c->disks->file[i], p) ||
            !write_all(fd, padding, align(bytes) - bytes, p))
            return false;
    }
    return true;
}
