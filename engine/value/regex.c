/* SPDX-License-Identifier: MIT */
#include "value/regex.h"

#include "base/mem.h"
#include "base/utf8.h"
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

/* About 50 ms of backtracking; sound expressions need a few steps per character. */
#define STEPS_MAX 1000000
#define HEAP_MAX_KIB 20000
#define JIT_STACK_MAX (512 * 1024)

struct regex {
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *context;
    pcre2_jit_stack *stack; /* compiled code would use the caller's, a fiber's small one */
    const char **names;     /* by group number; entries may be NULL */
    size_t groups;
    int matched; /* of the last run */
};

/* ---- from Python's syntax ---- */

/* \uXXXX and \UXXXXXXXX as \x{…}: bytes taken, or 0. */
static size_t add_unicode_escape(struct buf *out, struct str s)
{
    size_t digits = s.p[1] == 'u' ? 4 : 8;
    if (s.n < 2 + digits)
        return 0;
    for (size_t i = 2; i < 2 + digits; i++)
        if (char_hex(s.p[i]) < 0)
            return 0;
    buf_addf(out, "\\x{%.*s}", (int)digits, s.p + 2);
    return 2 + digits;
}

/* Python's \Z is the very end, PCRE's \z; the rest is the same in both. */
static void translate(struct buf *out, struct str s)
{
    while (s.n > 0) {
        size_t n = 1;
        if (s.p[0] != '\\' || s.n < 2) {
            buf_addc(out, s.p[0]);
        } else if (s.p[1] == 'Z') {
            buf_adds(out, "\\z");
            n = 2;
        } else if ((s.p[1] != 'u' && s.p[1] != 'U') || (n = add_unicode_escape(out, s)) == 0) {
            buf_add(out, s.p, 2);
            n = 2;
        }
        s = str_skip(s, n);
    }
}

static uint32_t compile_options(unsigned flags)
{
    uint32_t o = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
    if (!(flags & REGEX_ASCII))
        o |= PCRE2_UCP;
    if (flags & REGEX_IGNORECASE)
        o |= PCRE2_CASELESS;
    if (flags & REGEX_MULTILINE)
        o |= PCRE2_MULTILINE;
    if (flags & REGEX_DOTALL)
        o |= PCRE2_DOTALL;
    if (flags & REGEX_VERBOSE)
        o |= PCRE2_EXTENDED;
    return o;
}

static int compile_failed(struct str pattern, int code, size_t at, struct err *err)
{
    char text[160];
    if (pcre2_get_error_message(code, (PCRE2_UCHAR *)text, sizeof text) < 0)
        text[0] = '\0';
    return err_set(err, ERR_SYNTAX, "regular expression '%.*s': %s at character %zu",
                   STR_ARG(str_head(pattern, utf8_offset(pattern, 60))), text, at + 1);
}

/* ---- life ---- */

static void read_names(struct regex *r)
{
    uint32_t count, size, groups;
    const unsigned char *row;
    pcre2_pattern_info(r->code, PCRE2_INFO_CAPTURECOUNT, &groups);
    pcre2_pattern_info(r->code, PCRE2_INFO_NAMECOUNT, &count);
    pcre2_pattern_info(r->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
    pcre2_pattern_info(r->code, PCRE2_INFO_NAMETABLE, &row);
    r->groups = groups;
    r->names = mem_zalloc(mem_mul(groups + 1, sizeof *r->names));
    for (uint32_t i = 0; i < count; i++, row += size)
        r->names[row[0] << 8 | row[1]] = (const char *)row + 2;
}

struct regex *regex_new(struct str pattern, unsigned flags, struct err *err)
{
    struct buf text = BUF_INIT;
    int code;
    size_t at;
    if (pattern.n > REGEX_PATTERN_MAX) {
        err_set(err, ERR_TOO_LARGE, "a regular expression has at most %d bytes", REGEX_PATTERN_MAX);
        return NULL;
    }
    translate(&text, pattern);
    pcre2_code *compiled =
        pcre2_compile((PCRE2_SPTR)text.data, text.n, compile_options(flags), &code, &at, NULL);
    buf_release(&text);
    if (!compiled) {
        compile_failed(pattern, code, at, err);
        return NULL;
    }
    struct regex *r = mem_zalloc(sizeof *r);
    r->code = compiled;
    r->match = pcre2_match_data_create_from_pattern(compiled, NULL);
    r->context = pcre2_match_context_create(NULL);
    if (!r->match || !r->context)
        abort();
    pcre2_set_match_limit(r->context, STEPS_MAX);
    pcre2_set_heap_limit(r->context, HEAP_MAX_KIB);
    if (pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE) == 0) {
        r->stack = pcre2_jit_stack_create(8192, JIT_STACK_MAX, NULL);
        pcre2_jit_stack_assign(r->context, NULL, r->stack);
    }
    read_names(r);
    return r;
}

void regex_free(struct regex *r)
{
    if (!r)
        return;
    pcre2_jit_stack_free(r->stack);
    pcre2_match_context_free(r->context);
    pcre2_match_data_free(r->match);
    pcre2_code_free(r->code);
    free(r->names);
    free(r);
}

size_t regex_group_count(const struct regex *r)
{
    return r->groups;
}

const char *regex_group_name(const struct regex *r, size_t group)
{
    return group >= 1 && group <= r->groups ? r->names[group] : NULL;
}

/* ---- matching ---- */

int regex_run(struct regex *r, struct str s, size_t from, enum regex_mode mode, struct err *err)
{
    uint32_t options = 0;
    r->matched = 0;
    if (mode != REGEX_SEARCH)
        options |= PCRE2_ANCHORED;
    if (mode == REGEX_FULLMATCH)
        options |= PCRE2_ENDANCHORED;
    if (from > s.n)
        return 0;
    /* Without a JIT stack (no memory for one) the interpreter runs, on the heap. */
    if (!r->stack)
        options |= PCRE2_NO_JIT;
    int rc = pcre2_match(r->code, (PCRE2_SPTR)(s.p ? s.p : ""), s.n, from, options, r->match,
                         r->context);
    if (rc > 0) {
        r->matched = rc;
        return 1;
    }
    if (rc == PCRE2_ERROR_NOMATCH || (rc <= PCRE2_ERROR_UTF8_ERR1 && rc >= PCRE2_ERROR_UTF8_ERR21))
        return 0;
    return err_set(err, ERR_TOO_LARGE, "a regular expression took too many steps (%d)", rc);
}

bool regex_group(const struct regex *r, size_t group, size_t *start, size_t *end)
{
    if (group >= (size_t)r->matched)
        return false;
    const size_t *at = pcre2_get_ovector_pointer(r->match) + 2 * group;
    if (at[0] == PCRE2_UNSET)
        return false;
    *start = at[0];
    *end = at[1] < at[0] ? at[0] : at[1]; /* \K in a lookahead may turn them around */
    return true;
}

/* ---- substitution ---- */

static int group_named(const struct regex *r, struct str name)
{
    int64_t number;
    if (str_to_int64(name, &number))
        return number >= 0 && (uint64_t)number <= r->groups ? (int)number : -1;
    for (size_t i = 1; i <= r->groups; i++)
        if (r->names[i] && str_eq(str_from(r->names[i]), name))
            return (int)i;
    return -1;
}

/* The group that the escape at the start of w names, and the escape's bytes; -1 when
 * it names none. */
static int template_group(const struct regex *r, struct str w, size_t *n)
{
    if (char_is_digit(w.p[1])) {
        *n = w.n > 2 && char_is_digit(w.p[2]) ? 3 : 2;
        return group_named(r, str_make(w.p + 1, *n - 1));
    }
    size_t close = str_index(w, '>');
    if (w.n < 4 || w.p[2] != '<' || close == w.n)
        return -1;
    *n = close + 1;
    return group_named(r, str_make(w.p + 3, close - 3));
}

static int add_template(const struct regex *r, struct buf *out, struct str s, struct str w,
                        struct err *err)
{
    while (w.n > 0) {
        size_t n = 1, start, end;
        if (w.p[0] != '\\' || w.n < 2) {
            buf_addc(out, w.p[0]);
        } else if (char_is_digit(w.p[1]) || w.p[1] == 'g') {
            int group = template_group(r, w, &n);
            if (group < 0)
                return err_set(err, ERR_SYNTAX, "no such group in the replacement at '%.*s'",
                               STR_ARG(str_head(w, utf8_offset(w, 12))));
            if (regex_group(r, (size_t)group, &start, &end))
                buf_add(out, s.p + start, end - start);
        } else {
            buf_addc(out, w.p[1] == 'n' ? '\n' : w.p[1] == 't' ? '\t' : w.p[1]);
            n = 2;
        }
        w = str_skip(w, n);
    }
    return 0;
}

int64_t regex_sub(struct regex *r, struct buf *out, struct str s, struct str with, size_t limit,
                  struct err *err)
{
    size_t at = 0, copied = 0, begin = out->n;
    int64_t count = 0;
    int rc = 0;
    while ((limit == 0 || (size_t)count < limit) && at <= s.n &&
           (rc = regex_run(r, s, at, REGEX_SEARCH, err)) > 0) {
        size_t start = 0, end = 0;
        regex_group(r, 0, &start, &end);
        start = start < copied ? copied : start;
        buf_add(out, s.p + copied, start - copied);
        if ((rc = add_template(r, out, s, with, err)) < 0)
            break;
        count++;
        copied = end < copied ? copied : end;
        at = copied;
        if (end <= start) { /* an empty match: go on behind the next character */
            uint32_t cp;
            size_t n = at < s.n ? utf8_decode(str_skip(s, at), &cp) : 1;
            at += n ? n : 1;
        }
    }
    if (rc < 0) {
        buf_cut(out, begin);
        return -1;
    }
    if (s.n > copied)
        buf_add(out, s.p + copied, s.n - copied);
    return count;
}
