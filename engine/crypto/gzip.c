/* SPDX-License-Identifier: MIT */
#include "crypto/gzip.h"

#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define PIECE_MAX (size_t)(1u << 30) /* zlib counts in 31 bits */

struct gzip_file { /* owner: whoever opened it */
    gzFile z;
};

struct gzip_file *gzip_open(const char *path, bool write, struct err *err)
{
    gzFile z = gzopen(path, write ? "wbe6" : "rbe");
    struct gzip_file *f;
    if (!z) {
        err_set(err, ERR_IO, "%s: %s", path, errno ? strerror(errno) : "out of memory");
        return NULL;
    }
    gzbuffer(z, 1u << 16);
    f = mem_alloc(sizeof *f);
    f->z = z;
    return f;
}

static int failed(struct gzip_file *f, struct err *err)
{
    int code;
    const char *what = gzerror(f->z, &code);
    if (code == Z_ERRNO)
        return err_set(err, ERR_IO, "%s", strerror(errno));
    return err_set(err, ERR_SYNTAX, "%s", code == Z_BUF_ERROR ? "it stops short" : what);
}

int gzip_read(struct gzip_file *f, char *to, size_t size, struct err *err)
{
    int n = gzread(f->z, to, (unsigned)(size < PIECE_MAX ? size : PIECE_MAX));
    int code = Z_OK;
    if (n < 0)
        return failed(f, err);
    gzerror(f->z, &code);
    return n == 0 && code == Z_BUF_ERROR ? failed(f, err) : n;
}

int gzip_write(struct gzip_file *f, struct str data, struct err *err)
{
    while (data.n > 0) {
        size_t piece = data.n < PIECE_MAX ? data.n : PIECE_MAX;
        if (gzwrite(f->z, data.p, (unsigned)piece) <= 0)
            return failed(f, err);
        data = str_skip(data, piece);
    }
    return 0;
}

int gzip_close(struct gzip_file *f, struct err *err)
{
    int code = gzclose(f->z);
    free(f);
    if (code != Z_OK && code != Z_BUF_ERROR) /* a file that was read may stop short */
        return err_set(err, ERR_IO, "%s",
                       code == Z_ERRNO ? strerror(errno) : "it cannot be written");
    return 0;
}
