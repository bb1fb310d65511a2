/* SPDX-License-Identifier: MIT */
/* Opens files below a folder, whatever the path says: the kernel refuses every step
 * that would lead out of it, "..", absolute paths and symbolic links alike. */
#ifndef HTTP_BENEATH_H
#define HTTP_BENEATH_H

#include "base/err.h"
#include "base/str.h"

/* A descriptor (read-only, close-on-exec, never waits for a FIFO) of what `path` names
 * below the open folder `dir`; -1 with ERR_NOT_FOUND, ERR_DENIED when the path leads out,
 * or ERR_IO.  Links that stay inside are followed. */
int beneath_open(int dir, struct str path, struct err *err);

/* The same for kernels without openat2(2), which beneath_open() falls back to: one step
 * after the other, and no symbolic link is followed at all. */
int beneath_open_steps(int dir, struct str path, struct err *err);

#endif
