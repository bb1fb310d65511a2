/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

enum { LONGEST_LINE = 8192 };

static void default_sink(void *data, const struct log_record *r)
{
    const struct log *log = data;
    struct buf line = BUF_INIT;
    time_t sec = (time_t)(r->time / CLOCK_SECOND);
    struct tm tm;
    char when[32];

    localtime_r(&sec, &tm);
    strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &tm);
    buf_addf(&line, "%s,%03d %s %s: ", when, (int)(r->time % CLOCK_SECOND / CLOCK_MS),
             log_level_name(r->level), r->name);
    log_escape(&line, str_head(r->text, LONGEST_LINE)); /* escaping never shortens */
    if (r->trace.n && line.n < LONGEST_LINE) {
        log_escape(&line, STR("\n"));
        log_escape(&line, str_head(r->trace, LONGEST_LINE));
    }
    if (line.n > LONGEST_LINE - 4) {
        size_t n = LONGEST_LINE - 4;
        while ((line.data[n] & 0xc0) == 0x80) /* not in the middle of a character */
            n--;
        buf_cut(&line, n);
        buf_adds(&line, "...");
    }
    buf_addc(&line, '\n');
    log_line(log->fd, buf_str(&line));
    buf_release(&line);
}

void log_init(struct log *log, int fd, enum log_level level)
{
    *log = (struct log){.level = level, .sink = default_sink, .data = log, .fd = fd};
}

void log_vwrite(struct log *log, enum log_level level, const char *name, const char *fmt,
                va_list ap)
{
    struct buf text = BUF_INIT;
    if (level < log->level)
        return;
    buf_vaddf(&text, fmt, ap);
    log->sink(log->data,
              &(struct log_record){
                  .level = level, .name = name, .text = buf_str(&text), .time = clock_realtime()});
    buf_release(&text);
}

void log_write(struct log *log, enum log_level level, const char *name, const char *fmt, ...)
{
    va_list ap;
    if (level < log->level)
        return;
    va_start(ap, fmt);
    log_vwrite(log, level, name, fmt, ap);
    va_end(ap);
}

void log_write_record(struct log *log, struct log_record *r, const char *fmt, ...)
{
    struct buf text = BUF_INIT;
    va_list ap;
    if (r->level < log->level)
        return;
    va_start(ap, fmt);
    buf_vaddf(&text, fmt, ap);
    va_end(ap);
    r->text = buf_str(&text);
    r->time = clock_realtime();
    log->sink(log->data, r);
    buf_release(&text);
}

void log_escape(struct buf *b, struct str s)
{
    while (s.n) {
        uint32_t cp = 0;
        size_t n = utf8_decode(s, &cp);
        if (n == 0) {
            buf_addf(b, "\\x%02x", (unsigned char)s.p[0]);
            n = 1;
        } else if (cp == '\n') {
            buf_adds(b, "\\n");
        } else if (cp == '\r') {
            buf_adds(b, "\\r");
        } else if (cp == '\t') {
            buf_adds(b, "\\t");
        } else if (cp == '\\') {
            buf_adds(b, "\\\\");
        } else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) {
            buf_addf(b, "\\x%02x", (unsigned)cp);
        } else if (cp == 0x2028 || cp == 0x2029) {
            buf_addf(b, "\\u%04x", (unsigned)cp);
        } else {
            buf_add(b, s.p, n);
        }
        s = str_skip(s, n);
    }
}

static const struct {
    enum log_level level;
    const char *name;
} levels[] = {
    {LOG_LEVEL_DEBUG, "DEBUG"}, {LOG_LEVEL_INFO, "INFO"},         {LOG_LEVEL_WARNING, "WARNING"},
    {LOG_LEVEL_ERROR, "ERROR"}, {LOG_LEVEL_CRITICAL, "CRITICAL"}, {LOG_LEVEL_NOTSET, "NOTSET"},
};

int log_level_parse(struct str name)
{
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (str_ieq(name, str_from(levels[i].name)))
            return (int)levels[i].level;
    return -1;
}

const char *log_level_name(enum log_level level)
{
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (levels[i].level == level)
            return levels[i].name;
    return "LEVEL";
}

void log_add_level(struct buf *b, enum log_level level)
{
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
        if (levels[i].level == level) {
            buf_adds(b, levels[i].name);
            return;
        }
    }
    buf_addf(b, "Level %d", (int)level);
}

void log_line(int fd, struct str line)
{
    while (line.n) {
        ssize_t n = write(fd, line.p, line.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return;
        line = str_skip(line, (size_t)n);
    }
}
