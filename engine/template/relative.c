/* SPDX-License-Identifier: MIT */
/* Names of templates that are relative to the one they stand in: "./a.html", "../a.html". */
#include "template/impl.h"

/* dir/./a/../b without its dots, as posixpath.normpath; out has room for s. */
static size_t normalize(struct str s, char *out)
{
    struct str part;
    size_t n = 0;
    while (str_split(&s, '/', &part)) {
        bool up = str_eq(part, STR(".."));
        if (part.n == 0 || str_eq(part, STR(".")))
            continue;
        if (up && n > 0 && !str_ends(str_make(out, n), STR(".."))) {
            while (n > 0 && out[n - 1] != '/')
                n--;
            n -= n > 0;
            continue;
        }
        if (n > 0)
            out[n++] = '/';
        memcpy(out + n, part.p, part.n);
        n += part.n;
    }
    return n;
}

static struct str without_quotes(struct str s)
{
    while (s.n && (s.p[0] == '"' || s.p[0] == '\''))
        s = str_skip(s, 1);
    while (s.n && (s.p[s.n - 1] == '"' || s.p[s.n - 1] == '\''))
        s.n--;
    return s;
}

bool is_relative_path(struct str name)
{
    name = without_quotes(name);
    return str_starts(name, STR("./")) || str_starts(name, STR("../"));
}

int relative_path(struct str from, struct str name, bool recursion, struct buf *out,
                  struct buf *error)
{
    struct str base = from, plain = without_quotes(name);
    if (from.n == 0) {
        buf_addf(error,
                 "The relative path %.*s cannot be evaluated due to an unknown template origin.",
                 STR_ARG(name));
        return -1;
    }
    while (str_starts(base, STR("/")))
        base = str_skip(base, 1);
    struct str self = base;
    while (base.n && base.p[base.n - 1] != '/')
        base.n--;
    struct buf joined = BUF_INIT;
    buf_addstr(&joined, base);
    buf_addstr(&joined, plain);
    size_t start = out->n;
    buf_reserve(out, joined.n + 1);
    out->n += normalize(buf_str(&joined), out->data + out->n);
    out->data[out->n] = '\0';
    buf_release(&joined);
    struct str result = str_skip(buf_str(out), start);
    if (str_starts(result, STR("../")))
        buf_addf(error,
                 "The relative path '%.*s' points outside the file hierarchy that template '%.*s' "
                 "is in.",
                 STR_ARG(name), STR_ARG(from));
    else if (!recursion && str_eq(result, self))
        buf_addf(error,
                 "The relative path '%.*s' was translated to template name '%.*s', the same "
                 "template in which the tag appears.",
                 STR_ARG(name), STR_ARG(result));
    return error->n ? -1 : 0;
}

int parser_relative_path(struct parser *p, const struct token *t, struct str *bit, bool recursion)
{
    struct buf path = BUF_INIT, error = BUF_INIT;
    bool quoted =
        bit->n > 1 && (bit->p[0] == '"' || bit->p[0] == '\'') && bit->p[0] == bit->p[bit->n - 1];
    if (!is_relative_path(*bit))
        return 0;
    if (quoted)
        buf_addc(&path, '"');
    int status = relative_path(p->template->name, *bit, recursion, &path, &error);
    if (quoted)
        buf_addc(&path, '"');
    if (status < 0)
        parser_fail(p, t, "%s", error.data);
    else
        *bit = arena_str(parser_arena(p), buf_str(&path));
    buf_release(&path);
    buf_release(&error);
    return status;
}
