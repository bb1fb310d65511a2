/* SPDX-License-Identifier: MIT */
/* Files of the project, written so that nobody ever sees half of one.  All of it blocks:
 * for commands and for the start, not for requests. */
#ifndef BASE_FS_H
#define BASE_FS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct fs_file {
    struct str path; /* relative to the folder, "a/b.css" */
    uint64_t size;
    int64_t mtime; /* ns since 1970 */
};

struct fs_list { /* in the order of the paths, by bytes; all in the arena */
    struct fs_file *items;
    size_t n;
};

/* The regular files below a folder (links to files and folders are followed), without
 * those whose own or whose folder's name `skip` (may be NULL) refuses.  ERR_INVALID for a
 * folder that contains itself by a link, ERR_TOO_LARGE past 32 levels. */
int fs_walk(struct fs_list *out, struct arena *a, const char *dir,
            bool (*skip)(const char *name, bool folder), struct err *err);

/* A regular file's size and time; ERR_NOT_FOUND, ERR_INVALID for another kind. */
int fs_stat(const char *path, struct fs_file *out, struct err *err);
/* Adds the whole content. */
int fs_read(struct buf *out, const char *path, struct err *err);

/* Replaces the file at once, with mode 0644 and the given time of change (< 0: now);
 * makes the folders that are missing. */
int fs_write(const char *path, struct str content, int64_t mtime, struct err *err);
/* The same with the content and the time of another file. */
int fs_copy(const char *from, const char *to, struct err *err);

/* Removes everything in the folder, not the folder; links are removed, never followed.
 * No such folder is no error. */
int fs_clear(const char *dir, struct err *err);
int fs_remove(const char *path, struct err *err);

#endif
