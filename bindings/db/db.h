/* SPDX-License-Identifier: MIT */
/* What the bindings of databases share: perilune._db (db*.c) and the models'. */
#ifndef BINDINGS_DB_DB_H
#define BINDINGS_DB_DB_H

#include "db/databases.h"
#include "value/timezone.h"

#include <lua.h>

struct host;

/* The database behind the light userdata at idx, which only embedded Lua hands out; raises
 * outside of a fiber. [-0, +0, may raise] */
struct database *db_arg(lua_State *L, int idx);

/* The value at idx as a parameter, by its own kind: numbers, strings, booleans, decimals,
 * perilune.time values, null, db.binary(); raises TypeError or ValueError that names
 * parameter `number`.  What it points to is the value pushed for it. [-0, +1, may raise] */
void db_bind_value(lua_State *L, int idx, unsigned number, struct tz zone, struct db_value *out);

/* Pushes it, nil for NULL.  Moments get the zone. [-0, +1, may raise] */
void db_push_value(lua_State *L, const struct db_value *v, enum db_convert convert, struct tz zone);

/* Pushes the error object of *err with `sql` and, in debug, `params`; message and fields. sql.p
 * may be NULL. [-0, +1, may raise] */
void db_push_error(lua_State *L, const struct err *err, struct str sql,
                   const struct db_value *values, unsigned n);
/* Raises it. */
int db_raise(lua_State *L, const struct err *err);

/* Adds transactions and observation to the module table at the top. [-0, +0, may raise] */
void db_open_transactions(lua_State *L);
void db_open_observer(lua_State *L);

#endif
