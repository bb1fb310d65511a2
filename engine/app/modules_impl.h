/* SPDX-License-Identifier: MIT */
/* Shared by modules.c and the files that implement perilune.h. */
#ifndef APP_MODULES_IMPL_H
#define APP_MODULES_IMPL_H

#include "app/modules.h"

#include "base/arena.h"
#include "base/map.h"

struct signals;

struct pln_env { /* owner: struct modules */
    struct app *app;
    const char *name; /* of the module */
    void *data;
    struct arena *arena;
    struct map settings; /* texts given out, by name */
    char failure[256];   /* of pln_fail() */
};

struct module {
    const char *path;
    void *library;
    struct pln_module descriptor; /* a copy: what the module does not know of is zero */
    struct pln_env env;
    bool loaded;
};

/* Loads one shared object; fills path, library and descriptor. */
int module_load(struct module *m, struct err *err);

/* Connects the module's receivers. ERR_CONFIG names the one that cannot be. */
int module_connect(struct module *m, struct signals *all, struct err *err);

/* The implementation of perilune.h, kept in the binary for the modules to find. */
extern const void *const module_api_env[],
    *const module_api_http[], *const module_api_call[], *const module_api_signals[];

#endif
