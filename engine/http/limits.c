/* SPDX-License-Identifier: MIT */
#include "http/limits.h"

void http_limits_default(struct http_limits *l)
{
    *l = (struct http_limits){
        .request_uri_max_bytes = 8190,
        .request_header_max_bytes = 16384,
        .request_header_max_count = 100,
        .data_upload_max_memory_size = 2621440,
        .data_upload_max_number_fields = 1000,
        .data_upload_max_number_files = 100,
        .file_upload_max_memory_size = 2621440,
        .part_header_max_bytes = 1024,
        .file_upload_temp_dir = NULL,
        .json_max_depth = 64,
        .header_timeout = 10,
        .body_timeout = 60,
        .response_timeout = 60,
        .keepalive_timeout = 75,
        .body_min_rate = 500,
        .max_connections = 16384,
        .max_connections_per_ip = 0,
    };
}
