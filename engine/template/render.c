/* SPDX-License-Identifier: MIT */
/* What a rendering is made of: its start and end, its errors, lists of nodes. */
#include "template/impl.h"

void render_init(struct render *r, struct template_engine *e)
{
    memset(r, 0, sizeof *r);
    template_error_init(&r->error);
    buf_init(&r->scratch);
    r->engine = e;
    r->ops = e->options.ops;
    r->autoescape = e->options.autoescape;
    r->use_l10n = true;
    r->zone = r->default_zone = tz_utc();
    r->formats = &template_formats_en;
    r->settings_formats = &template_formats_plain;
    r->language = STR("en-us");
    r->max_output = e->options.max_output;
    r->context = mem_zalloc(sizeof *r->context);
    r->context->variables = true;
}

void render_release(struct render *r)
{
    context_restore(r, NULL);
    memory_free(r);
    buf_release(&r->scratch);
    template_error_release(&r->error);
}

/* ---- errors ---- */

static struct template_place place_of(struct render *r, const struct template *t,
                                      const struct node *n)
{
    struct template_place at = {.line = n ? n->line : 0, .column = n ? n->column : 0};
    if (t) { /* names as the engine has them: the template may go before the error */
        at.name = engine_text(r->engine, (t->whole ? t->whole : t)->name);
        at.origin = engine_text(r->engine, t->origin);
    }
    return at;
}

static void set_place(struct render *r)
{
    r->error.at = place_of(r, r->template, r->node);
    r->error.ntrail = 0;
    r->error.final = false;
}

int render_fail(struct render *r, const char *kind, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    template_error_vset(&r->error, kind, fmt, ap);
    va_end(ap);
    set_place(r);
    return -1;
}

int render_fail_host(struct render *r, struct str text)
{
    template_error_set(&r->error, NULL, "%.*s", STR_ARG(text));
    set_place(r);
    return -1;
}

void render_trail(struct render *r, const struct template *t, const struct node *n)
{
    if (t && r->error.ntrail < TEMPLATE_TRAIL_MAX)
        r->error.trail[r->error.ntrail++] = place_of(r, t, n);
}

int render_fail_compile(struct render *r, struct template_error *e)
{
    struct buf tried = r->error.tried;
    r->error = *e;
    e->tried = tried;
    if (r->error.at.line) {
        r->error.ntrail = 0;
        render_trail(r, r->template, r->node);
    } else {
        set_place(r);
    }
    template_error_release(e);
    return -1;
}

bool render_forgive(struct render *r)
{
    if (r->error.final || (r->stop && *r->stop))
        return false;
    template_error_release(&r->error);
    return true;
}

int render_check(struct render *r)
{
    if (r->stop && *r->stop)
        render_fail(r, "TimeoutError", "The time limit passed while a template was rendered.");
    else if (r->out->n > r->max_output)
        render_fail(r, "OverflowError",
                    "The output of a template has more than the limit of %zu bytes.",
                    r->max_output);
    else
        return 0;
    r->error.final = true;
    return -1;
}

/* ---- lists of nodes ---- */

static int fail_stack(struct render *r)
{
    render_fail(r, "RecursionError", "Tags and templates are nested too deep.");
    r->error.final = true;
    return -1;
}

static int render_variable(const struct variable_node *n, struct render *r)
{
    struct render_mark m = render_mark(r);
    struct tval v;
    int status = expr_eval(n->expr, r, false, &v);
    if (status == 0)
        status = render_value(r, v);
    render_reset(r, m);
    return status;
}

static int render_tag(const struct node *n, struct render *r)
{
    struct render_mark m = render_mark(r);
    int status = n->ops->render(n, r);
    render_reset(r, m);
    return status;
}

int nodelist_render(const struct nodelist *l, struct render *r)
{
    if ((size_t)(r->stack - (const char *)__builtin_frame_address(0)) >
        r->engine->options.max_stack)
        return fail_stack(r);
    for (const struct node *n = l->first; n; n = n->next) {
        int status;
        if (n->ops == &text_node_ops) {
            buf_addstr(r->out, ((const struct text_node *)n)->text);
            continue;
        }
        r->node = n;
        if (n->ops == &variable_node_ops)
            status = render_variable((const struct variable_node *)n, r);
        else
            status = render_tag(n, r);
        if (status < 0)
            return -1;
    }
    return 0;
}

int nodelist_capture(const struct nodelist *l, struct render *r, struct tval *out)
{
    size_t start = r->out->n;
    if (nodelist_render(l, r) < 0) {
        buf_cut(r->out, start);
        return -1;
    }
    *out = render_cut_output(r, start, true);
    return 0;
}

static int text_render(const struct node *n, struct render *r)
{
    buf_addstr(r->out, ((const struct text_node *)n)->text);
    return 0;
}

static int variable_render(const struct node *n, struct render *r)
{
    return render_variable((const struct variable_node *)n, r);
}

const struct node_ops text_node_ops = {.name = "text", .render = text_render};
const struct node_ops variable_node_ops = {.name = "variable", .render = variable_render};
