/* SPDX-License-Identifier: MIT */
/* Private to form.c: how the content of a file is kept, and under what name. */
#ifndef HTTP_FORM_UPLOAD_H
#define HTTP_FORM_UPLOAD_H

#include "http/form.h"

/* Adds to the content, in memory while *memory_left lasts. */
int upload_write(struct upload *u, struct str bytes, size_t *memory_left, const char *temp_dir,
                 struct err *err);
/* Frees the memory or closes the file; once. */
void upload_discard(struct upload *u);

/* The file name that a client sent as one that may be shown and stored: the part
 * behind the last "/" or "\", HTML entities decoded, unprintable characters, and
 * dots and spaces at the end, removed, cut to 255 bytes before its extension.
 * p NULL when nothing is left. */
struct str upload_clean_name(struct arena *a, struct str sent);

#endif
