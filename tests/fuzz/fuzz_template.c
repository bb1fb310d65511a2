/* SPDX-License-Identifier: MIT */
/* Templates: whatever the source says, it compiles and renders, or fails with a message; what
 * was rendered once is rendered the same again.  Lines "== name" cut the input into templates
 * that the first one may include and extend. */
#include "../unit/template_world.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char context[] =
    "{\"s\":\"<b>x & y</b>\",\"n\":5,\"f\":1.5,\"none\":null,\"yes\":true,"
    "\"l\":[3,1,2],\"m\":{\"a\":1,\"b\":\"two\"},\"rows\":[{\"k\":1,\"v\":\"a\"},{\"k\":1,\"v\":"
    "\"b\"}],"
    "\"d\":{\"$date\":\"2008-01-02\"},\"t\":{\"$datetime\":\"2008-01-02T15:04:05+01:00\"},"
    "\"dec\":{\"$decimal\":\"12.50\"},\"call\":{\"$call\":\"called\"},\"fail\":{\"$fail\":\"no\"}}";

/* The part of the text up to the next "\n== name\n"; *name is that of the part behind it. */
static struct str next_part(struct str *rest, struct str *name)
{
    size_t at = str_find(*rest, STR("\n== "));
    struct str part = str_head(*rest, at);
    *rest = str_skip(*rest, at + (at < rest->n ? 4 : 0));
    size_t line = str_index(*rest, '\n');
    *name = str_head(*rest, line);
    *rest = str_skip(*rest, line + 1);
    return part;
}

static void add(struct world *w, struct str name, struct str text)
{
    char key[64], *copy = arena_strndup(&w->arena, text.p, text.n);
    snprintf(key, sizeof key, "%.*s", STR_ARG(name));
    struct world_template *t = arena_alloc(&w->arena, sizeof *t);
    *t = (struct world_template){str_make(copy, text.n), arena_str(&w->arena, str_from(key))};
    map_set(&w->templates, str_from(key), t);
}

static void check_places(const struct template_error *e)
{
    assert(e->ntrail <= TEMPLATE_TRAIL_MAX);
    assert(strlen(e->text) < sizeof e->text);
    for (unsigned i = 0; i < e->ntrail; i++)
        assert(e->trail[i].name.n < 100000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_make((const char *)data, size), name, part;
    struct buf first = BUF_INIT, again = BUF_INIT;
    struct world w;
    world_init(&w);
    w.options.max_output = 1 << 20;
    part = next_part(&rest, &name);
    char *source = arena_strndup(&w.arena, part.p, part.n);
    add(&w, STR("main"), part);
    while (name.n) {
        struct str key = name;
        part = next_part(&rest, &name);
        add(&w, key, part);
    }
    int status = world_render_named(&w, "main", context, &first);
    check_places(&w.error);
    if (world_render_named(&w, "main", context, &again) == 0 && status == 0 &&
        !strstr(source, "lorem") && !strstr(source, "random"))
        assert(str_eq(buf_str(&first), buf_str(&again)));
    buf_release(&first);
    buf_release(&again);
    world_free(&w);
    return 0;
}
