/* SPDX-License-Identifier: MIT */
#include "http/reply.h"

#include <microhttpd.h>

#define VERSION "0.9.75" /* of the library: the one whose objects look like this */

struct field { /* struct MHD_HTTP_Header */
    struct field *next, *prev;
    char *name;
    size_t name_size;
    char *value;
    size_t value_size;
};

struct object { /* struct MHD_Response */
    struct field *first, *last;
    const char *data;
    void *reader_data;
    MHD_ContentReaderCallback reader;
    MHD_ContentReaderFreeCallback free_reader;
    MHD_UpgradeHandler upgrade;
    void *upgrade_data;
    pthread_mutex_t mutex;
    uint64_t total_size, data_start, fd_offset;
    size_t data_size;
};

/* With a field called Date the library adds none of its own. */
static struct MHD_Response *new_response(struct str body, const char *value)
{
    struct MHD_Response *m =
        MHD_create_response_from_buffer(body.n, (void *)(uintptr_t)body.p, MHD_RESPMEM_PERSISTENT);
    if (m && MHD_add_response_header(m, "Date", value) != MHD_YES) {
        MHD_destroy_response(m);
        return NULL;
    }
    return m;
}

static bool looks_right(const struct object *o, struct str body, struct str value)
{
    const struct field *f = o->first;
    return f && f == o->last && !f->next && !f->prev && f->name_size == 4 &&
           memcmp(f->name, "Date", 5) == 0 && f->value_size == value.n &&
           memcmp(f->value, value.p, value.n + 1) == 0 && o->data == body.p && !o->reader &&
           !o->free_reader && o->total_size == body.n && o->data_size == body.n &&
           o->data_start == 0;
}

bool reply_usable(void)
{
    const struct str body = STR("what stands in it"), value = STR("and in its field");
    if (strcmp(MHD_get_version(), VERSION) != 0)
        return false;
    struct MHD_Response *m = new_response(body, value.p);
    bool right = m && looks_right((const struct object *)(void *)m, body, value);
    MHD_destroy_response(m);
    return right;
}

struct MHD_Response *reply_set(struct reply *p, struct str head, struct str body)
{
    struct object *o;
    if (!p->mhd) {
        p->mhd = new_response(STR(""), "-");
        if (!p->mhd)
            return NULL;
        p->value = ((struct object *)(void *)p->mhd)->first->value;
    }
    o = (struct object *)(void *)p->mhd;
    o->first->value = (char *)(uintptr_t)head.p;
    o->first->value_size = head.n;
    o->data = body.p;
    o->data_size = o->total_size = body.n;
    return p->mhd;
}

void reply_release(struct reply *p)
{
    if (p->mhd) {
        ((struct object *)(void *)p->mhd)->first->value = p->value;
        MHD_destroy_response(p->mhd);
    }
    *p = (struct reply){0};
}
