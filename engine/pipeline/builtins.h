/* SPDX-License-Identifier: MIT */
/* The built-in layers. Private to the module. */
#ifndef PIPELINE_BUILTINS_H
#define PIPELINE_BUILTINS_H

#include "pipeline/middleware.h"

#endif
