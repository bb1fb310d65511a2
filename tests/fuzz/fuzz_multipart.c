/* SPDX-License-Identifier: MIT */
/* Forms: a body gives the same whole, in two pieces, and in small pieces.
 * The first byte says where to cut; the body's boundary is "B". */
#include "http/form.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    bool ok;
    enum err_code code;
    struct buf text;
};

static void describe(struct outcome *o, const struct form *f)
{
    query_urlencode(&f->fields, &o->text, STR(""));
    for (size_t i = 0; i < f->n_files; i++) {
        const struct upload *u = f->files[i];
        char content[256];
        uint64_t at = 0;
        ptrdiff_t n;
        assert(u->name.n >= 1 && u->name.n <= 255);
        assert(!memchr(u->name.p, '/', u->name.n) && !memchr(u->name.p, '\0', u->name.n));
        buf_addf(&o->text, "|%s|%s|%s|", u->field.p, u->name.p, u->content_type.p);
        while ((n = upload_read(u, at, content, sizeof content, NULL)) > 0) {
            buf_add(&o->text, content, (size_t)n);
            at += (uint64_t)n;
        }
        assert(n == 0 && at == u->size);
    }
}

static struct outcome parse(struct str body, size_t first, size_t size)
{
    struct http_limits limits;
    struct arena a;
    struct err err = {ERR_OK, ""};
    struct outcome o = {true, ERR_OK, BUF_INIT};

    http_limits_default(&limits);
    limits.data_upload_max_memory_size = 300;
    limits.data_upload_max_number_fields = 8;
    limits.data_upload_max_number_files = 4;
    limits.part_header_max_bytes = 120;
    limits.file_upload_max_memory_size = 64;
    arena_init(&a, 0);
    struct form *f = form_new(&a, &limits, STR("multipart/form-data; boundary=B"), &err);
    assert(f);
    for (size_t n = first; body.n && o.ok; n = size) {
        struct str piece = str_head(body, n);
        /* A copy of its own, so that reading past it is seen. */
        char *exact = mem_strndup(piece.p, piece.n);
        o.ok = form_feed(f, str_make(exact, piece.n), &err) == 0;
        free(exact);
        body = str_skip(body, n);
    }
    o.ok = o.ok && form_end(f, &err) == 0;
    o.code = err.code;
    if (o.ok)
        describe(&o, f);
    arena_release(&a);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct str body = str_make((const char *)data + 1, size - 1);
    size_t cut = body.n * data[0] / 255;
    struct outcome whole = parse(body, body.n, body.n);
    struct outcome others[] = {parse(body, cut, body.n), parse(body, 1, 1),
                               parse(body, 2, 1 + data[0] % 16u)};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert(others[i].ok == whole.ok && others[i].code == whole.code);
        assert(str_eq(buf_str(&others[i].text), buf_str(&whole.text)));
        buf_release(&others[i].text);
    }
    buf_release(&whole.text);
    return 0;
}
