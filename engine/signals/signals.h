/* SPDX-License-Identifier: MIT */
/* Signals: who wants to know, and telling them.
 *
 * A receiver is something opaque with functions to call it, to ask whether it still
 * exists and to let it go; a sender is an address.  What is sent is sent to those that
 * were connected when the sending began, in the order in which they connected.
 *
 * Nobody listens to most signals: whoever sends asks first (signal_has, one branch) and
 * makes the event only then.
 *
 *     struct signal *s = signals_builtin(app->signals, SIGNAL_request_started);
 *     if (signal_has(s, NULL))
 *         signal_send(s, NULL, &(struct signal_event){.args = args, .nargs = 1}, &err);
 *
 * Owner: the worker (or command); made with the script host. */
#ifndef SIGNALS_SIGNALS_H
#define SIGNALS_SIGNALS_H

#include "base/err.h"
#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* name; do its senders have labels ("shop.Product") that may come later? */
#define SIGNALS_BUILTIN(X)                                                                         \
    X(pre_init, true)                                                                              \
    X(post_init, true)                                                                             \
    X(pre_save, true)                                                                              \
    X(post_save, true)                                                                             \
    X(pre_delete, true)                                                                            \
    X(post_delete, true)                                                                           \
    X(m2m_changed, true)                                                                           \
    X(post_bulk_create, true)                                                                      \
    X(post_bulk_update, true)                                                                      \
    X(post_queryset_update, true)                                                                  \
    X(class_prepared, false)                                                                       \
    X(pre_migrate, false)                                                                          \
    X(post_migrate, false)                                                                         \
    X(request_started, false)                                                                      \
    X(request_finished, false)                                                                     \
    X(got_request_exception, false)                                                                \
    X(setting_changed, false)                                                                      \
    X(template_rendered, false)                                                                    \
    X(connection_created, false)                                                                   \
    X(user_logged_in, false)                                                                       \
    X(user_logged_out, false)                                                                      \
    X(user_login_failed, false)

enum signal_builtin {
#define SIGNALS_ENUM(name, labelled) SIGNAL_##name,
    SIGNALS_BUILTIN(SIGNALS_ENUM)
#undef SIGNALS_ENUM
        SIGNAL_BUILTINS
};

/* ---- events ---- */

enum signal_type {
    SIGNAL_BOOL,
    SIGNAL_INT,
    SIGNAL_STR,
    SIGNAL_REQUEST,   /* object: a struct request */
    SIGNAL_ENVIRON,   /* object: a struct request, of which the receiver gets META */
    SIGNAL_EXCEPTION, /* object: a struct request, of which it gets the exception in flight */
};

struct signal_arg {
    const char *name;
    enum signal_type type;
    union {
        bool yes;
        int64_t integer;
        struct str text;
        void *object;
    };
};

struct signal;
struct signal_event;

enum signal_value_type {
    SIGNAL_VALUE_NIL, /* there is none of that name */
    SIGNAL_VALUE_BOOL,
    SIGNAL_VALUE_INT,
    SIGNAL_VALUE_NUMBER,
    SIGNAL_VALUE_STR,
    SIGNAL_VALUE_OTHER, /* a table, an object */
};

struct signal_value {
    enum signal_value_type type;
    bool yes;
    int64_t integer;
    double number; /* of integers, too */
    struct str text;
};

/* What C sends; on the sender's stack. */
struct signal_event {
    const struct signal_arg *args;
    size_t nargs;
    /* Of an event that a script sends to a receiver in C: gives the value under a name, or a
     * path ("instance.name"); "sender" is who sent it. Text lives until the receiver returns.
     * -1: looking for it raised an error. May wait. */
    int (*find)(struct signal_event *e, struct str path, struct signal_value *out, struct err *err);
    const struct signal *signal; /* set by the sending */
    /* The script's: what it made of the event for its first receiver, and how to let that
     * go after the last one. */
    int script;
    void (*release)(struct signal_event *e);
    void *host;
    char *trace; /* traceback of the receiver that failed, or NULL: free() it after signal_send() */
};

/* ---- receivers ---- */

struct receiver_ops {
    /* -1 when it failed, with the traceback in e->trace if there is one. May wait. */
    int (*call)(void *receiver, const void *sender, struct signal_event *e, struct err *err);
    /* Does it still exist? NULL: always. What is gone is disconnected sooner or later. */
    bool (*alive)(void *receiver);
    /* Nobody will call it again. May be NULL. */
    void (*drop)(void *receiver);
};

struct signal_connection {
    const struct receiver_ops *ops;
    void *receiver;
    const void *key;    /* the receiver's identity, or that of the dispatch_uid */
    const void *sender; /* NULL: of all senders */
    struct str label;   /* instead of `sender`: resolved when it appears; p NULL otherwise */
};

struct receiver; /* connected */

/* A connection that waits for a signal by its name. */
struct signal_wish {
    char *name;
    struct signal_connection c; /* its ops have no `drop` */
};

struct receiver_list { /* read-only to callers */
    const void *sender;
    size_t number; /* from 1, among the lists that the signal has now */
    size_t refs, n;
    struct receiver *items[];
};

struct signal {       /* read-only to callers */
    size_t live;      /* receivers; 0 while disabled */
    const char *name; /* NULL: an application's that has none */
    bool labelled;
    unsigned disabled;
    VEC(struct receiver *) receivers; /* in order */
    /* By sender, made at the first look after a change: slot 0 of `lists` is for senders
     * that nobody asked for by name, the rest a hash of those that somebody did. */
    struct receiver_list **lists;
    size_t list_slots;
    size_t named; /* lists in the hash */
    struct signals *owner;
    struct signal *next, *prev; /* of the owner's custom ones */
    void *data;                 /* the script's */
};

struct signals { /* read-only to callers */
    struct signal builtin[SIGNAL_BUILTINS];
    struct signal *custom;
    struct map labels; /* of senders that have appeared */
    uint64_t last_id;
    VEC(struct signal_wish) wishes;
    void (*changed)(void *data, struct signal *s);
    void *changed_data;
};

struct signals *signals_new(void);
/* Drops all receivers; custom signals must be gone. NULL is allowed. */
void signals_free(struct signals *all);
/* Drops all receivers of built-in signals: the script that they belong to ends. */
void signals_clear(struct signals *all);
/* `changed` is called whenever the answer to signal_list() may be another. It must not
 * fail, nor change signals. */
void signals_on_change(struct signals *all, void (*changed)(void *data, struct signal *s),
                       void *data);

static inline struct signal *signals_builtin(struct signals *all, enum signal_builtin which)
{
    return &all->builtin[which];
}

/* A signal of the application's; the name (which may be NULL) is for those who connect by
 * it, and copied. */
struct signal *signal_new(struct signals *all, const char *name, bool labelled);
void signal_free(struct signal *s);

/* Connects, unless a receiver with the same key is connected to the same sender: then the
 * new one is dropped at once. Gives the number of the connection, or of the one there was. */
uint64_t signal_connect(struct signal *s, const struct signal_connection *c);
/* Connects to the built-in signal of that name, or to each of the application's as they are
 * made, for as long as there are signals. -1 with ERR_CONFIG when the signal has no labels
 * and the connection does; the connection's ops must have no `drop`. */
int signals_connect_named(struct signals *all, const char *name, const struct signal_connection *c,
                          struct err *err);
/* Gives whether something was connected. `label` as in struct signal_connection. */
bool signal_disconnect(struct signal *s, const void *key, const void *sender, struct str label);
bool signal_disconnect_id(struct signal *s, uint64_t id);

/* The class known as `label` has appeared: those who waited for it are its receivers now. */
void signals_resolve(struct signals *all, struct str label, const void *sender);
/* The sender with that label; NULL when it has not appeared. */
const void *signals_find(const struct signals *all, struct str label);
/* Until the matching signal_enable() nobody is told. They nest. */
void signal_disable(struct signal *s);
void signal_enable(struct signal *s);

/* Those to tell, without regard to signal_disable(). Borrowed until the next change. */
const struct receiver_list *signal_list(struct signal *s, const void *sender);
/* Is that list the same for all senders? Asked after signal_list(). */
static inline bool signal_list_is_only(const struct signal *s)
{
    return s->named == 0;
}
void *receiver_data(const struct receiver *r); /* what was connected */
const struct receiver_ops *receiver_ops_of(const struct receiver *r);
/* The value of a name among what C sends, or of a path in what a script sent; NIL when there
 * is none, OTHER for what is no plain value. -1 as `find`. */
int signal_event_find(struct signal_event *e, struct str path, struct signal_value *out,
                      struct err *err);

bool signal_listens(struct signal *s, const void *sender);
/* Is there anybody to tell? */
static inline bool signal_has(struct signal *s, const void *sender)
{
    return s->live != 0 && signal_listens(s, sender);
}

/* Tells them in order; the first that fails ends it: -1, with its error. May wait. */
int signal_send(struct signal *s, const void *sender, struct signal_event *e, struct err *err);
/* Tells them all; `failed` hears of each that did. May wait. */
void signal_send_robust(struct signal *s, const void *sender, struct signal_event *e,
                        void (*failed)(void *data, const struct signal_event *e,
                                       const struct err *err),
                        void *data);

#endif
