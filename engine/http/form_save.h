/* SPDX-License-Identifier: MIT */
/* The file of a form as a file on disk. */
#ifndef HTTP_FORM_SAVE_H
#define HTTP_FORM_SAVE_H

#include "http/form.h"

/* Copies the content into a new file with the permissions `mode`, whatever the umask:
 * `path`, or, when that is taken, one with "_" and seven random characters before its
 * extension.  No file is ever written over and no symbolic link followed at the end.
 * Missing folders are made.  final[size] gets the path taken, NUL-ended.
 * Fails with ERR_INVALID on a path that does not fit, ERR_IO; then nothing is left behind
 * but folders.  Blocks on the disk: touches nothing but its arguments, so that a thread may
 * run it. */
int upload_save(const struct upload *u, const char *path, unsigned mode, char *final, size_t size,
                struct err *err);

#endif
