/* SPDX-License-Identifier: MIT */
/* The tags and libraries of the language itself. */
#include "template/impl.h"

static const struct tag builtin_tags[] = {
    {"autoescape", tag_autoescape, NULL},
    {"block", tag_block, NULL},
    {"comment", tag_comment, NULL},
    {"extends", tag_extends, NULL},
    {"filter", tag_filter, NULL},
    {"for", tag_for, NULL},
    {"if", tag_if, NULL},
    {"include", tag_include, NULL},
    {"load", tag_load, NULL},
    {"partial", tag_partial, NULL},
    {"partialdef", tag_partialdef, NULL},
    {"spaceless", tag_spaceless, NULL},
    {"templatetag", tag_templatetag, NULL},
    {"verbatim", tag_verbatim, NULL},
    {"with", tag_with, NULL},
    {NULL, NULL, NULL},
};

const struct library template_builtin_tags = {.tags = builtin_tags};

const struct library template_builtin_filters = {.filters = NULL};

const struct library *template_library(struct str name)
{
    (void)name;
    return NULL;
}
