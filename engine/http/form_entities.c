/* SPDX-License-Identifier: MIT */
#include "http/form_entities.h"

#include "base/utf8.h"

#define NAME_LONGEST 32

struct entity {
    const char *name;
    uint32_t cp;
    bool bare; /* also known without its semicolon */
};

/* In byte order of their names. */
static const struct entity entities[] = {
    /* clang-format off */
    {"AElig", 0xc6, true},
    {"AMP", 0x26, true},
    {"Aacute", 0xc1, true},
    {"Acirc", 0xc2, true},
    {"Agrave", 0xc0, true},
    {"Aring", 0xc5, true},
    {"Atilde", 0xc3, true},
    {"Auml", 0xc4, true},
    {"COPY", 0xa9, true},
    {"Ccedil", 0xc7, true},
    {"DiacriticalGrave", 0x60, false},
    {"ETH", 0xd0, true},
    {"Eacute", 0xc9, true},
    {"Ecirc", 0xca, true},
    {"Egrave", 0xc8, true},
    {"Euml", 0xcb, true},
    {"GT", 0x3e, true},
    {"Hat", 0x5e, false},
    {"Iacute", 0xcd, true},
    {"Icirc", 0xce, true},
    {"Igrave", 0xcc, true},
    {"Iuml", 0xcf, true},
    {"LT", 0x3c, true},
    {"NewLine", 0xa, false},
    {"Ntilde", 0xd1, true},
    {"Oacute", 0xd3, true},
    {"Ocirc", 0xd4, true},
    {"Ograve", 0xd2, true},
    {"Oslash", 0xd8, true},
    {"Otilde", 0xd5, true},
    {"Ouml", 0xd6, true},
    {"QUOT", 0x22, true},
    {"REG", 0xae, true},
    {"THORN", 0xde, true},
    {"Tab", 0x9, false},
    {"Uacute", 0xda, true},
    {"Ucirc", 0xdb, true},
    {"Ugrave", 0xd9, true},
    {"UnderBar", 0x5f, false},
    {"Uuml", 0xdc, true},
    {"VerticalLine", 0x7c, false},
    {"Yacute", 0xdd, true},
    {"aacute", 0xe1, true},
    {"acirc", 0xe2, true},
    {"acute", 0xb4, true},
    {"aelig", 0xe6, true},
    {"agrave", 0xe0, true},
    {"amp", 0x26, true},
    {"apos", 0x27, false},
    {"aring", 0xe5, true},
    {"ast", 0x2a, false},
    {"atilde", 0xe3, true},
    {"auml", 0xe4, true},
    {"brvbar", 0xa6, true},
    {"bsol", 0x5c, false},
    {"bull", 0x2022, false},
    {"ccedil", 0xe7, true},
    {"cedil", 0xb8, true},
    {"cent", 0xa2, true},
    {"colon", 0x3a, false},
    {"comma", 0x2c, false},
    {"commat", 0x40, false},
    {"copy", 0xa9, true},
    {"curren", 0xa4, true},
    {"deg", 0xb0, true},
    {"divide", 0xf7, true},
    {"dollar", 0x24, false},
    {"eacute", 0xe9, true},
    {"ecirc", 0xea, true},
    {"egrave", 0xe8, true},
    {"equals", 0x3d, false},
    {"eth", 0xf0, true},
    {"euml", 0xeb, true},
    {"euro", 0x20ac, false},
    {"excl", 0x21, false},
    {"frac12", 0xbd, true},
    {"frac14", 0xbc, true},
    {"frac34", 0xbe, true},
    {"grave", 0x60, false},
    {"gt", 0x3e, true},
    {"hellip", 0x2026, false},
    {"iacute", 0xed, true},
    {"icirc", 0xee, true},
    {"iexcl", 0xa1, true},
    {"igrave", 0xec, true},
    {"iquest", 0xbf, true},
    {"iuml", 0xef, true},
    {"laquo", 0xab, true},
    {"lbrace", 0x7b, false},
    {"lbrack", 0x5b, false},
    {"lcub", 0x7b, false},
    {"ldquo", 0x201c, false},
    {"lowbar", 0x5f, false},
    {"lpar", 0x28, false},
    {"lsqb", 0x5b, false},
    {"lsquo", 0x2018, false},
    {"lt", 0x3c, true},
    {"macr", 0xaf, true},
    {"mdash", 0x2014, false},
    {"micro", 0xb5, true},
    {"midast", 0x2a, false},
    {"middot", 0xb7, true},
    {"nbsp", 0xa0, true},
    {"ndash", 0x2013, false},
    {"not", 0xac, true},
    {"ntilde", 0xf1, true},
    {"num", 0x23, false},
    {"oacute", 0xf3, true},
    {"ocirc", 0xf4, true},
    {"ograve", 0xf2, true},
    {"ordf", 0xaa, true},
    {"ordm", 0xba, true},
    {"oslash", 0xf8, true},
    {"otilde", 0xf5, true},
    {"ouml", 0xf6, true},
    {"para", 0xb6, true},
    {"percnt", 0x25, false},
    {"period", 0x2e, false},
    {"plus", 0x2b, false},
    {"plusmn", 0xb1, true},
    {"pound", 0xa3, true},
    {"quest", 0x3f, false},
    {"quot", 0x22, true},
    {"raquo", 0xbb, true},
    {"rbrace", 0x7d, false},
    {"rbrack", 0x5d, false},
    {"rcub", 0x7d, false},
    {"rdquo", 0x201d, false},
    {"reg", 0xae, true},
    {"rpar", 0x29, false},
    {"rsqb", 0x5d, false},
    {"rsquo", 0x2019, false},
    {"sect", 0xa7, true},
    {"semi", 0x3b, false},
    {"shy", 0xad, true},
    {"sol", 0x2f, false},
    {"sup1", 0xb9, true},
    {"sup2", 0xb2, true},
    {"sup3", 0xb3, true},
    {"szlig", 0xdf, true},
    {"thorn", 0xfe, true},
    {"times", 0xd7, true},
    {"uacute", 0xfa, true},
    {"ucirc", 0xfb, true},
    {"ugrave", 0xf9, true},
    {"uml", 0xa8, true},
    {"uuml", 0xfc, true},
    {"verbar", 0x7c, false},
    {"vert", 0x7c, false},
    {"yacute", 0xfd, true},
    {"yen", 0xa5, true},
    {"yuml", 0xff, true},
    /* clang-format on */
};

static const struct entity *find(struct str name)
{
    size_t low = 0, high = sizeof entities / sizeof *entities;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int c = str_cmp(name, str_from(entities[mid].name));
        if (c == 0)
            return &entities[mid];
        if (c < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

/* What numbers 0x80 to 0x9f mean in pages of old: Windows-1252. */
static uint32_t from_windows(uint32_t cp)
{
    static const uint16_t table[32] = {
        0x20ac, 0x81,   0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
        0x2039, 0x0152, 0x8d,   0x017d, 0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d,   0x017e, 0x0178};
    return cp >= 0x80 && cp < 0xa0 ? table[cp - 0x80] : cp;
}

/* "#47", "#x2F;" at the start of s: bytes taken, 0 when it is no number. */
static size_t number(struct buf *out, struct str s)
{
    bool hex = s.n > 1 && (s.p[1] == 'x' || s.p[1] == 'X');
    size_t start = hex ? 2 : 1, i = start;
    uint32_t cp = 0;
    for (; i < s.n && (hex ? char_hex(s.p[i]) >= 0 : char_is_digit(s.p[i])); i++)
        if (cp <= 0x10ffff)
            cp = cp * (hex ? 16 : 10) + (uint32_t)char_hex(s.p[i]);
    if (i == start)
        return 0;
    if (cp == 0 || cp > 0x10ffff || (cp >= 0xd800 && cp < 0xe000))
        cp = 0xfffd;
    utf8_add(out, from_windows(cp));
    return i + (i < s.n && s.p[i] == ';');
}

/* "amp;", "ampx" at the start of s: bytes taken, 0 when it is no name. */
static size_t named(struct buf *out, struct str s)
{
    size_t n = 0;
    while (n < s.n && n < NAME_LONGEST && (char_is_alpha(s.p[n]) || char_is_digit(s.p[n])))
        n++;
    if (n < s.n && s.p[n] == ';') {
        const struct entity *e = find(str_head(s, n));
        if (e) {
            utf8_add(out, e->cp);
            return n + 1;
        }
    }
    for (; n > 1; n--) {
        const struct entity *e = find(str_head(s, n));
        if (e && e->bare) {
            utf8_add(out, e->cp);
            return n;
        }
    }
    return 0;
}

void html_entities_decode(struct buf *out, struct str s)
{
    while (s.n) {
        size_t amp = str_index(s, '&');
        buf_add(out, s.p, amp);
        s = str_skip(s, amp);
        if (s.n == 0)
            break;
        s = str_skip(s, 1);
        size_t taken = s.n == 0 ? 0 : s.p[0] == '#' ? number(out, s) : named(out, s);
        if (taken == 0)
            buf_addc(out, '&');
        s = str_skip(s, taken);
    }
}
