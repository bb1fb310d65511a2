/* SPDX-License-Identifier: MIT */
#include "pipeline/request_signals.h"

#include "base/log.h"
#include "base/mem.h"
#include "http/request.h"

int request_signal_started(struct signals *all, struct request *r)
{
    struct signal *s = signals_builtin(all, SIGNAL_request_started);
    const struct signal_arg args[] = {
        {.name = "request", .type = SIGNAL_REQUEST, .object = r},
        {.name = "environ", .type = SIGNAL_ENVIRON, .object = r},
    };
    struct signal_event e = {.args = args, .nargs = 2};
    struct err err;
    if (!signal_has(s, NULL) || signal_send(s, NULL, &e, &err) == 0)
        return 0;
    request_raise(r, EXCEPTION_ERROR, "Error", "%s", err.msg);
    if (e.trace)
        r->exception.traceback = arena_strdup(r->arena, e.trace);
    free(e.trace);
    return -1;
}

static void log_failure(void *data, const struct signal_event *e, const struct err *err)
{
    struct log_record record = {
        .level = LOG_LEVEL_ERROR,
        .name = "perilune.dispatch",
        .trace = e->trace ? str_from(e->trace) : STR_NULL,
    };
    log_write_record(data, &record, "receiver of %s: %s", e->signal->name, err->msg);
}

void request_signal_exception(struct signals *all, struct log *log, struct request *r)
{
    struct signal *s = all ? signals_builtin(all, SIGNAL_got_request_exception) : NULL;
    const struct signal_arg args[] = {
        {.name = "request", .type = SIGNAL_REQUEST, .object = r},
        {.name = "exception", .type = SIGNAL_EXCEPTION, .object = r},
    };
    struct signal_event e = {.args = args, .nargs = 2};
    if (s && signal_has(s, NULL))
        signal_send_robust(s, NULL, &e, log_failure, log);
}

void request_signal_finished(struct signals *all, struct log *log)
{
    struct signal_event e = {.nargs = 0};
    signal_send_robust(signals_builtin(all, SIGNAL_request_finished), NULL, &e, log_failure, log);
}
