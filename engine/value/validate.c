/* SPDX-License-Identifier: MIT */
#include "value/validate.h"

#include "value/ip.h"
#include "value/unicode.h"
#include "value/url.h"

/* ---- labels of domain names ---- */

struct label {
    size_t chars;
    bool letters; /* no digit in it */
    bool ascii;
    bool hyphen_first, hyphen_last;
};

/* Reads s as one label; false when a character does not belong in any. */
static bool label_read(struct str s, bool unicode, struct label *out)
{
    *out = (struct label){.letters = true, .ascii = true};
    out->hyphen_first = s.n > 0 && s.p[0] == '-';
    out->hyphen_last = s.n > 0 && s.p[s.n - 1] == '-';
    while (s.n > 0) {
        uint32_t cp;
        size_t n = utf8_decode(s, &cp);
        if (n == 0)
            return false;
        if (cp >= 0x80) {
            if (!unicode || cp < 0xA1 || cp > 0xFFFF)
                return false;
            out->ascii = false;
        } else if (char_is_digit((char)cp)) {
            out->letters = false;
        } else if (!char_is_alpha((char)cp) && cp != '-') {
            return false;
        }
        out->chars++;
        s = str_skip(s, n);
    }
    return true;
}

static bool label_fits(const struct label *l)
{
    return l->chars >= 1 && l->chars <= 63 && !l->hyphen_first && !l->hyphen_last;
}

static bool is_top_level(struct str s, const struct label *l, bool unicode)
{
    if (!label_fits(l))
        return false;
    if (l->chars >= 2 && (l->letters || !unicode))
        return true;
    return l->ascii && l->chars >= 5 && str_ieq(str_head(s, 4), STR("xn--")) &&
           !str_has(str_skip(s, 4), '-');
}

/* All labels of s; *last is what the top-level domain is. */
static bool labels_read(struct str s, bool unicode, struct str *last, struct label *last_label)
{
    struct str rest = s, part;
    size_t count = 0;
    while (str_split(&rest, '.', &part)) {
        if (!label_read(part, unicode, last_label) || !label_fits(last_label))
            return false;
        *last = part;
        count++;
    }
    return count >= 2;
}

bool validate_domain(struct str s, bool unicode, bool dot)
{
    struct str last;
    struct label label;
    if (dot && s.n > 0 && s.p[s.n - 1] == '.')
        s.n--;
    return labels_read(s, unicode, &last, &label) && is_top_level(last, &label, unicode);
}

/* ---- mail ---- */

static bool is_atom_char(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || (c && strchr("-!#$%&'*+/=?^_`{}|~", c));
}

static bool is_quoted_char(unsigned char c)
{
    return (c >= 0x01 && c <= 0x08) || c == 0x0B || c == 0x0C || (c >= 0x0E && c <= 0x1F) ||
           c == '!' || (c >= '#' && c <= '[') || (c >= ']' && c <= 0x7F);
}

static bool is_escaped_char(unsigned char c)
{
    return (c >= 0x01 && c <= 0x09) || c == 0x0B || c == 0x0C || (c >= 0x0E && c <= 0x7F);
}

static bool is_quoted_string(struct str s)
{
    if (s.n < 2 || s.p[0] != '"' || s.p[s.n - 1] != '"')
        return false;
    for (size_t i = 1; i < s.n - 1; i++) {
        if (is_quoted_char((unsigned char)s.p[i]))
            continue;
        if (s.p[i] != '\\' || i + 1 >= s.n - 1 || !is_escaped_char((unsigned char)s.p[i + 1]))
            return false;
        i++;
    }
    return true;
}

bool validate_email_user(struct str s)
{
    struct str rest = s, part;
    if (s.n > 0 && s.p[0] == '"')
        return is_quoted_string(s);
    while (str_split(&rest, '.', &part)) {
        if (part.n == 0)
            return false;
        for (size_t i = 0; i < part.n; i++)
            if (!is_atom_char(part.p[i]))
                return false;
    }
    return true;
}

bool validate_email_domain(struct str s)
{
    unsigned char address[16];
    if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']') {
        s = str_make(s.p + 1, s.n - 2);
        return ip_parse_v4(s, address) || ip_parse_v6(s, address);
    }
    return validate_domain(s, true, false);
}

/* ---- URLs ---- */

/* ":" and 1 to 5 digits, or nothing; *rest behind it. */
static bool skip_port(struct str s, struct str *rest)
{
    size_t n = 0;
    *rest = s;
    if (s.n == 0 || s.p[0] != ':')
        return true;
    while (n + 1 < s.n && n < 6 && char_is_digit(s.p[n + 1]))
        n++;
    *rest = str_skip(s, n + 1);
    return n >= 1 && n <= 5;
}

static bool has_space(struct str s)
{
    uint32_t cp;
    for (; s.n > 0; s = str_skip(s, unicode_next(s, &cp)))
        if (unicode_space(s) > 0)
            return true;
    return false;
}

/* host[:port][/path] */
static bool is_host_and_path(struct str s)
{
    unsigned char address[16];
    struct str host, rest;
    if (s.n > 0 && s.p[0] == '[') {
        size_t close = str_index(s, ']');
        host = str_make(s.p + 1, close - 1);
        if (close == s.n || !ip_parse_v6(host, address))
            return false;
        rest = str_skip(s, close + 1);
    } else {
        size_t n = 0;
        while (n < s.n && !strchr(":/?#", s.p[n] ? s.p[n] : 'x'))
            n++;
        host = str_head(s, n);
        rest = str_skip(s, n);
        if (!ip_parse_v4(host, address) && !str_ieq(host, STR("localhost")) &&
            !validate_domain(host, true, true))
            return false;
    }
    if (!skip_port(rest, &rest))
        return false;
    return rest.n == 0 || (strchr("/?#", rest.p[0] ? rest.p[0] : 'x') && !has_space(rest));
}

/* Behind "user:password@", or s itself when it does not begin so. */
static struct str skip_user(struct str s)
{
    size_t i = 0, colons = 0;
    for (; i < s.n && s.p[i] != '@' && s.p[i] != '/'; i++)
        if (s.p[i] == ':' && (i == 0 || ++colons > 1))
            return s;
    if (i == 0 || i == s.n || s.p[i] != '@' || has_space(str_head(s, i)))
        return s;
    return str_skip(s, i + 1);
}

bool validate_url(struct str s)
{
    struct url u;
    size_t start = str_find(s, STR("://"));
    if (start == s.n || url_split(s, &u, NULL) < 0)
        return false;
    struct str rest = str_skip(s, start + 3), host = url_host(u.netloc);
    struct str behind_user = skip_user(rest);
    if (!is_host_and_path(rest) && (behind_user.p == rest.p || !is_host_and_path(behind_user)))
        return false;
    return host.p && utf8_len(host) <= 253;
}

/* ---- slugs and numbers ---- */

bool validate_slug(struct str s, bool unicode)
{
    if (s.n == 0)
        return false;
    while (s.n > 0) {
        uint32_t cp;
        size_t n = unicode_next(s, &cp);
        if (cp != '-' && !(unicode_is_word(cp) && (unicode || cp < 0x80)))
            return false;
        s = str_skip(s, n);
    }
    return true;
}

static bool skip_integer(struct str *s, bool negative)
{
    size_t n = 0;
    if (negative && s->n > 0 && s->p[0] == '-')
        *s = str_skip(*s, 1);
    while (n < s->n && char_is_digit(s->p[n]))
        n++;
    *s = str_skip(*s, n);
    return n > 0;
}

bool validate_integers(struct str s, struct str separator, bool negative)
{
    if (!skip_integer(&s, negative))
        return false;
    while (s.n > 0) {
        if (separator.n == 0 || !str_starts(s, separator))
            return false;
        s = str_skip(s, separator.n);
        if (!skip_integer(&s, negative))
            return false;
    }
    return true;
}
