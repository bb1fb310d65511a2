/* SPDX-License-Identifier: MIT */
/* What a request may be at most. Every field is a setting of the same name; past it
 * the client gets 400, 413, 414 or 431 and the worker goes on. */
#ifndef HTTP_LIMITS_H
#define HTTP_LIMITS_H

#include <stddef.h>
#include <stdint.h>

struct http_limits {
    size_t request_header_max_bytes;
    unsigned request_header_max_count;
    size_t request_uri_max_bytes;
    uint64_t body_max_bytes; /* of a body with its files */
    uint64_t data_upload_max_memory_size;
    size_t data_upload_max_number_fields;
    size_t data_upload_max_number_files;
    uint64_t file_upload_max_memory_size;
    const char *file_upload_temp_dir; /* NULL: the system's */
    unsigned json_max_depth;
};

/* The defaults of the settings. */
struct http_limits http_limits_default(void);

#endif
