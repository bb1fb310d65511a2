/* SPDX-License-Identifier: MIT */
#include "http/form.h"

#include "base/utf8.h"
#include "base/vec.h"
#include "http/form_base64.h"
#include "http/form_upload.h"
#include "http/multipart.h"

#include <assert.h>

enum kind { KIND_OTHER, KIND_URLENCODED, KIND_MULTIPART };
enum part { PART_IGNORED, PART_FIELD, PART_FILE };

struct form_parser {
    struct form *form;
    struct arena *arena;
    const struct http_limits *limits;
    enum kind kind;
    bool ended;
    const char *error_class; /* of `failure` */
    struct err failure;      /* sticky */

    struct buf text; /* urlencoded: the body; multipart: a field, as it came */
    size_t received; /* bytes that count towards data_upload_max_memory_size */
    size_t n_fields, n_files;

    struct multipart *multipart;
    enum part part;
    struct str name; /* of the field */
    bool base64;
    struct base64_stream decoder;
    struct buf decoded;
    struct upload *upload;
    size_t memory_left; /* for files */
    VEC(struct upload *) uploads;
};

static int fail(struct form_parser *p, const char *class)
{
    p->error_class = class;
    return -1;
}

static int too_big(struct form_parser *p, struct err *err)
{
    err_set(err, ERR_TOO_LARGE, "request body exceeded settings.data_upload_max_memory_size (%zu)",
            p->limits->data_upload_max_memory_size);
    return fail(p, "RequestDataTooBig");
}

/* Counts bytes that a client made us keep. */
static int receive(struct form_parser *p, size_t n, struct err *err)
{
    if (n > p->limits->data_upload_max_memory_size - p->received)
        return too_big(p, err);
    p->received += n;
    return 0;
}

/* ---- parts of a multipart body ---- */

static struct str replaced(struct arena *a, struct str s)
{
    struct buf b = BUF_INIT;
    if (utf8_valid(s))
        return arena_str(a, s);
    utf8_add_replaced(&b, s);
    s = arena_str(a, buf_str(&b));
    buf_release(&b);
    return s;
}

static int begin_field(struct form_parser *p, struct err *err)
{
    if (++p->n_fields > p->limits->data_upload_max_number_fields) {
        err_set(err, ERR_TOO_LARGE,
                "the number of GET/POST parameters exceeded "
                "settings.data_upload_max_number_fields (%zu)",
                p->limits->data_upload_max_number_fields);
        return fail(p, "TooManyFieldsSent");
    }
    p->part = PART_FIELD;
    buf_reset(&p->text);
    return receive(p, p->name.n + 2, err); /* as "name=" and "&" in the other encoding */
}

static struct upload *new_upload(struct form_parser *p, struct str name,
                                 const struct header_params *type)
{
    struct arena *a = p->arena;
    struct upload *u = arena_alloc(a, sizeof *u);
    *u = (struct upload){.field = p->name, .name = name, .fd = -1};
    buf_init(&u->memory);
    u->content_type = replaced(a, type->value);
    u->type_params = (struct header_params){
        .value = u->content_type,
        .items = type->n ? arena_alloc(a, type->n * sizeof *type->items) : NULL,
        .n = type->n,
    };
    for (size_t i = 0; i < type->n; i++) {
        u->type_params.items[i].name = arena_str(a, type->items[i].name);
        u->type_params.items[i].value = arena_str(a, type->items[i].value);
    }
    u->charset = header_params_get(&u->type_params, STR("charset"));
    return u;
}

static int begin_file(struct form_parser *p, const struct multipart_part *part, struct str filename,
                      struct err *err)
{
    if (++p->n_files > p->limits->data_upload_max_number_files) {
        err_set(err, ERR_TOO_LARGE,
                "the number of files exceeded settings.data_upload_max_number_files (%zu)",
                p->limits->data_upload_max_number_files);
        return fail(p, "TooManyFilesSent");
    }
    struct str name = upload_clean_name(p->arena, filename);
    if (!name.p)
        return 0; /* nothing that a file could be called */
    p->part = PART_FILE;
    p->upload = new_upload(p, name, &part->type);
    return 0;
}

static int begin_part(void *data, const struct multipart_part *part, struct err *err)
{
    struct form_parser *p = data;
    struct str name = header_params_get(&part->disposition, STR("name"));
    struct str filename = header_params_get(&part->disposition, STR("filename"));

    p->part = PART_IGNORED;
    if (!name.p)
        return 0;
    p->name = replaced(p->arena, str_trim(name));
    p->base64 = str_eq(part->transfer_encoding, STR("base64"));
    p->decoder = (struct base64_stream){0, 0, 0, false};
    return filename.n ? begin_file(p, part, filename, err) : begin_field(p, err);
}

static int write_file(struct form_parser *p, struct str bytes, struct err *err)
{
    if (p->base64) {
        buf_reset(&p->decoded);
        base64_stream_add(&p->decoder, bytes, &p->decoded);
        bytes = buf_str(&p->decoded);
    }
    if (upload_write(p->upload, bytes, &p->memory_left, p->limits->file_upload_temp_dir, err))
        return fail(p, "OSError");
    return 0;
}

static int part_content(void *data, struct str bytes, struct err *err)
{
    struct form_parser *p = data;
    switch (p->part) {
    case PART_FIELD:
        if (receive(p, bytes.n, err))
            return -1;
        buf_addstr(&p->text, bytes);
        break;
    case PART_FILE:
        return write_file(p, bytes, err);
    case PART_IGNORED:
        break;
    }
    return 0;
}

/* Base64 that does not decode is taken as it stands. */
static void end_field(struct form_parser *p)
{
    struct str value = buf_str(&p->text);
    if (p->base64) {
        buf_reset(&p->decoded);
        base64_stream_add(&p->decoder, value, &p->decoded);
        if (base64_stream_complete(&p->decoder))
            value = buf_str(&p->decoded);
    }
    query_add(&p->form->fields, p->name, replaced(p->arena, value));
}

static int end_file(struct form_parser *p, bool complete, struct err *err)
{
    struct upload *u = p->upload;
    p->upload = NULL;
    /* A list of pointers: NOLINTNEXTLINE(bugprone-sizeof-expression) */
    vec_push(&p->uploads, u);
    if (!complete) {
        upload_discard(u);
        p->uploads.n--;
        return 0;
    }
    if (p->base64 && !base64_stream_complete(&p->decoder)) {
        err_set(err, ERR_INVALID, "could not decode the base64 data of file '%.*s'",
                STR_ARG(u->name));
        return fail(p, "MultiPartParserError");
    }
    p->form->files = p->uploads.items;
    p->form->n_files = p->uploads.n;
    return 0;
}

static int end_part(void *data, bool complete, struct err *err)
{
    struct form_parser *p = data;
    enum part part = p->part;
    p->part = PART_IGNORED;
    if (part == PART_FIELD)
        end_field(p);
    return part == PART_FILE ? end_file(p, complete, err) : 0;
}

/* ---- forms ---- */

static enum kind kind_of(struct str content_type)
{
    struct str type = str_trim(str_head(content_type, str_index(content_type, ';')));
    if (str_ieq(type, STR("application/x-www-form-urlencoded")))
        return KIND_URLENCODED;
    return str_ieq(type, STR("multipart/form-data")) ? KIND_MULTIPART : KIND_OTHER;
}

bool form_content_type(struct str content_type)
{
    return kind_of(content_type) != KIND_OTHER;
}

static void release(void *data)
{
    struct form_parser *p = data;
    for (size_t i = 0; i < p->uploads.n; i++)
        upload_discard(p->uploads.items[i]);
    if (p->upload)
        upload_discard(p->upload);
    vec_release(&p->uploads);
    buf_release(&p->text);
    buf_release(&p->decoded);
}

struct form *form_new(struct arena *a, const struct http_limits *limits, struct str content_type,
                      struct err *err)
{
    static const struct multipart_events events = {begin_part, part_content, end_part};
    enum kind kind = kind_of(content_type);
    struct str boundary;

    if (kind == KIND_MULTIPART && multipart_boundary(a, content_type, &boundary, err))
        return NULL;
    struct form *f = arena_zalloc(a, sizeof *f);
    struct form_parser *p = arena_zalloc(a, sizeof *p);
    query_init(&f->fields, a);
    f->parser = p;
    p->form = f;
    p->arena = a;
    p->limits = limits;
    p->kind = kind;
    p->error_class = "MultiPartParserError";
    p->memory_left = limits->file_upload_max_memory_size;
    buf_init(&p->text);
    buf_init(&p->decoded);
    arena_defer(a, release, p);
    if (kind == KIND_MULTIPART)
        p->multipart = multipart_new(a, boundary, limits->part_header_max_bytes, &events, p);
    return f;
}

static int feed(struct form_parser *p, struct str piece, struct err *err)
{
    switch (p->kind) {
    case KIND_URLENCODED:
        if (receive(p, piece.n, err))
            return -1;
        buf_addstr(&p->text, piece);
        return 0;
    case KIND_MULTIPART:
        return multipart_feed(p->multipart, piece, err);
    case KIND_OTHER:
        break;
    }
    return 0;
}

static int end(struct form_parser *p, struct err *err)
{
    if (p->kind == KIND_MULTIPART)
        return multipart_end(p->multipart, err);
    if (p->kind == KIND_URLENCODED && query_parse(&p->form->fields, buf_str(&p->text),
                                                  p->limits->data_upload_max_number_fields, err))
        return fail(p, "TooManyFieldsSent");
    buf_release(&p->text);
    return 0;
}

/* Keeps the failure of a step; the first one is given from then on. */
static int outcome(struct form_parser *p, int rc, const struct err *failure, struct err *err)
{
    if (rc)
        p->failure = *failure;
    if (p->failure.code && err)
        *err = p->failure;
    return p->failure.code ? -1 : 0;
}

int form_feed(struct form *f, struct str piece, struct err *err)
{
    struct form_parser *p = f->parser;
    struct err failure = {ERR_OK, ""};
    assert(!p->ended);
    return outcome(p, p->failure.code ? 0 : feed(p, piece, &failure), &failure, err);
}

int form_end(struct form *f, struct err *err)
{
    struct form_parser *p = f->parser;
    struct err failure = {ERR_OK, ""};
    bool again = p->ended || p->failure.code;
    p->ended = true;
    return outcome(p, again ? 0 : end(p, &failure), &failure, err);
}

const char *form_error_class(const struct form *f)
{
    return f->parser->error_class;
}
