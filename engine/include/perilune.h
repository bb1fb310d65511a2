/* SPDX-License-Identifier: MIT */
/* C modules of Perilune: the whole interface.
 *
 * A module is a shared object named in settings.c_modules.  It exports one symbol,
 * `const struct pln_module pln_module`, that lists what it brings:
 *
 *     static struct pln_response *hello(struct pln_env *env, struct pln_request *r)
 *     {
 *         return pln_response_text(200, "text/plain", "Hello!\n");
 *     }
 *     static const struct pln_view views[] = {{.name = "hello.view", .call = hello}, {0}};
 *     PLN_EXPORT const struct pln_module pln_module = {
 *         PLN_MODULE_HEAD, .name = "hello", .version = "1.0", .views = views};
 *
 * Rules
 *  - Everything runs in the worker's one thread, most of it in the fiber of a request.
 *    Functions marked "May wait." let other requests run meanwhile; to block in any other
 *    way blocks the whole worker: use pln_wait_fd() or pln_blocking().
 *  - Handles are opaque.  A struct pln_request lives until its response is out; nothing
 *    that came from it may be kept longer.  Its strings are not NUL-ended.
 *  - Nothing here jumps: failures come back as -1 or NULL, and no Lua error ever runs
 *    through a module's frames.
 *  - A struct pln_response * that a function takes or returns is one reference, which
 *    goes with it; pln_response_free() drops one that is not passed on.
 *
 * Growing: fields are only ever added at the end of struct pln_module, which says its own
 * size; what a module does not know of reads as zero.  Everything else changes with
 * PLN_ABI only. */
#ifndef PERILUNE_H
#define PERILUNE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PLN_ABI 1

#define PLN_EXPORT __attribute__((visibility("default")))
#define PLN_API __attribute__((visibility("default")))
#define PLN_FORMAT(fmt, args) __attribute__((format(printf, fmt, args)))

struct pln_env;      /* the module at work in one worker */
struct pln_request;  /* read-only but for its attributes */
struct pln_response; /* counted */
struct pln_next;     /* the rest of a chain of middleware */
struct pln_call;     /* arguments and results of a function called from a script */
struct pln_out;      /* where a stream writes */
struct pln_event;    /* what a signal tells its receivers, for the time of the call */

struct pln_str { /* bytes, not NUL-ended; p NULL: there is none */
    const char *p;
    size_t n;
};

/* ---- what a module brings; every list ends with an entry whose name is NULL ---- */

enum pln_open {
    PLN_OPENED = 0,
    PLN_FAILED = -1,  /* after pln_fail(): the worker does not start */
    PLN_NOT_USED = 1, /* the layer takes itself out of the chain */
};

/* One layer of the onion; settings.middleware names it. */
struct pln_middleware {
    const char *name; /* "geo.country" */
    /* Once, at start; *self is what the others get. May be NULL. */
    int (*open)(struct pln_env *env, void **self);
    void (*close)(void *self); /* may be NULL */
    /* A response of its own, what pln_next() gave, or NULL after pln_raise(). */
    struct pln_response *(*call)(void *self, struct pln_request *r, const struct pln_next *next);
    /* Hooks, all may be NULL. NULL means "go on" (or, after pln_raise(), an error). */
    struct pln_response *(*process_view)(void *self, struct pln_request *r, const char *view);
    struct pln_response *(*process_exception)(void *self, struct pln_request *r);
    struct pln_response *(*process_template_response)(void *self, struct pln_request *r,
                                                      struct pln_response *response);
};

/* A view; urls.path("near/", "geo.nearby") names it. */
struct pln_view {
    const char *name; /* "geo.nearby" */
    /* A response, or NULL after pln_raise(). */
    struct pln_response *(*call)(struct pln_env *env, struct pln_request *r);
};

/* A function of the module that scripts get: require("geo").distance(…). */
struct pln_function {
    const char *name; /* "distance" */
    /* 0, or -1 after pln_call_fail(). */
    int (*call)(struct pln_env *env, struct pln_call *c);
    const char *doc; /* one line; may be NULL */
};

/* `perilune import_places FILE`: argv[0] is the name. Gives the exit status. */
struct pln_command {
    const char *name;
    const char *help; /* one line */
    int (*run)(struct pln_env *env, int argc, const char *const *argv);
};

/* A receiver of a signal. */
struct pln_receiver {
    /* "post_save", or the name that a script gave to its own: signals.Signal{ name = … } */
    const char *signal;
    /* "shop.Product": only what this model sends; NULL: whoever sends. Of signals of models. */
    const char *sender;
    /* 0, or -1 after pln_event_fail(): then the sending fails as with a script's receiver that
     * raises. May wait. */
    int (*call)(struct pln_env *env, struct pln_event *e);
};

/* Filled by the first four lines of every descriptor: */
#define PLN_MODULE_HEAD .abi = PLN_ABI, .size = sizeof(struct pln_module)

struct pln_module {
    uint32_t abi;                        /* PLN_ABI of the header that the module was built with */
    uint32_t size;                       /* sizeof(struct pln_module) of that header */
    const char *name;                    /* "geo": letters, digits and _ ; what require() takes */
    const char *version;                 /* the module's own, for messages; may be NULL */
    int (*load)(struct pln_env *env);    /* first of all; -1 after pln_fail(); may be NULL */
    void (*unload)(struct pln_env *env); /* last of all; may be NULL */
    const struct pln_middleware *middleware;
    const struct pln_view *views;
    const struct pln_function *functions;
    const struct pln_command *commands;
    const struct pln_receiver *receivers; /* ends with an entry whose signal is NULL */
};

/* ---- the module's surroundings ---- */

/* State of the module in this worker. */
PLN_API void pln_set_data(struct pln_env *env, void *data);
PLN_API void *pln_data(const struct pln_env *env);

/* Says why load() or open() fails; gives -1. */
PLN_API int pln_fail(struct pln_env *env, const char *fmt, ...) PLN_FORMAT(2, 3);

/* A setting as text, the author's own ones included: lists have commas, booleans are
 * "true" and "false"; NULL when it is not set. Lives as long as the module. */
PLN_API const char *pln_setting(struct pln_env *env, const char *name);
PLN_API int64_t pln_setting_int(struct pln_env *env, const char *name, int64_t fallback);
PLN_API double pln_setting_number(struct pln_env *env, const char *name, double fallback);
PLN_API int pln_setting_bool(struct pln_env *env, const char *name, int fallback);
/* Absolute; NULL outside of a project. */
PLN_API const char *pln_project_dir(const struct pln_env *env);

enum pln_level {
    PLN_DEBUG = 10,
    PLN_INFO = 20,
    PLN_WARNING = 30,
    PLN_ERROR = 40,
};
/* Into the logger that is called as the module. */
PLN_API void pln_log(const struct pln_env *env, enum pln_level level, const char *fmt, ...)
    PLN_FORMAT(3, 4);

/* ---- waiting: in requests, functions and commands, not in load() and open() ---- */

enum { PLN_READ = 1, PLN_WRITE = 2 };
enum { PLN_TIMEOUT = -1, PLN_CANCELLED = -2, PLN_WAIT_FAILED = -3 };

/* 0, or PLN_CANCELLED (PLN_TIMEOUT at the request's deadline). May wait. */
PLN_API int pln_sleep(struct pln_env *env, double seconds);
/* The events that are there, PLN_READ and PLN_WRITE, or a code below 0. The descriptor
 * becomes non-blocking; seconds < 0: no limit. May wait. */
PLN_API int pln_wait_fd(struct pln_env *env, int fd, int events, double seconds);
/* Runs fn(arg) in another thread and waits for it; fn calls nothing of this header.
 * 0, or a code below 0 when it was never called. May wait. */
PLN_API int pln_blocking(struct pln_env *env, void (*fn)(void *arg), void *arg);

/* ---- requests ---- */

PLN_API struct pln_str pln_request_method(const struct pln_request *r); /* "GET" */
PLN_API struct pln_str pln_request_path(const struct pln_request *r);   /* decoded */
PLN_API struct pln_str pln_request_target(const struct pln_request *r); /* as sent */
PLN_API struct pln_str pln_request_query(const struct pln_request *r);  /* raw */
PLN_API struct pln_str pln_request_remote_addr(const struct pln_request *r);
PLN_API struct pln_str pln_request_id(const struct pln_request *r); /* of request_id */
PLN_API int pln_request_is_secure(const struct pln_request *r);
/* The whole body; p NULL when it was a form and went through the form parser. */
PLN_API struct pln_str pln_request_body(const struct pln_request *r);
/* The first field of that name, without case. */
PLN_API struct pln_str pln_request_header(const struct pln_request *r, const char *name);
/* Field number i, from 0; gives 0 past the last one. */
PLN_API int pln_request_header_at(const struct pln_request *r, size_t i, struct pln_str *name,
                                  struct pln_str *value);
/* What the route captured under that name, as text; after the route is found. */
PLN_API struct pln_str pln_request_param(const struct pln_request *r, const char *name);

/* Attributes that middleware attaches, the script's too (request.country): those that are
 * strings, numbers or booleans, as text. */
PLN_API struct pln_str pln_request_attribute(struct pln_request *r, const char *name);
/* n 0 with p NULL takes it away. 0, or -1 when memory is out. */
PLN_API int pln_request_set_attribute(struct pln_request *r, const char *name,
                                      struct pln_str value);
/* Memory that goes with the request. Never NULL. */
PLN_API void *pln_request_alloc(struct pln_request *r, size_t size);

enum pln_error {
    PLN_ERROR_500,
    PLN_ERROR_404, /* Http404 */
    PLN_ERROR_403, /* PermissionDenied */
    PLN_ERROR_400, /* BadRequest */
};
/* Ends a step with an error; gives NULL: return pln_raise(…). */
PLN_API struct pln_response *pln_raise(struct pln_request *r, enum pln_error error, const char *fmt,
                                       ...) PLN_FORMAT(3, 4);
/* The error in hand, in process_exception: "Http404", its text, its status. NULL and 0
 * when there is none. */
PLN_API const char *pln_exception_name(const struct pln_request *r);
PLN_API const char *pln_exception_message(const struct pln_request *r);
PLN_API int pln_exception_status(const struct pln_request *r);

/* ---- responses ---- */

/* The rest of the chain: never NULL. May wait. */
PLN_API struct pln_response *pln_next(const struct pln_next *next, struct pln_request *r);

PLN_API struct pln_response *pln_response_new(int status);
/* With a body; content_type NULL is "text/plain; charset=utf-8". */
PLN_API struct pln_response *pln_response_text(int status, const char *content_type,
                                               const char *fmt, ...) PLN_FORMAT(3, 4);
PLN_API void pln_response_free(struct pln_response *response);

PLN_API int pln_response_status(const struct pln_response *response);
PLN_API void pln_response_set_status(struct pln_response *response, int status);
PLN_API struct pln_str pln_response_header(const struct pln_response *response, const char *name);
/* -1 when the name is no token, or the value holds CR, LF or NUL. `set` replaces, `add`
 * does not. */
PLN_API int pln_response_set_header(struct pln_response *response, const char *name,
                                    struct pln_str value);
PLN_API int pln_response_add_header(struct pln_response *response, const char *name,
                                    struct pln_str value);
PLN_API int pln_response_remove_header(struct pln_response *response, const char *name);
/* p NULL when the body is a file or a stream. */
PLN_API struct pln_str pln_response_body(const struct pln_response *response);
PLN_API void pln_response_set_body(struct pln_response *response, struct pln_str body); /* copied */
/* -1 when the body is a file or a stream. */
PLN_API int pln_response_append(struct pln_response *response, struct pln_str more);

/* A body that is made while it is sent. pull() writes the next piece: 1 more may come, 0
 * that was the end, -1 failed. It may wait. close() is called once at the end. */
PLN_API void pln_response_set_stream(struct pln_response *response,
                                     int (*pull)(void *data, struct pln_out *out),
                                     void (*close)(void *data), void *data);
PLN_API void pln_write(struct pln_out *out, const void *p, size_t n);

static inline struct pln_str pln_str(const char *s)
{
    struct pln_str v = {s, 0};
    while (s && s[v.n])
        v.n++;
    return v;
}

/* ---- functions called from scripts ---- */

enum pln_type { PLN_NIL, PLN_BOOL, PLN_INT, PLN_NUMBER, PLN_STRING, PLN_OTHER };

/* Arguments are numbered from 0. Reading one that is missing or of another type gives 0
 * (p NULL) and makes the call fail with a message that names it, whatever the function
 * returns: a function may read all of them first and look at pln_call_failed() once. */
PLN_API int pln_arg_count(const struct pln_call *c);
PLN_API enum pln_type pln_arg_type(const struct pln_call *c, int i); /* PLN_NIL past the last */
PLN_API int64_t pln_arg_int(struct pln_call *c, int i);
PLN_API double pln_arg_number(struct pln_call *c, int i); /* integers as well */
PLN_API int pln_arg_bool(struct pln_call *c, int i);
PLN_API struct pln_str pln_arg_string(struct pln_call *c, int i); /* until the call ends */

/* The call raises that error; gives -1. `name` is a class of perilune.exceptions;
 * NULL: "Error". */
PLN_API int pln_call_fail(struct pln_call *c, const char *name, const char *fmt, ...)
    PLN_FORMAT(3, 4);
PLN_API int pln_call_failed(const struct pln_call *c);

/* Results, in order. Between pln_push_table() and pln_end_table(), values become items of
 * the table, 1, 2, 3 …, or the field that pln_push_key() named just before. Tables nest. */
PLN_API void pln_push_nil(struct pln_call *c);
PLN_API void pln_push_bool(struct pln_call *c, int v);
PLN_API void pln_push_int(struct pln_call *c, int64_t v);
PLN_API void pln_push_number(struct pln_call *c, double v);
PLN_API void pln_push_string(struct pln_call *c, struct pln_str v); /* copied */
PLN_API void pln_push_table(struct pln_call *c);
PLN_API void pln_push_key(struct pln_call *c, const char *key); /* copied */
PLN_API void pln_end_table(struct pln_call *c);

/* ---- signals ---- */

PLN_API const char *pln_event_signal(const struct pln_event *e); /* "post_save" */
/* The label of the model that sends, or the sender itself when it is a text; else p NULL. */
PLN_API struct pln_str pln_event_sender(struct pln_event *e);
/* The request that it is about (request_started, got_request_exception), or NULL. */
PLN_API struct pln_request *pln_event_request(const struct pln_event *e);
/* What came with it: by name ("created"), or by a path into it ("instance.name",
 * "instance.category.name", which may ask the database). PLN_NIL when there is nothing,
 * PLN_OTHER for what is no plain value; the others give 0 (p NULL) for values of another
 * type. Texts live until the receiver returns. May wait. */
PLN_API enum pln_type pln_event_type(struct pln_event *e, const char *path);
PLN_API int64_t pln_event_int(struct pln_event *e, const char *path);
PLN_API double pln_event_number(struct pln_event *e, const char *path); /* integers as well */
PLN_API int pln_event_bool(struct pln_event *e, const char *path);
PLN_API struct pln_str pln_event_string(struct pln_event *e, const char *path);
/* Gives -1: return pln_event_fail(…). */
PLN_API int pln_event_fail(struct pln_event *e, const char *fmt, ...) PLN_FORMAT(2, 3);

#ifdef __cplusplus
}
#endif

#endif
