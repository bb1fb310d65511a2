/* SPDX-License-Identifier: MIT */
/* engine/base, the part that holds things: mem, str, buf, vec, arena, map, hash. */
#include "test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/vec.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whether fn ends the process it runs in (its last words are thrown away). */
static bool dies(void (*fn)(void))
{
    pid_t child = fork();
    int status = 0;
    if (child == 0) {
        struct rlimit none = {0, 0};
        int null = open("/dev/null", O_WRONLY);
        setrlimit(RLIMIT_CORE, &none);
        dup2(null, STDERR_FILENO);
        fn();
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

/* ---- mem ---- */

static void multiply_too_far(void)
{
    mem_mul(SIZE_MAX / 2, 3);
}

static void ask_for_everything(void)
{
    mem_alloc(SIZE_MAX / 2);
}

static void live_on(void)
{
}

static void test_mem(void **state)
{
    (void)state;
    char *p = mem_alloc(0); /* a pointer that can be freed, like any other */
    assert_non_null(p);
    p = mem_realloc(p, 100);
    memset(p, 'x', 100);
    p = mem_realloc(p, 0);
    assert_non_null(p);
    free(p);

    p = mem_zalloc(64);
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(p[i], 0);
    free(p);
    free(mem_zalloc(0));

    p = mem_strdup("moon");
    assert_string_equal(p, "moon");
    free(p);
    p = mem_strndup("moonlight", 4);
    assert_string_equal(p, "moon");
    free(p);
    p = mem_strndup(NULL, 0);
    assert_string_equal(p, "");
    free(p);

    assert_int_equal(mem_mul(6, 7), 42);
    assert_int_equal(mem_mul(0, SIZE_MAX), 0);
    assert_int_equal(mem_mul(SIZE_MAX, 1), SIZE_MAX);
    assert_false(dies(live_on));
    assert_true(dies(multiply_too_far));
    assert_true(dies(ask_for_everything));
}

/* ---- str ---- */

static void test_str_compare(void **state)
{
    (void)state;
    assert_true(str_eq(STR("a\0b"), str_make("a\0b", 3)));
    assert_false(str_eq(STR("a\0b"), STR("a\0c")));
    assert_false(str_eq(STR("a"), STR("ab")));
    assert_true(str_eq(STR_NULL, STR("")));
    assert_true(str_eq(str_from(NULL), STR("")));

    assert_true(str_ieq(STR("Content-TYPE"), STR("content-type")));
    assert_true(str_ieq(STR_NULL, STR("")));
    assert_false(str_ieq(STR("a"), STR("ab")));
    /* Only letters fold: these differ by the same bit and are not the same. */
    assert_false(str_ieq(STR("@"), STR("`")));
    assert_false(str_ieq(STR("["), STR("{")));
    assert_false(str_ieq(STR("\xc3\x84"), STR("\xc3\xa4")));

    assert_int_equal(str_cmp(STR("abc"), STR("abc")), 0);
    assert_true(str_cmp(STR("abc"), STR("abd")) < 0);
    assert_true(str_cmp(STR("b"), STR("abc")) > 0);
    assert_true(str_cmp(STR("ab"), STR("abc")) < 0);
    assert_true(str_cmp(STR("abc"), STR("ab")) > 0);
    assert_true(str_cmp(STR("\xff"), STR("a")) > 0); /* bytes are not signed */
    assert_int_equal(str_cmp(STR_NULL, STR("")), 0);
    assert_true(str_cmp(STR_NULL, STR("a")) < 0);
}

static void test_str_parts(void **state)
{
    (void)state;
    assert_true(str_starts(STR("perilune"), STR("peri")));
    assert_true(str_starts(STR("x"), STR("")));
    assert_true(str_starts(STR_NULL, STR_NULL));
    assert_false(str_starts(STR("peri"), STR("perilune")));
    assert_false(str_starts(STR("Peri"), STR("peri")));
    assert_true(str_ends(STR("a.lua"), STR(".lua")));
    assert_true(str_ends(STR("x"), STR_NULL));
    assert_true(str_ends(STR_NULL, STR("")));
    assert_false(str_ends(STR("lua"), STR(".lua")));
    assert_false(str_ends(STR("a.luac"), STR(".lua")));

    assert_str(str_skip(STR("abc"), 1), "bc");
    assert_str(str_skip(STR("abc"), 3), "");
    assert_str(str_skip(STR("abc"), SIZE_MAX), "");
    assert_str(str_skip(STR_NULL, 5), "");
    assert_str(str_head(STR("abc"), 2), "ab");
    assert_str(str_head(STR("abc"), 9), "abc");

    assert_str(str_trim(STR(" \t a b\t ")), "a b");
    assert_str(str_trim(STR(" \t ")), "");
    assert_str(str_trim(STR("\na\n")), "\na\n"); /* line ends are not OWS */
    assert_str(str_trim(STR_NULL), "");
}

static void test_str_search(void **state)
{
    (void)state;
    assert_int_equal(str_index(STR("a=b=c"), '='), 1);
    assert_int_equal(str_index(STR("abc"), '='), 3);
    assert_int_equal(str_index(STR_NULL, '='), 0);
    assert_int_equal(str_index(STR("ab\0c"), '\0'), 2);
    assert_true(str_has(STR("a=b"), '='));
    assert_false(str_has(STR_NULL, '\0'));

    assert_int_equal(str_find(STR("--boundary--"), STR("boundary")), 2);
    assert_int_equal(str_find(STR("aab"), STR("ab")), 1);
    assert_int_equal(str_find(STR("abc"), STR("abcd")), 3);
    assert_int_equal(str_find(STR("a\0b\0"), STR("b\0")), 2);
    assert_int_equal(str_find(STR("abc"), STR("")), 0);
    assert_int_equal(str_find(STR("abc"), STR_NULL), 0);
    assert_int_equal(str_find(STR_NULL, STR("a")), 0);
}

static void test_str_split(void **state)
{
    (void)state;
    static const struct {
        const char *text, *parts; /* the parts, each followed by | */
    } cases[] = {
        {"a,b,c", "a|b|c|"}, {"a", "a|"}, {"", "|"}, {",", "||"}, {"a,,", "a|||"}, {",a", "|a|"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf got = BUF_INIT;
        struct str rest = str_from(cases[i].text), part;
        while (str_split(&rest, ',', &part))
            buf_addf(&got, "%.*s|", STR_ARG(part));
        assert_string_equal(got.data, cases[i].parts);
        buf_release(&got);
    }
    struct str rest = STR_NULL, part;
    assert_false(str_split(&rest, ',', &part));
}

static void test_str_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {
        {"0", 0},
        {"-0", 0},
        {"+7", 7},
        {"007", 7},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
    };
    static const char *const bad[] = {
        "",     "-",   "+",    "+-1", "--1", " 1",
        "1 ",   "1.0", "0x1",  "1e3", "１",  "9223372036854775808",
        "1\t2", "a",   "-+-1", "1_0", "٣",   "-9223372036854775809",
    };
    int64_t v;
    uint64_t u;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(str_to_int64(str_from(good[i].text), &v));
        assert_true(v == good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        v = 12345;
        if (str_to_int64(str_from(bad[i]), &v))
            fail_msg("\"%s\" is taken for a number", bad[i]);
        assert_true(v == 12345); /* failure leaves *out alone */
    }
    assert_false(str_to_int64(STR("1\0"), &v));
    assert_false(str_to_int64(STR_NULL, &v));
    assert_true(str_to_uint64(STR("18446744073709551615"), &u));
    assert_true(u == UINT64_MAX);
    assert_false(str_to_uint64(STR("18446744073709551616"), &u));
    assert_false(str_to_uint64(STR("99999999999999999999999999"), &u));
    assert_false(str_to_uint64(STR("+1"), &u));
    assert_false(str_to_uint64(STR("-1"), &u));
    assert_false(str_to_uint64(STR_NULL, &u));
}

static void test_chars(void **state)
{
    (void)state;
    for (int i = -128; i < 128; i++) {
        char c = (char)i;
        bool upper = c >= 'A' && c <= 'Z', lower = c >= 'a' && c <= 'z';
        assert_int_equal(char_lower(c), upper ? c - 'A' + 'a' : c);
        assert_int_equal(char_upper(c), lower ? c - 'a' + 'A' : c);
        assert_int_equal(char_is_alpha(c), upper || lower);
        assert_int_equal(char_is_digit(c), c >= '0' && c <= '9');
        const char *hex = "0123456789abcdef";
        const char *at = c ? strchr(hex, char_lower(c)) : NULL;
        assert_int_equal(char_hex(c), at ? at - hex : -1);
    }
}

/* ---- buf ---- */

static void test_buf_add(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    assert_string_equal(b.data, ""); /* NUL-ended before anything is allocated */
    assert_int_equal(b.cap, 0);
    buf_add(&b, NULL, 0);
    buf_reset(&b);
    buf_cut(&b, 0);
    assert_int_equal(b.cap, 0);

    buf_adds(&b, "one");
    buf_addc(&b, '\0');
    buf_addstr(&b, STR("two"));
    assert_int_equal(b.n, 7);
    assert_memory_equal(b.data, "one\0two", 8);
    assert_true(str_eq(buf_str(&b), STR("one\0two")));

    buf_cut(&b, 99); /* never makes it longer */
    assert_int_equal(b.n, 7);
    buf_cut(&b, 3);
    assert_string_equal(b.data, "one");
    buf_reset(&b);
    assert_string_equal(b.data, "");
    assert_true(b.cap > 0); /* the memory stays */
    buf_release(&b);
    assert_int_equal(b.cap, 0);
    buf_adds(&b, "again");
    assert_string_equal(b.data, "again");
    buf_release(&b);
}

static void test_buf_grow(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b);
    for (int i = 0; i < 5000; i++) {
        buf_addc(&b, (char)('a' + i % 26));
        assert_true(b.cap > b.n);
        assert_int_equal(b.data[b.n], '\0');
    }
    for (int i = 0; i < 5000; i++)
        assert_int_equal(b.data[i], 'a' + i % 26);

    buf_reserve(&b, 100000);
    char *same = b.data;
    for (int i = 0; i < 100000; i++)
        buf_addc(&b, 'x');
    assert_ptr_equal(b.data, same);
    buf_release(&b);
}

static void grow_past_everything(void)
{
    struct buf b = BUF_INIT;
    buf_adds(&b, "x");
    buf_grow(&b, SIZE_MAX);
}

static void test_buf_format(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    buf_addf(&b, "%s", "");
    assert_string_equal(b.data, "");
    buf_addf(&b, "%d-%s", 7, "x");
    assert_string_equal(b.data, "7-x");
    buf_reset(&b);
    /* Every length around the sizes at which it grows. */
    for (int n = 0; n < 300; n++) {
        buf_reset(&b);
        buf_adds(&b, "head:");
        buf_addf(&b, "%0*d", n, 0);
        assert_int_equal(b.n, 5 + (n ? (size_t)n : 1));
        assert_int_equal(strlen(b.data), b.n);
        buf_release(&b);
    }

    buf_addint(&b, 0);
    buf_addc(&b, ' ');
    buf_addint(&b, INT64_MAX);
    buf_addc(&b, ' ');
    buf_addint(&b, INT64_MIN);
    buf_addc(&b, ' ');
    buf_addint(&b, -10);
    assert_string_equal(b.data, "0 9223372036854775807 -9223372036854775808 -10");
    buf_release(&b);
    assert_true(dies(grow_past_everything));
}

static void test_buf_detach(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    size_t n = 99;
    char *p = buf_detach(&b, &n); /* even an unused one gives bytes to free */
    assert_string_equal(p, "");
    assert_int_equal(n, 0);
    free(p);

    buf_adds(&b, "kept");
    p = buf_detach(&b, NULL);
    assert_string_equal(p, "kept");
    assert_int_equal(b.cap, 0);
    assert_string_equal(b.data, "");
    free(p);
    buf_release(&b);
}

/* ---- vec ---- */

static void test_vec(void **state)
{
    (void)state;
    VEC(uint32_t) v = VEC_INIT;
    for (uint32_t i = 0; i < 1000; i++)
        vec_push(&v, i * i);
    assert_int_equal(v.n, 1000);
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(v.items[i], i * i);
    assert_int_equal(vec_last(&v), 999 * 999);
    assert_int_equal(vec_pop(&v), 999 * 999);
    assert_int_equal(v.n, 999);
    *vec_add(&v) = 5;
    assert_int_equal(vec_last(&v), 5);
    vec_clear(&v);
    assert_int_equal(v.n, 0);
    assert_true(v.cap >= 1000);
    vec_release(&v);
    assert_null(v.items);
    assert_int_equal(v.cap, 0);
    vec_push(&v, 1u);
    vec_release(&v);

    size_t cap = 0;
    free(vec_grow(NULL, &cap, sizeof(double)));
    assert_int_equal(cap, 8);
}

/* ---- arena ---- */

static char trail[8], digits[] = "01234";

static void leave_mark(void *letter)
{
    size_t n = strlen(trail);
    trail[n] = *(const char *)letter;
    trail[n + 1] = '\0';
}

static size_t room_left(const struct arena *a)
{
    return (size_t)(a->end - a->next);
}

static void test_arena_alloc(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 256);
    char *pieces[200];
    for (size_t i = 0; i < 200; i++) {
        /* Written to the last byte: a piece that is poisoned or too small shows here. */
        pieces[i] = arena_alloc(&a, i);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % 16, 0);
        memset(pieces[i], (int)i, i);
    }
    for (size_t i = 0; i < 200; i++)
        for (size_t j = 0; j < i; j++)
            assert_int_equal((unsigned char)pieces[i][j], i);

    char *zero = arena_zalloc(&a, 1000);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(zero[i], 0);
    arena_release(&a);
    assert_null(a.blocks);
    assert_non_null(arena_alloc(&a, 1)); /* usable again */
    arena_release(&a);
}

static void ask_arena_for_everything(void)
{
    struct arena a;
    arena_init(&a, 0);
    arena_alloc(&a, 16);
    arena_alloc(&a, SIZE_MAX - 3); /* rounding up must not make it small */
}

static void test_arena_text(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 0);
    assert_string_equal(arena_strdup(&a, "moon"), "moon");
    assert_string_equal(arena_strndup(&a, "moonlight", 4), "moon");
    assert_string_equal(arena_strndup(&a, NULL, 0), "");
    assert_string_equal(arena_printf(&a, "%s-%d", "x", 12), "x-12");
    assert_string_equal(arena_printf(&a, "%s", ""), "");
    char *wide = arena_printf(&a, "%09000d", 7);
    assert_int_equal(strlen(wide), 9000);
    struct str copy = arena_str(&a, STR("a\0b"));
    assert_true(str_eq(copy, STR("a\0b")));
    assert_int_equal(copy.p[3], '\0');
    assert_str(arena_str(&a, STR_NULL), "");
    arena_release(&a);
    assert_true(dies(ask_arena_for_everything));
}

static void test_arena_reset(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1024);
    arena_reset(&a); /* nothing yet */
    trail[0] = '\0';
    arena_defer(&a, leave_mark, digits + 1);
    arena_defer(&a, leave_mark, digits + 2);
    arena_alloc(&a, 5000);
    arena_defer(&a, leave_mark, digits + 3);
    arena_reset(&a);
    assert_string_equal(trail, "321");
    arena_reset(&a);
    assert_string_equal(trail, "321"); /* each runs once */

    /* What stays is one block of the usual size, however large the pieces were and
     * whichever came first. */
    arena_alloc(&a, 16);
    arena_alloc(&a, 1 << 20);
    for (int i = 0; i < 100; i++)
        arena_alloc(&a, 200);
    arena_reset(&a);
    assert_true(room_left(&a) <= 1024);
    char *first = arena_alloc(&a, 16);
    arena_reset(&a);
    assert_ptr_equal(arena_alloc(&a, 16), first);
    arena_release(&a);

    arena_alloc(&a, 1 << 20);
    arena_reset(&a);
    assert_true(room_left(&a) <= 1024);
    memset(arena_alloc(&a, 100), 1, 100);
    arena_defer(&a, leave_mark, digits + 4);
    arena_release(&a);
    assert_string_equal(trail, "3214");
}

/* ---- map ---- */

static void test_map_basics(void **state)
{
    (void)state;
    struct map m = MAP_INIT;
    int one = 1, two = 2;
    assert_null(map_get(&m, STR("a")));
    assert_false(map_has(&m, STR("a")));
    assert_null(map_remove(&m, STR("a")));

    assert_null(map_set(&m, STR("a"), &one));
    assert_ptr_equal(map_get(&m, STR("a")), &one);
    assert_ptr_equal(map_set(&m, STR("a"), &two), &one);
    assert_ptr_equal(map_get(&m, STR("a")), &two);
    assert_int_equal(m.n, 1);

    map_set(&m, STR("nothing"), NULL); /* a key may have no value and still be there */
    assert_null(map_get(&m, STR("nothing")));
    assert_true(map_has(&m, STR("nothing")));

    map_set(&m, STR_NULL, &one); /* the empty key is a key */
    assert_ptr_equal(map_get(&m, STR("")), &one);
    map_set(&m, STR("a\0b"), &one);
    assert_true(map_has(&m, STR("a\0b")));
    assert_false(map_has(&m, STR("a\0c")));
    assert_false(map_has(&m, STR("A")));

    assert_ptr_equal(map_remove(&m, STR("a")), &two);
    assert_false(map_has(&m, STR("a")));
    assert_null(map_remove(&m, STR("a")));
    assert_int_equal(m.n, 3);
    map_release(&m, NULL);
    assert_int_equal(m.n, 0);
}

static void test_map_copies_keys(void **state)
{
    (void)state;
    struct map m;
    map_init(&m);
    char key[] = "volatile";
    map_set(&m, str_from(key), key);
    key[0] = 'x';
    assert_true(map_has(&m, STR("volatile")));
    assert_string_equal(m.entries[0].key.p, "volatile"); /* NUL-ended */
    map_release(&m, NULL);

    map_set(&m, STR("a"), mem_strdup("freed by the map"));
    map_set(&m, STR("b"), mem_strdup("freed by the map"));
    free(map_remove(&m, STR("a")));
    map_set(&m, STR("none"), NULL);
    map_release(&m, free);
}

static void test_map_order(void **state)
{
    (void)state;
    struct map m = MAP_INIT;
    char key[16];
    static char values[4000];
    for (size_t i = 0; i < 4000; i++) {
        snprintf(key, sizeof key, "k%zu", i);
        map_set(&m, str_from(key), &values[i]);
    }
    for (size_t i = 0; i < 4000; i += 2) {
        snprintf(key, sizeof key, "k%zu", i);
        assert_ptr_equal(map_remove(&m, str_from(key)), &values[i]);
    }
    map_set(&m, STR("k0"), &values[0]); /* comes back at the end */
    assert_int_equal(m.n, 2001);
    size_t want = 1, live = 0;
    for (size_t i = 0; i < m.used; i++) {
        if (!m.entries[i].key.p)
            continue;
        live++;
        if (want < 4000)
            assert_ptr_equal(m.entries[i].value, &values[want]);
        else
            assert_ptr_equal(m.entries[i].value, &values[0]);
        want += 2;
    }
    assert_int_equal(live, m.n);
    for (size_t i = 0; i < 4000; i++) {
        snprintf(key, sizeof key, "k%zu", i);
        assert_int_equal(map_has(&m, str_from(key)), i % 2 || i == 0);
    }
    map_release(&m, NULL);
}

static void test_map_churn(void **state)
{
    (void)state;
    /* A map that stays small while keys come and go stays small in memory. */
    struct map m = MAP_INIT;
    char key[24];
    for (int i = 0; i < 100000; i++) {
        snprintf(key, sizeof key, "key-%d", i);
        map_set(&m, str_from(key), &m);
        snprintf(key, sizeof key, "key-%d", i - 3);
        map_remove(&m, str_from(key));
    }
    assert_int_equal(m.n, 3);
    assert_true(m.cap <= 64);
    assert_true(m.index_size <= 64);
    map_release(&m, NULL);
}

/* ---- hash ---- */

static void test_hash(void **state)
{
    (void)state;
    char text[40];
    uint64_t seen[40];
    memset(text, 'a', sizeof text);
    for (size_t n = 0; n < sizeof text; n++) {
        seen[n] = hash_str(str_make(text, n));
        assert_true(seen[n] == hash_str(str_make(text, n)));
        for (size_t i = 0; i < n; i++)
            assert_false(seen[n] == seen[i]);
    }
    assert_false(hash_str(STR("a")) == hash_str(STR("A")));
    assert_true(hash_str(STR_NULL) == hash_str(STR("")));
    /* Reads neither before nor behind: any alignment, any length. */
    for (size_t at = 0; at < 9; at++)
        assert_true(hash_str(str_make(text + at, 20)) == hash_str(str_make(text, 20)));

    assert_true(hash_istr(STR("Content-Type")) == hash_istr(STR("cONTENT-tYPE")));
    for (int c = 1; c < 256; c++) {
        char here[] = {'x', (char)c, '\0'}, folded[] = {'x', char_lower((char)c), '\0'};
        char other[] = {'x', (char)(c ^ 0x20), '\0'};
        assert_true(hash_istr(str_make(here, 2)) == hash_istr(str_make(folded, 2)));
        if (!char_is_alpha((char)c))
            assert_false(hash_istr(str_make(here, 2)) == hash_istr(str_make(other, 2)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mem),
        cmocka_unit_test(test_str_compare),
        cmocka_unit_test(test_str_parts),
        cmocka_unit_test(test_str_search),
        cmocka_unit_test(test_str_split),
        cmocka_unit_test(test_str_numbers),
        cmocka_unit_test(test_chars),
        cmocka_unit_test(test_buf_add),
        cmocka_unit_test(test_buf_grow),
        cmocka_unit_test(test_buf_format),
        cmocka_unit_test(test_buf_detach),
        cmocka_unit_test(test_vec),
        cmocka_unit_test(test_arena_alloc),
        cmocka_unit_test(test_arena_text),
        cmocka_unit_test(test_arena_reset),
        cmocka_unit_test(test_map_basics),
        cmocka_unit_test(test_map_copies_keys),
        cmocka_unit_test(test_map_order),
        cmocka_unit_test(test_map_churn),
        cmocka_unit_test(test_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
