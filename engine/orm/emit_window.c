/* SPDX-License-Identifier: MIT */
/* Window functions: OVER (…). */
#include "orm/query_impl.h"

static void emit_bound(struct compiler *c, bool has, int32_t n, bool start)
{
    if (!has)
        emit_text(c, start ? "UNBOUNDED PRECEDING" : "UNBOUNDED FOLLOWING");
    else if (n == 0)
        emit_text(c, "CURRENT ROW");
    else {
        buf_addint(c->out, n < 0 ? -(int64_t)n : n);
        emit_text(c, n < 0 ? " PRECEDING" : " FOLLOWING");
    }
}

static int emit_frame(struct compiler *c, const struct code_frame *f)
{
    static const char *const exclusions[] = {"", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP",
                                             " EXCLUDE TIES", " EXCLUDE NO OTHERS"};
    if (f->has_start && f->has_end && f->start > f->end)
        return c_fail(c, ERR_INVALID, "the start of a frame cannot be behind its end");
    emit_text(c, f->kind == CODE_FRAME_ROWS ? " ROWS BETWEEN " : " RANGE BETWEEN ");
    emit_bound(c, f->has_start, f->start, true);
    emit_text(c, " AND ");
    emit_bound(c, f->has_end, f->end, false);
    emit_text(c, exclusions[f->exclusion]);
    return EMIT_OK;
}

/* The window's value is cast, not what it is made of. */
static int emit_uncast(struct compiler *c, struct expr *e)
{
    struct type type = e->type;
    if (type.storage == STORE_DECIMAL)
        e->type = type_builtin(FIELD_FLOAT);
    int r = emit(c, e);
    e->type = type;
    return r;
}

int emit_window(struct compiler *c, struct expr *e)
{
    uint32_t p = e->window.n_partition;
    int r = emit_uncast(c, e->args[0]);
    emit_text(c, " OVER (");
    if (p && r == EMIT_OK) {
        emit_text(c, "PARTITION BY ");
        r = emit_list(c, e->args + 1, p, ", ");
    }
    if (e->window.n_order && r == EMIT_OK) {
        emit_text(c, p ? " ORDER BY " : "ORDER BY ");
        for (uint32_t i = 0; i < e->window.n_order && r == EMIT_OK; i++) {
            emit_text(c, i ? ", " : "");
            r = emit(c, e->args[1 + p + i]);
        }
    }
    if (e->window.frame.kind != CODE_FRAME_NONE && r == EMIT_OK)
        r = emit_frame(c, &e->window.frame);
    emit_text(c, ")");
    return r;
}
