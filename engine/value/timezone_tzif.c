/* SPDX-License-Identifier: MIT */
/* The files of the zone database (RFC 8536).  Version 2 and later hold everything
 * twice, first in 32 and then in 64 bits, and a rule for the time after. */
#include "value/timezone_impl.h"

#include "base/mem.h"

enum { HEADER = 44, MAX_OFFSET = 86400 };

struct counts {
    uint32_t isut, isstd, leap, time, type, chars;
};

static uint32_t be32(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static int64_t be_time(const char *p, size_t size)
{
    if (size == 4)
        return (int32_t)be32(p);
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

/* Reads the header at the start of s; false when it is none. */
static bool read_counts(struct str s, struct counts *c)
{
    if (s.n < HEADER || memcmp(s.p, "TZif", 4) != 0)
        return false;
    const char *p = s.p + 20;
    *c = (struct counts){be32(p),      be32(p + 4),  be32(p + 8),
                         be32(p + 12), be32(p + 16), be32(p + 20)};
    /* Far beyond what exists; keeps the sums below small. */
    return c->isut <= 256 && c->isstd <= 256 && c->leap <= 4096 && c->time <= 65536 &&
           c->type >= 1 && c->type <= 256 && c->chars >= 1 && c->chars <= 4096;
}

static size_t block_size(const struct counts *c, size_t time_size)
{
    return c->time * (time_size + 1) + c->type * 6 + c->chars + c->leap * (time_size + 4) +
           c->isstd + c->isut;
}

static bool read_types(struct zone *z, const char *p, const struct counts *c)
{
    const char *abbrs = p + c->type * 6;
    z->ntypes = c->type;
    z->types = mem_alloc(mem_mul(c->type, sizeof *z->types));
    for (size_t i = 0; i < c->type; i++, p += 6) {
        struct tz_info *t = &z->types[i];
        size_t at = (unsigned char)p[5];
        t->offset = (int32_t)be32(p);
        t->dst = p[4] != 0;
        if (t->offset <= -MAX_OFFSET || t->offset >= MAX_OFFSET || at >= c->chars)
            return false;
        size_t n = strnlen(abbrs + at, c->chars - at);
        if (at + n >= c->chars || n >= TZ_ABBR_SIZE)
            return false;
        memcpy(t->abbr, abbrs + at, n + 1);
    }
    for (z->before = 0; z->before < z->ntypes - 1 && z->types[z->before].dst;)
        z->before++;
    if (z->types[z->before].dst)
        z->before = 0;
    return true;
}

static bool read_block(struct zone *z, const char *p, const struct counts *c, size_t time_size)
{
    z->n = c->time;
    z->at = mem_alloc(mem_mul(c->time, sizeof *z->at));
    z->type = mem_alloc(c->time);
    const char *types = p + c->time * time_size;
    for (size_t i = 0; i < c->time; i++) {
        z->at[i] = be_time(p + i * time_size, time_size);
        z->type[i] = (uint8_t)types[i];
        if (z->type[i] >= c->type || (i > 0 && z->at[i] <= z->at[i - 1]))
            return false;
    }
    return c->leap == 0 && read_types(z, types + c->time, c);
}

/* The rule stands between two line ends; it may be empty. */
static int read_footer(struct zone *z, struct str s, struct err *err)
{
    if (s.n < 2 || *s.p != '\n')
        return err_set(err, ERR_INVALID, "the rule at the end is missing");
    s = str_skip(s, 1);
    s = str_head(s, str_index(s, '\n'));
    z->has_rule = s.n > 0;
    return z->has_rule ? tz_rule_parse(&z->rule, s, err) : 0;
}

static int read_zone(struct zone *z, struct str s, struct err *err)
{
    struct counts c;
    if (!read_counts(s, &c))
        return err_set(err, ERR_INVALID, "not a TZif file");
    size_t time_size = 4, size = HEADER + block_size(&c, 4);
    bool two = s.p[4] >= '2';
    if (two && s.n >= size) {
        s = str_skip(s, size);
        time_size = 8;
        if (!read_counts(s, &c))
            return err_set(err, ERR_INVALID, "the 64-bit part is missing");
        size = HEADER + block_size(&c, 8);
    }
    if (s.n < size)
        return err_set(err, ERR_INVALID, "the file is cut short");
    if (c.leap)
        return err_set(err, ERR_INVALID, "the zone counts leap seconds");
    if (!read_block(z, s.p + HEADER, &c, time_size))
        return err_set(err, ERR_INVALID, "the data does not make sense");
    return two ? read_footer(z, str_skip(s, size), err) : 0;
}

struct zone *tzif_parse(struct str bytes, struct str name, struct err *err)
{
    struct zone *z = mem_zalloc(sizeof *z);
    z->name = mem_strndup(name.p, name.n);
    if (read_zone(z, bytes, err)) {
        err_prefix(err, "time zone '%s'", z->name);
        zone_free(z);
        return NULL;
    }
    return z;
}

void zone_free(struct zone *z)
{
    if (!z)
        return;
    free(z->name);
    free(z->at);
    free(z->type);
    free(z->types);
    free(z);
}
