/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The guest's side of the soak: ring1-soak SECONDS runs all workers at once for so long and prints
 * their turns every ten seconds, "soak: AT NAME TURNS ...". It ends with "soak: done" if all is
 * well and with a line "soak: failed: ..." as soon as a worker has found something wrong, was ended
 * by a signal, or has not made a turn for a minute. Called with a letter it ends with that status.
 */
#include "tests/soak/soak.h"

#define MAX_WORKERS 16u
#define LOOK_EVERY  10u /* seconds */
#define PATIENCE    6u  /* looks without a turn */

enum { MAP_SHARED_ANONYMOUS = 0x21, PROT_READ_WRITE = 3, WNOHANG = 1 };

const char *const program = "soak";

static volatile uint32_t *turns; /* of each worker, shared with it */

static void share_turns(void)
{
    long args[6] = {0, 4096, PROT_READ_WRITE, MAP_SHARED_ANONYMOUS, -1, 0};
    long r = call3(SYS_MMAP, (long)args, 0, 0);
    must(r > -4096 && r < 0 ? r : 0, "mmap");
    turns = (volatile uint32_t *)r;
}

static unsigned start_all(void)
{
    unsigned k;
    for (k = 0; workers[k].name && k < MAX_WORKERS; k++) {
        if (must(call0(SYS_FORK), "fork"))
            continue;
        if (workers[k].prepare)
            workers[k].prepare();
        for (;;)
            workers[k].turn(turns[k]++);
    }
    return k;
}

/* Workers never end. */
static void nobody_has_ended(void)
{
    int status = 0;
    if (call3(SYS_WAITPID, -1, (long)&status, WNOHANG) <= 0)
        return;
    put_text("soak: failed: a worker has ended with status ");
    put_number((uint32_t)status);
    end_line();
    leave(1);
}

static void look(unsigned count, uint32_t at)
{
    static uint32_t before[MAX_WORKERS], idle[MAX_WORKERS];
    put_text("soak: ");
    put_number(at);
    for (unsigned k = 0; k < count; k++) {
        put(' ');
        put_text(workers[k].name);
        put(' ');
        put_number(turns[k]);
        idle[k] = turns[k] == before[k] ? idle[k] + 1 : 0;
        before[k] = turns[k];
    }
    end_line();
    for (unsigned k = 0; k < count; k++)
        expect(idle[k] < PATIENCE, workers[k].name);
}

static void soak(uint32_t seconds)
{
    static const int32_t a_while[2] = {LOOK_EVERY, 0};
    uint64_t start = now_ns();
    share_turns();
    unsigned count = start_all();
    uint32_t at = 0;
    while (at < seconds) {
        call3(SYS_NANOSLEEP, (long)a_while, 0, 0);
        at = (uint32_t)((now_ns() - start) >> 20) / 954; /* 2^20 ns * 954 is a second */
        look(count, at);
        nobody_has_ended();
    }
    for (unsigned k = 0; k < count; k++)
        expect(turns[k] > 1, workers[k].name);
    put_text("soak: done");
    end_line();
}

int guest_main(char **stack)
{
    const char *word = (long)stack[0] > 1 ? stack[2] : "";
    if (*word >= 'a')
        return *word - 'a';
    soak(number(word));
    return 0;
}
