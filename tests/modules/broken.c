/* SPDX-License-Identifier: MIT */
/* Modules that are wrong, each in one way: BROKEN_… is defined by the build. */
#include <perilune.h>

#include <stdlib.h>
#include <unistd.h>

static struct pln_response *view(struct pln_env *env, struct pln_request *r)
{
    (void)env, (void)r;
    return NULL;
}

__attribute__((unused)) static const struct pln_view views[] = {
    {.name = "broken.view", .call = view}, {0}};

#if defined(BROKEN_CRASH)
static int *volatile nowhere;
__attribute__((constructor)) static void crash(void)
{
    *nowhere = 1;
}
#elif defined(BROKEN_ABORT)
__attribute__((constructor)) static void end(void)
{
    abort();
}
#elif defined(BROKEN_EXIT)
__attribute__((constructor)) static void end(void)
{
    _exit(3);
}
#elif defined(BROKEN_UNDEFINED)
int pln_function_of_the_future(void);
__attribute__((constructor)) static void call(void)
{
    pln_function_of_the_future();
}
#endif

#if defined(BROKEN_LOAD)
static int load(struct pln_env *env)
{
    return pln_fail(env, "the file %s is missing", "geo.db");
}
#endif

#if defined(BROKEN_BUILTIN)
static struct pln_response *layer(void *self, struct pln_request *r, const struct pln_next *next)
{
    (void)self;
    return pln_next(next, r);
}
#endif

struct future { /* of a later perilune */
    struct pln_module module;
    const void *new_things;
};

#if defined(BROKEN_NO_DESCRIPTOR)
PLN_EXPORT const int pln_modul = 1;
#elif defined(BROKEN_FUTURE) || defined(BROKEN_FUTURE_UNUSED)
PLN_EXPORT const struct future pln_module = {
    .module = {.abi = PLN_ABI, .size = sizeof(struct future), .name = "future", .views = views},
#if defined(BROKEN_FUTURE)
    .new_things = views,
#endif
};
#else
PLN_EXPORT const struct pln_module pln_module = {
#if defined(BROKEN_ABI)
    .abi = PLN_ABI + 41,
    .size = sizeof(struct pln_module),
#elif defined(BROKEN_SIZE)
    .abi = PLN_ABI,
    .size = 12,
#else
    PLN_MODULE_HEAD,
#endif
#if defined(BROKEN_NAME)
    .name = "no name",
#elif !defined(BROKEN_NAMELESS)
    .name = "broken",
#endif
#if defined(BROKEN_LOAD)
    .load = load,
#endif
#if defined(BROKEN_VIEW)
    .views = (const struct pln_view[]){{.name = "broken.view"}, {0}},
#elif defined(BROKEN_BUILTIN)
    .middleware =
        (const struct pln_middleware[]){{.name = "perilune.middleware.gzip", .call = layer}, {0}},
#else
    .views = views,
#endif
};
#endif
