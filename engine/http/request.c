/* SPDX-License-Identifier: MIT */
#include "http/request.h"

#include "base/banned.h"

#include <stdarg.h>

struct response *request_raise(struct request *r, enum exception_kind kind, const char *name,
                               const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    r->exception = (struct exception){.kind = kind,
                                      .name = arena_strdup(r->arena, name),
                                      .message = arena_strdup(r->arena, text)};
    return NULL;
}

static const struct str method_names[METHOD_OTHER] = {
    [METHOD_GET] = STR_INIT("GET"),         [METHOD_HEAD] = STR_INIT("HEAD"),
    [METHOD_POST] = STR_INIT("POST"),       [METHOD_PUT] = STR_INIT("PUT"),
    [METHOD_PATCH] = STR_INIT("PATCH"),     [METHOD_DELETE] = STR_INIT("DELETE"),
    [METHOD_OPTIONS] = STR_INIT("OPTIONS"), [METHOD_TRACE] = STR_INIT("TRACE"),
    [METHOD_CONNECT] = STR_INIT("CONNECT"),
};

enum http_method http_method_parse(struct str name)
{
    unsigned method = 0;
    while (method < METHOD_OTHER && !str_eq(name, method_names[method]))
        method++;
    return (enum http_method)method;
}

struct str http_method_name(enum http_method method)
{
    return method_names[method];
}
