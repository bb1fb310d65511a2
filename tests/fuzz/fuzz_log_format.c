/* SPDX-License-Identifier: MIT */
/* First byte: the style. Up to a NUL the format, behind it the text of a record: whatever
 * both hold, the result is one line and valid UTF-8 unless the format itself is not. */
#include "base/log_format.h"
#include "base/utf8.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_make((const char *)data, size);
    if (size == 0)
        return 0;
    struct log_format_options o = {.style = (enum log_style)(data[0] % 4)};
    in = str_skip(in, 1);
    o.format = str_head(in, str_index(in, '\0'));
    struct log_format *f = log_format_new(&o, NULL);
    if (!f)
        return 0;
    struct log_record r = {.level = LOG_LEVEL_INFO,
                           .name = "fuzz",
                           .text = str_skip(in, o.format.n + 1),
                           .trace = str_skip(in, o.format.n + 1),
                           .file = STR("a/b.lua")};
    struct buf b = BUF_INIT;
    log_format_add(f, &b, &r);
    assert(str_index(buf_str(&b), '\n') == b.n - 1);
    assert(utf8_valid(buf_str(&b)) || !utf8_valid(o.format));
    buf_release(&b);
    log_format_free(f);
    return 0;
}
