/* SPDX-License-Identifier: MIT */
/* SQLite's codes as the classes of PEP 249, as Python's sqlite3 module has them. */
#include "db/sqlite_impl.h"

static enum err_code constraint(int code)
{
    switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return ERR_DB_UNIQUE;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return ERR_DB_FOREIGN_KEY;
    case SQLITE_CONSTRAINT_NOTNULL:
        return ERR_DB_NOT_NULL;
    case SQLITE_CONSTRAINT_CHECK:
        return ERR_DB_CHECK;
    default:
        return ERR_DB_INTEGRITY;
    }
}

static enum err_code class_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_INTERNAL:
    case SQLITE_NOTFOUND:
        return ERR_DB_INTERNAL;
    case SQLITE_TOOBIG:
        return ERR_DB_DATA;
    case SQLITE_CONSTRAINT:
        return constraint(code);
    case SQLITE_MISMATCH:
        return ERR_DB_INTEGRITY;
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
        return ERR_DB_INTERFACE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
        return ERR_DB;
    default:
        return ERR_DB_OPERATIONAL;
    }
}

int sqlite_fail(struct sqlite_conn *c, int code, struct err *err)
{
    const struct db_options *o = &c->conn->db->options;
    const char *text = sqlite3_errmsg(c->h);
    if ((code & 0xff) == SQLITE_INTERRUPT && c->timed_out) {
        c->timed_out = false;
        return err_set(err, ERR_DB_OPERATIONAL,
                       "interrupted: the statement ran for more than %g s "
                       "(options.statement_timeout)",
                       o->statement_timeout);
    }
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        text = "out of memory";
        break;
    case SQLITE_FULL:
        return err_set(err, ERR_DB_OPERATIONAL, "%s: the disk of '%.*s' has no room left", text,
                       STR_ARG(o->name));
    case SQLITE_READONLY:
        return err_set(err, ERR_DB_OPERATIONAL,
                       "%s: may the user of this process write '%.*s' and its folder?", text,
                       STR_ARG(o->name));
    case SQLITE_NOTADB:
        return err_set(err, ERR_DB, "'%.*s': %s", STR_ARG(o->name), text);
    default:
        break;
    }
    return err_set(err, class_of(code), "%s", text);
}
