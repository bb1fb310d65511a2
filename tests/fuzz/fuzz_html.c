/* SPDX-License-Identifier: MIT */
/* Everything that reads HTML, or text that becomes HTML. */
#include "value/html.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s = str_make((const char *)data, size);
    struct buf out = BUF_INIT;
    struct html_urlize o = {
        .trim_url_limit = (int64_t)(size % 7), .nofollow = true, .autoescape = true};
    struct err e;
    html_escape(&out, s);
    html_escapejs(&out, s);
    html_unescape(&out, s);
    html_strip_spaces(&out, s);
    html_strip_tags(&out, s, &e);
    html_truncate_chars(&out, s, size % 11, STR_NULL, &e);
    html_truncate_words(&out, s, size % 5, STR("..."), &e);
    html_urlize(&out, s, &o);
    buf_release(&out);
    return 0;
}
