/* SPDX-License-Identifier: MIT */
#include "net/redis_result.h"

#include <hiredis/hiredis.h>

enum {
    SLICE = 8 << 10, /* the reader moves what it has left after every reply */
    REPLY_MAX = 512 << 20,
};

/* ---- results ---- */

void redis_result_init(struct redis_result *r, struct buf *text)
{
    r->text = text;
    r->values = r->few;
    r->n = 0;
    r->cap = sizeof r->few / sizeof *r->few;
}

void redis_result_release(struct redis_result *r)
{
    if (r->values != r->few)
        free(r->values);
}

static struct redis_value *add_value(struct redis_result *r, enum redis_type type, int64_t integer)
{
    if (r->n == r->cap) {
        size_t size = mem_mul(r->cap * 2, sizeof *r->values);
        if (r->values == r->few) {
            r->values = mem_alloc(size);
            memcpy(r->values, r->few, sizeof r->few);
        } else {
            r->values = mem_realloc(r->values, size);
        }
        r->cap *= 2;
    }
    struct redis_value *v = &r->values[r->n++];
    *v = (struct redis_value){.type = type, .integer = integer, .at = r->text->n};
    return v;
}

/* ---- the reader ----
 *
 * hiredis' own, with functions that make no objects: they put what comes into the result of
 * whoever waits for it. */

struct redis_reader {
    redisReader *reader;
    struct redis_result *(*result)(void *data);
    int (*replied)(void *data, struct err *err);
    void *data;
};

static char something[1]; /* to say that all is well */

static struct redis_result *result_of(const redisReadTask *task)
{
    const struct redis_reader *r = task->privdata;
    return r->result(r->data);
}

static void *create_string(const redisReadTask *task, char *p, size_t n)
{
    struct redis_result *r = result_of(task);
    enum redis_type type = task->type == REDIS_REPLY_ERROR    ? REDIS_ERROR
                           : task->type == REDIS_REPLY_STATUS ? REDIS_STATUS
                                                              : REDIS_TEXT;
    if (!r)
        return something;
    if (r->text->n > (size_t)REPLY_MAX)
        return NULL;
    add_value(r, type, 0)->n = n;
    buf_add(r->text, p, n);
    return something;
}

static void *create_array(const redisReadTask *task, int n)
{
    struct redis_result *r = result_of(task);
    if (r)
        add_value(r, REDIS_ARRAY, n);
    return something;
}

static void *create_integer(const redisReadTask *task, long long n)
{
    struct redis_result *r = result_of(task);
    if (r)
        add_value(r, REDIS_INTEGER, n);
    return something;
}

static void *create_nil(const redisReadTask *task)
{
    struct redis_result *r = result_of(task);
    if (r)
        add_value(r, REDIS_NIL, 0);
    return something;
}

static void free_object(void *object)
{
    (void)object;
}

struct redis_reader *redis_reader_new(struct redis_result *(*result)(void *data),
                                      int (*replied)(void *data, struct err *err), void *data)
{
    static redisReplyObjectFunctions functions = {
        .createString = create_string,
        .createArray = create_array,
        .createInteger = create_integer,
        .createNil = create_nil,
        .freeObject = free_object,
    };
    struct redis_reader *r = mem_zalloc(sizeof *r);
    r->result = result;
    r->replied = replied;
    r->data = data;
    r->reader = redisReaderCreateWithFunctions(&functions);
    if (!r->reader)
        mem_zalloc(SIZE_MAX / 2); /* ends the process, as everywhere */
    r->reader->privdata = r;
    return r;
}

void redis_reader_free(struct redis_reader *r)
{
    if (!r)
        return;
    redisReaderFree(r->reader);
    free(r);
}

static int parse(struct redis_reader *r, struct err *err)
{
    for (;;) {
        void *reply = NULL;
        if (redisReaderGetReply(r->reader, &reply) != REDIS_OK)
            return err_set(err, ERR_IO, "that is not Redis: %s", r->reader->errstr);
        if (!reply)
            break;
        if (r->replied(r->data, err) != 0)
            return -1;
    }
    if (r->reader->len > (size_t)REPLY_MAX)
        return err_set(err, ERR_TOO_LARGE, "a reply is larger than 512 MiB");
    return 0;
}

int redis_reader_feed(struct redis_reader *r, const char *p, size_t n, struct err *err)
{
    while (n) {
        size_t part = n < SLICE ? n : SLICE;
        if (redisReaderFeed(r->reader, p, part) != REDIS_OK)
            return err_set(err, ERR_IO, "cannot read a reply: %s", r->reader->errstr);
        if (parse(r, err) != 0)
            return -1;
        p += part;
        n -= part;
    }
    return 0;
}
