/* SPDX-License-Identifier: MIT */
/* Conditions of {% if %}.  Private. */
#ifndef TEMPLATE_COND_H
#define TEMPLATE_COND_H

#include "template/impl.h"

struct cond;

/* From the words behind "if" or "elif"; NULL after parser_fail(). */
struct cond *cond_parse(struct parser *p, const struct token *t, const struct str *words, size_t n);
int cond_eval(const struct cond *c, struct render *r, bool *out);

#endif
