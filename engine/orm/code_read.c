/* SPDX-License-Identifier: MIT */
#include "orm/code_read.h"

#include "base/banned.h"
#include "orm/code_impl.h"

void code_reader_init(struct code_reader *r, const struct code *code)
{
    *r = (struct code_reader){.code = code, .w = code_words(code)};
    r->end = r->w + code->n_words;
}

static struct str take_text(struct code_reader *r, uint32_t n)
{
    struct str s = str_make((const char *)r->w, n);
    r->w += (n + 3) / 4;
    return s;
}

/* The name behind a function. */
static struct str take_name(struct code_reader *r)
{
    if (r->w >= r->end || OP_OF(*r->w) != OP_NAME)
        return STR("");
    uint32_t n = ARG_OF(*r->w++);
    return take_text(r, n);
}

static void take_type(struct code_reader *r, uint32_t n, struct code_part *out)
{
    struct str name = take_text(r, n);
    uint32_t size = *r->w++, places = *r->w++;
    bool digits = str_eq(name, STR("DecimalField"));
    out->type = (struct code_type){.name = name,
                                   .max_length = digits ? 0 : (int)size,
                                   .max_digits = digits ? (int)size : 0,
                                   .decimal_places = (int)places};
}

static int take_value(struct code_reader *r, struct code_part *out)
{
    if (r->slot >= r->code->n_cells)
        return -1;
    out->kind = PART_VALUE;
    out->value = code_value_at(r->code, r->slot++);
    return 1;
}

static void start_list(struct code_reader *r, uint32_t n, struct code_part *out)
{
    out->kind = PART_LIST;
    out->n = n;
    r->list = n;
    r->w += (n + 3) / 4; /* the kinds, which the cells have too */
}

/* Operations whose argument is the length of a text. */
static int read_text_op(struct code_reader *r, enum op op, uint32_t arg, struct code_part *out)
{
    static const struct {
        enum op op;
        enum code_part_kind kind;
    } kinds[] = {{OP_LOOKUP, PART_LOOKUP},
                 {OP_F, PART_F},
                 {OP_NAME, PART_NAME},
                 {OP_COMPARE, PART_COMPARE},
                 {OP_COLLATE, PART_COLLATE}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (kinds[i].op != op)
            continue;
        out->kind = kinds[i].kind;
        out->text = take_text(r, arg);
        return 1;
    }
    return -1;
}

static void named(struct code_reader *r, enum code_part_kind kind, uint32_t n,
                  struct code_part *out)
{
    out->kind = kind;
    out->n = n;
    out->text = take_name(r);
}

static void take_window(struct code_reader *r, uint32_t n_partition, struct code_part *out)
{
    uint32_t n_order = *r->w++, bits = *r->w++;
    out->kind = PART_WINDOW;
    out->n = 1 + n_partition + n_order;
    out->frame = (struct code_frame){
        .kind = (enum code_frame_kind)(bits & 15),
        .exclusion = (enum code_exclusion)(bits >> 4 & 15),
        .has_start = bits & 256,
        .has_end = bits & 512,
        .query_order = bits & 1024,
    };
    out->frame.start = (int32_t)*r->w++;
    out->frame.end = (int32_t)*r->w++;
}

int code_read(struct code_reader *r, struct code_part *out)
{
    *out = (struct code_part){0};
    if (r->list) {
        r->list--;
        return take_value(r, out);
    }
    if (r->w >= r->end)
        return 0;
    enum op op = OP_OF(*r->w);
    uint32_t arg = ARG_OF(*r->w++);
    out->arg = arg;
    switch (op) {
    case OP_VALUE:
        return take_value(r, out);
    case OP_LIST:
        start_list(r, arg, out);
        return 1;
    case OP_OPERANDS:
        out->kind = PART_OPERANDS;
        out->n = arg;
        return 1;
    case OP_Q:
        out->kind = PART_Q;
        out->n = arg >> 3;
        out->negated = arg & 4;
        out->arg = arg & 3;
        return 1;
    case OP_OUTER:
        named(r, PART_OUTER, 0, out);
        return 1;
    case OP_STAR:
        out->kind = PART_STAR;
        return 1;
    case OP_COMBINED:
        out->kind = PART_COMBINED;
        return 1;
    case OP_OUTPUT:
    case OP_CAST:
        out->kind = op == OP_CAST ? PART_CAST : PART_OUTPUT;
        take_type(r, arg, out);
        return 1;
    case OP_FUNCTION:
        named(r, PART_FUNCTION, arg, out);
        return 1;
    case OP_AGGREGATE:
        named(r, PART_AGGREGATE, arg >> 4, out);
        out->arg = arg & 15;
        return 1;
    case OP_CASE:
        out->kind = PART_CASE;
        out->n = arg >> 1;
        out->has_default = arg & 1;
        return 1;
    case OP_NOT:
        out->kind = PART_NOT;
        return 1;
    case OP_ORDER:
        out->kind = PART_ORDER;
        return 1;
    case OP_ORDER_BY:
        out->kind = PART_ORDER_BY;
        out->n = arg;
        return 1;
    case OP_WINDOW:
        take_window(r, arg, out);
        return 1;
    case OP_RAW:
        named(r, PART_RAW, arg, out);
        return 1;
    case OP_DEFAULT:
        out->kind = PART_DEFAULT;
        return 1;
    default:
        return read_text_op(r, op, arg, out);
    }
}
