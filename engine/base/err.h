/* SPDX-License-Identifier: MIT */
/* What went wrong, by value on the caller's stack: no allocation, no ownership.
 *
 * A function that can fail returns 0/-1 (or a pointer/NULL) and takes a
 * `struct err *` as its last parameter, which it fills before returning failure
 * and leaves alone otherwise.  Texts are lower case without a full stop, name
 * what failed first and quote the subject: "cannot open 'x': no such file".
 * Bugs are assert(), never a struct err. */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>

/* name in C, name shown to Lua */
#define ERR_CODES(X)                                                                               \
    X(ERR_OK, "ok")                                                                                \
    X(ERR_INVALID, "invalid")     /* input that does not fit what it should be */                  \
    X(ERR_NOT_FOUND, "not_found") /* the thing named does not exist */                             \
    X(ERR_EXISTS, "exists")       /* the thing to make is there already */                         \
    X(ERR_TOO_LARGE, "too_large") /* past a limit; the limit's setting is in the text */           \
    X(ERR_DENIED, "denied")       /* not allowed */                                                \
    X(ERR_TIMEOUT, "timeout")     /* a deadline passed while waiting */                            \
    X(ERR_CANCELLED, "cancelled") /* the fiber was cancelled while waiting */                      \
    X(ERR_CLOSED, "closed")       /* the other side, or the object, is gone */                     \
    X(ERR_IO, "io")               /* the operating system refused */                               \
    X(ERR_CONFIG, "config")       /* a setting is wrong: Django's ImproperlyConfigured */          \
    X(ERR_NOT_USED, "not_used")   /* a middleware takes itself out of the chain */                 \
    X(ERR_SYNTAX, "syntax")       /* text that does not parse */                                   \
    X(ERR_SCRIPT, "script")       /* the author's code raised */                                   \
    X(ERR_USAGE, "usage")         /* the command line is wrong: exit status 2 */                   \
    /* of queries: FieldError, TypeError, NotSupportedError */                                     \
    X(ERR_FIELD, "field")                                                                          \
    X(ERR_TYPE, "type")                                                                            \
    X(ERR_UNSUPPORTED, "unsupported")                                                              \
    /* of databases: the other classes of PEP 249, and kinds of IntegrityError */                  \
    X(ERR_DB, "database")                                                                          \
    X(ERR_DB_INTERFACE, "database_interface")                                                      \
    X(ERR_DB_DATA, "database_data")                                                                \
    X(ERR_DB_OPERATIONAL, "database_operational")                                                  \
    X(ERR_DB_INTERNAL, "database_internal")                                                        \
    X(ERR_DB_PROGRAMMING, "database_programming")                                                  \
    X(ERR_DB_INTEGRITY, "database_integrity")                                                      \
    X(ERR_DB_UNIQUE, "database_unique")                                                            \
    X(ERR_DB_FOREIGN_KEY, "database_foreign_key")                                                  \
    X(ERR_DB_NOT_NULL, "database_not_null")                                                        \
    X(ERR_DB_CHECK, "database_check")                                                              \
    X(ERR_DB_TRANSACTION, "database_transaction") /* Django's TransactionManagementError */        \
    X(ERR_DB_DURABLE, "database_durable")         /* a durable block inside of another */

enum err_code {
#define ERR_ENUM(code, name) code,
    ERR_CODES(ERR_ENUM)
#undef ERR_ENUM
};

struct err {
    enum err_code code;
    char msg[512];
};

/* Both fill *e and return -1, so that `return err_set(...)` is the way to fail.
 * A NULL e is allowed: the caller does not want the reason. */
int err_set(struct err *e, enum err_code code, const char *fmt, ...)
    __attribute__((cold, format(printf, 3, 4)));
int err_vset(struct err *e, enum err_code code, const char *fmt, va_list ap)
    __attribute__((cold, format(printf, 3, 0)));

/* "<what>: <strerror(errno)>" with ERR_IO (ERR_NOT_FOUND for ENOENT, ERR_DENIED for EACCES). */
int err_set_errno(struct err *e, const char *fmt, ...) __attribute__((cold, format(printf, 2, 3)));

/* Puts context before the message, once per layer: "settings.lua: ..." . Returns -1. */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((cold, format(printf, 2, 3)));

const char *err_name(enum err_code code);

#endif
