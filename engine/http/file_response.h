/* SPDX-License-Identifier: MIT */
/* Files as responses: opened safely, described as Django describes them, and, once the
 * whole chain has seen the response, answered in part (206), not at all (304, 412) or
 * refused (416), as the request's conditions and ranges say. */
#ifndef HTTP_FILE_RESPONSE_H
#define HTTP_FILE_RESPONSE_H

#include "base/err.h"
#include "http/request.h"
#include "http/response.h"

struct file {
    int fd;
    uint64_t size;
    int64_t mtime; /* ns since 1970 */
};

/* Opens a regular file; ERR_NOT_FOUND, ERR_DENIED, ERR_INVALID for folders and devices.
 * With `root` (a folder; NULL: none) the path is taken below it and cannot leave it. */
int file_open(struct file *out, const char *root, struct str path, struct err *err);
/* The same of an open descriptor, which is closed on failure. */
int file_of_fd(struct file *out, int fd, struct str name, struct err *err);

#define FILE_ETAG_SIZE 40
/* The strong tag "time-size" of the file as it is. */
struct str file_etag(const struct file *f, char out[FILE_ETAG_SIZE]);

/* Content-Type by the name: "application/octet-stream" when it says nothing, and that of
 * the archive for a compressed file, since a browser shall not unpack a download. */
struct str file_content_type(struct str filename);

/* Makes the file the body, taking the descriptor, with Last-Modified and ETag unless the
 * response has its own; file_response_finish() will answer conditions and ranges. */
void file_response_set(struct response *response, const struct file *f);

/* The last step before the response goes out.  Does nothing to responses other than those
 * of file_response_set() with status 200 to GET and HEAD. */
void file_response_finish(struct response *response, const struct request *r);

#endif
