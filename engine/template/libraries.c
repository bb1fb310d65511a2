/* SPDX-License-Identifier: MIT */
/* The tags and libraries of the language itself. */
#include "template/filters.h"
#include "template/impl.h"

static const struct tag builtin_tags[] = {
    {"autoescape", tag_autoescape, NULL},
    {"block", tag_block, NULL},
    {"comment", tag_comment, NULL},
    {"cycle", tag_cycle, NULL},
    {"extends", tag_extends, NULL},
    {"filter", tag_filter, NULL},
    {"firstof", tag_firstof, NULL},
    {"for", tag_for, NULL},
    {"if", tag_if, NULL},
    {"ifchanged", tag_ifchanged, NULL},
    {"include", tag_include, NULL},
    {"load", tag_load, NULL},
    {"lorem", tag_lorem, NULL},
    {"now", tag_now, NULL},
    {"partial", tag_partial, NULL},
    {"partialdef", tag_partialdef, NULL},
    {"regroup", tag_regroup, NULL},
    {"resetcycle", tag_resetcycle, NULL},
    {"spaceless", tag_spaceless, NULL},
    {"templatetag", tag_templatetag, NULL},
    {"verbatim", tag_verbatim, NULL},
    {"widthratio", tag_widthratio, NULL},
    {"with", tag_with, NULL},
    {NULL, NULL, NULL},
};

const struct library template_builtin_tags = {.tags = builtin_tags};

const struct library *template_library(struct str name)
{
    static const struct {
        struct str name;
        struct library library;
    } libraries[] = {
        {STR_INIT("humanize"), {NULL, template_humanize_filters}},
        {STR_INIT("i18n"), {template_i18n_tags, template_i18n_filters}},
        {STR_INIT("l10n"), {template_l10n_tags, template_l10n_filters}},
        {STR_INIT("tz"), {template_tz_tags, template_tz_filters}},
    };
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        if (str_eq(libraries[i].name, name))
            return &libraries[i].library;
    return NULL;
}
