/* SPDX-License-Identifier: MIT */
/* Parts of dates, and dates cut to them: functions of the database, with names of zones. */
#include "orm/query_impl.h"

void emit_zone(struct compiler *c, struct expr *zone, bool named)
{
    if (!named || !c->orm->use_tz) {
        emit_text(c, "NULL, NULL");
        return;
    }
    if (zone && zone->kind == E_TEXT) {
        emit_param_text(c, zone->text);
    } else if (zone && zone->kind == E_VALUE && zone->value.kind != VALUE_NULL) {
        const struct type text = type_builtin(FIELD_TEXT);
        emit_value(c, zone, &text, BIND_PLAIN);
    } else {
        struct statement_param p = {.source = PARAM_ZONE};
        p.type = (struct param_type){.storage = STORE_TEXT, .bind = BIND_RAW};
        emit_param(c, &p);
    }
    emit_text(c, ", ");
    emit_param_text(c, STR("UTC"));
}

static int emit_date_call(struct compiler *c, struct expr *e, const char *name, bool kind,
                          bool zones)
{
    struct expr *of = e->args[0];
    emit_text(c, name);
    if (kind) {
        emit_param_text(c, e->text);
        emit_text(c, ", ");
    }
    int r = emit(c, of);
    if (zones) {
        emit_text(c, ", ");
        emit_zone(c, e->n > 1 ? e->args[1] : NULL, of->type.storage == STORE_DATETIME);
    }
    emit_text(c, ")");
    return r;
}

int emit_extract(struct compiler *c, struct expr *e)
{
    switch (e->args[0]->type.storage) {
    case STORE_TIME:
        return emit_date_call(c, e, "django_time_extract(", true, false);
    case STORE_DATE:
        return emit_date_call(c, e, "django_date_extract(", true, false);
    default:
        return emit_date_call(c, e, "django_datetime_extract(", true, true);
    }
}

int emit_trunc(struct compiler *c, struct expr *e)
{
    if (str_eq(e->text, STR("cast_date")))
        return emit_date_call(c, e, "django_datetime_cast_date(", false, true);
    if (str_eq(e->text, STR("cast_time")))
        return emit_date_call(c, e, "django_datetime_cast_time(", false, true);
    switch (e->type.storage) { /* by what comes out */
    case STORE_TIME:
        return emit_date_call(c, e, "django_time_trunc(", true, true);
    case STORE_DATE:
        return emit_date_call(c, e, "django_date_trunc(", true, true);
    default:
        return emit_date_call(c, e, "perilune_datetime_trunc(", true, true);
    }
}
