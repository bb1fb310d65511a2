/* SPDX-License-Identifier: MIT */
/* A call of a C module's function from a script.
 *
 * The script host fills in the arguments, runs the function and reads the results out
 * again: the module never touches the script's own stack, so nothing can jump through it
 * and neither side needs to know the other. */
#ifndef APP_MODULE_CALL_H
#define APP_MODULE_CALL_H

#include "base/arena.h"
#include "base/str.h"
#include "base/vec.h"
#include "include/perilune.h"

#include <stdbool.h>

enum { CALL_DEPTH_MAX = 32 }; /* tables in tables */

enum call_step { /* a result, or a part of one; in order */
                 CALL_NIL,
                 CALL_BOOL,
                 CALL_INT,
                 CALL_NUMBER,
                 CALL_STRING,
                 CALL_TABLE, /* begins */
                 CALL_KEY,   /* names the value that follows */
                 CALL_END,   /* of a table */
};

struct call_value {
    enum call_step step;
    bool boolean;
    int64_t integer;
    double number;
    struct str text;
};

struct call_arg {
    enum pln_type type;
    const char *type_name; /* as the script calls it */
    bool boolean;
    int64_t integer;
    double number;   /* of integers too */
    struct str text; /* borrowed from the script */
};

struct pln_call { /* owner: the script host */
    const struct pln_function *function;
    const char *module;
    const struct call_arg *args; /* set by the host */
    int nargs;

    struct arena arena; /* the rest is private to module_call.c until the call has ended */
    VEC(struct call_value) results;
    unsigned depth;                         /* of open tables */
    size_t top_results;                     /* outside of tables */
    const char *error_name, *error_message; /* NULL: none */
};

void module_call_init(struct pln_call *c);
void module_call_release(struct pln_call *c);

/* Runs the function: 0 with complete results, or -1 with error_name and error_message.
 * May wait. */
int module_call_run(struct pln_call *c, struct pln_env *env);

#endif
