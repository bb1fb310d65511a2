/* SPDX-License-Identifier: MIT */
#ifndef HTTP_PRINTABLE_H
#define HTTP_PRINTABLE_H

#include <stdbool.h>
#include <stdint.h>

/* Whether a code point is a control, a format character (direction marks, zero
 * width, tags) or of private use: what hides something from a reader. */
bool codepoint_is_control(uint32_t cp);
/* Whether it is none of those, nor a separator other than the space. */
bool codepoint_is_printable(uint32_t cp);

#endif
