/* SPDX-License-Identifier: MIT */
#include "http/disposition.h"

#include "http/percent.h"

static bool is_plain(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x20 || s.p[i] > 0x7e)
            return false;
    return true;
}

bool content_disposition(struct buf *out, bool as_attachment, struct str filename)
{
    if (filename.n == 0 && !as_attachment)
        return false;
    buf_adds(out, as_attachment ? "attachment" : "inline");
    if (filename.n == 0)
        return true;
    if (is_plain(filename)) {
        buf_adds(out, "; filename=\"");
        for (size_t i = 0; i < filename.n; i++) {
            if (filename.p[i] == '"' || filename.p[i] == '\\')
                buf_addc(out, '\\');
            buf_addc(out, filename.p[i]);
        }
        buf_addc(out, '"');
    } else {
        buf_adds(out, "; filename*=utf-8''");
        percent_quote(out, filename, STR("/"));
    }
    return true;
}
