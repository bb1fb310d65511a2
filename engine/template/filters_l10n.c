/* SPDX-License-Identifier: MIT */
/* Filters of {% load l10n %}, tz and i18n. */
#include "template/filters.h"
#include "value/language.h"

#include "base/banned.h"

/* ---- l10n ---- */

static int localize(struct render *r, struct tval *v, bool on)
{
    bool use_l10n = r->use_l10n;
    r->use_l10n = on;
    int failed = render_localize(r, *v, v);
    r->use_l10n = use_l10n;
    return failed ? -1 : render_str(r, *v, v);
}

static FILTER(localize)
{
    (void)f, (void)arg;
    return localize(r, v, true);
}

static FILTER(unlocalize)
{
    (void)f, (void)arg;
    return localize(r, v, false);
}

const struct filter template_l10n_filters[] = {
    {"localize", filter_localize, 0, 0, 0, NULL},
    {"unlocalize", filter_unlocalize, 0, 0, 0, NULL},
    {0},
};

/* ---- tz ---- */

/* The moment on the clock of tz, on which it is then shown. */
static int convert(struct render *r, struct tval *v, struct tz tz)
{
    if (v->type != TVAL_MOMENT || v->u.moment->kind != MOMENT_DATETIME) {
        *v = filter_empty();
        return 0;
    }
    struct moment *m = render_alloc(r, sizeof *m);
    *m = *v->u.moment;
    if (m->value.tz.kind == TZ_NONE)
        m->value.tz = r->default_zone;
    if (datetime_astimezone(&m->value, tz, &m->value, NULL))
        return render_fail(r, "OverflowError", "date value out of range");
    *v = (struct tval){.type = TVAL_MOMENT, .flags = TVAL_ZONED, .u.moment = m};
    return 0;
}

static FILTER(localtime)
{
    (void)f, (void)arg;
    return convert(r, v, r->zone);
}

static FILTER(utc)
{
    (void)f, (void)arg;
    return convert(r, v, tz_utc());
}

static FILTER(timezone)
{
    (void)f;
    struct tz tz;
    if (v->type == TVAL_MOMENT && v->u.moment->kind == MOMENT_DATETIME) {
        int got = r->ops->zone(r, *arg, &tz);
        if (got < 0)
            return -1;
        if (got == 0)
            return convert(r, v, tz);
    }
    *v = filter_empty();
    return 0;
}

const struct filter template_tz_filters[] = {
    {"localtime", filter_localtime, 0, 0, 0, NULL},
    {"timezone", filter_timezone, 0, 1, 1, NULL},
    {"utc", filter_utc, 0, 0, 0, NULL},
    {0},
};

/* ---- i18n ---- */

static const struct language *find(struct render *r, struct tval v)
{
    if (!tval_is_str(v)) {
        render_fail(r, "TypeError", "a language code is a string, not %s", tval_type_name(v));
        return NULL;
    }
    struct str code = tval_text(v);
    const struct language *found = language_find(code);
    size_t hyphen = str_index(code, '-');
    struct str shown = str_head(code, 100), generic = str_head(str_head(code, hyphen), 100);
    if (!found && hyphen == code.n)
        render_fail(r, "KeyError", "'Unknown language code %.*s.'", STR_ARG(shown));
    else if (!found)
        render_fail(r, "KeyError", "'Unknown language code %.*s and %.*s.'", STR_ARG(shown),
                    STR_ARG(generic));
    return found;
}

static FILTER(language_name)
{
    (void)f, (void)arg;
    const struct language *l = find(r, *v);
    if (l)
        *v = tval_str(l->name);
    return l ? 0 : -1;
}

static FILTER(language_name_translated)
{
    (void)f, (void)arg;
    const struct language *l = find(r, *v);
    if (!l)
        return -1;
    *v = tval_str(l->name);
    return r->ops->translate ? r->ops->translate(r, STR_NULL, l->name, STR_NULL, tval_none(), v)
                             : 0;
}

static FILTER(language_name_local)
{
    (void)f, (void)arg;
    const struct language *l = find(r, *v);
    if (l)
        *v = tval_str(l->name_local);
    return l ? 0 : -1;
}

static FILTER(language_bidi)
{
    (void)f, (void)arg;
    const struct language *l = find(r, *v);
    if (l)
        *v = tval_bool(l->bidi);
    return l ? 0 : -1;
}

const struct filter template_i18n_filters[] = {
    {"language_bidi", filter_language_bidi, 0, 0, 0, NULL},
    {"language_name", filter_language_name, 0, 0, 0, NULL},
    {"language_name_local", filter_language_name_local, 0, 0, 0, NULL},
    {"language_name_translated", filter_language_name_translated, 0, 0, 0, NULL},
    {0},
};
