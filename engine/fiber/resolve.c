/* SPDX-License-Identifier: MIT */
#include "fiber/resolve.h"

#include "fiber/impl.h"

#include <netdb.h>

struct resolve { /* on the heap: it may outlive the fiber's wait */
    uv_getaddrinfo_t req;
    struct fiber *fiber; /* NULL: nobody waits any more */
    struct addrinfo *list;
    int status;
};

static void done(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
    struct resolve *r = req->data;

    if (!r->fiber) {
        uv_freeaddrinfo(list);
        free(r);
        return;
    }
    r->status = status;
    r->list = list;
    fiber_ready(r->fiber, ERR_OK);
}

static int answer(int status, const char *host, struct err *err)
{
    bool unknown = status == UV_EAI_NONAME || status == UV_EAI_NODATA;

    if (status == 0)
        return 0;
    return err_set(err, unknown ? ERR_NOT_FOUND : ERR_IO, "cannot find the host '%s': %s", host,
                   unknown ? "there is no such name" : uv_strerror(status));
}

int fiber_resolve(struct loop *l, const char *host, uint16_t port, int64_t deadline,
                  struct addrinfo **out, struct err *err)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    char service[8];
    struct resolve *r;
    int rc;

    assert(l->current);
    snprintf(service, sizeof service, "%u", port);
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    if (getaddrinfo(host, service, &hints, out) == 0) /* a number: at once */
        return 0;
    hints.ai_flags = AI_NUMERICSERV;
    r = mem_zalloc(sizeof *r);
    r->req.data = r;
    r->fiber = l->current;
    rc = uv_getaddrinfo(&l->uv, &r->req, done, host, service, &hints);
    if (rc) {
        free(r);
        return answer(rc, host, err);
    }
    enum err_code code = fiber_suspend(l, WAIT_EVENT, deadline);
    if (code != ERR_OK) {
        r->fiber = NULL;
        uv_cancel((uv_req_t *)&r->req);
        return fiber_result(code, err, "finding the host '%s'", host);
    }
    rc = r->status;
    *out = r->list;
    free(r);
    return answer(rc, host, err);
}

void resolve_free(struct addrinfo *list)
{
    if (list)
        freeaddrinfo(list);
}
