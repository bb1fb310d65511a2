/* SPDX-License-Identifier: MIT */
/* Template errors as plain data. */
#include "template/impl.h"

#include "base/banned.h"

#include <stdio.h>

void template_error_init(struct template_error *e)
{
    memset(e, 0, sizeof *e);
    buf_init(&e->tried);
}

void template_error_release(struct template_error *e)
{
    buf_release(&e->tried);
    template_error_init(e);
}

int template_error_vset(struct template_error *e, const char *kind, const char *fmt, va_list ap)
{
    e->kind = kind;
    e->hint[0] = '\0';
    vsnprintf(e->text, sizeof e->text, fmt, ap);
    return -1;
}

int template_error_set(struct template_error *e, const char *kind, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    template_error_vset(e, kind, fmt, ap);
    va_end(ap);
    return -1;
}
