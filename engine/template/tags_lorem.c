/* SPDX-License-Identifier: MIT */
/* {% lorem %}: text that means nothing. */
#include "template/impl.h"

struct lorem_node {
    struct node node;
    struct expr *count;
    char method; /* words, paragraphs in <p>, blocks */
    bool common; /* begins with the well-known words */
};

static const char paragraph[] =
    "Lorem ipsum dolor sit amet, consectetur adipisicing elit, sed do eiusmod tempor incididunt "
    "ut labore et dolore magna aliqua. Ut enim ad minim veniam, quis nostrud exercitation "
    "ullamco laboris nisi ut aliquip ex ea commodo consequat. Duis aute irure dolor in "
    "reprehenderit in voluptate velit esse cillum dolore eu fugiat nulla pariatur. Excepteur "
    "sint occaecat cupidatat non proident, sunt in culpa qui officia deserunt mollit anim id "
    "est laborum.";

enum { COMMON_WORDS = 19 }; /* at the start of the words */

static const char *const words[] = {
    "lorem",      "ipsum",      "dolor",     "sit",        "amet",    "consectetur", "adipisicing",
    "elit",       "sed",        "do",        "eiusmod",    "tempor",  "incididunt",  "ut",
    "labore",     "et",         "dolore",    "magna",      "aliqua",  "accusamus",   "animi",
    "aperiam",    "architecto", "beatae",    "blanditiis", "commodi", "corporis",    "culpa",
    "cupiditate", "debitis",    "delectus",  "deserunt",   "dicta",   "dignissimos", "ducimus",
    "earum",      "eligendi",   "error",     "expedita",   "facilis", "fugiat",      "harum",
    "illum",      "impedit",    "inventore", "laudantium", "libero",  "magnam",      "maiores",
    "minima",     "mollitia",   "nemo",      "nihil",      "nostrum", "obcaecati",   "officia",
    "omnis",      "optio",      "pariatur",  "placeat",    "porro",   "possimus",    "quaerat",
    "quasi",      "quidem",     "ratione",   "recusandae", "rerum",   "saepe",       "sapiente",
    "similique",  "soluta",     "suscipit",  "tempora",    "totam",   "ullam",       "vel",
    "veritatis",  "vitae",      "voluptas",
};

/* Not for anything that matters: xorshift from the clock. */
static unsigned draw(uint64_t *seed, unsigned n)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (unsigned)((*seed >> 20) % n);
}

static const char *random_word(uint64_t *seed)
{
    return words[draw(seed, sizeof words / sizeof *words)];
}

/* One to five phrases of three to twelve words, and a full stop or question mark. */
static void add_sentence(struct buf *out, uint64_t *seed)
{
    size_t start = out->n;
    for (unsigned phrases = 1 + draw(seed, 5); phrases > 0; phrases--) {
        for (unsigned n = 3 + draw(seed, 10); n > 0; n--) {
            buf_adds(out, random_word(seed));
            buf_adds(out, n > 1 ? " " : phrases > 1 ? ", " : "");
        }
    }
    out->data[start] = char_upper(out->data[start]);
    buf_addc(out, draw(seed, 2) ? '?' : '.');
}

static void add_paragraph(struct buf *out, uint64_t *seed)
{
    for (unsigned n = 1 + draw(seed, 4); n > 0; n--) {
        add_sentence(out, seed);
        buf_adds(out, n > 1 ? " " : "");
    }
}

static int add_words(const struct lorem_node *n, struct render *r, int64_t count, uint64_t *seed)
{
    for (int64_t i = 0; i < count; i++) {
        if (render_check(r) < 0)
            return -1;
        buf_adds(r->out, i ? " " : "");
        buf_adds(r->out, n->common && i < COMMON_WORDS ? words[i] : random_word(seed));
    }
    return 0;
}

static int add_paragraphs(const struct lorem_node *n, struct render *r, int64_t count,
                          uint64_t *seed)
{
    for (int64_t i = 0; i < count; i++) {
        if (render_check(r) < 0)
            return -1;
        buf_adds(r->out, i ? "\n\n" : "");
        buf_adds(r->out, n->method == 'p' ? "<p>" : "");
        if (n->common && i == 0)
            buf_adds(r->out, paragraph);
        else
            add_paragraph(r->out, seed);
        buf_adds(r->out, n->method == 'p' ? "</p>" : "");
    }
    return 0;
}

static int lorem_render(const struct node *node, struct render *r)
{
    const struct lorem_node *n = (const struct lorem_node *)node;
    struct datetime now;
    struct tval v;
    int64_t count;
    if (expr_eval(n->count, r, false, &v) < 0)
        return -1;
    if (value_int(v, &count) > 0)
        count = 1;
    r->ops->now(r, &now);
    uint64_t seed = (uint64_t)datetime_epoch_micros(&now) * 2 + 1;
    return n->method == 'w' ? add_words(n, r, count, &seed) : add_paragraphs(n, r, count, &seed);
}

static const struct node_ops lorem_ops = {.name = "lorem", .render = lorem_render};

TAG_FN(lorem)
{
    struct lorem_node *n = parser_node(p, t, &lorem_ops, sizeof *n);
    struct str *bits, count = STR("1");
    size_t left = token_split(p, t, &bits);
    (void)tag;
    n->common = !str_eq(bits[left - 1], STR("random"));
    left -= !n->common;
    n->method = 'b';
    if (left && bits[left - 1].n == 1 && strchr("wpb", bits[left - 1].p[0]))
        n->method = bits[--left].p[0];
    if (left > 1)
        count = bits[--left];
    n->count = parser_expr(p, t, count);
    if (!n->count)
        return -1;
    if (left != 1)
        return parser_fail(p, t, "Incorrect format for %s tag", str_repr(p, bits[0]));
    *out = &n->node;
    return 0;
}
