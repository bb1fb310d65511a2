/* SPDX-License-Identifier: MIT */
/* perilune.middleware.request_id: a name for the request that goes through logs and
 * services.  X-Request-ID is taken over when it is well formed and comes from a trusted
 * proxy (settings.trusted_proxies), or from anybody with settings.trust_request_id; else
 * a random one is made.  The response carries it back. */
#include "base/mem.h"
#include "crypto/encode.h"
#include "crypto/random.h"
#include "pipeline/builtins.h"
#include "settings/settings.h"

#define NAME STR("X-Request-ID")
#define ID_MAX 128

static bool well_formed(struct str id)
{
    if (id.n == 0 || id.n > ID_MAX)
        return false;
    for (size_t i = 0; i < id.n; i++)
        if (!char_is_alpha(id.p[i]) && !char_is_digit(id.p[i]) && id.p[i] != '.' &&
            id.p[i] != '_' && id.p[i] != '-')
            return false;
    return true;
}

/* A version 4 UUID as 32 hexadecimal digits. */
static struct str random_id(struct arena *a)
{
    unsigned char bytes[16];
    char *text = arena_alloc(a, 33);
    random_bytes(bytes, sizeof bytes);
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    hex_write(text, str_make((const char *)bytes, sizeof bytes));
    text[32] = '\0';
    return str_make(text, 32);
}

static int request_id_open(const struct middleware_env *env, void **self, struct err *err)
{
    bool *trust = mem_alloc(sizeof *trust);
    (void)err;
    *trust = settings_bool(env->settings, SETTING_trust_request_id);
    *self = trust;
    return 0;
}

static struct response *request_id_call(void *self, struct request *r, const struct layer *next)
{
    const bool *trust = self;
    struct str given = *trust || r->proxied ? headers_get(&r->headers, NAME) : STR_NULL;
    struct response *response;
    r->id = well_formed(given) ? given : random_id(r->arena);
    response = middleware_next(next, r);
    /* Copied: a response may outlive its request. A view may have named it otherwise. */
    if (!headers_has(&response->headers, NAME))
        headers_put(&response->headers, NAME, arena_str(&response->arena, r->id));
    return response;
}

const struct middleware_ops middleware_request_id = {
    .name = "perilune.middleware.request_id",
    .open = request_id_open,
    .close = free,
    .call = request_id_call,
};
