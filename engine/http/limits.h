/* SPDX-License-Identifier: MIT */
/* What a client may send, as settings say.  Numbers count what was received, not
 * what was announced.  Immutable once the process has started. */
#ifndef HTTP_LIMITS_H
#define HTTP_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#define LIMIT_NONE SIZE_MAX /* a size or count without a limit (null in settings) */

struct http_limits {
    size_t request_uri_max_bytes;
    size_t request_header_max_bytes, request_header_max_count;

    size_t data_upload_max_memory_size;   /* body but for the content of files */
    size_t data_upload_max_number_fields; /* query and form, each */
    size_t data_upload_max_number_files;
    size_t file_upload_max_memory_size; /* of a request's files, before they go to disk */
    size_t part_header_max_bytes;       /* of one part of a multipart body */
    const char *file_upload_temp_dir;   /* NULL: $TMPDIR, else /tmp */
    size_t json_max_depth;

    double header_timeout, body_timeout, response_timeout, keepalive_timeout; /* seconds */
    double body_min_rate;                                                     /* bytes a second */
    size_t max_connections, max_connections_per_ip;                           /* 0: no limit */
};

/* Django's where Django has the setting. */
void http_limits_default(struct http_limits *l);

#endif
