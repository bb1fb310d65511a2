/* SPDX-License-Identifier: MIT */
#include "http/header_params.h"

#include "base/utf8.h"
#include "base/vec.h"
#include "http/percent.h"

#define SECTIONS_MAX 64 /* "title*0" … of all names together */

/* One "name*0*=value" of RFC 2231, section 3. */
struct section {
    struct str name, value;
    int number; /* -1: the value is whole */
    bool encoded;
};

typedef VEC(struct header_param) param_list;
typedef VEC(struct section) section_list;

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct str trim(struct str s)
{
    while (s.n && is_space(s.p[0]))
        s.p++, s.n--;
    while (s.n && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

static struct str lower(struct arena *a, struct str s)
{
    char *p = arena_strndup(a, s.p, s.n);
    for (size_t i = 0; i < s.n; i++)
        p[i] = char_lower(p[i]);
    return str_make(p, s.n);
}

/* Cuts the text up to the next ";" outside of quotes off *rest. */
static bool next_part(struct str *rest, struct str *part)
{
    bool quoted = false;
    size_t i;
    if (!rest->p)
        return false;
    for (i = 0; i < rest->n; i++) {
        char c = rest->p[i];
        if (c == '"' && (i == 0 || rest->p[i - 1] != '\\'))
            quoted = !quoted;
        else if (c == ';' && !quoted)
            break;
    }
    *part = trim(str_head(*rest, i));
    *rest = i < rest->n ? str_skip(*rest, i + 1) : STR_NULL;
    return true;
}

/* Without the quotes around it; backslash and quote may be escaped inside. */
static struct str unquote(struct arena *a, struct str s)
{
    if (s.n < 2 || s.p[0] != '"' || s.p[s.n - 1] != '"')
        return arena_str(a, s);
    s = str_make(s.p + 1, s.n - 2);
    char *out = arena_alloc(a, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\\' && i + 1 < s.n && (s.p[i + 1] == '\\' || s.p[i + 1] == '"'))
            i++;
        out[n++] = s.p[i];
    }
    out[n] = '\0';
    return str_make(out, n);
}

/* Text in the given charset as UTF-8; what we do not know is taken for UTF-8. */
static struct str to_utf8(struct arena *a, struct str charset, struct str s)
{
    struct buf b = BUF_INIT;
    if (str_ieq(charset, STR("iso-8859-1")) || str_ieq(charset, STR("latin-1")) ||
        str_ieq(charset, STR("latin1"))) {
        for (size_t i = 0; i < s.n; i++)
            utf8_add(&b, (unsigned char)s.p[i]);
    } else {
        utf8_add_replaced(&b, s);
    }
    s = arena_str(a, buf_str(&b));
    buf_release(&b);
    return s;
}

/* charset'language'text, percent-decoded; taken as it stands without the two quotes. */
static struct str decode_extended(struct arena *a, struct str s)
{
    struct buf b = BUF_INIT;
    size_t first = str_index(s, '\''), second = str_index(str_skip(s, first + 1), '\'');
    struct str charset = STR("utf-8"), text = s;
    if (first < s.n && first + 1 + second < s.n) {
        charset = str_head(s, first);
        text = str_skip(s, first + 1 + second + 1);
    }
    percent_decode(&b, text, false);
    text = to_utf8(a, charset, buf_str(&b));
    buf_release(&b);
    return text;
}

/* Splits "name", "name*", "name*3" and "name*3*"; false when it is a plain name. */
static bool split_name(struct str *name, int *number, bool *encoded)
{
    uint64_t n;
    size_t star = str_index(*name, '*');
    if (star == name->n)
        return false;
    struct str rest = str_skip(*name, star + 1);
    *encoded = rest.n == 0 || rest.p[rest.n - 1] == '*';
    *number = -1;
    if (rest.n && *encoded)
        rest.n--;
    if (rest.n) {
        if (!str_to_uint64(rest, &n) || n >= SECTIONS_MAX)
            return false;
        *number = (int)n;
    }
    *name = str_make(name->p, star);
    return true;
}

static void add_param(struct arena *a, struct str part, param_list *params, section_list *sections)
{
    size_t eq = str_index(part, '=');
    struct str name = trim(str_head(part, eq)), value = trim(str_skip(part, eq + 1));
    struct section s = {.number = -1};

    if (name.n == 0)
        return;
    name = lower(a, name);
    value = unquote(a, value);
    if (split_name(&name, &s.number, &s.encoded)) {
        if (name.n == 0 || sections->n == SECTIONS_MAX)
            return;
        s.name = name;
        s.value = value;
        vec_push(sections, s);
    } else {
        vec_push(params, ((struct header_param){name, value}));
    }
}

/* Joins the sections of one name in the order of their numbers, starting with
 * number `at`; a section that is encoded makes the whole encoded. */
static void join_sections(struct arena *a, const section_list *all, size_t at, param_list *params)
{
    const struct section *parts[SECTIONS_MAX] = {NULL}, *s = &all->items[at];
    struct buf text = BUF_INIT;
    bool encoded = false;

    for (size_t i = at; i < all->n; i++)
        if (all->items[i].number >= 0 && str_eq(all->items[i].name, s->name))
            parts[all->items[i].number] = &all->items[i];
    for (size_t i = 0; i < SECTIONS_MAX && parts[i]; i++) {
        encoded |= parts[i]->encoded;
        buf_addstr(&text, parts[i]->value);
    }
    struct str value = encoded ? decode_extended(a, buf_str(&text)) : arena_str(a, buf_str(&text));
    vec_push(params, ((struct header_param){arena_str(a, s->name), value}));
    buf_release(&text);
}

static void add_sections(struct arena *a, const section_list *all, param_list *params)
{
    for (size_t i = 0; i < all->n; i++) {
        const struct section *s = &all->items[i];
        bool first = true;
        if (s->number < 0) {
            struct header_param p = {arena_str(a, s->name), decode_extended(a, s->value)};
            vec_push(params, p);
            continue;
        }
        for (size_t k = 0; k < i && first; k++)
            first = all->items[k].number < 0 || !str_eq(all->items[k].name, s->name);
        if (first)
            join_sections(a, all, i, params);
    }
}

int header_params_parse(struct header_params *out, struct arena *a, struct str line, size_t max,
                        struct err *err)
{
    param_list params = VEC_INIT;
    section_list sections = VEC_INIT;
    struct str part;

    if (max == 0)
        max = HEADER_PARAMS_MAX;
    if (line.n > max)
        return err_set(
            err, ERR_TOO_LARGE,
            "unable to parse header parameters: the value has %zu bytes, %zu are allowed", line.n,
            max);
    *out = (struct header_params){.value = STR("")};
    if (next_part(&line, &part))
        out->value = lower(a, part);
    while (next_part(&line, &part))
        add_param(a, part, &params, &sections);
    add_sections(a, &sections, &params);

    out->n = params.n;
    if (params.n) {
        out->items = arena_alloc(a, params.n * sizeof *out->items);
        memcpy(out->items, params.items, params.n * sizeof *out->items);
    }
    vec_release(&params);
    vec_release(&sections);
    return 0;
}

struct str header_params_get(const struct header_params *h, struct str name)
{
    for (size_t i = h->n; i-- > 0;)
        if (str_eq(h->items[i].name, name))
            return h->items[i].value;
    return STR_NULL;
}
