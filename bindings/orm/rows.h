/* SPDX-License-Identifier: MIT */
/* Columns of the database as Lua values. */
#ifndef BINDINGS_ORM_ROWS_H
#define BINDINGS_ORM_ROWS_H

#include "bindings/orm/world.h"
#include "db/db.h"
#include "orm/statement.h"

#include <lua.h>

/* A value as Lua has it; nil for NULL. [-0, +1, may raise] */
void orm_push_value(lua_State *L, const struct value *v);

/* What rows become, besides what the statement says. */
enum orm_rows { ORM_ROWS_PLAIN, ORM_ROWS_FLAT };

struct orm_reader {
    const struct statement *statement;
    const struct dialect *dialect;
    struct arena *scratch;
    enum orm_rows rows;
    bool quiet;  /* instances come without a state: orm_rows_are_quiet() */
    int world;   /* stack index; the alias of the database stands behind it */
    int state;   /* ORM_STATE */
    int keys;    /* of the first column's key; the others follow */
    int classes; /* of the first node's class; then for each node its state and peers; of rows
                  * of values: of the metatable of those that hold a NULL, nil until there is one */
    int list;    /* where the results go */
    lua_Integer n;
};

/* Pushes keys, classes and states. [-0, +many, may raise] */
void orm_reader_open(lua_State *L, struct orm_reader *r, const struct statement *st, int world,
                     int keys_table);
/* Pushes the list of results, with room for as many as are expected. [-0, +1, may raise] */
void orm_reader_list(lua_State *L, struct orm_reader *r, uint32_t expected);
/* May anything be loaded later for the instances of the root, so that they have to know each
 * other?  The same for every run of the statement. */
bool orm_reader_wants_peers(const struct statement *st);
/* After the last row, when they have to: the instances of the list know each other.
 * [-0, +0, may raise] */
void orm_reader_peers(lua_State *L, struct orm_reader *r);
/* Are the rows of the statement instances that need nothing but their columns?  Then one that is
 * read alone needs no reader to be opened. */
bool orm_row_stands_alone(const struct statement *st);
/* May the instances come without a state, which they then get when somebody asks
 * (_models/state.lua)?  Those of "default" that need not know each other.  alias: index. */
bool orm_rows_are_quiet(lua_State *L, const struct statement *st, bool peers, int alias);
/* Pushes it.  keys: the index of what orm_push_keys() gave; the class of the model lies on top,
 * and goes; alias: the index of the database's, 0: "default", which is what an instance
 * without a state came from (_models/state.lua).  Of the reader dialect and scratch are used.
 * [-1, +1, may raise] */
void orm_push_alone(lua_State *L, struct orm_reader *r, const struct statement *st,
                    const struct db_value *row, int keys, int alias);
/* Pushes what a row becomes. [-0, +1, may raise] */
void orm_reader_push(lua_State *L, struct orm_reader *r, const struct db_value *row);
/* Of tables of values in which one is NULL, and so missing: what knows its name.
 * [-0, +1, may raise] */
void orm_push_nulls(lua_State *L, const struct statement *st);
/* Adds a row to the list. [-0, +0, may raise] */
void orm_reader_row(lua_State *L, struct orm_reader *r, const struct db_value *row);
/* Pushes one column's value; nil for NULL. [-0, +1, may raise] */
void orm_push_column(lua_State *L, struct orm_reader *r, const struct column_type *t,
                     const struct db_value *v);
/* The state of instances that come from the database whose alias is at the index. [-0, +1] */
void orm_push_state(lua_State *L, int alias);
/* A list of the columns that the author's functions convert, { key, class, field, path }; nil
 * when there are none. The functions are for after the statement: they may wait.
 * [-0, +1, may raise] */
void orm_push_hooks(lua_State *L, const struct statement *st, int world);

#endif
