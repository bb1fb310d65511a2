/* SPDX-License-Identifier: MIT */
#include "base/log_handler.h"

#include "base/arena.h"
#include "base/log_file.h"
#include "base/vec.h"

#include <unistd.h>

struct kept { /* a record with what it points at */
    struct log_record record;
    struct arena arena;
};

struct log_handler {
    enum log_output output;
    char *name;
    int level;
    struct log_format *format;
    struct log_file *file;
    VEC(struct kept *) kept; /* a ring once it is full */
    size_t capacity, oldest;
};

struct log_handler *log_handler_new(const struct log_handler_options *o, struct log_format *format,
                                    struct err *err)
{
    struct log_handler *h = mem_zalloc(sizeof *h);
    h->output = o->output;
    h->name = mem_strndup(o->name.p ? o->name.p : "", o->name.n);
    h->level = o->level;
    h->format = format;
    h->capacity = o->capacity ? o->capacity : 1000;
    if (o->output == LOG_TO_FILE) {
        h->file = log_file_open(o->path, o->max_bytes, o->backups, err);
        if (!h->file) {
            log_handler_free(h);
            return NULL;
        }
    }
    return h;
}

void log_handler_free(struct log_handler *h)
{
    log_file_close(h->file);
    log_handler_forget(h);
    vec_release(&h->kept);
    free(h->name);
    free(h);
}

int log_handler_level(const struct log_handler *h)
{
    return h->level;
}

struct str log_handler_name(const struct log_handler *h)
{
    return str_from(h->name);
}

void log_handler_reopen(struct log_handler *h)
{
    if (h->file)
        log_file_reopen(h->file);
}

/* ---- memory ---- */

static struct kept *keep(const struct log_record *r)
{
    struct kept *k = mem_alloc(sizeof *k);
    arena_init(&k->arena, 512);
    k->record = *r;
    k->record.name = arena_strdup(&k->arena, r->name);
    k->record.text = arena_str(&k->arena, r->text);
    k->record.trace = arena_str(&k->arena, r->trace);
    k->record.file = arena_str(&k->arena, r->file);
    k->record.function = arena_str(&k->arena, r->function);
    k->record.request_id = arena_str(&k->arena, r->request_id);
    return k;
}

static void drop(struct kept *k)
{
    arena_release(&k->arena);
    free(k);
}

static void remember(struct log_handler *h, const struct log_record *r)
{
    if (h->kept.n < h->capacity) {
        vec_push(&h->kept, keep(r));
        return;
    }
    drop(h->kept.items[h->oldest]);
    h->kept.items[h->oldest] = keep(r);
    h->oldest = (h->oldest + 1) % h->capacity;
}

bool log_handler_keeps(const struct log_handler *h)
{
    return h->output == LOG_TO_MEMORY;
}

const struct log_record *log_handler_kept(const struct log_handler *h, size_t i)
{
    if (i >= h->kept.n)
        return NULL;
    return &h->kept.items[(h->oldest + i) % h->kept.n]->record;
}

void log_handler_forget(struct log_handler *h)
{
    for (size_t i = 0; i < h->kept.n; i++)
        drop(h->kept.items[i]);
    vec_clear(&h->kept);
    h->oldest = 0;
}

/* ---- writing ---- */

void log_handler_write(struct log_handler *h, int fd, const struct log_record *r)
{
    struct buf line = BUF_INIT;
    if (h->output == LOG_TO_NOTHING)
        return;
    if (h->output == LOG_TO_MEMORY) {
        remember(h, r);
        return;
    }
    log_format_add(h->format, &line, r);
    if (h->output == LOG_TO_FILE)
        log_file_write(h->file, buf_str(&line));
    else
        log_line(h->output == LOG_TO_STDOUT ? STDOUT_FILENO : fd, buf_str(&line));
    buf_release(&line);
}
