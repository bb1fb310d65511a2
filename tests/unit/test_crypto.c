/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/buf.h"
#include "crypto/digest.h"
#include "crypto/encode.h"
#include "crypto/gzip.h"
#include "crypto/random.h"
#include "crypto/zip.h"
#include <sys/wait.h>
#include <unistd.h>

static void hex_of(const struct digest *d, struct buf *out)
{
    buf_reset(out);
    hex_encode(out, digest_str(d));
}

static void check_digest(const char *name, const char *data, const char *want)
{
    struct err e;
    enum digest_alg alg;
    struct digest d;
    struct buf hex = BUF_INIT;
    assert_int_equal(digest_find(str_from(name), &alg, &e), 0);
    assert_int_equal(digest_compute(alg, str_from(data), &d, &e), 0);
    assert_int_equal(d.n, digest_size(alg));
    hex_of(&d, &hex);
    assert_string_equal(hex.data, want);
    buf_release(&hex);
}

static void test_digests(void **state)
{
    (void)state;
    check_digest("md5", "", "d41d8cd98f00b204e9800998ecf8427e");
    check_digest("sha1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
    check_digest("sha224", "abc", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7");
    check_digest("sha256", "abc",
                 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_digest("sha384", "abc",
                 "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
                 "8086072ba1e7cc2358baeca134c825a7");
    check_digest("sha512", "abc",
                 "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                 "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

static void test_md5(void **state)
{
    (void)state;
    char text[200];
    struct digest one, other;
    struct err e;
    for (size_t n = 0; n < sizeof text; n++) {
        text[n] = (char)('a' + n % 26);
        assert_int_equal(digest_compute(DIGEST_MD5, str_make(text, n), &one, &e), 0);
        digest_md5(str_make(text, n), &other);
        assert_true(str_eq(digest_str(&one), digest_str(&other)));
    }
}

static void test_unknown_digest(void **state)
{
    (void)state;
    struct err e;
    enum digest_alg alg;
    assert_int_equal(digest_find(STR("sha265"), &alg, &e), -1);
    assert_int_equal(e.code, ERR_NOT_FOUND);
    assert_string_equal(e.msg, "unknown digest 'sha265'; did you mean 'sha256'?");
    assert_int_equal(digest_find(STR("SHA256"), &alg, &e), -1);
}

static void check_hmac(struct str key, struct str data, const char *want)
{
    struct digest d;
    struct buf hex = BUF_INIT;
    assert_int_equal(digest_hmac(DIGEST_SHA256, key, data, &d, NULL), 0);
    hex_of(&d, &hex);
    assert_string_equal(hex.data, want);
    buf_release(&hex);
}

static void test_hmac(void **state)
{
    (void)state;
    /* RFC 4231 cases 2 and 6 (a key longer than the block), and empty ones. */
    check_hmac(STR("Jefe"), STR("what do ya want for nothing?"),
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    char key[131];
    memset(key, 0xaa, sizeof key);
    check_hmac(str_make(key, sizeof key),
               STR("Test Using Larger Than Block-Size Key - Hash Key First"),
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    check_hmac(STR_NULL, STR_NULL,
               "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void test_salted_hmac(void **state)
{
    (void)state;
    struct digest d;
    struct buf hex = BUF_INIT;
    struct str salt = STR("salt"), value = STR("value"), key = STR("k3y");
    assert_int_equal(digest_salted_hmac(DIGEST_SHA1, salt, value, key, &d, NULL), 0);
    hex_of(&d, &hex);
    assert_string_equal(hex.data, "54911f2f0cf1bda8ff6fbadbd3a32033d789a6bc");
    assert_int_equal(digest_salted_hmac(DIGEST_SHA256, salt, value, key, &d, NULL), 0);
    hex_of(&d, &hex);
    assert_string_equal(hex.data,
                        "c19aab13b0283ded355bd529062cfc992f1ec21552a66436d34e92c9bd29b9cb");
    buf_release(&hex);
}

static void check_pbkdf2(enum digest_alg alg, struct str pass, struct str salt, uint64_t rounds,
                         size_t n, const char *want)
{
    char key[64];
    struct buf hex = BUF_INIT;
    assert_int_equal(digest_pbkdf2(alg, pass, salt, rounds, key, n, NULL), 0);
    hex_encode(&hex, str_make(key, n));
    assert_string_equal(hex.data, want);
    buf_release(&hex);
}

static void test_pbkdf2(void **state)
{
    (void)state;
    /* RFC 6070 */
    check_pbkdf2(DIGEST_SHA1, STR("password"), STR("salt"), 2, 20,
                 "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957");
    check_pbkdf2(DIGEST_SHA1, STR("pass\0word"), STR("sa\0lt"), 4096, 16,
                 "56fa6aa75548099dcc37d7f03425e0c3");
    check_pbkdf2(DIGEST_SHA256, STR("passwd"), STR("salt"), 1, 64,
                 "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
                 "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783");
    char key[8];
    struct err e;
    assert_int_equal(digest_pbkdf2(DIGEST_SHA1, STR("x"), STR("y"), 0, key, 8, &e), -1);
    assert_int_equal(e.code, ERR_INVALID);
    assert_int_equal(digest_pbkdf2(DIGEST_SHA1, STR("x"), STR("y"), 1, key, 0, &e), -1);
    assert_int_equal(digest_pbkdf2(DIGEST_SHA1, STR_NULL, STR_NULL, 1, key, 8, &e), 0);
}

static void test_equal(void **state)
{
    (void)state;
    assert_true(digest_equal(STR("spam"), STR("spam")));
    assert_false(digest_equal(STR("spam"), STR("span")));
    assert_false(digest_equal(STR("spam"), STR("spa")));
    assert_true(digest_equal(STR_NULL, STR("")));
    assert_false(digest_equal(STR("a\0b"), STR("a\0c")));
}

static void test_random(void **state)
{
    (void)state;
    unsigned char a[32], b[32], big[4096] = {0};
    random_bytes(a, sizeof a);
    random_bytes(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    random_bytes(big, sizeof big);
    size_t seen[256] = {0};
    for (size_t i = 0; i < sizeof big; i++)
        seen[big[i]]++;
    for (size_t i = 0; i < 256; i++)
        assert_in_range(seen[i], 0, 60); /* 16 expected */
    for (int i = 0; i < 1000; i++)
        assert_in_range(random_below(7), 0, 6);
    assert_int_equal(random_below(1), 0);
}

/* What the child draws must not be what the parent draws from the same buffer. */
static void test_random_after_fork(void **state)
{
    (void)state;
    unsigned char mine[16], theirs[16], warm;
    int fds[2];
    random_bytes(&warm, 1);
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        random_bytes(theirs, sizeof theirs);
        _exit(write(fds[1], theirs, sizeof theirs) == sizeof theirs ? 0 : 1);
    }
    random_bytes(mine, sizeof mine);
    assert_int_equal(read(fds[0], theirs, sizeof theirs), sizeof theirs);
    int status;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
    assert_memory_not_equal(mine, theirs, sizeof mine);
    close(fds[0]);
    close(fds[1]);
}

static void test_random_string(void **state)
{
    (void)state;
    char out[4000];
    struct err e;
    assert_int_equal(random_string(out, 1000, RANDOM_ALPHABET, &e), 1000);
    for (int i = 0; i < 1000; i++)
        assert_true(char_is_alpha(out[i]) || char_is_digit(out[i]));
    assert_int_equal(random_string(out, 10, STR("\xc3\xa9\xe2\x82\xac"), &e) >= 20, 1);
    size_t counts[3] = {0};
    assert_int_equal(random_string(out, 3000, STR("abc"), &e), 3000);
    for (int i = 0; i < 3000; i++)
        counts[out[i] - 'a']++;
    for (int i = 0; i < 3; i++)
        assert_in_range(counts[i], 850, 1150);
    assert_int_equal(random_string(out, 0, STR("abc"), &e), 0);
    assert_int_equal(random_string(out, 3, STR("a"), &e), -1);
    assert_int_equal(random_string(out, 3, STR("ab\xff"), &e), -1);
}

static void check_base64(struct str data, enum base64_kind kind, const char *want)
{
    struct buf text = BUF_INIT, back = BUF_INIT;
    base64_encode(&text, data, kind);
    assert_string_equal(text.data, want);
    assert_int_equal(base64_decode(&back, buf_str(&text), kind, NULL), 0);
    assert_true(str_eq(buf_str(&back), data));
    buf_release(&text);
    buf_release(&back);
}

static void test_base64(void **state)
{
    (void)state;
    check_base64(STR(""), BASE64_STANDARD, "");
    check_base64(STR("f"), BASE64_STANDARD, "Zg==");
    check_base64(STR("fo"), BASE64_STANDARD, "Zm8=");
    check_base64(STR("foo"), BASE64_STANDARD, "Zm9v");
    check_base64(STR("foobar\0"), BASE64_STANDARD, "Zm9vYmFyAA==");
    check_base64(STR("\xfb\xff\xfe"), BASE64_STANDARD, "+//+");
    check_base64(STR("\xfb\xff\xfe"), BASE64_URL, "-__-");
    check_base64(STR("\xfb\xff"), BASE64_URL, "-_8=");
    check_base64(STR("\xfb\xff"), BASE64_URL_PLAIN, "-_8");
    check_base64(STR("x"), BASE64_URL_PLAIN, "eA");
}

static void test_base64_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum base64_kind kind;
    } wrong[] = {
        {"Zg", BASE64_STANDARD},     {"Zg=", BASE64_STANDARD},    {"Z", BASE64_URL_PLAIN},
        {"Zg===", BASE64_STANDARD},  {"=", BASE64_STANDARD},      {"====", BASE64_STANDARD},
        {"Zm9v\n", BASE64_STANDARD}, {"Zm 9", BASE64_STANDARD},   {"-_8=", BASE64_STANDARD},
        {"+/8=", BASE64_URL},        {"Zh==", BASE64_STANDARD},   {"Zm9=", BASE64_STANDARD},
        {"Zg=", BASE64_URL_PLAIN},   {"Z=g=", BASE64_URL_PLAIN},  {"Zm9v\x80", BASE64_URL_PLAIN},
        {"Zh", BASE64_URL_PLAIN},    {"Zm9vZ", BASE64_URL_PLAIN}, {"===", BASE64_URL_PLAIN},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct buf out = BUF_INIT;
        struct err e;
        buf_adds(&out, "kept");
        if (base64_decode(&out, str_from(wrong[i].text), wrong[i].kind, &e) == 0)
            fail_msg("'%s' was accepted", wrong[i].text);
        assert_int_equal(e.code, ERR_SYNTAX);
        assert_string_equal(out.data, "kept");
        buf_release(&out);
    }
    struct buf out = BUF_INIT;
    assert_int_equal(base64_decode(&out, STR("Zg=="), BASE64_URL_PLAIN, NULL), 0);
    assert_string_equal(out.data, "f");
    buf_release(&out);
}

static void test_hex(void **state)
{
    (void)state;
    struct buf b = BUF_INIT;
    struct err e;
    assert_int_equal(hex_decode(&b, STR("00fFaB"), &e), 0);
    assert_true(str_eq(buf_str(&b), STR("\x00\xff\xab")));
    struct buf text = BUF_INIT;
    hex_encode(&text, buf_str(&b));
    assert_string_equal(text.data, "00ffab");
    assert_int_equal(hex_decode(&b, STR("0"), &e), -1);
    assert_int_equal(hex_decode(&b, STR("00 1"), &e), -1);
    assert_int_equal(b.n, 3);
    buf_release(&b);
    buf_release(&text);
}

static void test_zip(void **state)
{
    (void)state;
    struct buf packed = BUF_INIT, back = BUF_INIT;
    struct err e;
    char big[100000];
    memset(big, 'y', sizeof big);
    struct str data = str_make(big, sizeof big);
    assert_int_equal(zip_compress(&packed, data, &e), 0);
    assert_in_range(packed.n, 10, 1000);
    assert_int_equal((unsigned char)packed.data[1], 0x9c); /* level 6 in the header */
    assert_int_equal(zip_decompress(&back, buf_str(&packed), sizeof big, &e), 0);
    assert_true(str_eq(buf_str(&back), data));

    buf_reset(&back);
    buf_adds(&back, "kept");
    assert_int_equal(zip_decompress(&back, buf_str(&packed), sizeof big - 1, &e), -1);
    assert_int_equal(e.code, ERR_TOO_LARGE);
    assert_int_equal(zip_decompress(&back, str_head(buf_str(&packed), 20), sizeof big, &e), -1);
    assert_int_equal(e.code, ERR_SYNTAX);
    buf_addc(&packed, 'x');
    assert_int_equal(zip_decompress(&back, buf_str(&packed), sizeof big, &e), -1);
    assert_int_equal(zip_decompress(&back, STR(""), 10, &e), -1);
    assert_int_equal(zip_decompress(&back, STR("not zlib at all"), 100, &e), -1);
    assert_string_equal(back.data, "kept");

    buf_reset(&packed);
    buf_reset(&back);
    assert_int_equal(zip_compress(&packed, STR(""), &e), 0);
    assert_int_equal(zip_decompress(&back, buf_str(&packed), 0, &e), 0);
    assert_int_equal(back.n, 0);
    assert_int_equal(zip_crc32(STR("123456789")), 0xcbf43926);
    assert_int_equal(zip_crc32(STR_NULL), 0);
    buf_release(&packed);
    buf_release(&back);
}

static void write_gzip(const char *path, struct str data, struct err *e)
{
    struct gzip_file *f = gzip_open(path, true, e);
    assert_non_null(f);
    assert_int_equal(gzip_write(f, data, e), 0);
    assert_int_equal(gzip_close(f, e), 0);
}

static void test_gzip(void **state)
{
    (void)state;
    struct err e;
    char path[] = "/tmp/perilune-gzip-XXXXXX", big[100000], back[64];
    size_t total = 0;
    int n, fd = mkstemp(path);
    memset(big, 'y', sizeof big);
    assert_true(fd >= 0);
    write_gzip(path, str_make(big, sizeof big), &e);
    struct gzip_file *f = gzip_open(path, false, &e);
    while ((n = gzip_read(f, back, sizeof back, &e)) > 0) {
        assert_int_equal(back[n - 1], 'y');
        total += (size_t)n;
    }
    assert_int_equal(n, 0);
    assert_int_equal(total, sizeof big);
    assert_int_equal(gzip_close(f, &e), 0);

    off_t size = lseek(fd, 0, SEEK_END); /* what stops short is no shorter text */
    assert_true(size > 20 && size < 1000);
    assert_int_equal(ftruncate(fd, size / 2), 0);
    f = gzip_open(path, false, &e);
    while ((n = gzip_read(f, back, sizeof back, &e)) > 0)
        ;
    assert_int_equal(n, -1);
    assert_int_equal(e.code, ERR_SYNTAX);
    assert_string_equal(e.msg, "it stops short");
    gzip_close(f, &e);

    assert_int_equal(ftruncate(fd, 0), 0); /* plain text stays */
    assert_int_equal(pwrite(fd, "plain", 5, 0), 5);
    f = gzip_open(path, false, &e);
    assert_int_equal(gzip_read(f, back, sizeof back, &e), 5);
    assert_memory_equal(back, "plain", 5);
    assert_int_equal(gzip_close(f, &e), 0);
    close(fd);
    unlink(path);
    assert_null(gzip_open("/nowhere/x.gz", false, &e));
    assert_string_equal(e.msg, "/nowhere/x.gz: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_digests),
        cmocka_unit_test(test_gzip),
        cmocka_unit_test(test_unknown_digest),
        cmocka_unit_test(test_md5),
        cmocka_unit_test(test_hmac),
        cmocka_unit_test(test_salted_hmac),
        cmocka_unit_test(test_pbkdf2),
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_random_after_fork),
        cmocka_unit_test(test_random_string),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_base64_wrong),
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_zip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
