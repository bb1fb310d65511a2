/* SPDX-License-Identifier: MIT */
/* Where records end up. Private to base/logging*.c. */
#ifndef BASE_LOG_HANDLER_H
#define BASE_LOG_HANDLER_H

#include "base/logging.h"

struct log_handler;

/* Takes no ownership of the format. NULL with *err. */
struct log_handler *log_handler_new(const struct log_handler_options *o, struct log_format *format,
                                    struct err *err);
void log_handler_free(struct log_handler *h);
int log_handler_level(const struct log_handler *h);
struct str log_handler_name(const struct log_handler *h);
/* fd is where LOG_TO_STDERR writes. */
void log_handler_write(struct log_handler *h, int fd, const struct log_record *r);
void log_handler_reopen(struct log_handler *h);
/* Of LOG_TO_MEMORY; NULL for others and past the end. */
const struct log_record *log_handler_kept(const struct log_handler *h, size_t i);
bool log_handler_keeps(const struct log_handler *h);
void log_handler_forget(struct log_handler *h);

#endif
