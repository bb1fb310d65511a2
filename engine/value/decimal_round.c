/* SPDX-License-Identifier: MIT */
/* Rounding, and the limits that every result is held against. */
#include "value/decimal_impl.h"

#include "base/suggest.h"

bool decimal_rounds_up(enum decimal_rounding rounding, enum tail tail, bool negative,
                       const struct nat *kept)
{
    if (tail == TAIL_ZERO)
        return false;
    switch (rounding) {
    case DECIMAL_HALF_EVEN:
        return tail == TAIL_ABOVE_HALF || (tail == TAIL_HALF && kept->n && (kept->limb[0] & 1));
    case DECIMAL_HALF_UP:
        return tail >= TAIL_HALF;
    case DECIMAL_HALF_DOWN:
        return tail == TAIL_ABOVE_HALF;
    case DECIMAL_UP:
        return true;
    case DECIMAL_DOWN:
        return false;
    case DECIMAL_CEILING:
        return !negative;
    case DECIMAL_FLOOR:
        return negative;
    case DECIMAL_05UP:
        break;
    }
    return nat_mod_limb(kept, 5) == 0;
}

/* Cuts c to `precision` digits; gives how much its exponent grows. */
static unsigned fit(struct nat *c, unsigned precision, enum decimal_rounding rounding,
                    bool negative)
{
    const unsigned __int128 most = (unsigned __int128)10000000000000 * 1000000000000000; /* 10^28 */
    if (c->n < 2 && precision >= 20)
        return 0;
    if (c->n == 2 && precision >= 28 && ((unsigned __int128)c->limb[1] << 64 | c->limb[0]) < most)
        return 0;
    unsigned digits = nat_digits(c);
    if (digits <= precision)
        return 0;
    unsigned cut = digits - precision;
    if (decimal_rounds_up(rounding, nat_cut(c, cut), negative, c)) {
        nat_add_limb(c, 1);
        if (nat_digits(c) > precision) /* 999 became 1000 */
            nat_cut(c, 1), cut++;
    }
    return cut;
}

/* Stores without rounding. */
static int store(struct decimal *out, bool negative, const struct nat *c, int64_t exponent,
                 struct err *err)
{
    const int64_t least = -DECIMAL_EXPONENT_MAX - DECIMAL_DIGITS_MAX + 1;
    if (c->n == 0) { /* a zero takes the nearest exponent there is */
        exponent = exponent < least                  ? least
                   : exponent > DECIMAL_EXPONENT_MAX ? DECIMAL_EXPONENT_MAX
                                                     : exponent;
    } else if (exponent < least + DECIMAL_DIGITS_MAX ||
               exponent > DECIMAL_EXPONENT_MAX - DECIMAL_DIGITS_MAX) { /* a look is needed */
        int64_t adjusted = exponent + nat_digits(c) - 1;
        if (adjusted > DECIMAL_EXPONENT_MAX || adjusted < -DECIMAL_EXPONENT_MAX)
            return err_set(err, ERR_TOO_LARGE, "the exponent of a decimal is limited to %d: E%+lld",
                           DECIMAL_EXPONENT_MAX, (long long)adjusted);
    }
    assert(c->n <= DECIMAL_LIMBS);
    out->exponent = (int32_t)exponent;
    out->negative = negative;
    out->n = (uint16_t)c->n;
    memcpy(out->limbs, c->limb, (size_t)c->n * sizeof *c->limb);
    return 0;
}

int decimal_finish(struct decimal *out, bool negative, struct nat *c, int64_t exponent,
                   unsigned precision, struct err *err)
{
    exponent += fit(c, precision, DECIMAL_HALF_EVEN, negative);
    return store(out, negative, c, exponent, err);
}

int decimal_round_digits(struct decimal *out, const struct decimal *a, unsigned precision,
                         enum decimal_rounding rounding, struct err *err)
{
    struct nat c;
    assert(precision > 0);
    nat_from(&c, a);
    unsigned cut = fit(&c, precision, rounding, a->negative);
    return store(out, a->negative, &c, a->exponent + (int64_t)cut, err);
}

static int too_many_digits(unsigned precision, int exponent, struct err *err)
{
    return err_set(err, ERR_TOO_LARGE,
                   "the number takes more than %u digits when its last one stands for 1E%+d",
                   precision, exponent);
}

int decimal_quantize(struct decimal *out, const struct decimal *a, int exponent,
                     enum decimal_rounding rounding, unsigned precision, struct err *err)
{
    struct nat c;
    nat_from(&c, a);
    if (c.n && decimal_adjusted(a) - exponent + 1 > (int)precision)
        return too_many_digits(precision, exponent, err);
    if (exponent <= a->exponent) {
        if (c.n)
            nat_mul_pow10(&c, (unsigned)(a->exponent - exponent));
    } else {
        enum tail tail = nat_cut(&c, (unsigned)(exponent - a->exponent));
        if (decimal_rounds_up(rounding, tail, a->negative, &c))
            nat_add_limb(&c, 1);
    }
    if (nat_digits(&c) > precision)
        return too_many_digits(precision, exponent, err);
    return store(out, a->negative, &c, exponent, err);
}

int decimal_normalize(struct decimal *out, const struct decimal *a, struct err *err)
{
    struct nat c;
    nat_from(&c, a);
    int64_t exponent =
        a->exponent + (int64_t)fit(&c, DECIMAL_PRECISION, DECIMAL_HALF_EVEN, a->negative);
    exponent = c.n ? exponent + nat_strip(&c, DECIMAL_DIGITS_MAX) : 0;
    return store(out, a->negative, &c, exponent, err);
}

int decimal_rounding_parse(struct str name, enum decimal_rounding *out, struct err *err)
{
    static const struct {
        struct str name;
        enum decimal_rounding rounding;
    } names[] = {
        {STR_INIT("ROUND_HALF_EVEN"), DECIMAL_HALF_EVEN},
        {STR_INIT("ROUND_HALF_UP"), DECIMAL_HALF_UP},
        {STR_INIT("ROUND_HALF_DOWN"), DECIMAL_HALF_DOWN},
        {STR_INIT("ROUND_UP"), DECIMAL_UP},
        {STR_INIT("ROUND_DOWN"), DECIMAL_DOWN},
        {STR_INIT("ROUND_CEILING"), DECIMAL_CEILING},
        {STR_INIT("ROUND_FLOOR"), DECIMAL_FLOOR},
        {STR_INIT("ROUND_05UP"), DECIMAL_05UP},
    };
    struct suggest s;
    char text[128];
    suggest_init(&s, name);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (str_eq(names[i].name, name)) {
            *out = names[i].rounding;
            return 0;
        }
        suggest_add(&s, names[i].name);
    }
    return err_set(err, ERR_INVALID, "unknown rounding '%.*s'%s", STR_ARG(str_head(name, 60)),
                   suggest_text(&s, text, sizeof text));
}
