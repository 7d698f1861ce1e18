/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packed payloads: any bytes. What unpacks has the size that was promised, in memory of just that
 * size; what does not leaves nothing, and a line that says why.
 */
#include "loader/unpack.h"
#include "tests/fuzz/fuzz.h"

#define MOST (1u << 20) /* promised; more is the same code and takes long to allocate here */

static bool promises_much(const uint8_t *data, size_t size)
{
    uint32_t promise = 0;
    if (size >= 4)
        memcpy(&promise, data + size - 4, 4);
    return promise > MOST && promise <= 512u << 20;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (promises_much(data, size))
        return 0;
    uint8_t *copy = malloc(size ? size : 1);
    if (size)
        memcpy(copy, data, size);
    struct blob packed = {copy, size}, out = {0};
    struct problem p = {0};
    const char *format = unpack_format(&packed);
    if (unpack(&packed, &out, &p)) {
        must(format && out.data && out.size, "unpacked nothing of no format");
        uint32_t sum = 0;
        for (size_t i = 0; i < out.size; i++)
            sum += out.data[i];
        static volatile uint32_t used;
        used = sum;
        (void)used;
        blob_free(&out);
    } else {
        must(!out.data && p.status && p.text[0], "refused without a word");
    }
    free(copy);
    return 0;
}
