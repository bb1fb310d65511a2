/* SPDX-License-Identifier: MIT */
/* perilune._testing: a request through the whole pipeline, in this process and without a
 * socket, as a worker answers one (engine/app/worker.c). */
#include "bindings/http/request.h"
#include "bindings/fiber/fiber.h"
#include "bindings/http/response.h"
#include "bindings/lua/error.h"
#include "bindings/lua/host.h"
#include "bindings/test/test.h"

#include "app/live.h"
#include "base/banned.h"
#include "base/buf.h"
#include "fiber/fiber.h"
#include "pipeline/request_signals.h"

#include <errno.h>
#include <lauxlib.h>
#include <unistd.h>

enum { PIECE = 64 * 1024 };

/* handle(request) -> response. In a fiber that has no other request; may wait. */
static int l_handle(lua_State *L)
{
    struct request *r = request_check(L, 1);
    struct host *h = host_of(L);
    void **slot = fiber_slot(fiber_self(fiber_check(L)), FIBER_REQUEST);
    void *before = *slot;
    struct memory *m = &h->memory;
    size_t limit = m->limit;
    if (!h->app || !h->app->pipeline)
        return exception_raise(L, "ImproperlyConfigured", "there is no project that could answer");
    luaL_checkstack(L, 8, NULL);
    *slot = r;
    struct response *response = live_answer(h->app, NULL, r);
    *slot = before;
    m->limit = SIZE_MAX; /* what is held must not be lost for the lack of a small object */
    response_push(L, r, response);
    m->limit = limit;
    response_unref(response);
    return 1;
}

/* finished(): the last byte is out, and request_finished is sent. May wait. */
static int l_finished(lua_State *L)
{
    struct app *app = host_of(L)->app;
    if (app && request_signal_wants_finished(app->signals))
        request_signal_finished(app->signals, app->log);
    return 0;
}

/* ---- what would go to the client ---- */

static int push_piece(lua_State *L, struct buf *b)
{
    struct host *h = host_of(L);
    size_t limit = h->memory.limit;
    h->memory.limit = SIZE_MAX;
    lua_pushlstring(L, b->data ? b->data : "", b->n);
    h->memory.limit = limit;
    buf_release(b);
    return 1;
}

static int read_file(struct response *r, struct buf *out, struct err *err)
{
    size_t want = r->file_length < PIECE ? (size_t)r->file_length : PIECE;
    if (!want)
        return 0;
    buf_reserve(out, want);
    ssize_t n = pread(r->fd, out->data, want, (off_t)r->file_offset);
    if (n < 0)
        return err_set_errno(err, "the file of the response cannot be read");
    out->n = (size_t)n;
    r->file_offset += (uint64_t)n;
    r->file_length -= (uint64_t)n;
    return n > 0;
}

/* pull(response) -> the next piece of the body, nil at its end. May wait. */
static int l_pull(lua_State *L)
{
    struct response *r = response_check(L, 1);
    struct buf b = BUF_INIT;
    struct err err;
    int more = 1;
    luaL_checkstack(L, 8, NULL);
    if (r->kind == RESPONSE_BYTES)
        return 0;
    while (more == 1 && !b.n)
        more = r->kind == RESPONSE_FILE ? read_file(r, &b, &err)
                                        : r->source.pull(r->source.data, &b, &err);
    if (more < 0) {
        buf_release(&b);
        response_clear_body(r);
        return exception_raise_err(L, &err);
    }
    if (b.n)
        return push_piece(L, &b);
    buf_release(&b);
    response_clear_body(r);
    return 0;
}

/* close(response): nobody reads on */
static int l_close(lua_State *L)
{
    response_clear_body(response_check(L, 1));
    return 0;
}

void testing_open_request(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"handle", l_handle}, {"finished", l_finished}, {"pull", l_pull}, {"close", l_close},
        {NULL, NULL},
    };
    luaL_setfuncs(L, functions, 0);
}
