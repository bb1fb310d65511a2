/* SPDX-License-Identifier: MIT */
/* Tags and filters of Lua libraries, as the files that make them share them. */
#ifndef BINDINGS_TEMPLATE_PARSER_H
#define BINDINGS_TEMPLATE_PARSER_H

#include "bindings/template/impl.h"

/* One declared parameter of a simple tag's function. */
struct lua_param {
    struct str name;
    bool required, keyword_only;
    int fallback; /* in the registry; LUA_NOREF: nil */
};

enum lua_tag_kind { TAG_RAW, TAG_SIMPLE, TAG_INCLUSION, TAG_BLOCK };

struct lua_tag { /* of its library's memory */
    struct lua_engine *e;
    struct str name;
    enum lua_tag_kind kind;
    int function; /* in the registry */
    bool takes_context, varargs, varkw;
    const struct lua_param *params; /* without context and content */
    size_t nparams;
    int template;          /* of an inclusion tag, in the registry: name, list or template */
    const char *end;       /* of a block tag */
    const char *complaint; /* what is wrong with the function; NULL: nothing */
};

struct lua_filter {
    struct lua_engine *e;
    int function;
    bool autoescape;
    int nparams; /* at most; beyond the value and, last, autoescape */
};

/* parser.c */
int lua_tag_parse(struct parser *p, const struct token *t, const struct tag *tag,
                  struct node **out);
/* step_run() for tags: scopes that the tag pushed and left are popped. */
int tag_run(struct lua_render *lr, lua_CFunction step, struct step *s, bool result);
/* Lets a reference of the registry go. Never raises. */
void registry_drop(struct lua_engine *e, int ref);

/* simple.c: simple, inclusion and block tags */
int simple_tag_parse(struct parser *p, const struct token *t, const struct tag *tag,
                     struct node **out);

#endif
