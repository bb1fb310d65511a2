/* SPDX-License-Identifier: MIT */
#include "http/url_regex.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "http/urls.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <assert.h>
#include <pcre2.h>

enum {
    STEP_LIMIT = 200000, /* of one match: a path is short, an honest pattern needs few */
    HEAP_LIMIT_KIB = 1024
};

/* Rewrites Python's syntax into PCRE2's, left to right. */
struct translation {
    struct str in;
    size_t at;
    struct buf out;
    VEC(uint32_t) origin; /* for every byte of out the place in `in` it comes from */
    struct url_regex *re;
    struct str names[URL_MAX_GROUPS];
    bool repeat;
    struct err *err;
};

bool url_identifier(struct str s)
{
    if (s.n == 0 || char_is_digit(s.p[0]))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!char_is_alpha(s.p[i]) && !char_is_digit(s.p[i]) && s.p[i] != '_' &&
            (unsigned char)s.p[i] < 0x80)
            return false;
    return true;
}

static void emit(struct translation *t, const char *p, size_t n, size_t origin)
{
    buf_add(&t->out, p, n);
    while (n-- > 0)
        vec_push(&t->origin, (uint32_t)origin);
}

static void copy(struct translation *t, size_t n)
{
    for (; n > 0; n--, t->at++)
        emit(t, t->in.p + t->at, 1, t->at);
}

static bool ahead(const struct translation *t, const char *text)
{
    return str_starts(str_skip(t->in, t->at), str_from(text));
}

static int fail(struct translation *t, size_t at, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int fail(struct translation *t, size_t at, const char *fmt, ...)
{
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return err_set(t->err, ERR_SYNTAX, "%s at position %zu", text, at);
}

/* \uXXXX and \UXXXXXXXX */
static int unicode_escape(struct translation *t, size_t digits)
{
    size_t start = t->at;
    if (t->in.n - start < 2 + digits)
        return fail(t, start, "incomplete escape \\%c", t->in.p[start + 1]);
    for (size_t i = 0; i < digits; i++)
        if (char_hex(t->in.p[start + 2 + i]) < 0)
            return fail(t, start, "incomplete escape \\%c", t->in.p[start + 1]);
    emit(t, "\\x{", 3, start);
    t->at += 2;
    copy(t, digits);
    emit(t, "}", 1, start);
    return 0;
}

static int escape(struct translation *t)
{
    if (t->at + 1 >= t->in.n)
        return fail(t, t->at, "bad escape (end of pattern)");
    char c = t->in.p[t->at + 1];
    if (c == 'u' || c == 'U')
        return unicode_escape(t, c == 'u' ? 4 : 8);
    if (c == 'Z') { /* Python's \Z is the very end, PCRE2's lets a newline follow */
        emit(t, "\\z", 2, t->at);
        t->at += 2;
    } else if (c == 'v') { /* one character, not a class */
        emit(t, "\\x0b", 4, t->at);
        t->at += 2;
    } else if (char_is_alpha(c) && !strchr("AbBdDsSwWzafnrtx", c)) {
        return fail(t, t->at, "bad escape \\%c", c);
    } else {
        copy(t, 2);
    }
    return 0;
}

static int set(struct translation *t)
{
    size_t start = t->at;
    copy(t, ahead(t, "[^") ? 2 : 1);
    if (ahead(t, "]")) {
        emit(t, "\\", 1, t->at);
        copy(t, 1);
    }
    while (t->at < t->in.n && t->in.p[t->at] != ']') {
        if (t->in.p[t->at] == '\\') {
            if (escape(t) != 0)
                return -1;
            continue;
        }
        if (t->in.p[t->at] == '[') /* no POSIX classes in Python */
            emit(t, "\\", 1, t->at);
        copy(t, 1);
    }
    if (t->at >= t->in.n)
        return fail(t, start, "unterminated character set");
    copy(t, 1);
    return 0;
}

static int open_group(struct translation *t, struct str name, size_t at)
{
    if (t->re->groups == URL_MAX_GROUPS)
        return fail(t, at, "more than %d groups", URL_MAX_GROUPS);
    for (unsigned i = 0; name.p && !t->repeat && i < t->re->groups; i++)
        if (t->names[i].p && str_eq(t->names[i], name))
            return fail(t, at, "redefinition of group name '%.*s' as group %u; was group %u",
                        STR_ARG(name), t->re->groups + 1, i + 1);
    t->names[t->re->groups++] = name;
    t->re->named |= name.p != NULL;
    emit(t, "(", 1, at);
    return 0;
}

/* The name up to `close`, which is skipped. */
static int group_name(struct translation *t, char close, struct str *name)
{
    size_t start = t->at;
    struct str rest = str_skip(t->in, start);
    size_t n = str_index(rest, close);
    if (n == rest.n)
        return fail(t, start, "missing %c, unterminated name", close);
    *name = str_head(rest, n);
    if (!url_identifier(*name))
        return fail(t, start, "bad character in group name '%.*s'", STR_ARG(*name));
    t->at += n + 1;
    return 0;
}

/* Number of the group called name, or 0. */
static unsigned group_number(const struct translation *t, struct str name)
{
    for (unsigned i = 0; i < t->re->groups; i++)
        if (t->names[i].p && str_eq(t->names[i], name))
            return i + 1;
    return 0;
}

/* (?P=name), or the head of (?(name)yes|no) */
static int group_reference(struct translation *t, const char *fmt, size_t start)
{
    struct str name;
    char text[32];
    if (group_name(t, ')', &name) != 0)
        return -1;
    unsigned number = group_number(t, name);
    if (number == 0)
        return fail(t, start, "unknown group name '%.*s'", STR_ARG(name));
    int n = fmt[0] == '\\' ? snprintf(text, sizeof text, "\\g{%u}", number)
                           : snprintf(text, sizeof text, "(?(%u)", number);
    emit(t, text, (size_t)n, start);
    return 0;
}

static int python_group(struct translation *t)
{
    size_t start = t->at;
    struct str name;
    if (ahead(t, "(?P=")) {
        t->at += 4;
        return group_reference(t, "\\", start);
    }
    if (!ahead(t, "(?P<"))
        return fail(t, start, "unknown extension, write (?P<name>...) for a named group");
    t->at += 4;
    return group_name(t, '>', &name) != 0 ? -1 : open_group(t, name, start);
}

static int comment(struct translation *t)
{
    struct str rest = str_skip(t->in, t->at);
    size_t n = str_index(rest, ')');
    if (n == rest.n)
        return fail(t, t->at, "missing ), unterminated comment");
    t->at += n + 1;
    return 0;
}

static int flags(struct translation *t)
{
    size_t start = t->at;
    copy(t, 2);
    while (t->at < t->in.n && t->in.p[t->at] != ')' && t->in.p[t->at] != ':') {
        if (!strchr("aiLmsux-", t->in.p[t->at]))
            return fail(t, start, "unknown extension ?%c", t->in.p[t->at]);
        if (strchr("aLu", t->in.p[t->at])) /* text is always Unicode here */
            t->at++;
        else
            copy(t, 1);
    }
    return 0;
}

static int group(struct translation *t)
{
    static const char *const plain[] = {"(?:", "(?=", "(?!", "(?>", "(?<=", "(?<!"};
    if (ahead(t, "(*"))
        return fail(t, t->at + 1, "nothing to repeat");
    if (!ahead(t, "(?")) {
        size_t at = t->at++;
        return open_group(t, STR_NULL, at);
    }
    if (ahead(t, "(?P"))
        return python_group(t);
    if (ahead(t, "(?#"))
        return comment(t);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (ahead(t, plain[i])) {
            copy(t, strlen(plain[i]));
            return 0;
        }
    if (ahead(t, "(?<"))
        return fail(t, t->at, "unknown extension ?<, write (?P<name>...) for a named group");
    if (ahead(t, "(?(")) {
        size_t start = t->at;
        t->at += 3;
        if (t->at < t->in.n && !char_is_digit(t->in.p[t->at]))
            return group_reference(t, "(", start);
        t->at = start;
        copy(t, 3);
        return 0;
    }
    return flags(t);
}

/* {,n} is {0,n} in Python and plain text in PCRE2. */
static void brace(struct translation *t)
{
    size_t i = t->at + 2;
    bool open = ahead(t, "{,");
    while (open && i < t->in.n && char_is_digit(t->in.p[i]))
        i++;
    copy(t, 1);
    if (open && i > t->at + 1 && i < t->in.n && t->in.p[i] == '}')
        emit(t, "0", 1, t->at);
}

static int translate(struct translation *t)
{
    while (t->at < t->in.n) {
        int rc = 0;
        switch (t->in.p[t->at]) {
        case '\\':
            rc = escape(t);
            break;
        case '[':
            rc = set(t);
            break;
        case '(':
            rc = group(t);
            break;
        case '{':
            brace(t);
            break;
        default:
            copy(t, 1);
        }
        if (rc != 0)
            return -1;
    }
    return 0;
}

static int compile(struct translation *t, unsigned flag_bits)
{
    int code;
    PCRE2_SIZE offset;
    uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C;
    if (flag_bits & URL_REGEX_FULL)
        options |= PCRE2_ANCHORED | PCRE2_ENDANCHORED;
    pcre2_code *re =
        pcre2_compile((PCRE2_SPTR)t->out.data, t->out.n, options, &code, &offset, NULL);
    if (!re) {
        PCRE2_UCHAR text[160];
        pcre2_get_error_message(code, text, sizeof text);
        size_t at = offset < t->origin.n ? t->origin.items[offset] : t->in.n;
        return fail(t, at, "%s", (const char *)text);
    }
    if (flag_bits & URL_REGEX_JIT) /* without it the interpreter does the same, slower */
        pcre2_jit_compile(re, PCRE2_JIT_COMPLETE);
    t->re->code = re;
    return 0;
}

int url_regex_compile(struct url_regex *re, struct arena *a, struct str pattern, unsigned flag_bits,
                      struct err *err)
{
    *re = (struct url_regex){0};
    struct translation t = {.in = pattern,
                            .out = BUF_INIT,
                            .origin = VEC_INIT,
                            .re = re,
                            .repeat = flag_bits & URL_REGEX_REPEAT,
                            .err = err};
    int rc = utf8_valid(pattern) ? translate(&t)
                                 : err_set(err, ERR_SYNTAX, "invalid UTF-8 in the pattern");
    if (rc == 0)
        rc = compile(&t, flag_bits);
    if (rc == 0) {
        re->names = arena_alloc(a, sizeof *re->names * (re->groups + 1));
        for (unsigned i = 0; i < re->groups; i++)
            re->names[i] = t.names[i].p ? arena_str(a, t.names[i]) : STR_NULL;
    }
    buf_release(&t.out);
    vec_release(&t.origin);
    return rc;
}

void url_regex_release(struct url_regex *re)
{
    pcre2_code_free(re->code);
    re->code = NULL;
}

/* ---- matching ---- */

struct url_regex_work {
    pcre2_match_data *data;
    pcre2_match_context *context;
};

struct url_regex_work *url_regex_work_new(void)
{
    struct url_regex_work *w = mem_zalloc(sizeof *w);
    w->data = pcre2_match_data_create(URL_MAX_GROUPS + 1, NULL);
    w->context = pcre2_match_context_create(NULL);
    assert(w->data && w->context);
    pcre2_set_match_limit(w->context, STEP_LIMIT);
    pcre2_set_heap_limit(w->context, HEAP_LIMIT_KIB);
    return w;
}

void url_regex_work_free(struct url_regex_work *w)
{
    if (!w)
        return;
    pcre2_match_data_free(w->data);
    pcre2_match_context_free(w->context);
    free(w);
}

bool url_regex_match(const struct url_regex *re, struct url_regex_work *w, struct str subject,
                     struct url_span *spans)
{
    int rc = pcre2_match(re->code, (PCRE2_SPTR)subject.p, subject.n, 0, PCRE2_NO_UTF_CHECK, w->data,
                         w->context);
    if (rc < 0)
        return false;
    const PCRE2_SIZE *v = pcre2_get_ovector_pointer(w->data);
    for (unsigned i = 0; spans && i <= re->groups; i++) {
        bool there = (int)i < rc && v[2 * i] != PCRE2_UNSET;
        spans[i].from = there ? (uint32_t)v[2 * i] : UINT32_MAX;
        spans[i].to = there ? (uint32_t)v[2 * i + 1] : UINT32_MAX;
    }
    return true;
}
