/* SPDX-License-Identifier: MIT */
/* What came with a request: query, form, cookies, body, JSON. */
#include "bindings/http/querydict.h"
#include "bindings/http/request_impl.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/value/json.h"

#include "base/banned.h"
#include "http/cookie.h"
#include "http/form.h"
#include "http/limits.h"

/* ---- body ---- */

static struct str body_of(lua_State *L, const struct request *r)
{
    if (r->form_consumed)
        exception_raise(L, "RawPostDataException",
                        "the body of a multipart request is not kept: read request.POST and "
                        "request.FILES");
    if (r->body.n > r->limits->data_upload_max_memory_size)
        exception_raise(L, "RequestDataTooBig",
                        "request body exceeded settings.data_upload_max_memory_size (%zu)",
                        r->limits->data_upload_max_memory_size);
    return r->body.p ? r->body : STR("");
}

int request_get_body(lua_State *L, void *self)
{
    return request_push_str(L, body_of(L, self));
}

/* ---- query ---- */

static void build_query(lua_State *L, struct request *r)
{
    querydict_push_parsed(L, r->query_string, r->limits->data_upload_max_number_fields, false);
}

int request_get_query(lua_State *L, void *self)
{
    return request_cached(L, REQUEST_GET, build_query, self);
}

/* ---- form ---- */

static bool is_multipart(struct str type)
{
    type = str_trim(str_head(type, str_index(type, ';')));
    return str_ieq(type, STR("multipart/form-data"));
}

struct form *request_form(lua_State *L, struct request *r)
{
    struct str type = headers_get(&r->headers, STR("content-type"));
    struct err err;
    if (r->form || r->method != METHOD_POST || !type.p || !is_multipart(type))
        return r->method == METHOD_POST ? r->form : NULL;
    struct form *f = form_new(r->arena, r->limits, type, &err);
    if (!f)
        exception_raise(L, "MultiPartParserError", "%s", err.msg);
    if (form_feed(f, r->body, &err) != 0 || form_end(f, &err) != 0)
        exception_raise(L, form_error_class(f), "%s", err.msg);
    r->form = f;
    r->form_consumed = true;
    return f;
}

/* Django reads a form from POST alone: to others the body is just bytes. */
static void build_post(lua_State *L, struct request *r)
{
    struct str type = headers_get(&r->headers, STR("content-type"));
    const struct form *f = request_form(L, r);
    if (f) {
        querydict_push(L, &f->fields, false);
        return;
    }
    if (r->method != METHOD_POST || !type.p || !form_content_type(type)) {
        querydict_push_parsed(L, STR(""), 0, false);
        return;
    }
    if (!str_eq(request_encoding(r), STR("utf-8")))
        exception_raise(L, "BadRequest",
                        "a body of the type application/x-www-form-urlencoded must be UTF-8");
    querydict_push_parsed(L, body_of(L, r), r->limits->data_upload_max_number_fields, false);
}

int request_get_post(lua_State *L, void *self)
{
    return request_cached(L, REQUEST_POST, build_post, self);
}

/* ---- cookies ---- */

/* Several fields are one, joined by "; ". */
static struct str cookie_header(const struct request *r)
{
    struct str all = STR("");
    for (unsigned i = 0; i < r->headers.n; i++) {
        const struct header *h = &r->headers.items[i];
        if (!str_ieq(h->name, STR("cookie")))
            continue;
        all = all.n
                  ? str_from(arena_printf(r->arena, "%.*s; %.*s", STR_ARG(all), STR_ARG(h->value)))
                  : h->value;
    }
    return all;
}

static void build_cookies(lua_State *L, struct request *r)
{
    struct query q;
    struct err err;
    query_init(&q, r->arena);
    if (cookies_parse(&q, cookie_header(r), &err) != 0)
        exception_raise(L, "BadRequest", "%s", err.msg);
    luaL_checkstack(L, 4, NULL);
    lua_createtable(L, 0, (int)q.keys);
    for (uint32_t i = 0; i < q.n; i++) {
        request_push_str(L, q.fields[i].key);
        request_push_str(L, q.fields[i].value);
        lua_rawset(L, -3);
    }
}

int request_get_cookies(lua_State *L, void *self)
{
    return request_cached(L, REQUEST_COOKIES, build_cookies, self);
}

/* ---- JSON ---- */

static bool is_blank(struct str s)
{
    size_t i = 0;
    while (i < s.n && (s.p[i] == ' ' || (s.p[i] >= '\t' && s.p[i] <= '\r')))
        i++;
    return i == s.n;
}

static void build_json(lua_State *L, struct request *r)
{
    struct str body = body_of(L, r);
    struct err err;
    if (is_blank(body))
        exception_raise(L, "BadRequest", "the body is empty; JSON is wanted");
    if (json_decode(L, body, (unsigned)r->limits->json_max_depth, &err) != 0)
        exception_raise(L, "BadRequest", "the body is no valid JSON: %s", err.msg);
}

/* json() -> value of the body, the same one every time */
int request_l_json(lua_State *L)
{
    struct request *r = request_check(L, 1);
    return request_cached(L, REQUEST_JSON, build_json, r);
}
