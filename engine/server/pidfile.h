/* SPDX-License-Identifier: MIT */
/* The file that says which process is the server. */
#ifndef SERVER_PIDFILE_H
#define SERVER_PIDFILE_H

#include "base/err.h"

/* Writes our pid, complete or not at all.  Fails with ERR_EXISTS when the file
 * names a process that runs this same program. */
int pidfile_write(const char *path, struct err *err);
/* Removes it while it is ours. */
void pidfile_remove(const char *path);

#endif
