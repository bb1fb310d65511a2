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

enum http_method http_method_parse(struct str name)
{
    static const struct {
        struct str name;
        enum http_method method;
    } known[] = {
        {STR_INIT("GET"), METHOD_GET},         {STR_INIT("POST"), METHOD_POST},
        {STR_INIT("HEAD"), METHOD_HEAD},       {STR_INIT("PUT"), METHOD_PUT},
        {STR_INIT("PATCH"), METHOD_PATCH},     {STR_INIT("DELETE"), METHOD_DELETE},
        {STR_INIT("OPTIONS"), METHOD_OPTIONS}, {STR_INIT("TRACE"), METHOD_TRACE},
        {STR_INIT("CONNECT"), METHOD_CONNECT},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq(name, known[i].name))
            return known[i].method;
    return METHOD_OTHER;
}
