/* SPDX-License-Identifier: MIT */
/* Conditions of {% if %}: operators by precedence, as in Python.  An error below an operator
 * makes it false. */
#include "template/cond.h"

enum op {
    OP_VALUE,
    OP_OR,
    OP_AND,
    OP_NOT,
    OP_IN,
    OP_NOT_IN,
    OP_IS,
    OP_IS_NOT,
    OP_EQ,
    OP_NE,
    OP_GT,
    OP_GE,
    OP_LT,
    OP_LE,
    OP_END,
};

static const struct {
    const char *text;
    unsigned power;
} ops[] = {
    [OP_VALUE] = {"", 0},  [OP_OR] = {"or", 6},          [OP_AND] = {"and", 7},
    [OP_NOT] = {"not", 8}, [OP_IN] = {"in", 9},          [OP_NOT_IN] = {"not in", 9},
    [OP_IS] = {"is", 10},  [OP_IS_NOT] = {"is not", 10}, [OP_EQ] = {"==", 10},
    [OP_NE] = {"!=", 10},  [OP_GT] = {">", 10},          [OP_GE] = {">=", 10},
    [OP_LT] = {"<", 10},   [OP_LE] = {"<=", 10},         [OP_END] = {"", 0},
};

struct cond {
    enum op op;
    unsigned depth;
    struct expr *expr;           /* of a value */
    struct cond *first, *second; /* operands */
    struct cond *next, *last;    /* a or b or c: one list, first to last */
};

/* ---- parsing ---- */

struct cond_parser {
    struct parser *p;
    const struct token *t;
    struct cond *items; /* values and operators in their order, the last is OP_END */
    struct cond *current;
};

static enum op find_op(struct str word)
{
    for (enum op op = OP_OR; op < OP_END; op++)
        if (str_eq(word, str_from(ops[op].text)))
            return op;
    return OP_VALUE;
}

static bool is_at(const struct str *words, size_t n, size_t i, struct str what)
{
    return i < n && str_eq(words[i], what);
}

static int read_items(struct cond_parser *c, const struct str *words, size_t n)
{
    struct cond *item = c->items;
    for (size_t i = 0; i < n; i++, item++) {
        item->op = find_op(words[i]);
        if (item->op == OP_IS && is_at(words, n, i + 1, STR("not"))) {
            item->op = OP_IS_NOT;
            i++;
        } else if (item->op == OP_NOT && is_at(words, n, i + 1, STR("in"))) {
            item->op = OP_NOT_IN;
            i++;
        } else if (item->op == OP_VALUE) {
            item->expr = parser_expr(c->p, c->t, words[i]);
            if (!item->expr)
                return -1;
        }
    }
    item->op = OP_END;
    return 0;
}

static struct cond *expression(struct cond_parser *c, unsigned power, unsigned depth);

static struct cond *check_depth(struct cond_parser *c, struct cond *left)
{
    unsigned limit = c->p->engine->options.max_depth;
    unsigned a = left->first ? left->first->depth : 0, b = left->second ? left->second->depth : 0;
    left->depth = (a > b ? a : b) + 1;
    if (left->depth <= limit)
        return left;
    parser_fail(c->p, c->t, "Operators are nested more than %u deep in if tag.", limit);
    return NULL;
}

static struct cond *prefix(struct cond_parser *c, unsigned depth)
{
    struct cond *item = c->current++;
    if (item->op == OP_VALUE)
        return item;
    if (item->op == OP_END)
        parser_fail(c->p, c->t, "Unexpected end of expression in if tag.");
    else if (item->op != OP_NOT)
        parser_fail(c->p, c->t, "Not expecting '%s' in this position in if tag.",
                    ops[item->op].text);
    else if (!(item->first = expression(c, ops[OP_NOT].power, depth + 1)))
        return NULL;
    else
        return check_depth(c, item);
    return NULL;
}

static struct cond *infix(struct cond_parser *c, struct cond *left, unsigned depth)
{
    struct cond *item = c->current++;
    struct cond *right;
    if (item->op == OP_NOT) {
        parser_fail(c->p, c->t, "Not expecting 'not' as infix operator in if tag.");
        return NULL;
    }
    right = expression(c, ops[item->op].power, depth + 1);
    if (!right)
        return NULL;
    if ((item->op == OP_AND || item->op == OP_OR) && left->op == item->op) {
        left->last->next = right; /* one list instead of a deep tree */
        left->last = right;
        if (right->depth >= left->depth) {
            left->second = right;
            return check_depth(c, left);
        }
        return left;
    }
    item->first = left;
    item->second = right;
    if (item->op == OP_AND || item->op == OP_OR) {
        left->next = right;
        item->last = right;
    }
    return check_depth(c, item);
}

static struct cond *expression(struct cond_parser *c, unsigned power, unsigned depth)
{
    unsigned limit = c->p->engine->options.max_depth;
    if (depth > limit) {
        parser_fail(c->p, c->t, "Operators are nested more than %u deep in if tag.", limit);
        return NULL;
    }
    struct cond *left = prefix(c, depth);
    while (left && power < ops[c->current->op].power)
        left = infix(c, left, depth);
    return left;
}

struct cond *cond_parse(struct parser *p, const struct token *t, const struct str *words, size_t n)
{
    struct cond_parser c = {.p = p, .t = t};
    c.items = c.current = arena_zalloc(parser_arena(p), (n + 1) * sizeof *c.items);
    if (read_items(&c, words, n) < 0)
        return NULL;
    struct cond *root = expression(&c, 0, 0);
    if (!root || c.current->op == OP_END)
        return root;
    struct str left =
        c.current->expr ? expr_text(c.current->expr) : str_from(ops[c.current->op].text);
    parser_fail(p, t, "Unused '%.*s' at end of if expression.", STR_ARG(left));
    return NULL;
}

/* ---- evaluating ---- */

static int eval(const struct cond *c, struct render *r, struct tval *out);

static int truth(const struct cond *c, struct render *r, bool *out)
{
    struct tval v;
    if (eval(c, r, &v) < 0)
        return -1;
    return render_truth(r, v, out);
}

static int logical(const struct cond *c, struct render *r, bool *out)
{
    bool stop = c->op == OP_OR;
    for (const struct cond *x = c->first; x; x = x->next) {
        if (truth(x, r, out) < 0) {
            if (!render_forgive(r))
                return -1;
            *out = false; /* of all up to here: (a or b) or c */
            if (x == c->first)
                x = x->next;
        }
        if (*out == stop)
            return 0;
    }
    return 0;
}

static bool is_same(struct tval a, struct tval b)
{
    if (a.type != b.type)
        return false;
    if (a.type == TVAL_NONE)
        return true;
    if (a.type == TVAL_BOOL)
        return a.u.b == b.u.b;
    return a.u.i == b.u.i && a.n == b.n;
}

/* 1: `container` is none, or cannot hold such an item. */
static int contains(struct render *r, struct tval container, struct tval item, bool *out)
{
    enum tval_order order;
    *out = false;
    if (container.type == TVAL_OBJECT)
        return r->ops->contains(r, container, item, out);
    if (container.type == TVAL_STR) {
        struct str s = tval_text(container);
        if (!tval_is_str(item))
            return 1;
        *out = item.n == 0 || str_find(s, tval_text(item)) < s.n;
        return 0;
    }
    if (container.type == TVAL_LOOP)
        return 0;
    if (container.type != TVAL_LIST)
        return 1;
    for (size_t i = 0; i < container.u.list->n && !*out; i++) {
        if (render_compare(r, container.u.list->items[i], item, &order) < 0)
            return -1;
        *out = order == TVAL_EQUAL;
    }
    return 0;
}

static bool ordered(enum op op, enum tval_order order)
{
    switch (op) {
    case OP_EQ:
        return order == TVAL_EQUAL;
    case OP_NE:
        return order != TVAL_EQUAL;
    case OP_GT:
        return order == TVAL_GREATER;
    case OP_GE:
        return order == TVAL_GREATER || order == TVAL_EQUAL;
    case OP_LT:
        return order == TVAL_LESS;
    default:
        return order == TVAL_LESS || order == TVAL_EQUAL;
    }
}

static int binary_op(const struct cond *c, struct render *r, bool *out)
{
    struct tval a, b;
    enum tval_order order;
    int status;
    if (eval(c->first, r, &a) < 0 || eval(c->second, r, &b) < 0)
        return -1;
    switch (c->op) {
    case OP_IS:
    case OP_IS_NOT:
        *out = is_same(a, b) == (c->op == OP_IS);
        return 0;
    case OP_IN:
    case OP_NOT_IN:
        status = contains(r, b, a, out);
        if (status < 0)
            return -1;
        *out = status == 0 && *out == (c->op == OP_IN);
        return 0;
    default:
        if (render_compare(r, a, b, &order) < 0)
            return -1;
        *out = ordered(c->op, order);
        return 0;
    }
}

static int operate(const struct cond *c, struct render *r, bool *out)
{
    switch (c->op) {
    case OP_OR:
    case OP_AND:
        return logical(c, r, out);
    case OP_NOT:
        if (truth(c->first, r, out) < 0)
            return -1;
        *out = !*out;
        return 0;
    default:
        return binary_op(c, r, out);
    }
}

static int eval(const struct cond *c, struct render *r, struct tval *out)
{
    bool b = false;
    if (c->op == OP_VALUE)
        return expr_eval(c->expr, r, true, out);
    if (operate(c, r, &b) < 0) {
        if (!render_forgive(r))
            return -1;
        b = false;
    }
    *out = tval_bool(b);
    return 0;
}

int cond_eval(const struct cond *c, struct render *r, bool *out)
{
    if (truth(c, r, out) == 0)
        return 0;
    /* A filter's argument that does not resolve is no error here. */
    if (r->error.kind && strcmp(r->error.kind, "VariableDoesNotExist") == 0 && render_forgive(r)) {
        *out = false;
        return 0;
    }
    return -1;
}
