/* SPDX-License-Identifier: MIT */
/* Shared by template*.c: the template engine's host in Lua.
 *
 * Values of templates that are Lua's live on the stack of a store thread S: a lua_State
 * that no function ever runs on.  What is done on it directly cannot raise (raw access,
 * pushes of what exists); whatever can (metamethods, calls, new strings) happens on the
 * running thread under lua_pcall, and the result is moved over.  So no Lua error ever
 * crosses a frame of the engine.  TVAL_OBJECT numbers are stack slots of S; what is kept
 * beyond marks has a slot on a second thread K, as a negative number. */
#ifndef BINDINGS_TEMPLATE_IMPL_H
#define BINDINGS_TEMPLATE_IMPL_H

#include "bindings/lua/class.h"
#include "bindings/lua/host.h"
#include "bindings/lua/thread.h"

#include "template/parser.h"
#include "template/template.h"

#include <lua.h>

/* Slots of S that every render has. */
enum {
    STORE_NAMES = 1, /* id + 1 -> string */
    STORE_KINDS,     /* metatable -> enum value_kind */
    STORE_MARKS,     /* function -> enum call_mark */
    STORE_META,      /* enum meta -> name of the metamethod */
    STORE_INDEX,     /* the string "__index" */
    STORE_CONTEXT,   /* the author's variables: a table or nil */
    STORE_EXTRA,     /* those of context processors: a table or nil */
    STORE_REQUEST,   /* or nil */
    STORE_HANDLE,    /* the context as Lua sees it, once somebody asked for it */
    STORE_BASE = STORE_HANDLE
};

enum meta {
    META_LEN = 1,
    META_PAIRS,
    META_BOOL,     /* __bool(v): truth, where it is not #v > 0 */
    META_HASFIELD, /* __hasfield(v, name): the field is there, and NULL */
    META_TOSTRING,
    META_HTML, /* __html(v): text that is HTML already */
    META_EQ,
    META_LT,
    META_CONTAINS, /* __contains(v, item) */
    META_END
};

enum value_kind {
    KIND_SAFE = 1,
    KIND_DECIMAL,
    KIND_DATE,
    KIND_TIME,
    KIND_DATETIME,
    KIND_TIMEDELTA,
    KIND_TEMPLATE,
    KIND_ARRAY, /* of tables: json.array */
};

enum call_mark { MARK_ALTERS_DATA = 1, MARK_DO_NOT_CALL };

/* The memory of one render; pooled. Owner: the state's arena. */
struct store {
    lua_State *S, *K;
    struct buf out;
    struct store *next; /* in the pool */
    int *holes;         /* free slots of K */
    size_t nholes, cap_holes;
};

struct lua_engine { /* in a userdata */
    struct template_engine *engine;
    struct host *host;
    /* in the registry: */
    int names;        /* array of the engine's names as strings */
    int callbacks;    /* the functions of the Lua half */
    int error;        /* what was raised last while compiling or rendering */
    int text, origin; /* the source that was loaded last, while it is copied */
    int self;         /* weak table with the userdata */
    struct lua_library *libraries;
    struct foreign *foreign;
    struct template_formats formats, plain; /* of the language; of the settings */
    bool strict;
};

struct lua_render {
    struct render r; /* first */
    struct lua_engine *e;
    struct store *store;
    lua_State *S, *K;
    bool has_extra;
    bool context_raw;              /* the author's table has no metatable */
    struct handle *handle;         /* of STORE_HANDLE */
    int depth;                     /* of comparisons */
    unsigned scopes, scopes_floor; /* pushed by tags in Lua; those that the running one may pop */
    bool hidden;                   /* in {% include … only %} made by a tag in Lua */
};

static inline struct lua_render *render_lua(struct render *r)
{
    return (struct lua_render *)r;
}

/* The thread of Lua that the running fiber is on: the only one where anything may raise. */
static inline lua_State *running_thread(const struct lua_engine *e)
{
    return thread_current(e->host)->running;
}

/* ---- store.c ---- */

/* The threads of a render; NULL with a message on L when memory is out. Never raises. */
struct store *store_take(lua_State *L);
void store_give(lua_State *L, struct store *s);
void store_open(lua_State *L); /* once per state */
/* Pushes what is common to all renders on a store thread: kinds, marks. [-0, +1] */
void store_push_kinds(lua_State *L);
void store_push_marks(lua_State *L);
void store_push_meta(lua_State *L);

void host_release(struct render *r, size_t made);
int host_keep(struct render *r, struct tval *v);
void host_drop(struct render *r, struct tval v);

/* ---- value.c ---- */

/* Room for n more values on S; -1 with the render's error set. */
int value_room(struct lua_render *lr, int n);
/* The value of a slot of S; whether it needs the slot. nil is `none`. */
bool value_at(struct lua_render *lr, int slot, enum tval_type none, struct tval *out);
/* Takes the value on top of S, which stays there when the result needs it. Gives 0. */
int value_take(struct lua_render *lr, enum tval_type none, struct tval *out);
/* Pushes the object v onto S (room is there). [S: +1] */
void value_push_object(struct lua_render *lr, struct tval v);
/* Pushes any value on L as Lua has it; None and undefined are nil. [-0, +1, may raise] */
void value_push(lua_State *L, struct lua_render *lr, struct tval v);

/* The thread and slot of an object. */
static inline lua_State *value_slot(const struct lua_render *lr, struct tval v, int *slot)
{
    if (v.u.object > 0) {
        *slot = (int)v.u.object;
        return lr->S;
    }
    *slot = (int)-v.u.object;
    return lr->K;
}

/* ---- protected calls ---- */

/* What step() does on the running thread, protected; one result, if any, is moved to S.
 * 0; -1 with the render's error set and the error object kept. */
struct step {
    struct lua_render *lr;
    struct tval self, arg;
    const struct name *name;
    struct str str;
    struct buf *buf;
    bool *flag, silent_only; /* step_try: only what is silent is passed over */
    int64_t i, *number;
    int ref;
    void *data;
};
int step_run(struct lua_render *lr, lua_CFunction step, struct step *s, bool result);
/* As above, but gives 1 when what was raised is what lookups take for "no such thing"
 * (AttributeError, KeyError …) or silent in templates. */
int step_try(struct lua_render *lr, lua_CFunction step, struct step *s, bool result);
/* The error object on top of L is kept and becomes the render's. [L: -1] Gives -1. */
int error_keep(struct lua_render *lr, lua_State *L);
/* Is the error object at idx one that templates pass over (silent_variable_failure)? */
bool error_silent(lua_State *L, int idx);

/* ---- lookup.c ---- */
int host_variable(struct render *r, const struct name *name, struct tval *out);
int host_lookup(struct render *r, struct tval obj, const struct name *name, struct tval *out);
int host_lookup_str(struct render *r, struct tval obj, struct str name, struct tval *out);
int host_call(struct render *r, struct tval self, struct tval *v);
/* Pushes the Lua string of the name onto S (room is there). [S: +1] */
int name_push(struct lua_render *lr, const struct name *name);

/* ---- sequence.c ---- */
int host_sequence(struct render *r, struct tval v, struct tseq *out);
int host_item(struct render *r, const struct tseq *s, size_t i, struct tval *out);
int host_length(struct render *r, struct tval v, int64_t *n);
int host_truth(struct render *r, struct tval v, bool *out);
int host_slice(struct render *r, struct tval v, int64_t start, int64_t stop, struct tval *out);
/* `items` (pairs), `keys` or `values` of the plain table on top of S, in key order; takes
 * it off. */
enum table_part { PART_ITEMS, PART_KEYS, PART_VALUES };
int table_list(struct lua_render *lr, enum table_part part, struct tval *out);
/* What a value is to templates. Quick. */
enum object_shape {
    SHAPE_LIST,     /* plain table 1 .. n */
    SHAPE_MAP,      /* plain table of other keys */
    SHAPE_EMPTY,    /* plain table without anything */
    SHAPE_OBJECT,   /* has a metatable; userdata */
    SHAPE_ITERATOR, /* function, coroutine */
};
enum object_shape object_shape(struct lua_render *lr, struct tval v);
/* Does the object have that metamethod? Quick. */
bool object_has(struct lua_render *lr, struct tval v, enum meta metamethod);

/* ---- text.c ---- */
int host_text(struct render *r, struct tval v, struct buf *out, bool *safe);
int host_repr(struct render *r, struct tval v, struct buf *out);
int host_json(struct render *r, struct tval v, struct buf *out);
int host_zone(struct render *r, struct tval v, struct tz *out);

/* ---- compare.c ---- */
int host_compare(struct render *r, struct tval a, struct tval b, enum tval_order *out);
int host_contains(struct render *r, struct tval container, struct tval item, bool *out);

/* ---- context.c ---- */
void context_open(lua_State *L);
/* Pushes the handle of the render's context. [-0, +1, may raise] */
void context_push_handle(lua_State *L, struct lua_render *lr);
struct lua_render *context_check(lua_State *L, int arg);
/* Raises the render's error. */
int context_raise(lua_State *L, struct lua_render *lr);

/* ---- parser.c ---- */
void parser_open(lua_State *L);

/* ---- library.c ---- */
/* A library of the description at idx (a Lua Library); lives as long as the engine. May raise. */
const struct library *library_make(lua_State *L, int idx, struct lua_engine *e);
void library_free_all(struct lua_engine *e);

/* ---- tags.c ---- */
extern const struct library template_service_tags; /* url, csrf_token, static … */
const struct library *template_service_library(struct str name);

/* ---- error.c ---- */
/* Pushes the error object for *err: of perilune.exceptions by its kind, or what was kept.
 * [-0, +1] Never raises; the error is released. */
void template_error_push(lua_State *L, struct lua_engine *e, struct template_error *err);
/* Calls step(light data) on the running thread, protected: 0, or -1 with the error object
 * kept as the engine's and described in *err (code ERR_SCRIPT). */
int engine_call(struct lua_engine *e, lua_CFunction step, void *data, struct err *err);

/* ---- host.c ---- */
extern const struct template_host_ops lua_template_host;

/* ---- template.c ---- */
struct lua_engine *engine_check(lua_State *L, int arg);
/* The template of a template object; NULL. [-0, +0] */
struct template *template_test(lua_State *L, int idx);
/* t, or what it is in e when it belongs to another engine: compiled anew, once.  Lives as
 * long as e.  NULL with *err filled. May wait. */
struct template *template_own(struct lua_engine *e, struct template *t, struct template_error *err);
/* An object for t, whose reference it takes over. [-0, +1, may raise: t is let go] */
void template_push(lua_State *L, struct lua_engine *e, struct template *t);

#endif
