/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The order is that of the complaints: the user's own files first, then what is missing on
 * this machine.
 */
#include "loader/guest.h"

#include "loader/kernel.h"
#include "loader/planfile.h"
#include "loader/relay.h"

#include <unistd.h>

static bool read_inputs(const struct options *o, struct kernel_request *r, struct problem *p)
{
    *r = (struct kernel_request){.path = o->kernel, .initrd_path = o->initrd, .append = o->append};
    if (!input_read(o->kernel, "kernel", KERNEL_MAX, KERNEL_TOO_LONG, &r->kernel, p))
        return false;
    return !o->initrd ||
           input_read(o->initrd, "initrd", (size_t)o->memory_mib << 20,
                      "longer than the guest's memory; try a larger --memory", &r->initrd, p);
}

static bool open_disks(const struct options *o, struct disks *d, struct problem *p)
{
    d->count = 0;
    for (unsigned i = 0; i < o->disks; i++) {
        if (!disks_open(d, &o->disk[i], p))
            return false;
    }
    return true;
}

/* Signals from here on are the relay's, since there is something to clean up. */
static bool write_plan(const struct options *o, uint32_t flags, const struct image *im,
                       struct guest *g, struct problem *p)
{
    struct plan_choice choice = {
        .name = input_base_name(o->kernel),
        .append = o->append,
        .engine = o->engine,
        .flags = flags,
        .runs = o->runs,
        .disks = &g->disks,
        .disks_inside = !o->on->own_disks,
    };
    if (!planfile_size(im, &choice, &g->plan_size, p))
        return false;
    g->signals = relay_signals(p);
    if (o->on->no_image)
        tempdir_create_nameless(&g->dir);
    if (g->signals < 0 || (!o->on->no_image && !tempdir_create(&g->dir, p)))
        return false;
    int fd = tempdir_create_file(&g->dir, FILE_PLAN, p);
    bool ok = fd >= 0 && planfile_write(fd, im, &choice, p);
    if (fd >= 0)
        close(fd);
    return ok;
}

bool guest_prepare(const struct options *o, uint32_t flags,
                   bool (*ready)(void *with, struct problem *p), void *with, struct guest *g,
                   struct problem *p)
{
    struct kernel_request r;
    struct image im;
    image_init(&im, o->memory_mib);
    bool ok = read_inputs(o, &r, p) && open_disks(o, &g->disks, p) && kernel_load(&r, &im, p) &&
              (o->on->no_image || locate_monitor(g->monitor, p)) && ready(with, p) &&
              write_plan(o, flags, &im, g, p);
    image_free(&im);
    blob_free(&r.kernel);
    blob_free(&r.initrd);
    return ok;
}

void guest_drop(struct guest *g)
{
    tempdir_remove(&g->dir);
    disks_close(&g->disks);
}
