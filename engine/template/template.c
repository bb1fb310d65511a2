/* SPDX-License-Identifier: MIT */
/* Compiled templates and their rendering. */
#include "template/impl.h"

/* ---- compiling ---- */

static int by_name(const void *a, const void *b)
{
    const struct block_node *const *x = a, *const *y = b;
    return ((*x)->name->id > (*y)->name->id) - ((*x)->name->id < (*y)->name->id);
}

static void take_blocks(struct parser *p)
{
    struct template *t = p->template;
    size_t size = p->blocks.n * sizeof *t->blocks.items;
    if (!p->blocks.n)
        return;
    t->blocks.n = p->blocks.n;
    t->blocks.items = arena_alloc(&t->arena, size);
    memcpy(t->blocks.items, p->blocks.items, size);
    qsort(t->blocks.items, t->blocks.n, sizeof *t->blocks.items, by_name);
}

static void parser_release(struct parser *p)
{
    vec_release(&p->libraries);
    vec_release(&p->commands);
    vec_release(&p->blocks);
    map_release(&p->values, NULL);
    buf_release(&p->key);
}

/* Parse errors of templates that came from somewhere say from where. */
static void prefix_origin(struct template_error *err, struct str origin)
{
    struct buf text = BUF_INIT;
    if (!err->kind || strcmp(err->kind, "TemplateSyntaxError") != 0 || origin.n == 0)
        return;
    buf_addf(&text, "Template: %.*s, %s", STR_ARG(origin), err->text);
    buf_cut(&text, sizeof err->text - 1);
    memcpy(err->text, text.data, text.n + 1);
    buf_release(&text);
}

/* Names in an error outlive the template that could not be made. */
static void intern_place(struct template_engine *e, struct template_place *at)
{
    at->name = engine_text(e, at->name);
    at->origin = engine_text(e, at->origin);
}

static int parse(struct template *t, struct template_error *err)
{
    struct template_engine *e = t->engine;
    struct parser p = {
        .engine = e, .template = t, .error = err, .values = MAP_INIT, .key = BUF_INIT};
    lexer_init(&p.lexer, t->text);
    for (size_t i = 0; i < e->builtins.n; i++)
        parser_add_library(&p, e->builtins.items[i]);
    int status = parser_run(&p, &t->nodes);
    if (status == 0)
        take_blocks(&p);
    parser_release(&p);
    if (status < 0) {
        prefix_origin(err, t->origin);
        intern_place(e, &err->at);
    }
    return status;
}

struct template *template_compile(struct template_engine *e, struct str text, struct str name,
                                  struct str origin, struct template_error *err)
{
    if (text.n > e->options.max_source) {
        template_error_set(err, "TemplateSyntaxError",
                           "Template '%.*s' has %zu bytes, more than the limit of %zu.",
                           STR_ARG(name), text.n, e->options.max_source);
        err->at = (struct template_place){.name = name, .origin = origin};
        intern_place(e, &err->at);
        return NULL;
    }
    struct template *t = mem_zalloc(sizeof *t);
    t->refs = 1;
    t->engine = e;
    arena_init(&t->arena, 0);
    t->name = arena_str(&t->arena, name);
    t->origin = arena_str(&t->arena, origin);
    t->text = arena_str(&t->arena, text);
    if (parse(t, err) < 0) {
        template_unref(t);
        return NULL;
    }
    return t;
}

struct template *template_ref(struct template *t)
{
    (t->whole ? t->whole : t)->refs++;
    return t;
}

void template_unref(struct template *t)
{
    if (!t)
        return;
    if (t->whole)
        t = t->whole;
    if (--t->refs > 0)
        return;
    for (struct dropped_node *d = t->drops; d; d = d->next)
        d->node->ops->drop(d->node);
    arena_release(&t->arena);
    free(t);
}

struct str template_name(const struct template *t)
{
    return t->name;
}

struct str template_origin(const struct template *t)
{
    return t->origin;
}

struct str template_text(const struct template *t)
{
    return t->text;
}

struct template_engine *template_engine_of(const struct template *t)
{
    return t->engine;
}

/* ---- rendering ---- */

/* In a frame of its own: blocks and states of what is around are not seen. */
static int render_framed(struct template *t, struct render *r)
{
    struct render_frame frame = {.outer = r->frame}, *outer = r->frame;
    struct template *around = r->template;
    const struct node *node = r->node;
    frame.serial = outer ? outer->serial : ++r->engine->serial;
    if (frame.serial == 0) /* 0 asks always */
        frame.serial = ++r->engine->serial;
    r->frame = &frame;
    r->template = t;
    if (r->ops->rendered)
        r->ops->rendered(r, t);
    int status = nodelist_render(&t->nodes, r);
    states_free(r, frame.states);
    r->frame = outer;
    r->template = around;
    r->node = node;
    return status;
}

int template_render(struct template *t, struct render *r)
{
    size_t start = r->out->n;
    bool outermost = !r->frame;
    if (outermost)
        r->stack = __builtin_frame_address(0);
    if (r->depth >= r->engine->options.max_depth) {
        render_fail(r, "RecursionError", "Templates include one another more than %u deep.",
                    r->depth);
        r->error.final = true;
        return -1;
    }
    if (render_check(r) < 0)
        return -1;
    template_ref(t);
    r->depth++;
    int status = render_framed(t, r);
    r->depth--;
    if (status < 0) {
        buf_cut(r->out, start);
        if (!outermost)
            render_trail(r, r->template, r->node);
    }
    template_unref(t);
    return status;
}
