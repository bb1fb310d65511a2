/* SPDX-License-Identifier: MIT */
#include "http/limits.h"

struct http_limits http_limits_default(void)
{
    return (struct http_limits){
        .request_header_max_bytes = 16384,
        .request_header_max_count = 100,
        .request_uri_max_bytes = 8190,
        .body_max_bytes = UINT64_C(104857600),
        .data_upload_max_memory_size = 2621440,
        .data_upload_max_number_fields = 1000,
        .data_upload_max_number_files = 100,
        .file_upload_max_memory_size = 2621440,
        .file_upload_temp_dir = NULL,
        .json_max_depth = 64,
    };
}
