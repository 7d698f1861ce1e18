/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The VGA's registers: index and data, the attribute port's two faces, the DAC's own counting, the
 * retrace bits, the start of the picture, and silence beyond the last register.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "devices/vga.h"

static struct vga g;
static uint64_t now;

static unsigned in(unsigned port)
{
    return vga_read(&g, port - VGA_PORT, now);
}

static void out(unsigned port, unsigned value)
{
    vga_write(&g, port - VGA_PORT, (uint8_t)value);
}

static int set_up(void **state)
{
    (void)state;
    now = 0;
    vga_reset(&g);
    return 0;
}

static void mode_3(void **state)
{
    (void)state;
    assert_true(vga_text(&g));
    assert_int_equal(vga_start(&g), 0);
    assert_int_equal(in(0x3cc) & 1, 1); /* colour: the CRTC is at 3D4 */
    out(0x3d4, 1);
    assert_int_equal(in(0x3d5), 79);
    out(0x3d4, 0x13);
    assert_int_equal(in(0x3d5) * 2, 80);
}

static void files(void **state)
{
    static const struct {
        uint16_t port;
        uint8_t count;
    } rows[] = {{0x3c4, 5}, {0x3ce, 9}, {0x3d4, 25}};
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
        for (unsigned r = 0; r < 256; r++) {
            out(rows[i].port, r);
            assert_int_equal(in(rows[i].port), r);
            out(rows[i].port + 1u, r ^ 0xa5);
        }
        for (unsigned r = 0; r < 32; r++) {
            out(rows[i].port, r);
            /* 32 numbers: the last time round wrote what stands there */
            assert_int_equal(in(rows[i].port + 1u), r < rows[i].count ? ((r + 224) ^ 0xa5) : 0xff);
        }
    }
}

static void the_attribute_port(void **state)
{
    (void)state;
    in(0x3da); /* the next write is an index */
    out(0x3c0, 0x31);
    out(0x3c0, 0x77);
    assert_int_equal(in(0x3c0), 0x31);
    assert_int_equal(in(0x3c1), 0x77);
    out(0x3c0, 0x12);
    in(0x3da);
    out(0x3c0, 0x31); /* an index again, not data for 12 */
    assert_int_equal(in(0x3c1), 0x77);
    out(0x3c0, 0x78);
    assert_int_equal(in(0x3c1), 0x78);
}

static void the_dac(void **state)
{
    (void)state;
    out(0x3c8, 254);
    for (unsigned i = 0; i < 9; i++) /* over the end: to colour 0 */
        out(0x3c9, 0xc0 + i);
    assert_int_equal(in(0x3c7), 0);
    out(0x3c7, 254);
    assert_int_equal(in(0x3c7), 3);
    for (unsigned i = 0; i < 9; i++)
        assert_int_equal(in(0x3c9), i); /* six bits */
    out(0x3c6, 0x0f);
    assert_int_equal(in(0x3c6), 0x0f);
}

/* Over one frame of 14.27 ms both bits are seen in both states, retrace only while blank. */
static void status_moves(void **state)
{
    unsigned seen = 0;
    (void)state;
    for (; now < 14300000; now += 1000)
        seen |= 1u << in(0x3da);
    assert_int_equal(seen, 1u << 0 | 1u << 1 | 1u << 9);
}

static void the_picture(void **state)
{
    (void)state;
    out(0x3d4, 0x0c);
    out(0x3d5, 0x07);
    out(0x3d4, 0x0d);
    out(0x3d5, 0xd0);
    assert_int_equal(vga_start(&g), 2 * 2000);
    out(0x3d5, 0xff);
    out(0x3d4, 0x0c);
    out(0x3d5, 0xff);
    assert_true(vga_start(&g) < VGA_TEXT_SIZE);
    out(0x3ce, 6);
    out(0x3cf, 0x05);
    assert_false(vga_text(&g));
}

static void nobody_is_there(void **state)
{
    static const uint16_t ports[] = {0x3c5 + 6, 0x3cd, 0x3d0, 0x3d1, 0x3d3, 0x3d6, 0x3d9};
    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(ports); i++) {
        out(ports[i], 0);
        assert_int_equal(in(ports[i]), 0xff);
    }
}

static void random_writes(void **state)
{
    (void)state;
    srand(3);
    for (unsigned i = 0; i < 300000; i++) {
        unsigned port = VGA_PORT + (unsigned)rand() % (VGA_PORT_LAST - VGA_PORT + 1);
        if (rand() % 3)
            out(port, (unsigned)rand());
        else
            in(port);
        now += (unsigned)rand() % 50000;
        assert_true(vga_start(&g) < VGA_TEXT_SIZE);
    }
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(mode_3),       TEST(files),       TEST(the_attribute_port), TEST(the_dac),
        TEST(status_moves), TEST(the_picture), TEST(nobody_is_there),    TEST(random_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
