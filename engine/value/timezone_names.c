/* SPDX-License-Identifier: MIT */
/* The names of the zone database: which are well-formed, and which is nearest to
 * one that does not exist. */
#include "base/suggest.h"
#include "value/timezone_impl.h"

#include <dirent.h>
#include <limits.h>

enum { MAX_DEPTH = 3 };

static bool name_char(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || c == '_' || c == '+' || c == '-';
}

bool zone_name_ok(struct str name)
{
    bool after_slash = true;
    for (size_t i = 0; i < name.n; i++) {
        if (name.p[i] == '/' ? after_slash : !name_char(name.p[i]))
            return false;
        after_slash = name.p[i] == '/';
    }
    return !after_slash;
}

/* Other forms of the same database ("posix/Europe/Paris"), and helper files. */
static bool skipped(const char *name)
{
    static const char *const names[] = {"posix", "right", "posixrules", "localtime", "leapseconds"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static void walk(const char *dir, struct str prefix, int depth, struct suggest *s, struct buf *best)
{
    DIR *d = opendir(dir);
    if (!d)
        return;
    for (struct dirent *e; (e = readdir(d));) {
        char path[PATH_MAX], name[256];
        if (!zone_name_ok(str_from(e->d_name)) || skipped(e->d_name))
            continue;
        int n = snprintf(name, sizeof name, "%.*s%s", STR_ARG(prefix), e->d_name);
        if (n >= (int)sizeof name)
            continue;
        if (e->d_type == DT_DIR && depth < MAX_DEPTH &&
            snprintf(path, sizeof path, "%s/%s", dir, e->d_name) < (int)sizeof path) {
            name[n] = '/';
            walk(path, str_make(name, (size_t)n + 1), depth + 1, s, best);
        } else if (e->d_type != DT_DIR) {
            suggest_add(s, str_make(name, (size_t)n));
            if (s->best.p == name) { /* keep it beyond this turn */
                buf_reset(best);
                buf_add(best, name, (size_t)n);
                s->best = buf_str(best);
            }
        }
    }
    closedir(d);
}

int zone_unknown(const char *dir, struct str name, struct err *err)
{
    struct suggest s;
    struct buf best = BUF_INIT;
    char hint[128];
    struct str shown = str_head(name, 64);
    suggest_init(&s, shown);
    walk(dir, STR(""), 0, &s, &best);
    err_set(err, ERR_NOT_FOUND, "unknown time zone '%.*s'%s", STR_ARG(shown),
            suggest_text(&s, hint, sizeof hint));
    buf_release(&best);
    return -1;
}
