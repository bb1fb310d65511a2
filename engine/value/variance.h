/* SPDX-License-Identifier: MIT */
/* Variance and standard deviation of numbers, computed exactly and rounded once: what
 * Python's statistics module gives.  Numbers can be taken out again, so that windows of
 * rows need not begin anew. */
#ifndef VALUE_VARIANCE_H
#define VALUE_VARIANCE_H

#include <stdbool.h>
#include <stdint.h>

struct variance;

struct variance *variance_new(void);
void variance_free(struct variance *v); /* NULL is allowed */

void variance_add_int(struct variance *v, int64_t x);
void variance_add(struct variance *v, double x);
/* One that was added. */
void variance_remove_int(struct variance *v, int64_t x);
void variance_remove(struct variance *v, double x);

/* Of a population, or of a sample of it.  false when there is none: no numbers, one number
 * as a sample, infinities or NaN among them. */
bool variance_result(struct variance *v, bool sample, double *out);
bool variance_deviation(struct variance *v, bool sample, double *out); /* its square root */

#endif
