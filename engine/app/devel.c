/* SPDX-License-Identifier: MIT */
#include "app/devel.h"

#include "base/banned.h"
#include "base/hash.h"
#include "base/str.h"
#include "http/response.h"
#include "value/html.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_DEPTH = 24 };

static bool is_source(const char *name)
{
    static const char *const ends[] = {".lua", ".html", ".txt", ".xml", ".so", ".po", ".json"};
    struct str s = str_from(name);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (str_ends(s, str_from(ends[i])))
            return true;
    return strcmp(name, ".env") == 0;
}

static bool skip_folder(const char *name)
{
    static const char *const skipped[] = {"node_modules", "media", "staticfiles", "build"};
    for (size_t i = 0; i < sizeof skipped / sizeof *skipped; i++)
        if (strcmp(name, skipped[i]) == 0)
            return true;
    return name[0] == '.';
}

/* The order in which a folder lists its files may differ: the sum does not see it. */
static uint64_t folder(int fd, int depth)
{
    DIR *d = fdopendir(fd);
    uint64_t sum = 0;
    if (!d) {
        close(fd);
        return 0;
    }
    for (struct dirent *e; (e = readdir(d));) {
        struct stat st;
        if (fstatat(fd, e->d_name, &st, 0) != 0)
            continue;
        if (S_ISDIR(st.st_mode)) {
            int sub;
            if (skip_folder(e->d_name) || depth >= MAX_DEPTH)
                continue;
            sub = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            if (sub >= 0)
                sum += folder(sub, depth + 1) * 31 + hash_str(str_from(e->d_name));
        } else if (is_source(e->d_name)) {
            struct {
                uint64_t name;
                int64_t sec, nsec, size;
            } id = {hash_str(str_from(e->d_name)), st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
                    st.st_size};
            sum += hash_str(str_make((const char *)&id, sizeof id));
        }
    }
    closedir(d);
    return sum;
}

uint64_t devel_snapshot(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? 0 : folder(fd, 0);
}

/* ---- the banner ---- */

static const struct str banner_open =
    STR_INIT("<div role=\"alert\" style=\"position:fixed;z-index:2147483647;inset:auto 0 0 0;"
             "max-height:40vh;overflow:auto;margin:0;padding:12px 16px;background:#8c1d18;"
             "color:#fff;font:14px/1.45 ui-monospace,monospace;white-space:pre-wrap;"
             "overflow-wrap:anywhere\"><strong>The changed files do not load; this page comes "
             "from the code before the change.</strong>\n");

/* Where </body> begins, in either case; n when it does not. */
static size_t end_of_body(struct str html)
{
    static const char tag[] = "</body";
    const size_t n = sizeof tag - 1;
    for (size_t i = html.n < n ? 0 : html.n - n + 1; i-- > 0;)
        if (html.p[i] == '<' && strncasecmp(html.p + i, tag, n) == 0)
            return i;
    return html.n;
}

static bool is_html(const struct response *r)
{
    return r->kind == RESPONSE_BYTES &&
           str_starts(headers_get(&r->headers, STR("Content-Type")), STR("text/html")) &&
           !headers_get(&r->headers, STR("Content-Encoding")).p;
}

static void announce(struct response *r, const char *why)
{
    struct buf b = BUF_INIT;
    struct err err;
    for (const char *p = why; *p; p++)
        buf_addc(&b, (unsigned char)*p < ' ' || *p == 127 ? ' ' : *p);
    headers_set(&r->headers, STR("X-Load-Error"), buf_str(&b), &err);
    buf_release(&b);
}

void devel_banner(struct response *response, const char *why)
{
    struct buf b = BUF_INIT;
    size_t at;
    if (headers_has(&response->headers, STR("X-Load-Error")))
        return; /* the project keeps its response: it has been here before */
    announce(response, why);
    if (!is_html(response) || (at = end_of_body(response->bytes)) == response->bytes.n)
        return;
    buf_add(&b, response->bytes.p, at);
    buf_addstr(&b, banner_open);
    html_escape(&b, str_from(why));
    buf_adds(&b, "</div>\n");
    buf_add(&b, response->bytes.p + at, response->bytes.n - at);
    headers_remove(&response->headers, STR("Content-Length"));
    response_set_body(response, buf_str(&b));
    buf_release(&b);
}
