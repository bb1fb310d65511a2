/* SPDX-License-Identifier: MIT */
/* Text utilities, URLs and the scanners of the validators. */
#include "value/ip.h"
#include "value/text.h"
#include "value/unicode.h"
#include "value/url.h"
#include "value/validate.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void scan(struct str s)
{
    unsigned char address[16];
    struct url u;
    ip_parse_v4(s, address);
    ip_parse_v6(s, address);
    validate_url(s);
    validate_domain(s, true, true);
    validate_email_user(s);
    validate_email_domain(s);
    validate_slug(s, true);
    validate_integers(s, STR(","), true);
    if (url_split(s, &u, NULL) == 0)
        url_host(u.netloc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s = str_make((const char *)data, size), bit;
    struct buf out = BUF_INIT;
    struct text_splitter t;
    text_slugify(&out, s, size % 2);
    text_valid_filename(&out, s, NULL);
    text_capfirst(&out, s);
    text_phone2numeric(&out, s);
    text_camel_case_to_spaces(&out, s);
    text_wrap(&out, s, size % 9 + 1);
    text_truncate_chars(&out, s, size % 6, str_head(s, size % 3));
    text_truncate_words(&out, s, size % 4, STR_NULL);
    unicode_upper(&out, s);
    text_splitter_init(&t, s);
    while (text_splitter_next(&t, &bit))
        buf_addstr(&out, bit);
    text_splitter_release(&t);
    url_smart_quote(&out, s);
    scan(s);
    buf_release(&out);
    return 0;
}
