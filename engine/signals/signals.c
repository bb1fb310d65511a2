/* SPDX-License-Identifier: MIT */
#include "signals/signals.h"

#include "base/buf.h"
#include "base/mem.h"

/* A receiver is held by its signal and by every list it stands in, and a list by whoever
 * is sending: what is disconnected in the middle of a sending is still called, and let go
 * after it. */
struct receiver {
    struct signal_connection c; /* c.label.p: it waits; the text is the receiver's own */
    uint64_t id;
    size_t refs;
};

void *receiver_data(const struct receiver *r)
{
    return r->c.receiver;
}

const struct receiver_ops *receiver_ops_of(const struct receiver *r)
{
    return r->c.ops;
}

static void receiver_unref(struct receiver *r)
{
    if (--r->refs)
        return;
    if (r->c.ops->drop)
        r->c.ops->drop(r->c.receiver);
    free((char *)r->c.label.p);
    free(r);
}

static bool receiver_alive(const struct receiver *r)
{
    return !r->c.ops->alive || r->c.ops->alive(r->c.receiver);
}

static void list_unref(struct receiver_list *l)
{
    if (--l->refs)
        return;
    for (size_t i = 0; i < l->n; i++)
        receiver_unref(l->items[i]);
    free(l);
}

/* ---- lists by sender ---- */

static void forget_lists(struct signal *s)
{
    struct receiver_list **lists = s->lists;
    size_t n = s->list_slots;
    s->lists = NULL;
    s->list_slots = 0;
    for (size_t i = 0; i < n; i++)
        if (lists[i])
            list_unref(lists[i]);
    free(lists);
}

static void changed(struct signal *s)
{
    forget_lists(s);
    s->live = s->disabled ? 0 : s->receivers.n;
    if (s->owner->changed)
        s->owner->changed(s->owner->changed_data, s);
}

static struct receiver_list *make_list(struct signal *s, const void *sender, size_t number)
{
    struct receiver_list *l =
        mem_alloc(sizeof *l + mem_mul(s->receivers.n, sizeof(struct receiver *)));
    *l = (struct receiver_list){.sender = sender, .number = number, .refs = 1};
    for (size_t i = 0; i < s->receivers.n; i++) {
        struct receiver *r = s->receivers.items[i];
        if (r->c.label.p || (r->c.sender && r->c.sender != sender))
            continue;
        r->refs++;
        l->items[l->n++] = r;
    }
    return l;
}

/* Slot of the sender in lists[1..]: its own, or the free one it would have. */
static size_t slot_of(const struct signal *s, const void *sender)
{
    size_t n = s->list_slots - 1;
    size_t i = (size_t)(((uintptr_t)sender >> 4) * UINT64_C(0x9E3779B97F4A7C15) >> 32) % n;
    while (s->lists[1 + i] && s->lists[1 + i]->sender != sender)
        i = (i + 1) % n;
    return 1 + i;
}

static void make_lists(struct signal *s)
{
    s->list_slots = 2 + 2 * s->receivers.n;
    s->lists = mem_zalloc(mem_mul(s->list_slots, sizeof(struct receiver_list *)));
    s->lists[0] = make_list(s, NULL, 1);
    s->named = 0;
    for (size_t i = 0; i < s->receivers.n; i++) {
        const struct receiver *r = s->receivers.items[i];
        if (!r->c.sender)
            continue;
        size_t slot = slot_of(s, r->c.sender);
        if (!s->lists[slot])
            s->lists[slot] = make_list(s, r->c.sender, ++s->named + 1);
    }
}

static struct receiver_list *find_list(struct signal *s, const void *sender)
{
    struct receiver_list *own = NULL;
    if (!s->lists)
        make_lists(s);
    if (sender)
        own = s->lists[slot_of(s, sender)];
    return own ? own : s->lists[0];
}

const struct receiver_list *signal_list(struct signal *s, const void *sender)
{
    return find_list(s, sender);
}

bool signal_listens(struct signal *s, const void *sender)
{
    const struct receiver_list *l = find_list(s, sender);
    for (size_t i = 0; i < l->n; i++)
        if (receiver_alive(l->items[i]))
            return true;
    return false;
}

/* ---- connecting ---- */

/* Takes the receiver at i out. */
static void remove_at(struct signal *s, size_t i)
{
    struct receiver *r = s->receivers.items[i];
    memmove(&s->receivers.items[i], &s->receivers.items[i + 1],
            (s->receivers.n - i - 1) * sizeof(struct receiver *));
    s->receivers.n--;
    changed(s);
    receiver_unref(r);
}

/* The key of a receiver that is gone may be that of a new one. */
static void remove_dead(struct signal *s)
{
    for (size_t i = s->receivers.n; i-- > 0;)
        if (!receiver_alive(s->receivers.items[i]))
            remove_at(s, i);
}

/* Labels are as Django's: "shop.product" is the same as "shop.Product". free() it. */
static char *label_key(struct str label)
{
    struct buf b = BUF_INIT;
    size_t dot = label.n;
    while (dot > 0 && label.p[dot - 1] != '.')
        dot--;
    buf_add(&b, label.p, dot);
    for (size_t i = dot; i < label.n; i++)
        buf_addc(&b, char_lower(label.p[i]));
    return buf_detach(&b, NULL);
}

const void *signals_find(const struct signals *all, struct str label)
{
    char *key = label_key(label);
    const void *sender = map_get(&all->labels, str_from(key));
    free(key);
    return sender;
}

/* Index of the receiver with that key and sender (or label, when it has not appeared);
 * receivers.n when there is none. */
static size_t find_receiver(const struct signal *s, const void *key, const void *sender,
                            struct str label)
{
    size_t i;
    for (i = 0; i < s->receivers.n; i++) {
        const struct signal_connection *c = &s->receivers.items[i]->c;
        if (c->key == key && c->sender == sender && !c->label.p == !label.p &&
            (!label.p || str_eq(c->label, label)))
            break;
    }
    return i;
}

/* Puts the sender in place of the label when it is known; otherwise gives the text to
 * compare with, which the caller frees. */
static char *look_up(const struct signals *all, struct str *label, const void **sender)
{
    char *key;
    if (!label->p)
        return NULL;
    key = label_key(*label);
    *label = str_from(key);
    *sender = map_get(&all->labels, *label);
    if (!*sender)
        return key;
    *label = STR_NULL;
    free(key);
    return NULL;
}

uint64_t signal_connect(struct signal *s, const struct signal_connection *c)
{
    struct signal_connection own = *c;
    char *waits = look_up(s->owner, &own.label, &own.sender);
    struct receiver *r;
    remove_dead(s);
    size_t i = find_receiver(s, own.key, own.sender, own.label);
    if (i < s->receivers.n) {
        free(waits);
        if (own.ops->drop)
            own.ops->drop(own.receiver);
        return s->receivers.items[i]->id;
    }
    r = mem_alloc(sizeof *r);
    *r = (struct receiver){.c = own, .id = ++s->owner->last_id, .refs = 1};
    vec_push(&s->receivers, r);
    changed(s);
    return r->id;
}

bool signal_disconnect(struct signal *s, const void *key, const void *sender, struct str label)
{
    char *waits = look_up(s->owner, &label, &sender);
    remove_dead(s);
    size_t i = find_receiver(s, key, sender, label);
    bool found = i < s->receivers.n;
    if (found)
        remove_at(s, i);
    free(waits);
    return found;
}

bool signal_disconnect_id(struct signal *s, uint64_t id)
{
    remove_dead(s);
    for (size_t i = 0; i < s->receivers.n; i++) {
        if (s->receivers.items[i]->id == id) {
            remove_at(s, i);
            return true;
        }
    }
    return false;
}

/* ---- by name ---- */

int signals_connect_named(struct signals *all, const char *name, const struct signal_connection *c,
                          struct err *err)
{
    struct signal *s;
    for (size_t i = 0; i < SIGNAL_BUILTINS; i++) {
        s = &all->builtin[i];
        if (strcmp(s->name, name) != 0)
            continue;
        if (c->label.p && !s->labelled)
            return err_set(err, ERR_CONFIG, "senders of the signal '%s' are no models", name);
        signal_connect(s, c);
        return 0;
    }
    if (c->label.p)
        return err_set(err, ERR_CONFIG, "'%s' is no built-in signal: its senders have no labels",
                       name);
    for (s = all->custom; s; s = s->next)
        if (s->name && strcmp(s->name, name) == 0)
            signal_connect(s, c);
    vec_push(&all->wishes, ((struct signal_wish){.name = mem_strdup(name), .c = *c}));
    return 0;
}

static void grant_wishes(struct signal *s)
{
    for (size_t i = 0; s->name && i < s->owner->wishes.n; i++)
        if (strcmp(s->owner->wishes.items[i].name, s->name) == 0)
            signal_connect(s, &s->owner->wishes.items[i].c);
}

void signal_disable(struct signal *s)
{
    s->disabled++;
    changed(s);
}

void signal_enable(struct signal *s)
{
    s->disabled--;
    changed(s);
}

/* ---- labels ---- */

static struct signal *next_signal(const struct signals *all, struct signal *s)
{
    if (!s)
        return (struct signal *)&all->builtin[0];
    if (s >= &all->builtin[0] && s < &all->builtin[SIGNAL_BUILTINS - 1])
        return s + 1;
    return s == &all->builtin[SIGNAL_BUILTINS - 1] ? all->custom : s->next;
}

static void resolve(struct signal *s, struct str label, const void *sender)
{
    bool any = false;
    for (size_t i = 0; i < s->receivers.n;) {
        struct receiver *r = s->receivers.items[i];
        if (!r->c.label.p || !str_eq(r->c.label, label)) {
            i++;
            continue;
        }
        if (find_receiver(s, r->c.key, sender, STR_NULL) < s->receivers.n) {
            remove_at(s, i); /* connected to the class itself meanwhile */
            continue;
        }
        free((char *)r->c.label.p);
        r->c.label = STR_NULL;
        r->c.sender = sender;
        any = true;
        i++;
    }
    if (any)
        changed(s);
}

void signals_resolve(struct signals *all, struct str label, const void *sender)
{
    char *key = label_key(label);
    map_set(&all->labels, str_from(key), (void *)sender);
    for (struct signal *s = next_signal(all, NULL); s; s = next_signal(all, s))
        resolve(s, str_from(key), sender);
    free(key);
}

/* ---- sending ---- */

static void end_event(struct signal_event *e)
{
    if (e->release)
        e->release(e);
    e->release = NULL;
    free(e->trace);
    e->trace = NULL;
}

/* Holds on to the list: receivers may connect, disconnect and wait. */
static int tell(struct signal *s, const void *sender, struct signal_event *e, struct err *err,
                void (*failed)(void *data, const struct signal_event *e, const struct err *err),
                void *data)
{
    struct receiver_list *l = find_list(s, sender);
    int status = 0;
    l->refs++;
    e->signal = s;
    for (size_t i = 0; i < l->n && status == 0; i++) {
        const struct receiver *r = l->items[i];
        if (!receiver_alive(r))
            continue;
        status = r->c.ops->call(r->c.receiver, sender, e, err);
        if (status != 0 && failed) {
            failed(data, e, err);
            free(e->trace);
            e->trace = NULL;
            status = 0;
        }
    }
    list_unref(l);
    return status;
}

int signal_send(struct signal *s, const void *sender, struct signal_event *e, struct err *err)
{
    int status = s->live ? tell(s, sender, e, err, NULL, NULL) : 0;
    if (e->release)
        e->release(e);
    e->release = NULL;
    return status;
}

void signal_send_robust(struct signal *s, const void *sender, struct signal_event *e,
                        void (*failed)(void *data, const struct signal_event *e,
                                       const struct err *err),
                        void *data)
{
    struct err err;
    if (s->live)
        tell(s, sender, e, &err, failed, data);
    end_event(e);
}

/* ---- what was sent ---- */

static void value_of(const struct signal_arg *a, struct signal_value *out)
{
    switch (a->type) {
    case SIGNAL_BOOL:
        *out = (struct signal_value){.type = SIGNAL_VALUE_BOOL, .yes = a->yes};
        break;
    case SIGNAL_INT:
        *out = (struct signal_value){
            .type = SIGNAL_VALUE_INT, .integer = a->integer, .number = (double)a->integer};
        break;
    case SIGNAL_STR:
        *out = (struct signal_value){.type = SIGNAL_VALUE_STR, .text = a->text};
        break;
    default:
        *out = (struct signal_value){.type = SIGNAL_VALUE_OTHER};
    }
}

int signal_event_find(struct signal_event *e, struct str path, struct signal_value *out,
                      struct err *err)
{
    *out = (struct signal_value){.type = SIGNAL_VALUE_NIL};
    for (size_t i = 0; i < e->nargs; i++)
        if (str_eq(path, str_from(e->args[i].name))) {
            value_of(&e->args[i], out);
            return 0;
        }
    return e->find ? e->find(e, path, out, err) : 0;
}

/* ---- life ---- */

static void signal_clear(struct signal *s)
{
    while (s->receivers.n)
        remove_at(s, s->receivers.n - 1);
    forget_lists(s);
    vec_release(&s->receivers);
}

struct signals *signals_new(void)
{
    static const struct {
        const char *name;
        bool labelled;
    } rows[] = {
#define SIGNALS_ROW(name, labelled) {#name, labelled},
        SIGNALS_BUILTIN(SIGNALS_ROW)
#undef SIGNALS_ROW
    };
    struct signals *all = mem_zalloc(sizeof *all);
    map_init(&all->labels);
    for (size_t i = 0; i < SIGNAL_BUILTINS; i++) {
        all->builtin[i].name = rows[i].name;
        all->builtin[i].labelled = rows[i].labelled;
        all->builtin[i].owner = all;
    }
    return all;
}

void signals_clear(struct signals *all)
{
    for (size_t i = 0; i < SIGNAL_BUILTINS; i++)
        signal_clear(&all->builtin[i]);
}

void signals_free(struct signals *all)
{
    if (!all)
        return;
    signals_clear(all);
    map_release(&all->labels, NULL);
    for (size_t i = 0; i < all->wishes.n; i++)
        free(all->wishes.items[i].name);
    vec_release(&all->wishes);
    free(all);
}

void signals_on_change(struct signals *all, void (*fn)(void *data, struct signal *s), void *data)
{
    all->changed = fn;
    all->changed_data = data;
}

struct signal *signal_new(struct signals *all, const char *name, bool labelled)
{
    struct signal *s = mem_zalloc(sizeof *s);
    s->name = name ? mem_strdup(name) : NULL;
    s->labelled = labelled;
    s->owner = all;
    s->next = all->custom;
    if (s->next)
        s->next->prev = s;
    all->custom = s;
    grant_wishes(s);
    return s;
}

void signal_free(struct signal *s)
{
    signal_clear(s);
    if (s->prev)
        s->prev->next = s->next;
    else
        s->owner->custom = s->next;
    if (s->next)
        s->next->prev = s->prev;
    free((char *)s->name);
    free(s);
}
