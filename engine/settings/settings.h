/* SPDX-License-Identifier: MIT */
/* The settings of a project as the engine sees them: one typed table.
 *
 * Every known setting is a row of SETTINGS below: name, type, default, range, what it
 * means.  The script host reads settings.lua once and stores what it finds here; the
 * engine asks by constant (SETTING_debug), never by string.  Rows of type ANY belong
 * to the script (nested tables, functions): here they only have a name.
 *
 * Owner: process; immutable after the project is loaded, but for tests that override some. */
#ifndef SETTINGS_SETTINGS_H
#define SETTINGS_SETTINGS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include "settings/rows.h"

enum setting_id {
#define SETTING_ENUM(name, type, def, min, max, doc) SETTING_##name,
    SETTINGS(SETTING_ENUM)
#undef SETTING_ENUM
        SETTING_COUNT
};

enum setting_type {
    SETTING_BOOL,
    SETTING_INT,
    SETTING_FLOAT, /* seconds, rates */
    SETTING_STR,   /* unset: p NULL */
    SETTING_LIST,  /* of strings */
    SETTING_MAP,   /* of names to lists of strings */
    SETTING_ANY,   /* the script's own */
};

struct setting_row {
    const char *name;
    enum setting_type type;
    const char *fallback; /* as text: "true", "30", "a,b" for lists; NULL: unset */
    double min, max;      /* of numbers */
    const char *doc;
};
extern const struct setting_row setting_rows[SETTING_COUNT];

struct strs { /* a list of strings, read-only */
    const struct str *items;
    size_t n;
};

struct strs_entry {
    struct str name;
    struct strs values;
    bool flag; /* given as `true`: the name alone */
};
struct strs_map { /* in the order of the names, read-only */
    const struct strs_entry *entries;
    size_t n;
};

struct settings;
/* All defaults. */
struct settings *settings_new(void);
void settings_free(struct settings *s);

/* Index of the row called `name`, or -1. */
int settings_find(struct str name);
/* Is `name` so near to a known setting that it must be a typing error?  Fills
 * `nearest` (of `size` bytes) with the known one. */
bool settings_misspelt(struct str name, char *nearest, size_t size);

/* Store a value; ERR_CONFIG when it is of the wrong type or out of range, naming
 * setting, value and what is wanted. Texts are copied. */
int settings_set_bool(struct settings *s, enum setting_id id, bool v, struct err *err);
int settings_set_number(struct settings *s, enum setting_id id, double v, struct err *err);
int settings_set_str(struct settings *s, enum setting_id id, struct str v, struct err *err);
int settings_set_list(struct settings *s, enum setting_id id, const struct str *items, size_t n,
                      struct err *err);
int settings_set_map(struct settings *s, enum setting_id id, const struct strs_entry *entries,
                     size_t n, struct err *err);
/* As if it had never been set. */
void settings_unset(struct settings *s, enum setting_id id);
/* A setting of the author's own, kept as text for C modules. */
void settings_set_extra(struct settings *s, struct str name, struct str text);

bool settings_is_set(const struct settings *s, enum setting_id id);
bool settings_bool(const struct settings *s, enum setting_id id);
int64_t settings_int(const struct settings *s, enum setting_id id);
double settings_float(const struct settings *s, enum setting_id id);
struct str settings_str(const struct settings *s, enum setting_id id);
struct strs settings_list(const struct settings *s, enum setting_id id);
struct strs_map settings_map(const struct settings *s, enum setting_id id);
/* Adds the value of the setting called `name`, one of the author's own or known: texts and
 * numbers as they are, lists with commas between. false: not set, or not to be written so. */
bool settings_text(const struct settings *s, struct str name, struct buf *out);

#endif
