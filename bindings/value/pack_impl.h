/* SPDX-License-Identifier: MIT */
/* Private to pack.c and unpack.c. */
#ifndef BINDINGS_VALUE_PACK_IMPL_H
#define BINDINGS_VALUE_PACK_IMPL_H

#include "bindings/value/pack.h"

/* Pushes the table name -> { function, fills } of those who extend it. [-0, +1] */
void unpack_push_registered(lua_State *L);

#endif
