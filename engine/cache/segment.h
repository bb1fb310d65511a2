/* SPDX-License-Identifier: MIT */
/* Private to engine/cache: memory that processes share by name.
 *
 * A segment is a file, in /dev/shm unless told otherwise, that lives as long as some process
 * has it open: each holds a shared lock on it, the first one to come makes it, and the last
 * one to go removes it. What is left behind when the last one was killed is removed by the
 * next one to come, which begins anew, and by segment_sweep(). */
#ifndef CACHE_SEGMENT_H
#define CACHE_SEGMENT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct segment { /* read-only to callers */
    void *memory;
    size_t size;
    int fd;    /* -1: of this process alone, and those that it forks */
    bool made; /* this process has filled it */
    char *path;
};

/* Maps `size` bytes under the name, zeroed when nobody has them open; `init` fills them
 * then, before anybody else gets to see them. `layout` tells contents apart that do not
 * understand each other: a segment with another layout or size which is in use is left to
 * its users, and a new one put in its place. Without `init` only one that others have open
 * is taken: ERR_NOT_FOUND, or ERR_CONFIG when its layout or size is another. `owner` (-1: this
 * process's user) gets a new file; nobody else's is used. Without a folder and a name it belongs to
 * this process. */
int segment_open(struct segment *s, const char *folder, const char *name, size_t size,
                 uint64_t layout, int64_t owner,
                 int (*init)(void *data, void *memory, struct err *err), void *data,
                 struct err *err);
void segment_close(struct segment *s);

/* Removes the segments of the folder whose name begins so and that nobody has open: all their
 * processes were killed. What cannot be opened or removed stays. */
void segment_sweep(const char *folder, const char *prefix);

/* Makes sure that there is memory behind the range: on a full file system a write to it
 * would kill the process. False, with errno, when there is none. */
bool segment_reserve(const struct segment *s, size_t offset, size_t n);

#endif
