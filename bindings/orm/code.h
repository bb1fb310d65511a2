/* SPDX-License-Identifier: MIT */
/* Query code (engine/orm/code.h) as Lua values: expressions, conditions and queries are all
 * userdata that hold one immutable block. */
#ifndef BINDINGS_ORM_CODE_H
#define BINDINGS_ORM_CODE_H

#include "orm/code.h"
#include "orm/model.h"

#include <lua.h>

/* The block at idx, good while the value is on the stack; NULL when it is none. [-0, +0] */
const struct code *orm_code_test(lua_State *L, int idx);
/* Raises TypeError. [-0, +0, may raise] */
const struct code *orm_code_check(lua_State *L, int arg);

/* The builder of the Lua state.  Whoever uses it starts a block, writes it without calling
 * Lua, and finishes it with orm_code_push(); a Lua error in between loses nothing. */
struct code_builder *orm_builder(lua_State *L);
/* Changes whenever a block is begun. */
uint64_t orm_builder_turn(lua_State *L);
/* An empty buffer of the state's, for texts that go into a block. */
struct buf *orm_json_buffer(lua_State *L);
/* Ends the block and pushes it; 1, or where it lies. [-0, +1, may raise] */
int orm_code_push(lua_State *L, struct code_builder *b);
const struct code *orm_code_make(lua_State *L, struct code_builder *b);

/* Under which key an instance has what the ORM knows of it (_models/state.lua). */
#define ORM_STATE "_orm"

/* How a table is to be taken that is neither a QuerySet nor an instance. */
enum orm_table { ORM_TABLE_JSON, ORM_TABLE_LIST, ORM_TABLE_LISTS /* of lists */ };

/* Writes the Lua value at idx as an operand: a scalar, decimal, moment, perilune.null, a
 * model instance, a QuerySet, an expression, a list or a JSON document.  Raises TypeError for
 * anything else; `what` names the place. [-0, +0, may raise] */
void orm_write_operand(lua_State *L, int idx, struct code_builder *b, enum orm_table table,
                       const char *what);
/* The same where an expression is wanted and text names a field: F("name"). */
void orm_write_expression(lua_State *L, int idx, struct code_builder *b, const char *what);
/* A scalar as struct value; text stays on the stack. false: it is none. [-0, +0, may raise] */
bool orm_to_value(lua_State *L, int idx, struct value *v);

/* Writes conditions: the arguments from `first` on, as filter() takes them (Q, expressions,
 * tables of lookups, or a name and a value).  Raises when there is none.  [-0, +0, may raise] */
void orm_write_conditions(lua_State *L, int first, struct code_builder *b, enum code_connector how,
                          bool negated, const char *what);

/* The model that a class (the metatable of its instances) stands for; NULL. [-0, +0] */
const struct model *orm_class_model(lua_State *L, int idx);
/* The model of the instance at idx; NULL when it is none. [-0, +0] */
const struct model *orm_instance_model(lua_State *L, int idx);
/* Marks the table at idx as the class of m. [-0, +0, may raise] */
void orm_mark_class(lua_State *L, int idx, const struct model *m);

void orm_open_code(lua_State *L);        /* once per state */
void orm_open_expressions(lua_State *L); /* adds functions to the table on top */
void orm_open_queries(lua_State *L);
void orm_open_insert(lua_State *L);
void orm_open_write(lua_State *L);
void orm_open_world(lua_State *L);
void orm_open_run(lua_State *L);
void orm_open_rows(lua_State *L);
void orm_open_get(lua_State *L);
void orm_open_members(lua_State *L);
void orm_open_begin(lua_State *L);
void orm_open_by_key(lua_State *L);
void orm_open_source(lua_State *L);
void orm_open_survey(lua_State *L);
void orm_open_instance(lua_State *L);

#endif
