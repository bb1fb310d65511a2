/* SPDX-License-Identifier: MIT */
/* Shared by response*.c. */
#ifndef BINDINGS_HTTP_RESPONSE_IMPL_H
#define BINDINGS_HTTP_RESPONSE_IMPL_H

#include "bindings/http/response.h"
#include "bindings/value/json.h"

#include <lauxlib.h>

/* User values: attached fields, the object of the header fields, that of the cookies. */
enum {
    RESPONSE_FIELDS = 1,
    RESPONSE_HEADERS,
    RESPONSE_COOKIES,
    RESPONSE_VALUES = RESPONSE_COOKIES
};

extern const struct class response_class;

#define RESPONSE_HTML STR("text/html; charset=utf-8")

/* A new response with its object on top; for functions of response_makers, whose upvalue is
 * the metatable. [-0, +1, may raise] */
struct response *response_push_new(lua_State *L, int status);
/* May raise BadHeaderError. */
void response_set_header(lua_State *L, struct response *r, struct str name, struct str value);
/* A status from 100 to 599; raises ValueError. */
int response_check_status(lua_State *L, int arg);
/* Raises BadHeaderError unless the text can be a reason phrase. */
void response_set_reason(lua_State *L, struct response *r, struct str text);

/* response_make.c: the functions that make responses, for the module's table; each has the
 * metatable of the class for its upvalue */
extern const luaL_Reg response_makers[];

enum { OPTION_TEXT = 16 };

struct response_options {
    int status; /* 0: not given */
    struct str content_type, charset, reason;
    int headers; /* stack index of the table; 0: none */
    bool safe;
    struct json_style json; /* set by the caller to begin with */
    bool spaced;            /* separators were given */
    char item[OPTION_TEXT], key[OPTION_TEXT];
};
/* Options that only JSON has are refused unless `json`.  Their strings live as long as
 * the table, whose fields must not change meanwhile. [-0, +1 when there are headers] */
void response_read_options(lua_State *L, int idx, const char *what, bool json,
                           struct response_options *o);
/* Puts them into the response, whose type is `type` unless they say something else. */
void response_apply_options(lua_State *L, struct response *r, const struct response_options *o,
                            struct str type);

/* response_json.c */
void response_json_open(lua_State *L); /* once per state, before the others */
int response_l_json(lua_State *L);
/* A JSON response from the table at idx, with a reference. May raise. */
struct response *response_from_table(lua_State *L, int idx);

/* response_parts.c: header fields, writing */
extern const luaL_Reg response_methods[];
int response_get_headers(lua_State *L, void *self);
void response_headers_register(lua_State *L);

/* response_cookie.c */
int response_get_cookies(lua_State *L, void *self);
int response_l_set_cookie(lua_State *L);
int response_l_delete_cookie(lua_State *L);
void response_cookies_register(lua_State *L);

/* response_stream.c */
/* stream(response, iterator, close) -> response; close() is called once the body is done
 * with, sent or not. */
int response_l_stream(lua_State *L);
int response_get_stream(lua_State *L, void *self);
int response_set_stream_content(lua_State *L, void *self);

#endif
