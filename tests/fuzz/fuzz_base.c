/* SPDX-License-Identifier: MIT */
/* Bytes of a client on their way into text: whatever they are, what comes out is
 * valid UTF-8, one line where it must be one, and as long as was said. */
#include "base/log.h"
#include "base/suggest.h"
#include "base/utf8.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_utf8(struct str s)
{
    struct buf b = BUF_INIT;
    size_t len = utf8_len(s);
    utf8_add_replaced(&b, s);
    assert(utf8_valid(buf_str(&b)));
    assert(utf8_valid(s) == str_eq(buf_str(&b), s) || str_find(s, STR("\ufffd")) < s.n);
    assert(utf8_offset(s, len) == s.n);
    assert(len == 0 || utf8_offset(s, len - 1) < s.n);
    buf_release(&b);
}

static void check_log(struct str s)
{
    struct buf b = BUF_INIT;
    log_escape(&b, s);
    assert(b.n >= s.n);
    assert(utf8_valid(buf_str(&b)));
    for (size_t i = 0; i < b.n; i++)
        assert((unsigned char)b.data[i] >= 0x20 && b.data[i] != 0x7f);
    buf_release(&b);
}

static void check_parts(struct str s)
{
    struct str rest = s, part;
    size_t total = 0, parts = 0;
    int64_t v;
    while (str_split(&rest, ',', &part)) {
        struct buf b = BUF_INIT;
        total += part.n;
        parts++;
        if (str_to_int64(part, &v)) {
            int64_t again;
            buf_addint(&b, v);
            assert(str_to_int64(buf_str(&b), &again) && again == v);
        }
        assert(suggest_distance(part, str_trim(part), 3) <= 4);
        buf_release(&b);
    }
    assert(!s.p || total + parts - 1 == s.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s = str_make((const char *)data, size);
    check_utf8(s);
    check_log(s);
    check_parts(s);
    return 0;
}
