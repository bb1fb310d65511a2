/* SPDX-License-Identifier: MIT */
/* Stepping over words without resolving them. */
#include "orm/query_impl.h"

static bool skip_text(struct compiler *c, uint32_t w, uint32_t words)
{
    return read_bytes(c, ARG_OF(w)).p != NULL && (size_t)(c->end - c->w) >= words &&
           ((c->w += words), true);
}

/* How many items follow the op at hand; -1: it is broken. */
static int64_t skip_one(struct compiler *c, uint32_t w)
{
    uint32_t n = ARG_OF(w), k;
    switch (OP_OF(w)) {
    case OP_VALUE:
    case OP_SLOT:
        c->slot++;
        return 0;
    case OP_LIST:
        c->slot += n;
        return skip_text(c, w, 0) ? 0 : -1;
    case OP_INSTANCES:
        k = read_word(c);
        if (k >= c->orm->n_models)
            return -1;
        c->slot += (n & 0x7fffff) * c->orm->models[k]->n_targets;
        return 0;
    case OP_Q:
        return n >> 3;
    case OP_LOOKUP:
    case OP_COLLATE:
        return skip_text(c, w, 0) ? 1 : -1;
    case OP_F:
    case OP_NAME:
        return skip_text(c, w, 0) ? 0 : -1;
    case OP_OUTER:
    case OP_NOT:
    case OP_ORDER:
    case OP_FILTER:
    case OP_EXCLUDE:
        return 1;
    case OP_COMPARE:
        return skip_text(c, w, 0) ? 2 : -1;
    case OP_OUTPUT:
    case OP_CAST:
        return skip_text(c, w, 2) ? 1 : -1;
    case OP_COMBINED:
    case OP_DATES:
        return 2;
    case OP_DATETIMES:
    case OP_FILTERED_RELATION:
        return 3;
    case OP_FUNCTION:
    case OP_RAW:
        return (int64_t)n + 1;
    case OP_AGGREGATE:
        return 1 + (int64_t)(n >> 4) + !!(n & CODE_AGG_FILTER) + !!(n & CODE_AGG_DEFAULT) +
               !!(n & CODE_AGG_ORDER);
    case OP_CASE:
        return (int64_t)(n >> 1) * 2 + (n & 1);
    case OP_WINDOW:
        k = read_word(c);
        if ((size_t)(c->end - c->w) < 3)
            return -1;
        c->w += 3;
        return 1 + (int64_t)n + k;
    case OP_ANNOTATE:
    case OP_ALIAS:
        return (int64_t)n * 2;
    case OP_OPERANDS:
    case OP_ORDER_BY:
    case OP_DISTINCT:
    case OP_VALUES:
    case OP_VALUES_LIST:
    case OP_ONLY:
    case OP_DEFER:
        return n;
    case OP_SELECT_RELATED:
        return n >> 2;
    case OP_LOCK:
        return n >> 3;
    case OP_COMBINE:
        c->slot += 2;
        return n >> 2;
    case OP_STAR:
    case OP_DEFAULT:
    case OP_MODEL:
    case OP_REVERSE:
    case OP_SLICE:
    case OP_NONE:
        return 0;
    default:
        return -1;
    }
}

int skip_operand(struct compiler *c)
{
    for (int64_t pending = 1; pending > 0; pending--) {
        uint32_t w = read_word(c);
        if (OP_OF(w) == OP_QUERY) {
            uint32_t n = read_word(c);
            if (n > (size_t)(c->end - c->w) || ++c->depth > DEPTH_MAX)
                return c_corrupt(c);
            const uint32_t *end = c->w + n;
            while (c->w < end)
                if (skip_operand(c) < 0)
                    return -1;
            c->depth--;
            c->slot += 2;
            continue;
        }
        int64_t more = skip_one(c, w);
        if (more < 0 || (pending += more) > UINT32_MAX || c->slot > c->code->n_cells)
            return c_corrupt(c);
    }
    return 0;
}
