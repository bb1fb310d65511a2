/* SPDX-License-Identifier: MIT */
/* Translated texts.  Private. */
#ifndef TEMPLATE_I18N_H
#define TEMPLATE_I18N_H

#include "template/impl.h"

/* The translation of text (or of singular and plural, for n), through the host. */
int i18n_text(struct render *r, struct str context, struct str singular, struct str plural,
              struct tval n, struct str *out);
/* A value of the context as a message's context; p NULL when there is none. */
int i18n_context(struct render *r, const struct expr *e, struct str *out);

/* Whether a number takes the singular, where nobody translates. */
bool i18n_is_one(struct tval n);
/* The word behind the option bits[*i - 1]. */
int i18n_option_value(struct parser *p, const struct token *t, struct str *bits, size_t n,
                      size_t *i, struct str *out);

TAG_FN(translate);
TAG_FN(blocktranslate);

#endif
