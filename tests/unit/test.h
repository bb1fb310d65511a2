/* SPDX-License-Identifier: MIT */
/* cmocka and what its header wants before it, plus two short forms. */
#ifndef TESTS_UNIT_TEST_H
#define TESTS_UNIT_TEST_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
/* clang-format on */

#include "base/str.h"

/* The bytes of a struct str against a C string. */
#define assert_str(got, want)                                                                      \
    do {                                                                                           \
        struct str got_ = (got), want_ = str_from(want);                                           \
        if (!str_eq(got_, want_))                                                                  \
            fail_msg("got \"%.*s\", want \"%s\"", STR_ARG(got_), want_.p);                         \
    } while (0)

#endif
