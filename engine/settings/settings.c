/* SPDX-License-Identifier: MIT */
#include "settings/settings.h"

#include "base/map.h"
#include "base/suggest.h"

#include <math.h>

const struct setting_row setting_rows[SETTING_COUNT] = {
#define SETTING_ROW(name, type, def, min, max, doc) {#name, SETTING_##type, def, min, max, doc},
    SETTINGS(SETTING_ROW)
#undef SETTING_ROW
};

struct value {
    bool set;   /* by the project, not the default */
    bool known; /* has a value at all */
    bool b;
    double number;
    struct str s;
    struct strs list;
    struct strs_map map;
};

struct settings {
    struct arena arena;
    struct map extra; /* of struct str */
    struct value values[SETTING_COUNT];
};

static struct strs split_list(struct arena *a, struct str text)
{
    struct strs out = {NULL, 0};
    struct str part, rest = text;
    size_t n = 0;
    if (text.n == 0)
        return out;
    while (str_split(&rest, ',', &part))
        n++;
    struct str *items = arena_alloc(a, n * sizeof *items);
    rest = text;
    for (size_t i = 0; str_split(&rest, ',', &part); i++)
        items[i] = arena_str(a, part);
    return (struct strs){items, n};
}

static void set_default(struct settings *s, size_t id)
{
    const struct setting_row *row = &setting_rows[id];
    struct value *v = &s->values[id];
    if (!row->fallback)
        return;
    v->known = true;
    switch (row->type) {
    case SETTING_BOOL:
        v->b = row->fallback[0] == 't';
        break;
    case SETTING_INT:
    case SETTING_FLOAT:
        v->number = strtod(row->fallback, NULL);
        break;
    case SETTING_STR:
        v->s = str_from(row->fallback);
        break;
    case SETTING_LIST:
        v->list = split_list(&s->arena, str_from(row->fallback));
        break;
    case SETTING_MAP:
    case SETTING_ANY:
        break;
    }
}

struct settings *settings_new(void)
{
    struct settings *s = mem_zalloc(sizeof *s);
    arena_init(&s->arena, 0);
    map_init(&s->extra);
    for (size_t i = 0; i < SETTING_COUNT; i++)
        set_default(s, i);
    return s;
}

void settings_free(struct settings *s)
{
    if (s) {
        map_release(&s->extra, NULL);
        arena_release(&s->arena);
        free(s);
    }
}

int settings_find(struct str name)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (str_eq(name, str_from(setting_rows[i].name)))
            return (int)i;
    return -1;
}

bool settings_misspelt(struct str name, char *nearest, size_t size)
{
    size_t limit = name.n < 5 ? 1 : 2, best = limit + 1;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        size_t d = suggest_distance(name, str_from(setting_rows[i].name), limit);
        if (d < best) {
            best = d;
            snprintf(nearest, size, "%s", setting_rows[i].name);
        }
    }
    return best <= limit;
}

static int wrong_type(enum setting_id id, const char *got, struct err *err)
{
    static const char *const wanted[] = {
        "true or false", "an integer",        "a number",
        "a string",      "a list of strings", "a table of names and lists of strings",
        "a table",
    };
    return err_set(err, ERR_CONFIG, "setting '%s' must be %s, not %s", setting_rows[id].name,
                   wanted[setting_rows[id].type], got);
}

static struct value *store(struct settings *s, enum setting_id id)
{
    struct value *v = &s->values[id];
    v->set = v->known = true;
    return v;
}

void settings_unset(struct settings *s, enum setting_id id)
{
    s->values[id] = (struct value){0};
    set_default(s, id);
}

int settings_set_bool(struct settings *s, enum setting_id id, bool b, struct err *err)
{
    if (setting_rows[id].type != SETTING_BOOL)
        return wrong_type(id, "a boolean", err);
    store(s, id)->b = b;
    return 0;
}

int settings_set_number(struct settings *s, enum setting_id id, double number, struct err *err)
{
    const struct setting_row *row = &setting_rows[id];
    if (row->type != SETTING_INT && row->type != SETTING_FLOAT)
        return wrong_type(id, "a number", err);
    if (row->type == SETTING_INT && number != floor(number))
        return wrong_type(id, "a fraction", err);
    if (!(number >= row->min && number <= row->max))
        return err_set(err, ERR_CONFIG, "setting '%s' is %g; it must be from %g to %g", row->name,
                       number, row->min, row->max);
    store(s, id)->number = number;
    return 0;
}

int settings_set_str(struct settings *s, enum setting_id id, struct str text, struct err *err)
{
    if (setting_rows[id].type == SETTING_LIST) /* one item may stand for a list of one */
        return settings_set_list(s, id, &text, 1, err);
    if (setting_rows[id].type != SETTING_STR)
        return wrong_type(id, "a string", err);
    store(s, id)->s = arena_str(&s->arena, text);
    return 0;
}

static struct strs copy_list(struct settings *s, const struct str *items, size_t n)
{
    struct str *copy = arena_alloc(&s->arena, n * sizeof *copy);
    for (size_t i = 0; i < n; i++)
        copy[i] = arena_str(&s->arena, items[i]);
    return (struct strs){copy, n};
}

int settings_set_list(struct settings *s, enum setting_id id, const struct str *items, size_t n,
                      struct err *err)
{
    if (setting_rows[id].type != SETTING_LIST)
        return wrong_type(id, "a list", err);
    store(s, id)->list = copy_list(s, items, n);
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return str_cmp(((const struct strs_entry *)a)->name, ((const struct strs_entry *)b)->name);
}

int settings_set_map(struct settings *s, enum setting_id id, const struct strs_entry *entries,
                     size_t n, struct err *err)
{
    if (setting_rows[id].type != SETTING_MAP)
        return wrong_type(id, "a table", err);
    struct strs_entry *copy = arena_alloc(&s->arena, n * sizeof *copy);
    for (size_t i = 0; i < n; i++) {
        const struct strs_entry *e = &entries[i];
        copy[i] = (struct strs_entry){arena_str(&s->arena, e->name),
                                      copy_list(s, e->values.items, e->values.n), e->flag};
    }
    if (n)
        qsort(copy, n, sizeof *copy, by_name); /* a script's table has no order */
    store(s, id)->map = (struct strs_map){copy, n};
    return 0;
}

void settings_set_extra(struct settings *s, struct str name, struct str text)
{
    struct str *copy = arena_alloc(&s->arena, sizeof *copy);
    *copy = arena_str(&s->arena, text);
    map_set(&s->extra, name, copy);
}

bool settings_is_set(const struct settings *s, enum setting_id id)
{
    return s->values[id].set;
}

bool settings_bool(const struct settings *s, enum setting_id id)
{
    return s->values[id].b;
}

int64_t settings_int(const struct settings *s, enum setting_id id)
{
    return (int64_t)s->values[id].number;
}

double settings_float(const struct settings *s, enum setting_id id)
{
    return s->values[id].known ? s->values[id].number : -1;
}

struct str settings_str(const struct settings *s, enum setting_id id)
{
    return s->values[id].s;
}

struct strs settings_list(const struct settings *s, enum setting_id id)
{
    return s->values[id].list;
}

struct strs_map settings_map(const struct settings *s, enum setting_id id)
{
    return s->values[id].map;
}

static bool add_text(const struct setting_row *row, const struct value *v, struct buf *out)
{
    switch (v->known ? row->type : SETTING_ANY) {
    case SETTING_BOOL:
        buf_adds(out, v->b ? "true" : "false");
        return true;
    case SETTING_INT:
        buf_addint(out, (int64_t)v->number);
        return true;
    case SETTING_FLOAT:
        buf_addf(out, "%.15g", v->number);
        return true;
    case SETTING_STR:
        buf_addstr(out, v->s);
        return true;
    case SETTING_LIST:
        for (size_t i = 0; i < v->list.n; i++) {
            if (i)
                buf_addc(out, ',');
            buf_addstr(out, v->list.items[i]);
        }
        return true;
    case SETTING_MAP:
    case SETTING_ANY:
        break;
    }
    return false;
}

bool settings_text(const struct settings *s, struct str name, struct buf *out)
{
    const struct str *extra = map_get(&s->extra, name);
    int id = settings_find(name);
    if (id >= 0)
        return add_text(&setting_rows[id], &s->values[id], out);
    if (extra)
        buf_addstr(out, *extra);
    return extra != NULL;
}
