/* SPDX-License-Identifier: MIT */
/* The dispatcher with receivers in C: order, senders, keys, weak ones, changes during a
 * sending, labels, failures. */
#include "signals/signals.h"

#include "base/buf.h"
#include "test.h"

struct ear { /* a receiver that says its name */
    char name;
    bool gone;
    int calls, drops;
    int fails;
    void (*act)(void);
};

static struct signals *all;
static struct signal *paid;
static struct buf heard;
static struct ear a, b, c;
static const int apples, pears; /* senders */
static size_t changes;

static int ear_call(void *receiver, const void *sender, struct signal_event *e, struct err *err)
{
    struct ear *r = receiver;
    (void)sender;
    assert_ptr_equal(e->signal, paid);
    buf_addc(&heard, r->name);
    r->calls++;
    if (r->act)
        r->act();
    return r->fails ? err_set(err, ERR_SCRIPT, "%c failed", r->name) : 0;
}

static bool ear_alive(void *receiver)
{
    return !((struct ear *)receiver)->gone;
}

static void ear_drop(void *receiver)
{
    ((struct ear *)receiver)->drops++;
}

static const struct receiver_ops strong = {ear_call, NULL, ear_drop};
static const struct receiver_ops quiet = {ear_call, NULL, NULL};
static const struct receiver_ops weak = {ear_call, ear_alive, ear_drop};

static void on_change(void *data, struct signal *s)
{
    (void)data;
    assert_ptr_equal(s->owner, all);
    changes++;
}

static int setup(void **state)
{
    (void)state;
    all = signals_new();
    paid = signal_new(all, NULL, true);
    buf_init(&heard);
    a = (struct ear){.name = 'a'};
    b = (struct ear){.name = 'b'};
    c = (struct ear){.name = 'c'};
    changes = 0;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    signal_free(paid);
    signals_free(all);
    buf_release(&heard);
    return 0;
}

static uint64_t join(struct ear *r, const void *sender)
{
    struct signal_connection n = {.ops = &strong, .receiver = r, .key = r, .sender = sender};
    return signal_connect(paid, &n);
}

static bool leave(struct ear *r, const void *sender)
{
    return signal_disconnect(paid, r, sender, STR_NULL);
}

/* Sends and holds what was heard against `want`. */
static int sent(const void *sender, const char *want)
{
    struct signal_event e = {.nargs = 0};
    struct err err;
    buf_reset(&heard);
    int status = signal_send(paid, sender, &e, &err);
    assert_str(buf_str(&heard), want);
    return status;
}

static void nobody(void **state)
{
    (void)state;
    assert_false(signal_has(paid, NULL));
    assert_false(signal_has(paid, &apples));
    assert_int_equal(0, sent(NULL, ""));
    for (int i = 0; i < SIGNAL_BUILTINS; i++) {
        assert_false(signal_has(signals_builtin(all, (enum signal_builtin)i), &apples));
        assert_non_null(signals_builtin(all, (enum signal_builtin)i)->name);
    }
    assert_string_equal("request_started", signals_builtin(all, SIGNAL_request_started)->name);
    assert_true(signals_builtin(all, SIGNAL_post_save)->labelled);
    assert_false(signals_builtin(all, SIGNAL_class_prepared)->labelled);
}

static void order_and_senders(void **state)
{
    (void)state;
    join(&c, NULL);
    join(&a, &apples);
    join(&b, NULL);
    sent(NULL, "cb");
    sent(&apples, "cab");
    sent(&pears, "cb");
    assert_true(signal_has(paid, NULL));
    assert_true(leave(&c, NULL) && leave(&b, NULL));
    assert_true(signal_has(paid, &apples));
    assert_false(signal_has(paid, &pears));
    assert_false(signal_has(paid, NULL));
    sent(&apples, "a");
}

static void many_senders(void **state)
{
    static struct ear ears[300];
    static const char senders[300] = {0};
    (void)state;
    for (size_t i = 0; i < 300; i++) {
        ears[i] = (struct ear){.name = 'x'};
        join(&ears[i], &senders[i]);
    }
    join(&a, NULL);
    for (size_t i = 0; i < 300; i++) {
        assert_int_equal(2, signal_list(paid, &senders[i])->n);
        assert_ptr_equal(&ears[i], receiver_data(signal_list(paid, &senders[i])->items[0]));
    }
    assert_int_equal(1, signal_list(paid, &apples)->n);
}

static void keys(void **state)
{
    struct signal_connection n = {.ops = &strong, .receiver = &b, .key = &a};
    (void)state;
    uint64_t id = join(&a, NULL);
    assert_int_equal(id, join(&a, NULL));
    assert_int_equal(1, a.drops);                   /* the second one, at once */
    assert_int_equal(id, signal_connect(paid, &n)); /* another receiver with the same key */
    assert_int_equal(1, b.drops);
    sent(NULL, "a");
    join(&a, &apples); /* the same key, another sender */
    sent(&apples, "aa");
    assert_false(leave(&a, &pears));
    assert_false(leave(&b, NULL));
    assert_true(leave(&a, NULL));
    assert_false(leave(&a, NULL));
    assert_int_equal(2, a.drops);
    sent(&apples, "a");
    id = join(&c, NULL);
    assert_true(signal_disconnect_id(paid, id));
    assert_false(signal_disconnect_id(paid, id));
    assert_int_equal(1, c.drops);
}

static void weak_receivers(void **state)
{
    struct signal_connection n = {.ops = &weak, .receiver = &a, .key = &a};
    (void)state;
    signal_connect(paid, &n);
    sent(NULL, "a");
    assert_true(signal_has(paid, NULL));
    a.gone = true;
    assert_false(signal_has(paid, NULL));
    sent(NULL, "");
    n.receiver = &b; /* the address of what is gone means nothing any more */
    signal_connect(paid, &n);
    assert_int_equal(1, a.drops);
    sent(NULL, "b");
    b.gone = true;
    assert_false(leave(&a, NULL)); /* it was gone before it was disconnected */
    assert_int_equal(1, b.drops);
}

static void drop_b_add_c(void)
{
    leave(&b, NULL);
    join(&c, NULL);
    assert_int_equal(0, b.drops); /* the sending under way still needs it */
}

static void leave_all(void)
{
    leave(&a, NULL);
    leave(&b, NULL);
}

static void changes_during_sending(void **state)
{
    (void)state;
    join(&a, NULL);
    join(&b, NULL);
    a.act = drop_b_add_c;
    sent(NULL, "ab"); /* those connected when it began */
    assert_int_equal(1, b.drops);
    a.act = NULL;
    sent(NULL, "ac");
    leave(&c, NULL);
    join(&b, NULL);
    a.act = leave_all;
    sent(NULL, "ab");
    sent(NULL, "");
}

static void send_again(void)
{
    struct signal_event e = {.nargs = 0};
    struct err err;
    if (a.calls < 3)
        signal_send(paid, NULL, &e, &err);
}

static void sending_inside(void **state)
{
    (void)state;
    a.act = send_again;
    join(&a, NULL);
    join(&b, NULL);
    sent(NULL, "aaabbb");
}

static int failures;

static void failed(void *data, const struct signal_event *e, const struct err *err)
{
    (void)data, (void)e;
    assert_string_equal("a failed", err->msg);
    failures++;
}

static void errors(void **state)
{
    struct signal_event e = {.nargs = 0};
    struct err err;
    (void)state;
    a.fails = 1;
    join(&c, NULL);
    join(&a, NULL);
    join(&b, NULL);
    assert_int_equal(-1, sent(NULL, "ca"));
    assert_int_equal(-1, signal_send(paid, NULL, &e, &err));
    assert_string_equal("a failed", err.msg);
    buf_reset(&heard);
    failures = 0;
    signal_send_robust(paid, NULL, &e, failed, NULL);
    assert_str(buf_str(&heard), "cab");
    assert_int_equal(1, failures);
}

static void disabled(void **state)
{
    (void)state;
    join(&a, NULL);
    signal_disable(paid);
    signal_disable(paid);
    assert_false(signal_has(paid, NULL));
    sent(NULL, "");
    join(&b, NULL);
    signal_enable(paid);
    sent(NULL, "");
    signal_enable(paid);
    sent(NULL, "ab");
}

static void wait_for(struct ear *r, const char *label)
{
    struct signal_connection n = {
        .ops = &strong, .receiver = r, .key = r, .label = str_from(label)};
    signal_connect(paid, &n);
}

static void labels(void **state)
{
    (void)state;
    wait_for(&a, "shop.Product");
    wait_for(&b, "shop.Order");
    wait_for(&c, "shop.Product");
    wait_for(&c, "shop.product"); /* the same */
    assert_int_equal(1, c.drops);
    sent(NULL, "");
    sent(&apples, "");
    assert_null(signals_find(all, STR("shop.Product")));
    assert_true(signal_disconnect(paid, &c, NULL, STR("shop.PRODUCT")));
    wait_for(&c, "shop.Product");
    signals_resolve(all, STR("shop.Product"), &apples);
    assert_ptr_equal(&apples, signals_find(all, STR("shop.product")));
    assert_null(signals_find(all, STR("Shop.product"))); /* apps are told apart */
    sent(&apples, "ac");
    sent(&pears, "");
    assert_false(signal_disconnect(paid, &b, &apples, STR_NULL));
    assert_true(signal_disconnect(paid, &a, NULL, STR("shop.Product")));
    wait_for(&a, "shop.Product"); /* known by now */
    sent(&apples, "ca");
    join(&b, &pears);
    signals_resolve(all, STR("shop.Order"), &pears);
    sent(&pears, "b"); /* twice the same in the end */
}

static void tells_of_changes(void **state)
{
    (void)state;
    signals_on_change(all, on_change, NULL);
    join(&a, NULL);
    assert_int_equal(1, changes);
    sent(NULL, "a");
    join(&a, NULL);
    assert_int_equal(1, changes); /* nothing did */
    wait_for(&b, "shop.Product");
    signals_resolve(all, STR("shop.Product"), &apples);
    assert_int_equal(3, changes);
    leave(&a, NULL);
    assert_int_equal(4, changes);
    signals_on_change(all, NULL, NULL);
}

static void builtin_receivers_are_dropped(void **state)
{
    struct signal_connection n = {.ops = &strong, .receiver = &a, .key = &a};
    (void)state;
    signal_connect(signals_builtin(all, SIGNAL_post_save), &n);
    signals_clear(all);
    assert_int_equal(1, a.drops);
    assert_false(signal_has(signals_builtin(all, SIGNAL_post_save), NULL));
}

static void by_name(void **state)
{
    struct signal_connection n = {.ops = &quiet, .receiver = &a, .key = &a};
    struct signal *first, *second, *other;
    struct err err;
    (void)state;
    first = signal_new(all, "order_paid", false);
    assert_int_equal(0, signals_connect_named(all, "order_paid", &n, &err));
    assert_int_equal(0, signals_connect_named(all, "post_save", &n, &err));
    second = signal_new(all, "order_paid", false);
    other = signal_new(all, "order_pait", false);
    assert_true(signal_has(first, NULL));
    assert_true(signal_has(second, &apples));
    assert_false(signal_has(other, NULL));
    assert_false(signal_has(paid, NULL));
    assert_true(signal_has(signals_builtin(all, SIGNAL_post_save), &apples));
    n.label = STR("shop.Product");
    assert_int_equal(0, signals_connect_named(all, "pre_save", &n, &err));
    assert_false(signal_has(signals_builtin(all, SIGNAL_pre_save), &apples));
    signals_resolve(all, STR("shop.Product"), &apples);
    assert_true(signal_has(signals_builtin(all, SIGNAL_pre_save), &apples));
    assert_int_equal(-1, signals_connect_named(all, "request_started", &n, &err));
    assert_int_equal(ERR_CONFIG, err.code);
    assert_int_equal(-1, signals_connect_named(all, "order_paid", &n, &err));
    signal_free(first);
    signal_free(second);
    signal_free(other);
}

static void values_of_events(void **state)
{
    const struct signal_arg args[] = {
        {.name = "n", .type = SIGNAL_INT, .integer = 7},
        {.name = "yes", .type = SIGNAL_BOOL, .yes = true},
        {.name = "text", .type = SIGNAL_STR, .text = STR("x")},
        {.name = "request", .type = SIGNAL_REQUEST},
    };
    struct signal_event e = {.args = args, .nargs = 4};
    struct signal_value v;
    struct err err;
    (void)state;
    assert_int_equal(0, signal_event_find(&e, STR("n"), &v, &err));
    assert_int_equal(SIGNAL_VALUE_INT, v.type);
    assert_int_equal(7, v.integer);
    assert_true(v.number == 7);
    signal_event_find(&e, STR("yes"), &v, &err);
    assert_true(v.type == SIGNAL_VALUE_BOOL && v.yes);
    signal_event_find(&e, STR("text"), &v, &err);
    assert_true(v.type == SIGNAL_VALUE_STR && str_eq(v.text, STR("x")));
    signal_event_find(&e, STR("request"), &v, &err);
    assert_int_equal(SIGNAL_VALUE_OTHER, v.type);
    signal_event_find(&e, STR("request.path"), &v, &err);
    assert_int_equal(SIGNAL_VALUE_NIL, v.type);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(nobody),           TEST(order_and_senders),
        TEST(many_senders),     TEST(keys),
        TEST(weak_receivers),   TEST(changes_during_sending),
        TEST(sending_inside),   TEST(errors),
        TEST(disabled),         TEST(labels),
        TEST(tells_of_changes), TEST(builtin_receivers_are_dropped),
        TEST(by_name),          TEST(values_of_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
