# SPDX-License-Identifier: MIT
"""Requests as raw bytes, and the answers that they must get.

Each row is  id, level, what it is, bytes, wanted  and, by name, what the view must
have seen.  Level M is the server's own doing, A needs the application layer
(allowed_hosts, routes), T is a departure of libmicrohttpd that cannot be seen from
outside and is tolerated in just the form that stands here.

wanted: for each request of the bytes the statuses that are right, "400|501"; the
answers parted by commas.  "-" is no answer, but a closed connection.  Then:
  close   the connection must be closed after the last answer
  keep    it must not be
  twice   libmicrohttpd may send its own refusal a second time, if it closes
Without close or keep either will do.  In every case /SMUGGLED must not be reached
unless the row says so with smuggled=1, and after an open connection's last answer
the next request on it must be answered as if nothing had been."""

HOST = b"Host: a\r\n"
SMUGGLED = b"GET /SMUGGLED HTTP/1.1\r\n" + HOST + b"\r\n"
HELLO = b"5\r\nhello\r\n0\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


class Case:
    def __init__(self, ident, level, name, data, wanted, **seen):
        words = wanted.split()
        self.id, self.level, self.name, self.data = ident, level, name, data
        self.answers = [a.split("|") for a in words[0].split(",")]
        self.flags = set(words[1:])
        assert self.flags <= {"close", "keep", "twice"}, wanted
        self.methods = seen.pop("methods", [line(data)])
        self.smuggled = seen.pop("smuggled", 0)
        self.wait = seen.pop("wait", 3.0)  # seconds that the answer may take
        self.largest = seen.pop("largest", None)  # bytes that the answers may have
        self.absent = seen.pop("absent", ())  # header fields that the view must not see
        self.seen = seen


def line(data):
    return data.lstrip(b"\r\n").split(b" ")[0].decode("latin-1")


def get(target=b"/", fields=b"", method=b"GET", version=b"HTTP/1.1", host=HOST):
    """A request without a body."""
    return method + b" " + target + b" " + version + b"\r\n" + host + fields + b"\r\n"


def post(fields, body=b"", version=b"HTTP/1.1"):
    return b"POST / " + version + b"\r\n" + HOST + fields + b"\r\n" + body


def length(n, body=b""):
    return post(b"Content-Length: " + n + b"\r\n", body)


def coded(coding, body=HELLO, more=b""):
    return post(b"Transfer-Encoding: " + coding + b"\r\n" + more, body)


def chunks(body):
    return post(CHUNKED, body)


REQUEST_LINE = [
    Case("A01", "M", "a plain request", get(), "200 keep", path="/", host="a"),
    Case("A02", "M", "empty line before it", b"\r\n" + get(), "200"),
    Case("A03", "T", "bare LF everywhere", b"GET / HTTP/1.1\nHost: a\n\n", "200|400"),
    Case("A04", "M", "bare CR in the target", get(b"/a\rb"), "400"),
    # libmicrohttpd ends the target at the NUL: the path is what the views see.
    Case("A05", "T", "NUL in the target", get(b"/a\0b"), "400|404"),
    Case("A06", "M", "space in the target", get(b"/a b"), "400"),
    Case("A07", "M", "two spaces", get(b" / "), "400"),
    Case("A08", "M", "tabs for spaces", b"GET\t/\tHTTP/1.1\r\n" + HOST + b"\r\n", "400|- close"),
    Case("A09", "M", "method in small letters", get(method=b"get"), "501"),
    Case("A10", "M", "unknown method", get(method=b"FOO"), "501"),
    Case("A11", "M", "method that is no token", get(method=b"GE(T"), "400|501"),
    Case("A12", "M", "no version", b"GET /\r\n\r\n", "400"),
    Case("A13", "M", "HTTP/2.0 on this wire", get(version=b"HTTP/2.0"), "505"),
    Case("A14", "M", "HTTP/1.10", get(version=b"HTTP/1.10"), "400|505"),
    Case("A15", "M", "http/1.1", get(version=b"http/1.1"), "400"),
    Case("A16", "M", "HTTP/1.0 without Host", get(version=b"HTTP/1.0", host=b""), "200 close"),
    Case("A17", "M", "target of 9,000 bytes", get(b"/" + b"a" * 9000), "414"),
    Case("A18", "M", "target of 70,000 bytes", get(b"/" + b"a" * 70000), "414"),
    Case("A19", "M", "absolute form, same host", get(b"http://a/x"), "200", path="/x", host="a"),
    Case("A20", "M", "absolute form, other host", get(b"http://b/x"), "400"),
    Case("A21", "M", "authority form", get(b"a:80"), "400"),
    Case("A22", "M", "CONNECT", get(b"a:80", method=b"CONNECT"), "501"),
    Case("A23", "M", "OPTIONS *", get(b"*", method=b"OPTIONS"), "204"),
    Case("A24", "M", "GET *", get(b"*"), "400"),
    Case("A25", "M", "TRACE", get(method=b"TRACE"), "405|501"),
    Case("A26", "M", "bytes above 0x7f", get(b"/\xff\xfe"), "400"),
    Case("A27", "M", "fragment", get(b"/a#b"), "400"),
    Case("A28", "M", "no slash", get(b"abc"), "400"),
]

HOSTS = [
    Case("B01", "M", "no Host", get(host=b""), "400"),
    Case("B02", "M", "two hosts", get(fields=b"Host: b\r\n"), "400"),
    Case("B03", "M", "the same host twice", get(fields=HOST), "400"),
    Case("B04", "A", "empty", get(host=b"Host: \r\n"), "400"),
    Case("B05", "A", "with a user", get(host=b"Host: a@b\r\n"), "400"),
    Case("B06", "A", "with a path", get(host=b"Host: a/b\r\n"), "400"),
    Case("B07", "A", "port that is none", get(host=b"Host: a:99999\r\n"), "400"),
    Case("B08", "A", "list", get(host=b"Host: a,b\r\n"), "400"),
    Case("B09", "A", "with a space", get(host=b"Host: a b\r\n"), "400"),
    Case("B10", "A", "not ours", get(host=b"Host: evil.example\r\n"), "400"),
    Case("B11", "A", "IPv6 with a port", get(host=b"Host: [::1]:8000\r\n"), "200",
         host="[::1]:8000"),
]

FIELDS = [
    Case("C01", "M", "space before the colon", get(host=b"Host : a\r\n"), "400"),
    Case("C02", "M", "the same in Content-Length", post(b"Content-Length : 5\r\n", b"hello"), "400"),
    Case("C03", "M", "folded line", get(fields=b"X: 1\r\n 2\r\n"), "400"),
    Case("C04", "M", "first line folded", get(host=b" Host: a\r\n"), "400"),
    Case("C05", "M", "folded Transfer-Encoding", post(b"Transfer-Encoding:\r\n chunked\r\n", b"0\r\n\r\n"), "400"),
    Case("C06", "M", "no colon", get(fields=b"Foo\r\n"), "400"),
    # An empty name ends the header for libmicrohttpd.
    Case("C07", "T", "empty name", get(fields=b": x\r\n"), "200|400"),
    Case("C08", "T", "NUL in a value", get(fields=b"X: a\0b\r\n"), "200|400"),
    Case("C09", "M", "NUL in a name", get(fields=b"X\0Y: a\r\n"), "400"),
    Case("C10", "M", "bare CR in a value", get(fields=b"X: a\rY: b\r\n"), "400"),
    Case("C11", "T", "bare LF between fields", get(fields=b"X: a\nY: b\r\n"), "200|400"),
    Case("C12", "M", "control character in a value", get(fields=b"X: a\x01b\r\n"), "400"),
    Case("C13", "M", "name that is no token", get(fields=b"X(Y: a\r\n"), "400"),
    Case("C14", "M", "bytes above 0x7f in a value", get(fields=b"X: \xc3\xa9\r\n"), "200"),
    Case("C15", "M", "twin with an underscore",
         get(fields=b"X-Forwarded-For: 1\r\nX_Forwarded_For: 2\r\n"), "200",
         header=("x-forwarded-for", "1"), absent=["x_forwarded_for"]),
    Case("C16", "M", "value of 9,000 bytes", get(fields=b"X: " + b"a" * 9000 + b"\r\n"), "200"),
    Case("C17", "M", "value of 70,000 bytes", get(fields=b"X: " + b"a" * 70000 + b"\r\n"), "431"),
    Case("C18", "M", "200 fields", get(fields=b"".join(b"X%d: 1\r\n" % i for i in range(200))),
         "431"),
    Case("C19", "M", "10,000 fields", get(fields=b"".join(b"X%d: 1\r\n" % i for i in range(10000))),
         "431"),
    Case("C20", "M", "tab after the colon", get(host=b"Host:\ta\r\n"), "200", host="a"),
    Case("C21", "M", "two Cookie fields", get(fields=b"Cookie: a=1\r\nCookie: a=2\r\n"), "200"),
]

LENGTHS = [
    Case("D01", "M", "exact", length(b"5", b"hello"), "200 keep", body=5),
    Case("D02", "M", "twice the same", length(b"5\r\nContent-Length: 5", b"hello"), "400"),
    Case("D03", "M", "5, then 0", length(b"5\r\nContent-Length: 0", b"hello" + SMUGGLED),
         "400 close"),
    Case("D04", "M", "0, then more",
         length(b"0\r\nContent-Length: %d" % len(SMUGGLED), SMUGGLED), "400 close"),
    Case("D05", "M", "list", length(b"5, 5", b"hello"), "400 close twice"),
    Case("D06", "M", "plus sign", length(b"+5", b"hello"), "400 twice"),
    Case("D07", "M", "negative", length(b"-1"), "400 twice"),
    Case("D08", "M", "hexadecimal", length(b"0x5", b"hello"), "400 twice"),
    Case("D09", "M", "two numbers", length(b"5 5", b"hello"), "400 twice"),
    Case("D10", "M", "empty", length(b""), "400 twice"),
    Case("D11", "M", "2^64", length(b"18446744073709551616"), "400|413 twice"),
    Case("D12", "M", "2^63", length(b"9223372036854775808"), "400|413"),
    Case("D13", "M", "leading zeros", length(b"0005", b"hello"), "200|400", body=5),
    Case("D14", "M", "exponent", length(b"1e1", b"hellohello"), "400 twice"),
    Case("D15", "M", "GET with a body, then another",
         get(fields=b"Content-Length: 5\r\n") + b"hello" + SMUGGLED, "200,200", smuggled=1,
         methods=["GET", "GET"]),
    Case("D16", "M", "POST without any", post(b""), "200|411", body=0),
    Case("D17", "M", "body, then another request", length(b"5", b"hello" + SMUGGLED), "200,200",
         smuggled=1, body=5),
    Case("D18", "M", "1 GiB announced", length(b"1073741824"), "413"),
    Case("D20", "M", "Expect that is unknown", get(fields=b"Expect: bogus\r\n"), "200|417"),
]

CODINGS = [
    Case("E01", "M", "chunked", chunks(HELLO), "200 keep", body=5),
    Case("E02", "M", "after a length",
         post(b"Content-Length: 5\r\n" + CHUNKED, HELLO + SMUGGLED), "400 close"),
    Case("E03", "M", "before a length",
         post(CHUNKED + b"Content-Length: 5\r\n", HELLO + SMUGGLED), "400 close"),
    Case("E04", "M", "xchunked", coded(b"xchunked"), "400|501 close"),
    Case("E05", "M", "identity", coded(b"identity", b"hello", b"Content-Length: 5\r\n"), "400|501"),
    Case("E06", "M", "gzip, chunked", coded(b"gzip, chunked"), "400|501 close"),
    Case("E07", "M", "chunked, identity", coded(b"chunked, identity"), "400"),
    Case("E08", "M", "two fields", coded(b"chunked\r\nTransfer-Encoding: identity"), "400"),
    Case("E09", "M", "chunked twice", coded(b"chunked, chunked"), "400"),
    Case("E10", "M", "vertical tab", coded(b"\x0bchunked", b"hello", b"Content-Length: 5\r\n"),
         "400"),
    Case("E11", "M", "in capitals", coded(b"CHUNKED"), "200", body=5),
    Case("E12", "M", "in HTTP/1.0", post(CHUNKED, HELLO, b"HTTP/1.0"), "400 close"),
    Case("E13", "M", "Transfer_Encoding",
         post(b"Transfer_Encoding: chunked\r\nContent-Length: 5\r\n", b"hello"), "200", body=5,
         absent=["transfer_encoding", "transfer-encoding"]),
    Case("E14", "M", "quoted", coded(b'"chunked"'), "400|501"),
    Case("E15", "M", "tab behind it", coded(b"chunked\t"), "200|400", body=5),
    Case("E16", "M", "size 0x5", chunks(b"0x5\r\nhello\r\n0\r\n\r\n"), "400 close"),
    Case("E17", "M", "size +5", chunks(b"+5\r\nhello\r\n0\r\n\r\n"), "400 close"),
    Case("E18", "M", "size -5", chunks(b"-5\r\nhello\r\n0\r\n\r\n"), "400 close"),
    Case("E19", "M", "size missing", chunks(b"\r\nhello\r\n0\r\n\r\n"), "400 close"),
    Case("E20", "M", "size of 17 digits", chunks(b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
         "400|413 close"),
    Case("E21", "M", "size 2^64-1", chunks(b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n"), "413 close"),
    Case("E22", "M", "space before the size", chunks(b" 5\r\nhello\r\n0\r\n\r\n"), "400 close"),
    Case("E23", "M", "space behind the size", chunks(b"5 \r\nhello\r\n0\r\n\r\n"), "200|400",
         body=5),
    Case("E24", "M", "extension", chunks(b"5;a=b\r\nhello\r\n0\r\n\r\n"), "200", body=5),
    Case("E25", "M", "extension of 64 KiB",
         chunks(b"5;a=" + b"b" * 65536 + b"\r\nhello\r\n0\r\n\r\n"), "400|413|431 close"),
    Case("E26", "T", "bare LF behind the size", chunks(b"5\nhello\r\n0\r\n\r\n"), "200|400", body=5),
    Case("E27", "T", "bare LF behind the data", chunks(b"5\r\nhello\n0\r\n\r\n"), "200|400", body=5),
    Case("E28", "T", "bare LF in an extension", chunks(b"5;a\nhello\r\n0\r\n\r\n"), "200|400",
         body=5),
    Case("E29", "M", "more data than the size", chunks(b"3\r\nhello\r\n0\r\n\r\n"), "400 close"),
    Case("E30", "M", "end without its line", chunks(b"5\r\nhello\r\n0\r\n" + SMUGGLED), "200|400"),
    Case("E31", "M", "trailer", chunks(b"5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n"), "200", body=5,
         absent=["x-t"]),
    Case("E32", "M", "trailer with a length, then another request",
         chunks(b"5\r\nhello\r\n0\r\nContent-Length: 99\r\n\r\n" + SMUGGLED), "200,200", body=5,
         smuggled=1, absent=["content-length"]),
    Case("E33", "M", "size with 200 zeros", chunks(b"0" * 200 + b"5\r\nhello\r\n0\r\n\r\n"),
         "200|400", body=5),
    Case("E34", "M", "20,000 chunks of a byte", chunks(b"1\r\na\r\n" * 20000 + b"0\r\n\r\n"), "200",
         body=20000),
    Case("E35", "M", "bare CR behind the size", chunks(b"5\rhello\r\n0\r\n\r\n"), "400 close"),
    Case("E36", "M", "end written 00", chunks(b"5\r\nhello\r\n00\r\n\r\n"), "200", body=5),
]

TARGETS = [
    Case("F01", "A", "%00", get(b"/a%00b"), "400|404"),
    Case("F02", "A", "..%2f", get(b"/static/..%2f..%2fetc%2fpasswd"), "400|404"),
    Case("F03", "A", "/../", get(b"/static/../../etc/passwd"), "400|404"),
    Case("F04", "A", "%2e%2e", get(b"/static/%2e%2e/%2e%2e/etc/passwd"), "400|404"),
    Case("F05", "A", "%252e, decoded once", get(b"/static/%252e%252e/x"), "404"),
    Case("F06", "A", "backslashes", get(b"/static/..\\..\\x"), "400|404"),
    Case("F07", "A", "%zz", get(b"/a%zz"), "400|404"),
    Case("F08", "A", "% at the end", get(b"/a%"), "400|404"),
    Case("F09", "A", "overlong UTF-8", get(b"/static/%c0%ae%c0%ae/x"), "400|404"),
    Case("F10", "A", "%ff", get(b"/%ff"), "400|404"),
    Case("F11", "A", "two slashes and a name", get(b"//evil.com/"), "404"),
    Case("F12", "A", "%0d%0a", get(b"/a%0d%0aX:y"), "404"),
    Case("F13", "A", "%0a at the end", get(b"/admin/%0a"), "404"),
    Case("F14", "A", "%00 in the query", get(b"/?a=%00b"), "200|400", query={"a": "\0b"}),
    Case("F15", "A", "semicolon in the query", get(b"/?a=1;b=2"), "200", query={"a": "1;b=2"}),
    Case("F16", "A", "+ and %2b", get(b"/?a=+%2b"), "200", query={"a": " +"}),
    Case("F17", "M", "1,001 parameters",
         get(b"/?" + b"&".join(b"a%d=1" % i for i in range(1001))), "400"),
    Case("F18", "A", "%00 before a suffix", get(b"/static/a.lua%00.png"), "400|404"),
    Case("F19", "A", "URL as path", get(b"/http://x/"), "404"),
]

CONNECTIONS = [
    Case("G01", "M", "two at once", get(b"/1") + get(b"/2"), "200,200", path="/1",
         methods=["GET", "GET"]),
    Case("G02", "M", "another after Connection: close",
         get(fields=b"Connection: close\r\n") + SMUGGLED, "200 close"),
    Case("G03", "M", "garbage behind a request", get() + b"\x16\x03\x01\x02\0\r\n\r\n",
         "200,400|- close"),
    Case("G04", "M", "TLS hello", b"\x16\x03\x01\0\xa5\x01\0\0\xa1\x03\x03" + b"\0" * 100
         + b"\r\n\r\n", "400|- close"),
    Case("G05", "M", "HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400|505 close"),
    Case("G06", "M", "offer to upgrade to h2c",
         get(fields=b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
             b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"), "200"),
    Case("G07", "M", "HEAD, then GET", get(method=b"HEAD") + get(b"/2"), "200,200",
         methods=["HEAD", "GET"]),
    Case("G08", "M", "X-HTTP-Method-Override",
         post(b"X-HTTP-Method-Override: DELETE\r\nContent-Length: 0\r\n"), "200", method="POST"),
    Case("G09", "M", "PROXY line", b"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n" + get(), "400"),
    Case("G10", "M", "10,000 empty lines", b"\r\n" * 10000, "400|- close", wait=9.0),
    Case("G11", "M", "Range of 500 parts",
         get(fields=b"Range: bytes=" + b",".join(b"%d-" % i for i in range(500)) + b"\r\n"),
         "200|416", largest=65536),
]

CASES = REQUEST_LINE + HOSTS + FIELDS + LENGTHS + CODINGS + TARGETS + CONNECTIONS

# Refusals that depend on two pieces of the request: also sent cut in two at every offset.
SPLIT = ["A01", "B02", "C01", "C03", "C05", "D03", "D17", "E01", "E02", "E08", "E29", "E30", "E32"]

# More requests of the same kind, beyond one for each way of saying it wrongly.
MORE = [
    Case("147", "M", "length 0 and a coding",
         post(b"Content-Length: 0\r\n" + CHUNKED, HELLO + SMUGGLED), "400 close"),
    Case("148", "M", "trailer of 100 KiB",
         chunks(b"5\r\nhello\r\n0\r\nX: " + b"a" * 102400 + b"\r\n\r\n"), "400|413|431|- close"),
    Case("161", "M", "folded length", post(b"Content-Length:\r\n 5\r\n", b"hello" + SMUGGLED),
         "400 close"),
    Case("162", "M", "folded name", get(fields=b"X-Forwarded-\r\n For: 1.2.3.4\r\n"), "400"),
    Case("163", "M", "folded value that makes a name", get(fields=b"X: admin\r\n -Role\r\n"),
         "400"),
]
