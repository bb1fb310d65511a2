/* SPDX-License-Identifier: MIT */
/* An example of a C module with one of each: a layer, views, functions, a command.
 *
 *     -- settings.lua
 *     c_modules = { "build/hello.so" }, hello_greeting = "Good morning",
 *     middleware = { "hello.stamp" },
 *     -- urls.lua
 *     path("hello/<str:name>/", "hello.greet"),
 *     -- anywhere
 *     require("hello").add(1, 2) --> 3
 *     require("hello").heard() --> what its receivers were told */
#include <perilune.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- state of the module ---- */

struct hello {
    const char *greeting;
    unsigned long answered;
    char heard[512]; /* by the receivers */
};

static int load(struct pln_env *env)
{
    struct hello *h;
    const char *greeting = pln_setting(env, "hello_greeting");
    if (greeting && !*greeting)
        return pln_fail(env, "setting 'hello_greeting' is empty");
    h = calloc(1, sizeof *h);
    if (!h)
        return pln_fail(env, "out of memory");
    h->greeting = greeting ? greeting : "Hello";
    pln_set_data(env, h);
    pln_log(env, PLN_DEBUG, "loaded, greeting with '%s'", h->greeting);
    return 0;
}

static void unload(struct pln_env *env)
{
    free(pln_data(env));
}

/* ---- a layer: marks requests and responses ---- */

static int stamp_open(struct pln_env *env, void **self)
{
    if (pln_setting_bool(env, "hello_without_stamp", 0))
        return PLN_NOT_USED;
    if (pln_setting_int(env, "hello_stamps", 1) < 0)
        return pln_fail(env, "setting 'hello_stamps' is below 0");
    *self = pln_data(env);
    return PLN_OPENED;
}

static struct pln_response *stamp_call(void *self, struct pln_request *r,
                                       const struct pln_next *next)
{
    struct hello *h = self;
    struct pln_response *response;
    char number[32];
    if (pln_request_header(r, "X-Stop").p)
        return pln_raise(r, PLN_ERROR_403, "stopped at the stamp");
    pln_request_set_attribute(r, "stamped_by", pln_str("hello"));
    response = pln_next(next, r);
    snprintf(number, sizeof number, "%lu", ++h->answered);
    pln_response_set_header(response, "X-Stamp", pln_str(number));
    return response;
}

static struct pln_response *stamp_view(void *self, struct pln_request *r, const char *view)
{
    (void)self;
    if (pln_request_header(r, "X-No-View").p)
        return pln_response_text(202, NULL, "instead of %s", view);
    return NULL;
}

static struct pln_response *stamp_exception(void *self, struct pln_request *r)
{
    (void)self;
    if (strcmp(pln_exception_name(r), "BadRequest") == 0)
        return pln_response_text(pln_exception_status(r), NULL, "stamp: %s",
                                 pln_exception_message(r));
    return NULL;
}

static const struct pln_middleware middleware[] = {
    {.name = "hello.stamp",
     .open = stamp_open,
     .call = stamp_call,
     .process_view = stamp_view,
     .process_exception = stamp_exception},
    {0},
};

/* ---- views ---- */

static struct pln_response *greet(struct pln_env *env, struct pln_request *r)
{
    const struct hello *h = pln_data(env);
    struct pln_str name = pln_request_param(r, "name");
    struct pln_str by = pln_request_attribute(r, "stamped_by");
    if (!name.p)
        name = pln_str("world");
    if (name.n > 20)
        return pln_raise(r, PLN_ERROR_404, "nobody has a name of %zu bytes", name.n);
    if (name.n == 6 && memcmp(name.p, "nobody", 6) == 0)
        return pln_raise(r, PLN_ERROR_400, "nobody is no name");
    return pln_response_text(200, NULL, "%s, %.*s! (%.*s)\n", h->greeting, (int)name.n, name.p,
                             (int)by.n, by.p ? by.p : "");
}

/* Answers after 20 ms in which the worker serves others. */
static struct pln_response *wait_view(struct pln_env *env, struct pln_request *r)
{
    if (pln_sleep(env, 0.02) != 0)
        return pln_raise(r, PLN_ERROR_500, "cancelled");
    return pln_response_text(200, NULL, "waited");
}

struct counter {
    int next, end;
};

static int count_pull(void *data, struct pln_out *out)
{
    struct counter *c = data;
    char line[32];
    int n = snprintf(line, sizeof line, "%d\n", c->next++);
    pln_write(out, line, (size_t)n);
    return c->next <= c->end;
}

static struct pln_response *count(struct pln_env *env, struct pln_request *r)
{
    struct pln_response *response = pln_response_new(200);
    struct counter *c = malloc(sizeof *c);
    (void)env, (void)r;
    if (!c)
        abort();
    *c = (struct counter){1, 3};
    pln_response_set_header(response, "Content-Type", pln_str("text/plain"));
    pln_response_set_stream(response, count_pull, free, c);
    return response;
}

/* What was sent, as text: method, path, query, fields, body. */
static struct pln_response *echo(struct pln_env *env, struct pln_request *r)
{
    struct pln_response *response = pln_response_text(200, NULL, "%s", "");
    struct pln_str s[3] = {pln_request_method(r), pln_request_path(r), pln_request_query(r)};
    struct pln_str name, value, body = pln_request_body(r);
    (void)env;
    for (int i = 0; i < 3; i++) {
        pln_response_append(response, s[i]);
        pln_response_append(response, pln_str(i < 2 ? " " : "\n"));
    }
    for (size_t i = 0; pln_request_header_at(r, i, &name, &value); i++) {
        pln_response_append(response, name);
        pln_response_append(response, pln_str(": "));
        pln_response_append(response, value);
        pln_response_append(response, pln_str("\n"));
    }
    pln_response_append(response, body);
    return response;
}

static const struct pln_view views[] = {
    {.name = "hello.greet", .call = greet},
    {.name = "hello.wait", .call = wait_view},
    {.name = "hello.count", .call = count},
    {.name = "hello.echo", .call = echo},
    {0},
};

/* ---- functions ---- */

static int add(struct pln_env *env, struct pln_call *c)
{
    int64_t a = pln_arg_int(c, 0), b = pln_arg_int(c, 1);
    (void)env;
    if (pln_call_failed(c))
        return -1;
    if ((b > 0 && a > INT64_MAX - b) || (b < 0 && a < INT64_MIN - b))
        return pln_call_fail(c, "OverflowError", "%lld + %lld is too large", (long long)a,
                             (long long)b);
    pln_push_int(c, a + b);
    return 0;
}

/* describe(text) -> { length =, upper =, bytes = { … } }, first byte */
static int describe(struct pln_env *env, struct pln_call *c)
{
    struct pln_str s = pln_arg_string(c, 0);
    char upper[64];
    (void)env;
    if (s.n > sizeof upper)
        return pln_call_fail(c, "ValueError", "more than %zu bytes", sizeof upper);
    for (size_t i = 0; i < s.n; i++)
        upper[i] = s.p[i] >= 'a' && s.p[i] <= 'z' ? (char)(s.p[i] - 32) : s.p[i];
    pln_push_table(c);
    pln_push_key(c, "length");
    pln_push_int(c, (int64_t)s.n);
    pln_push_key(c, "upper");
    pln_push_string(c, (struct pln_str){upper, s.n});
    pln_push_key(c, "bytes");
    pln_push_table(c);
    for (size_t i = 0; i < s.n; i++)
        pln_push_int(c, (unsigned char)s.p[i]);
    pln_end_table(c);
    pln_push_key(c, "empty");
    pln_push_bool(c, s.n == 0);
    pln_end_table(c);
    if (s.n)
        pln_push_string(c, (struct pln_str){s.p, 1});
    else
        pln_push_nil(c);
    return 0;
}

static int half(struct pln_env *env, struct pln_call *c)
{
    (void)env;
    pln_push_number(c, pln_arg_number(c, 0) / 2);
    return 0;
}

static int nap(struct pln_env *env, struct pln_call *c)
{
    return pln_sleep(env, pln_arg_number(c, 0)) == 0
               ? 0
               : pln_call_fail(c, "CancelledError", "woken before the time");
}

static int unfinished(struct pln_env *env, struct pln_call *c)
{
    (void)env;
    pln_push_table(c);
    return 0;
}

static int silent(struct pln_env *env, struct pln_call *c)
{
    (void)env, (void)c;
    return -1;
}

/* heard() -> text; and forgets it */
static int heard(struct pln_env *env, struct pln_call *c)
{
    struct hello *h = pln_data(env);
    pln_push_string(c, pln_str(h->heard));
    h->heard[0] = '\0';
    return 0;
}

static const struct pln_function functions[] = {
    {"heard", heard, "heard(): what the receivers were told"},
    {"add", add, "add(a, b): the sum of two integers"},
    {"describe", describe, "describe(text): a table, and the first byte"},
    {"half", half, "half(x)"},
    {"nap", nap, "nap(seconds): waits in the fiber"},
    {"unfinished", unfinished, NULL},
    {"silent", silent, NULL},
    {0},
};

/* ---- a command ---- */

static int say(struct pln_env *env, int argc, const char *const *argv)
{
    const struct hello *h = pln_data(env);
    if (argc != 2) {
        fprintf(stderr, "usage: perilune %s NAME\n", argv[0]);
        return 2;
    }
    printf("%s, %s!\n", h->greeting, argv[1]);
    fflush(stdout);
    return 0;
}

static const struct pln_command commands[] = {
    {"say_hello", "greets somebody", say},
    {0},
};

/* ---- receivers of signals ---- */

static int listen(struct pln_env *env, struct pln_event *e)
{
    struct hello *h = pln_data(env);
    struct pln_str sender = pln_event_sender(e), name = pln_event_string(e, "instance.name");
    size_t n = strlen(h->heard);
    if (pln_event_int(e, "amount") < 0)
        return pln_event_fail(e, "an amount of %lld", (long long)pln_event_int(e, "amount"));
    snprintf(h->heard + n, sizeof h->heard - n, "%s by %.*s: %.*s %lld%s\n", pln_event_signal(e),
             (int)sender.n, sender.p ? sender.p : "", (int)name.n, name.p ? name.p : "",
             (long long)pln_event_int(e, "amount"), pln_event_bool(e, "created") ? " new" : "");
    return 0;
}

static int listen_request(struct pln_env *env, struct pln_event *e)
{
    struct hello *h = pln_data(env);
    struct pln_str path = pln_request_path(pln_event_request(e));
    size_t n = strlen(h->heard);
    snprintf(h->heard + n, sizeof h->heard - n, "%s %.*s\n", pln_event_signal(e), (int)path.n,
             path.p);
    return 0;
}

static const struct pln_receiver receivers[] = {
    {.signal = "request_started", .call = listen_request},
    {.signal = "post_save", .sender = "shop.Product", .call = listen},
    {.signal = "order_paid", .call = listen},
    {0},
};

PLN_EXPORT const struct pln_module pln_module = {
    PLN_MODULE_HEAD,      .name = "hello",          .version = "1.0", .load = load,
    .unload = unload,     .middleware = middleware, .views = views,   .functions = functions,
    .commands = commands, .receivers = receivers,
};
