/* SPDX-License-Identifier: MIT */
/* A log file that several processes append to: each line is one write, and whichever
 * process finds the file full renames it for all of them. */
#ifndef BASE_LOG_FILE_H
#define BASE_LOG_FILE_H

#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

struct log_file; /* owner: whoever opened it */

/* Appends to `path`, made with mode 0640 (and, when root makes it, with the owner of its
 * folder). At max_bytes the file becomes path.1, path.1 becomes path.2 and so on up to
 * `backups`; 0 of either: it just grows. */
struct log_file *log_file_open(const char *path, uint64_t max_bytes, unsigned backups,
                               struct err *err);
void log_file_close(struct log_file *f); /* NULL is allowed */
void log_file_write(struct log_file *f, struct str line);
/* After somebody else moved the file away; keeps the old one when that fails. */
void log_file_reopen(struct log_file *f);

#endif
