/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Permissions of shadow entries, all 128 cases, against rules written the other way round:
 * what may this entry let happen without a fault?
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "monitor/host.h"
#include "monitor/x86.h"
#include "shadow/perm.h"

/* May the access go on without the guest's CPU doing anything else? SDM 3A 4.6.1, 4.8. */
static bool guest_allows(struct perm p, bool wp, unsigned access)
{
    if (!p.accessed)
        return false;
    if ((access & PF_U) && !p.user)
        return false;
    if (access & PF_I)
        return p.exec;
    if (!(access & PF_W))
        return true;
    if (!p.dirty)
        return false;
    return p.writable || (!(access & PF_U) && !wp);
}

static void one_case(struct perm p, bool traced, bool wp)
{
    unsigned flags = shadow_perm(p, traced, wp);
    for (unsigned access = 0; access <= (PF_W | PF_U); access += PF_W) {
        bool granted = shadow_grants(flags, access);
        bool allowed = guest_allows(p, wp, access);
        if (access & PF_W)
            allowed = allowed && !traced;
        /* A supervisor's write to a read-only user page under WP = 0 must not open the page to
         * the user: it stays closed to both. */
        bool kept_closed = (access & (PF_W | PF_U)) == PF_W && p.user && !p.writable;
        if (kept_closed)
            assert_false(granted);
        else
            assert_int_equal(granted, allowed);
    }
    assert_int_equal((flags & SH_EXEC) != 0, p.user && p.exec && p.accessed);
    assert_int_equal(shadow_grants(flags, PF_U | PF_I), guest_allows(p, wp, PF_U | PF_I));
    if (!(flags & SH_PRESENT))
        assert_int_equal(flags, 0);
}

static void all_cases(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 128; i++) {
        struct perm p = {
            .user = i & 1, .writable = i & 2, .dirty = i & 4, .accessed = i & 8, .exec = i & 64};
        one_case(p, i & 16, i & 32);
    }
}

static void named_cases(void **state)
{
    (void)state;
    const struct perm all = {true, true, true, true, true};
    assert_int_equal(shadow_perm(all, false, true), SH_PRESENT | SH_WRITE | SH_USER | SH_EXEC);
    assert_int_equal(shadow_perm(all, true, true), SH_PRESENT | SH_USER | SH_EXEC);
    const struct perm kernel = {false, true, true, true, true};
    assert_int_equal(shadow_perm(kernel, false, true), SH_PRESENT | SH_WRITE);
    const struct perm clean = {true, true, true, false, true};
    assert_int_equal(shadow_perm(clean, false, true), SH_PRESENT | SH_USER | SH_EXEC);
    const struct perm untouched = {true, true, true, true, false};
    assert_int_equal(shadow_perm(untouched, false, true), 0);
    const struct perm kernel_text = {false, false, true, true, true};
    assert_int_equal(shadow_perm(kernel_text, false, true), SH_PRESENT);
    assert_int_equal(shadow_perm(kernel_text, false, false), SH_PRESENT | SH_WRITE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_cases),
        cmocka_unit_test(named_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
