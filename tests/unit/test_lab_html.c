/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Every byte as text of a page.
 */
#include "tools/lab/html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *made_of(const char *text)
{
    static char page[64];
    FILE *to = fmemopen(page, sizeof page, "w");
    assert_non_null(to);
    html_text(to, text);
    assert_int_equal(fclose(to), 0);
    return page;
}

static void markup_is_text(void **state)
{
    (void)state;
    assert_string_equal(made_of(""), "");
    assert_string_equal(made_of("<a b=\"c\" d='e'>&amp;"),
                        "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;");
}

static void every_byte(void **state)
{
    (void)state;
    for (unsigned n = 1; n < 256; n++) {
        const char text[2] = {(char)n, 0};
        bool printed = n >= ' ' && n < 127;
        if (!strchr("<>&\"'", (int)n))
            assert_string_equal(made_of(text), printed ? text : "?");
        else
            assert_int_equal(made_of(text)[0], '&');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markup_is_text),
        cmocka_unit_test(every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
