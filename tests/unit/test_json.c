/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "value/json.h"

#include <math.h>

/* ---- writing ---- */

static void check_string_n(const char *s, size_t n, bool ascii, const char *want)
{
    struct buf b = BUF_INIT;
    struct err e;
    assert_int_equal(json_add_string(&b, str_make(s, n), ascii, &e), 0);
    assert_str(buf_str(&b), want);
    buf_release(&b);
}

static void check_string(const char *s, bool ascii, const char *want)
{
    check_string_n(s, strlen(s), ascii, want);
}

static void writes_strings(void **state)
{
    (void)state;
    check_string("", true, "\"\"");
    check_string("Hello, World!", true, "\"Hello, World!\"");
    check_string("a \"b\" \\ / c", true, "\"a \\\"b\\\" \\\\ / c\"");
    check_string("\b\t\n\f\r\x01\x0b\x1f", true, "\"\\b\\t\\n\\f\\r\\u0001\\u000b\\u001f\"");
    check_string_n("a\0b", 3, true, "\"a\\u0000b\"");
    check_string("\x7f", true, "\"\\u007f\"");
    check_string("\x7f", false, "\"\x7f\"");
    check_string("\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x99", true, "\"\\u00e9\\u20ac\\ud83c\\udf19\"");
    check_string("\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x99", false,
                 "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x99\"");
}

/* One special byte at every place of runs of every length around the widths scanned. */
static void finds_every_place(void **state)
{
    struct buf b = BUF_INIT, want = BUF_INIT;
    struct err e;
    char s[40];
    (void)state;
    for (size_t n = 1; n < sizeof s; n++) {
        for (size_t at = 0; at < n; at++) {
            memset(s, 'x', n);
            s[at] = '"';
            buf_reset(&b);
            buf_reset(&want);
            buf_addc(&want, '"');
            buf_add(&want, s, at);
            buf_adds(&want, "\\\"");
            buf_add(&want, s + at + 1, n - at - 1);
            buf_addc(&want, '"');
            assert_int_equal(json_add_string(&b, str_make(s, n), true, &e), 0);
            assert_str(buf_str(&b), want.data);
        }
    }
    buf_release(&b);
    buf_release(&want);
}

static void refuses_invalid_utf8(void **state)
{
    static const char *const bad[] = {"abc\xff", "\xc3", "\xed\xa0\x80", "\xc0\xaf",
                                      "ok\xf4\x90\x80\x80"};
    struct buf b = BUF_INIT;
    struct err e;
    (void)state;
    buf_adds(&b, "kept");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        for (int ascii = 0; ascii < 2; ascii++) {
            assert_int_equal(json_add_string(&b, str_from(bad[i]), ascii, &e), -1);
            assert_int_equal(e.code, ERR_INVALID);
            assert_str(buf_str(&b), "kept");
        }
    }
    json_add_string(&b, STR("abc\xff"), true, &e);
    assert_string_equal(e.msg, "a string that is not valid UTF-8 (byte 4: 0xff)");
    buf_release(&b);
}

static void writes_numbers(void **state)
{
    struct buf b = BUF_INIT;
    struct err e;
    (void)state;
    json_add_int(&b, INT64_MIN);
    buf_addc(&b, ' ');
    assert_int_equal(json_add_double(&b, 1.0, &e), 0);
    assert_str(buf_str(&b), "-9223372036854775808 1.0");
    assert_int_equal(json_add_double(&b, NAN, &e), -1);
    assert_int_equal(json_add_double(&b, -INFINITY, &e), -1);
    assert_string_equal(e.msg, "the number -Infinity, which JSON does not have");
    assert_str(buf_str(&b), "-9223372036854775808 1.0");
    buf_release(&b);
}

/* ---- reading ---- */

/* The tokens as text: { } [ ] n t f i<integer> d<number> s<text> k<key>, then $ or !error. */
static void describe(struct buf *out, struct str text, unsigned max_depth)
{
    struct json_reader r;
    struct err e;
    char plain[256];
    json_reader_init(&r, text, max_depth);
    for (;;) {
        enum json_token t = json_next(&r, &e);
        switch (t) {
        case JSON_ERROR:
            buf_addf(out, "!%s", e.msg);
            return;
        case JSON_END:
            buf_addc(out, '$');
            return;
        case JSON_INT:
            buf_addf(out, "i%lld", (long long)r.integer);
            break;
        case JSON_DOUBLE:
            buf_addf(out, "d%g", r.number);
            break;
        case JSON_STRING:
        case JSON_KEY:
            buf_addc(out, t == JSON_KEY ? 'k' : 's');
            assert_true(r.text.n <= sizeof plain);
            if (r.escaped)
                buf_add(out, plain, json_unescape(r.text, plain));
            else
                buf_addstr(out, r.text);
            break;
        default:
            buf_addc(out, "$nft...[]{}"[t == JSON_ARRAY        ? 7
                                        : t == JSON_ARRAY_END  ? 8
                                        : t == JSON_OBJECT     ? 9
                                        : t == JSON_OBJECT_END ? 10
                                                               : (int)t]);
        }
        buf_addc(out, ' ');
    }
}

static void check_n(const char *text, size_t n, const char *want)
{
    struct buf out = BUF_INIT;
    char *exact = mem_alloc(n ? n : 1); /* so that reading past the end is seen */
    memcpy(exact, text, n);
    describe(&out, str_make(exact, n), 64);
    assert_str(buf_str(&out), want);
    buf_release(&out);
    free(exact);
}

static void check(const char *text, const char *want)
{
    check_n(text, strlen(text), want);
}

static void reads_values(void **state)
{
    (void)state;
    check("null", "n $");
    check(" true\n", "t $");
    check("\t\r\n false", "f $");
    check("{}", "{ } $");
    check("[ ]", "[ ] $");
    check("\"\"", "s $");
    check("[1,2,[3]]", "[ i1 i2 [ i3 ] ] $");
    check("{\"a\":1,\"b\":{\"c\":[]},\"d\":null}", "{ ka i1 kb { kc [ ] } kd n } $");
    check("{ \"a\" : [ true , false ] }", "{ ka [ t f ] } $");
    check("{\"a\":1,\"a\":2}", "{ ka i1 ka i2 } $");
}

static void reads_numbers(void **state)
{
    (void)state;
    check("[0,-0,7,-12]", "[ i0 i0 i7 i-12 ] $");
    check("9223372036854775807", "i9223372036854775807 $");
    check("-9223372036854775808", "i-9223372036854775808 $");
    check("[1.0,-0.0,1e2,1E+2,1e-2,0.5]", "[ d1 d-0 d100 d100 d0.01 d0.5 ] $");
    check("1e-400", "d0 $");
}

static void reads_strings(void **state)
{
    (void)state;
    check("\"a\\\"b\\\\c\\/d\\b\\f\\n\\r\\t\"", "sa\"b\\c/d\b\f\n\r\t $");
    check("\"\\u0041\\u00e9\\u20AC\\ud83c\\uDF19!\"", "sA\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x99! $");
    check("\"\xc3\xa9 \xf0\x9f\x8c\x99\x7f\"", "s\xc3\xa9 \xf0\x9f\x8c\x99\x7f $");
    check("{\"\\u006b\":\"long enough for a vector, and \\\"more\\\"\"}",
          "{ kk slong enough for a vector, and \"more\" } $");
}

static void says_where_and_why(void **state)
{
    (void)state;
    check("", "!line 1 column 1: expected a value, found the end of the text");
    check("  ", "!line 1 column 3: expected a value, found the end of the text");
    check("nul", "!line 1 column 1: expected a value, found 'n'");
    check("[1 2]", "[ i1 !line 1 column 4: expected ',' or ']', found '2'");
    check("{\"a\":1 x", "{ ka i1 !line 1 column 8: expected ',' or '}', found 'x'");
    check("{\"a\" 1}", "{ !line 1 column 6: expected ':' after the key, found '1'");
    check("{a:1}", "{ !line 1 column 2: expected a key in double quotes or '}', found 'a'");
    check("{\"a\":1,}",
          "{ ka i1 !line 1 column 8: expected a key in double quotes after ',', found '}'");
    check("[1,]", "[ i1 !line 1 column 4: expected a value after ',', found ']'");
    check("[,1]", "[ !line 1 column 2: expected a value, found ','");
    check("[1}", "[ i1 !line 1 column 3: expected ',' or ']', found '}'");
    check("1 2", "i1 !line 1 column 3: expected the end of the text, found '2'");
    check("'a'", "!line 1 column 1: expected a value (strings stand in double quotes), found '''");
    check("NaN", "!line 1 column 1: NaN and Infinity are not JSON");
    check("[-Infinity]", "[ !line 1 column 2: NaN and Infinity are not JSON");
    check("\xef\xbb\xbf{}", "!line 1 column 1: the text begins with a byte order mark (U+FEFF), "
                            "which JSON does not allow");
    check("[\n  1,\n  \xc3\xa9]", "[ i1 !line 3 column 3: expected a value, found '\xc3\xa9'");
    check("[\"\xc3\xa9\xc3\xa9\" x]", "[ s\xc3\xa9\xc3\xa9 !line 1 column 7: expected ',' or ']', "
                                      "found 'x'");
    check("\x01", "!line 1 column 1: expected a value, found the byte 0x01");
    check_n("[\0]", 3, "[ !line 1 column 2: expected a value, found the byte 0x00");
    check_n("1\0", 2, "i1 !line 1 column 2: expected the end of the text, found the byte 0x00");
}

static void refuses_numbers(void **state)
{
    (void)state;
    check("01", "!line 1 column 1: a number must not begin with 0");
    check("-", "!line 1 column 1: expected a value, found '-'");
    check("+1", "!line 1 column 1: expected a value, found '+'");
    check(".5", "!line 1 column 1: expected a value, found '.'");
    check("1.", "!line 1 column 3: expected a digit after the decimal point, found the end of the "
                "text");
    check("1.e5", "!line 1 column 3: expected a digit after the decimal point, found 'e'");
    check("1e+", "!line 1 column 4: expected a digit in the exponent, found the end of the text");
    check("0x10", "i0 !line 1 column 2: expected the end of the text, found 'x'");
    check("1e309", "!line 1 column 1: the number is too large for a double");
    check("9223372036854775808",
          "!line 1 column 1: the integer does not fit 64 bits; send it as a string");
    check("[-9223372036854775809]",
          "[ !line 1 column 2: the integer does not fit 64 bits; send it as a string");
}

static void refuses_strings(void **state)
{
    (void)state;
    check("[\"abc", "[ !line 1 column 2: the string that begins here has no end");
    check("\"abc\\", "!line 1 column 5: unknown escape in a string; a backslash is written \\\\");
    check("\"\\x41\"", "!line 1 column 2: unknown escape in a string; a backslash is written \\\\");
    check("\"\\u12\"", "!line 1 column 2: \\u wants four hexadecimal digits");
    check("\"\\u12", "!line 1 column 2: \\u wants four hexadecimal digits");
    check("\"\\ud83c\"", "!line 1 column 2: lone surrogate \\ud83c in a string");
    check("\"\\ud83c\\u0041\"", "!line 1 column 2: lone surrogate \\ud83c in a string");
    check("\"\\udf19\"", "!line 1 column 2: lone surrogate \\udf19 in a string");
    check("\"\\ud83c\\ud83c", "!line 1 column 2: lone surrogate \\ud83c in a string");
    check("\"a\nb\"", "!line 1 column 3: control character 0x0a in a string; write it as \\u000a");
    check("\"a\xff\"", "!line 1 column 3: invalid UTF-8 in a string (byte 0xff)");
    check("\"\xed\xa0\x80\"", "!line 1 column 2: invalid UTF-8 in a string (byte 0xed)");
    check("{\"a\xff\":1}", "{ !line 1 column 4: invalid UTF-8 in a string (byte 0xff)");
}

static int depth_result(size_t open, unsigned max_depth, struct err *e)
{
    struct buf text = BUF_INIT;
    struct json_reader r;
    enum json_token t;
    for (size_t i = 0; i < open; i++)
        buf_adds(&text, i % 2 ? "{\"k\":" : "[");
    buf_adds(&text, "1");
    for (size_t i = open; i-- > 0;)
        buf_adds(&text, i % 2 ? "}" : "]");
    json_reader_init(&r, buf_str(&text), max_depth);
    do
        t = json_next(&r, e);
    while (t > JSON_END);
    buf_release(&text);
    return t;
}

static void limits_the_depth(void **state)
{
    struct err e = {0};
    (void)state;
    assert_int_equal(depth_result(64, 64, &e), JSON_END);
    assert_int_equal(depth_result(65, 64, &e), JSON_ERROR);
    assert_int_equal(e.code, ERR_TOO_LARGE);
    assert_non_null(strstr(e.msg, "nested deeper than 64 levels (json_max_depth)"));
    assert_int_equal(depth_result(JSON_DEPTH_MAX, JSON_DEPTH_MAX, &e), JSON_END);
    assert_int_equal(depth_result(JSON_DEPTH_MAX + 1, JSON_DEPTH_MAX, &e), JSON_ERROR);
    assert_int_equal(depth_result(1, 0, &e), JSON_ERROR);
    assert_int_equal(depth_result(0, 0, &e), JSON_END);
}

static void ends_once_for_all(void **state)
{
    struct json_reader r;
    struct err e;
    (void)state;
    json_reader_init(&r, STR("1 "), 4);
    assert_int_equal(json_next(&r, &e), JSON_INT);
    assert_int_equal(json_next(&r, &e), JSON_END);
    assert_int_equal(json_next(&r, &e), JSON_END);
    json_reader_init(&r, STR_NULL, 4);
    assert_int_equal(json_next(&r, NULL), JSON_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_strings),       cmocka_unit_test(finds_every_place),
        cmocka_unit_test(refuses_invalid_utf8), cmocka_unit_test(writes_numbers),
        cmocka_unit_test(reads_values),         cmocka_unit_test(reads_numbers),
        cmocka_unit_test(reads_strings),        cmocka_unit_test(says_where_and_why),
        cmocka_unit_test(refuses_numbers),      cmocka_unit_test(refuses_strings),
        cmocka_unit_test(limits_the_depth),     cmocka_unit_test(ends_once_for_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
