#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints the call-rich program: 4000 functions in 8 layers, of some 170 bytes each. A function does a
# little arithmetic and calls three of the next layer, so that each has three callers; 15 % of
# the calls go through a pointer, half of those to one of four functions. Always the same text.
awk '
function random(n) { x = x * 16807 % 2147483647; return int(x / 2147483647 * n) }
function hex() { return sprintf("0x%xu", random(2147483647)) }
function arithmetic(   k) {
    k = random(4)
    if (k == 0) return "    a = a * " hex() " + b;\n"
    if (k == 1) return "    b ^= a >> " 1 + random(30) ";\n"
    if (k == 2) return "    if (a & " 2 ^ random(30) "u)\n        b += " hex() ";\n"
    return "    shared[a >> " random(20) " & 255] += b ^ " hex() ";\n"
}
function call(f, n,   layer, to) {
    layer = int(f / 500) + 1
    to = layer * 500 + (f * 3 + n) % 500
    if (random(100) >= 15) return sprintf("c%d", to)
    if (random(2)) return sprintf("by_pointer[%d]", to)
    return sprintf("by_pointer[%d + (a & 3)]", layer * 500 + random(497))
}
BEGIN {
    x = 12345
    print "#include <stdint.h>"
    print "typedef uint32_t function(uint32_t a, uint32_t b);"
    print "static uint32_t shared[256];"
    print "extern function *by_pointer[];"
    print "uint32_t calls(uint32_t rounds);"
    for (f = 0; f < 4000; f++) printf "static function c%d;\n", f
    for (f = 0; f < 4000; f++) {
        printf "static uint32_t __attribute__((noipa)) c%d(uint32_t a, uint32_t b)\n{\n", f
        for (i = 0; i < 4; i++) printf "%s", arithmetic()
        for (n = 0; n < 3 && f < 3500; n++) {
            printf "    a += %s(b, a);\n", call(f, n)
            printf "%s", arithmetic()
        }
        for (i = 0; i < (f < 3500 ? 1 : 4); i++) printf "%s", arithmetic()
        print "    return a ^ b;\n}"
    }
    print "function *by_pointer[4000] = {"
    for (f = 0; f < 4000; f++) printf "    c%d,\n", f
    print "};"
    print "uint32_t calls(uint32_t rounds)\n{\n    uint32_t sum = 0;"
    print "    for (uint32_t i = 0; i < 256; i++)\n        shared[i] = i;"
    print "    for (uint32_t i = 0; i < rounds; i++)\n        sum += by_pointer[i % 500](i, sum);"
    print "    return sum;\n}"
}' </dev/null
