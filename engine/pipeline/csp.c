/* SPDX-License-Identifier: MIT */
/* perilune.middleware.csp, and the policies it sends. */
#include "pipeline/csp.h"

#include "base/log.h"
#include "base/mem.h"
#include "crypto/encode.h"
#include "crypto/random.h"
#include "pipeline/builtins.h"

/* A policy is its text without a nonce, ready to be sent, and the same text with the
 * places where the nonce goes: a directive of nothing but a nonce is only in the second. */
struct csp_policy { /* owner: who made it; immutable */
    struct arena arena;
    struct str plain;
    struct str *parts; /* of the text with the nonce between each two; n 0: no nonce in it */
    size_t n_parts;
};

/* ---- policies ---- */

static bool valid_name(struct str name)
{
    for (size_t i = 0; i < name.n; i++)
        if (!char_is_alpha(name.p[i]) && !char_is_digit(name.p[i]) && name.p[i] != '-')
            return false;
    return name.n > 0;
}

/* Printable ASCII, and nothing that ends a directive or a policy. */
static bool valid_value(struct str value)
{
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] < ' ' || value.p[i] > '~' || value.p[i] == ';' || value.p[i] == ',')
            return false;
    return value.n > 0;
}

static int check(const struct strs_entry *e, struct err *err)
{
    if (!valid_name(e->name))
        return err_set(err, ERR_CONFIG, "'%.*s' is no name of a CSP directive (letters and -)",
                       STR_ARG(str_head(e->name, 100)));
    for (size_t i = 0; i < e->values.n; i++)
        if (!valid_value(e->values.items[i]))
            return err_set(
                err, ERR_CONFIG,
                "CSP directive '%.*s' cannot have the value '%.*s': a value is printable "
                "ASCII without ';' and ','",
                STR_ARG(e->name), STR_ARG(str_head(e->values.items[i], 100)));
    return 0;
}

static bool is_nonce(struct str value)
{
    return str_eq(value, STR(CSP_NONCE));
}

/* Adds "name value value"; nothing when no value is left. The nonce is written as a NUL. */
static void add_directive(struct buf *out, const struct strs_entry *e, bool nonce)
{
    size_t written = 0, before = out->n;
    if (out->n)
        buf_adds(out, "; ");
    buf_addstr(out, e->name);
    for (size_t i = 0; i < e->values.n; i++) {
        struct str value = e->values.items[i];
        if (is_nonce(value) && !nonce)
            continue;
        buf_addc(out, ' ');
        if (is_nonce(value))
            buf_add(out, "'nonce-\0'", 9);
        else
            buf_addstr(out, value);
        written++;
    }
    if (!written && !e->flag)
        buf_cut(out, before);
}

static struct str print(struct arena *a, struct strs_map m, bool nonce)
{
    struct buf b = BUF_INIT;
    for (size_t i = 0; i < m.n; i++)
        add_directive(&b, &m.entries[i], nonce);
    struct str text = arena_str(a, buf_str(&b));
    buf_release(&b);
    return text;
}

struct csp_policy *csp_policy_new(struct strs_map directives, struct err *err)
{
    for (size_t i = 0; i < directives.n; i++)
        if (check(&directives.entries[i], err) != 0)
            return NULL;
    struct csp_policy *p = mem_zalloc(sizeof *p);
    arena_init(&p->arena, 512);
    p->plain = print(&p->arena, directives, false);
    struct str part, rest, text = print(&p->arena, directives, true);
    if (!str_has(text, '\0'))
        return p;
    for (rest = text; str_split(&rest, '\0', &part);)
        p->n_parts++;
    p->parts = arena_alloc(&p->arena, p->n_parts * sizeof *p->parts);
    rest = text;
    for (size_t i = 0; str_split(&rest, '\0', &part); i++)
        p->parts[i] = part;
    return p;
}

void csp_policy_free(struct csp_policy *p)
{
    if (p) {
        arena_release(&p->arena);
        free(p);
    }
}

struct str csp_policy_text(const struct csp_policy *p, struct str nonce, struct arena *a)
{
    size_t n = 0;
    if (!nonce.n || !p->n_parts)
        return p->plain;
    for (size_t i = 0; i < p->n_parts; i++)
        n += p->parts[i].n + nonce.n;
    char *text = arena_alloc(a, n + 1), *to = text;
    for (size_t i = 0; i < p->n_parts; i++) {
        if (i)
            to = mempcpy(to, nonce.p, nonce.n);
        to = mempcpy(to, p->parts[i].p, p->parts[i].n);
    }
    *to = '\0';
    return str_make(text, (size_t)(to - text));
}

struct str csp_nonce(struct request *r)
{
    if (!r->csp_nonce.n) {
        unsigned char bytes[16];
        struct buf text = BUF_INIT;
        random_bytes(bytes, sizeof bytes);
        base64_encode(&text, str_make((const char *)bytes, sizeof bytes), BASE64_URL_PLAIN);
        r->csp_nonce = arena_str(r->arena, buf_str(&text));
        buf_release(&text);
    }
    return r->csp_nonce;
}

/* ---- the layer ---- */

struct csp {
    struct csp_policy *enforced, *report_only; /* NULL: not set */
};

static void csp_close(void *self)
{
    struct csp *c = self;
    csp_policy_free(c->enforced);
    csp_policy_free(c->report_only);
    free(c);
}

/* 'self' without its quotes is a host of that name, and hardly meant. */
static void warn_unquoted(const struct middleware_env *env, enum setting_id id)
{
    static const char *const keywords[] = {
        "none",        "self",          "report-sample",  "unsafe-inline",
        "unsafe-eval", "unsafe-hashes", "strict-dynamic", "wasm-unsafe-eval"};
    struct strs_map m = settings_map(env->settings, id);
    for (size_t i = 0; i < m.n; i++)
        for (size_t j = 0; j < m.entries[i].values.n; j++)
            for (size_t k = 0; k < sizeof keywords / sizeof *keywords; k++)
                if (str_eq(m.entries[i].values.items[j], str_from(keywords[k])))
                    log_write(env->log, LOG_LEVEL_WARNING, "perilune.security",
                              "setting '%s': %s of '%.*s' is the name of a host; did you mean "
                              "\"'%s'\", with quotes?",
                              setting_rows[id].name, keywords[k], STR_ARG(m.entries[i].name),
                              keywords[k]);
}

static int open_policy(const struct middleware_env *env, enum setting_id id,
                       struct csp_policy **policy, struct err *err)
{
    struct strs_map m = settings_map(env->settings, id);
    if (!m.n)
        return 0;
    *policy = csp_policy_new(m, err);
    if (!*policy)
        return err_prefix(err, "setting '%s'", setting_rows[id].name);
    if (env->log)
        warn_unquoted(env, id);
    return 0;
}

static int csp_open(const struct middleware_env *env, void **self, struct err *err)
{
    struct csp *c = mem_zalloc(sizeof *c);
    if (open_policy(env, SETTING_secure_csp, &c->enforced, err) != 0 ||
        open_policy(env, SETTING_secure_csp_report_only, &c->report_only, err) != 0) {
        csp_close(c);
        return -1;
    }
    *self = c;
    return 0;
}

static void add_policy(struct response *response, const struct request *r, struct str name,
                       const struct csp_policy *p)
{
    if (!p || headers_has(&response->headers, name))
        return;
    struct str text = csp_policy_text(p, r->csp_nonce, &response->arena);
    if (text.n)
        headers_put(&response->headers, name, text);
}

static struct response *csp_call(void *self, struct request *r, const struct layer *next)
{
    const struct csp *c = self;
    struct response *response = middleware_next(next, r);
    const struct csp_policy *const *own = response->csp; /* of the view: csp.override() */
    add_policy(response, r, STR("Content-Security-Policy"), own[0] ? own[0] : c->enforced);
    add_policy(response, r, STR("Content-Security-Policy-Report-Only"),
               own[1] ? own[1] : c->report_only);
    return response;
}

const struct middleware_ops middleware_csp = {
    .name = "perilune.middleware.csp",
    .open = csp_open,
    .close = csp_close,
    .call = csp_call,
};
