/* SPDX-License-Identifier: MIT */
/* One run of a query: its statement, its values, its cursor.
 *
 *     struct orm_run run;
 *     orm_run_begin(L, &run, code);
 *     return orm_run_protected(L, &run, inner, 1);
 *
 * inner: orm_run_start(L, run); while (orm_run_step(L, run)) … run->cursor.row */
#ifndef BINDINGS_ORM_RUN_H
#define BINDINGS_ORM_RUN_H

#include "bindings/orm/code.h"
#include "bindings/orm/rows.h"
#include "bindings/orm/world.h"

enum { ORM_FEW_PARAMS = 24 };

struct orm_prepared { /* hangs on a statement */
    int keys;         /* in the registry: the columns' names */
    uint32_t rows;    /* as many the last run gave, up to a limit */
    bool peers;       /* orm_reader_wants_peers() */
};

struct orm_run {
    struct orm_world *world;
    const struct statement *statement;
    struct orm_prepared *prepared;
    struct database *db;
    const struct code *code;
    struct statements *statements;
    const struct dialect *dialect;
    struct arena scratch;
    struct db_value few[ORM_FEW_PARAMS], *values;
    struct db_cursor cursor;
    bool open;
    struct orm_reader reader;
    struct db_result result;
};

/* Raises ConnectionDoesNotExist. [-0, +0, may raise] */
struct database *orm_find_database(lua_State *L, struct str alias);
/* A list of the columns' keys in instances or rows. [-0, +1, may raise] */
void orm_push_keys(lua_State *L, const struct statement *st);

/* Arguments 1 and 2: world and alias; code must stay until the run has ended.
 * [-0, +0, may raise: holds nothing yet] */
void orm_run_begin(lua_State *L, struct orm_run *run, const struct code *code);
/* Runs `inner` with the run as light userdata above the arguments, protected, and gives back
 * what it pushed; whatever it raises is raised after the run has ended. [-all, +results] */
int orm_run_protected(lua_State *L, struct orm_run *run, lua_CFunction inner, int results);
/* What statements need that are run by other means than orm_run_start(); the zone of the values
 * lies in the run. [-0, +0, may raise] */
struct convert_zone orm_run_prepare(lua_State *L, struct orm_run *run);
/* Inside of inner. [-0, +0, may raise]  May wait. */
void orm_run_start(lua_State *L, struct orm_run *run);
/* Raises what the database said, with the statement and its values. [-0, +0, raises] */
int orm_run_fail(lua_State *L, const struct orm_run *run, const struct err *err);
/* 1: there is a row. [-0, +0, may raise]  May wait. */
int orm_run_step(lua_State *L, struct orm_run *run);

/* Rows of m's table are about to change: for world:changes(). [-0, +0] */
void orm_note_change(struct orm_world *w, const struct model *m);

#endif
