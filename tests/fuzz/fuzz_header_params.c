/* SPDX-License-Identifier: MIT */
/* Header values: parameters, Accept and its kin, dates, Content-Disposition. */
#include "base/utf8.h"
#include "http/accept.h"
#include "http/disposition.h"
#include "http/http_date.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parameters(struct arena *a, struct str text)
{
    struct header_params h;
    if (header_params_parse(&h, a, text, 0, NULL))
        return;
    assert(h.n <= text.n);
    for (size_t i = 0; i < h.n; i++)
        assert(h.items[i].name.n && header_params_get(&h, h.items[i].name).p);
}

static void accepting(struct arena *a, struct str text)
{
    struct accept_language languages[8];
    struct accept acc;
    const struct str types[] = {STR("text/html"), STR("application/json")};
    accept_parse(&acc, a, text);
    for (size_t i = 1; i < acc.n; i++)
        assert(acc.types[i - 1].quality >= acc.types[i].quality);
    assert(accept_preferred(&acc, a, types, 2) < 2);
    size_t n = accept_language_parse(languages, 8, a, text);
    for (size_t i = 1; i < n; i++)
        assert(languages[i - 1].quality >= languages[i].quality);
    double q = accept_encoding_quality(text, STR("gzip"));
    assert(q >= 0 && q <= 1);
}

/* A file name comes back from the header it makes. */
static void disposition(struct arena *a, struct str name)
{
    struct header_params h;
    struct buf out = BUF_INIT;
    if (name.n && name.n < 2000 && utf8_valid(name) && content_disposition(&out, true, name)) {
        assert(header_params_parse(&h, a, buf_str(&out), 0, NULL) == 0);
        assert(h.n == 1);
    }
    buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make((const char *)data, size);
    struct arena a;
    char date[HTTP_DATE_SIZE];
    int64_t seconds, again;

    arena_init(&a, 0);
    parameters(&a, text);
    accepting(&a, text);
    disposition(&a, text);
    if (http_date_parse(text, 1750000000, &seconds))
        assert(http_date_parse(http_date(seconds, date), 0, &again) && again == seconds);
    arena_release(&a);
    return 0;
}
