/* SPDX-License-Identifier: MIT */
/* Any bytes are read to their end or refused, and what was read is written again and read
 * as the same: one way of writing each value. */
#include "value/pack.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
    if (!condition)
        abort();
}

/* Writes the value that r has just read. */
static bool write_again(struct buf *b, struct pack_reader *r, enum pack_type type)
{
    struct decimal d;
    switch (type) {
    case PACK_INT:
        pack_add_int(b, r->integer);
        break;
    case PACK_DOUBLE:
        pack_add_double(b, r->number);
        break;
    case PACK_STRING:
        pack_add_string(b, r->text);
        break;
    case PACK_SAFE:
        pack_add_safe(b, r->text);
        break;
    case PACK_DECIMAL:
        if (decimal_parse(&d, r->text, NULL) != 0)
            return false;
        pack_add_decimal(b, &d);
        break;
    case PACK_DATE:
        pack_add_date(b, r->moment.date);
        break;
    case PACK_TIME:
        pack_add_time(b, r->moment.time);
        break;
    case PACK_DATETIME:
        pack_add_datetime(b, &r->moment); /* without its zone */
        break;
    case PACK_TIMEDELTA:
        pack_add_timedelta(b, r->duration);
        break;
    case PACK_TABLE:
    case PACK_LIST:
        pack_add_table(b, r->items, r->members, type == PACK_LIST);
        break;
    case PACK_EXTENSION:
        pack_add_extension(b, r->text);
        break;
    case PACK_REFERENCE:
        pack_add_reference(b, r->integer);
        break;
    default:
        pack_add_simple(b, type);
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pack_reader r, again;
    struct buf b = BUF_INIT;
    struct err err;
    enum pack_type type;
    pack_reader_init(&r, str_make((const char *)data, size));
    while ((type = pack_next(&r, &err)) > PACK_END) {
        size_t rest = (size_t)(r.end - r.p);
        require(rest < size);
        buf_reset(&b);
        if (!write_again(&b, &r, type))
            continue;
        for (size_t i = 0; i < rest && i < 2 * ((size_t)r.items + r.members) + 1; i++)
            buf_addc(&b, '\0'); /* so that what a table announces is there */
        pack_reader_init(&again, buf_str(&b));
        bool table = type == PACK_TABLE || type == PACK_LIST;
        require(pack_next(&again, &err) == type);
        require(again.integer == r.integer || (type != PACK_INT && type != PACK_REFERENCE));
        require(!table || (again.items == r.items && again.members == r.members));
        if (type == PACK_STRING || type == PACK_SAFE || type == PACK_EXTENSION)
            require(str_eq(again.text, r.text));
    }
    require(type == PACK_END ? r.p == r.end : err.code == ERR_SYNTAX);
    buf_release(&b);
    return 0;
}
