/* SPDX-License-Identifier: MIT */
/* Files that are compressed with gzip (RFC 1952), read and written piece by piece: what a
 * file holds need not fit into memory.  A file that is not compressed is read as it is. */
#ifndef CRYPTO_GZIP_H
#define CRYPTO_GZIP_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

struct gzip_file;

/* For reading, or for writing a new file; NULL with *err set. */
struct gzip_file *gzip_open(const char *path, bool write, struct err *err);
/* Up to `size` bytes (not more than 1 GiB): how many there were, 0 at the end, -1 with
 * ERR_SYNTAX when what is compressed is damaged or stops short. */
int gzip_read(struct gzip_file *f, char *to, size_t size, struct err *err);
int gzip_write(struct gzip_file *f, struct str data, struct err *err);
/* -1 when what was written did not reach the disk; the file is closed then too. */
int gzip_close(struct gzip_file *f, struct err *err);

#endif
