/* SPDX-License-Identifier: MIT */
/* A world of models (engine/orm/model.h) as a Lua object: the project's, or that of a
 * historical state of the migrations. */
#ifndef BINDINGS_ORM_WORLD_H
#define BINDINGS_ORM_WORLD_H

#include "orm/statement.h"

#include <lua.h>

enum { ORM_DIALECTS = 2 };

struct orm_world {
    lua_State *L; /* the main thread, for what statements keep in the registry */
    struct orm *orm;
    struct statements *statements[ORM_DIALECTS]; /* by enum dialect_id; made when needed */
    lua_Integer *changes; /* by model: statements that changed its table; made when needed */
};

/* Raises when it is not resolved yet. [-0, +0, may raise] */
struct orm_world *orm_world_check(lua_State *L, int arg);
/* The class of a model, from the world at idx: nil when none was bound. [-0, +1] */
void orm_world_push_class(lua_State *L, int idx, const struct model *m);
/* The statements of a dialect, with their prepared halves dropped when they go. */
struct statements *orm_world_statements(struct orm_world *w, enum dialect_id id);
/* What run.c hangs on statements; drops it. */
void orm_prepared_drop(void *prepared, void *world);

#endif
