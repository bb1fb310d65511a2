# SPDX-License-Identifier: MIT
"""HTTP/1 as bytes on a socket: sends exactly what it is given, in pieces of any size,
and reads whatever comes back without making it prettier than it is."""
import re
import select
import socket
import time

STATUS = re.compile(rb"^HTTP/1\.[01] (\d{3})(?: |$)")


class Answer:
    """One response.  `odd` names what a client should not have to see."""

    def __init__(self, status, headers, odd):
        self.status, self.headers, self.odd = status, headers, odd
        self.body, self.chunked = b"", False

    def get(self, name, default=None):
        """The first value of a header field, or default."""
        for key, value in self.headers:
            if key == name.lower():
                return value
        return default

    @property
    def closes(self):
        return "close" in (self.get("connection") or "").lower()

    def __repr__(self):
        return "<%d %r>" % (self.status, self.body[:60])


def parse_head(head):
    lines = head.split(b"\r\n")
    m = STATUS.match(lines[0])
    if not m:
        return None
    headers, odd = [], None
    for line in lines[1:]:
        name, colon, value = line.partition(b":")
        if not colon or not name or name != name.strip():
            odd = "header line %r" % line
            continue
        headers.append((name.decode("latin-1").lower(), value.strip().decode("latin-1")))
    return Answer(int(m.group(1)), headers, odd)


def parse_chunks(data):
    """(body, rest behind it), or None while it is not whole."""
    body = b""
    while True:
        line, end, data = data.partition(b"\r\n")
        if not end:
            return None
        size = int(line.split(b";")[0], 16)
        if size == 0:
            while True:  # trailer
                line, end, data = data.partition(b"\r\n")
                if not end:
                    return None
                if not line:
                    return body, data
        if len(data) < size + 2:
            return None
        body, data = body + data[:size], data[size + 2:]


def parse_one(data, method, ended):
    """(answer, rest), or None when the first answer in data is not whole."""
    head, end, rest = data.partition(b"\r\n\r\n")
    if not end:
        return None
    a = parse_head(head)
    if a is None:
        raise ValueError("no status line: %r" % data[:80])
    length = a.get("content-length")
    if method == "HEAD" or a.status in (204, 304) or a.status < 200:
        return a, rest
    if (a.get("transfer-encoding") or "").lower() == "chunked":
        a.chunked = True
        done = parse_chunks(rest)
        if done is None:
            return None
        a.body, rest = done
        return a, rest
    if length is not None:
        if len(rest) < int(length):
            return None
        a.body = rest[:int(length)]
        return a, rest[int(length):]
    if not ended:
        return None
    a.body = rest
    return a, b""


class Talk:
    """A connection: what was said and what came back."""

    def __init__(self, address, methods=(), timeout=3.0):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.settimeout(5)
        self.sock.connect(address)
        if family == socket.AF_INET:
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setblocking(False)
        self.methods = list(methods)  # of the requests, for answers without a body
        self.timeout = timeout
        self.data, self.pos = b"", 0
        self.answers, self.interim = [], []
        self.ended = None  # "eof" or "reset" once the other side has closed

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def receive(self):
        try:
            piece = self.sock.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            self.ended = "reset"
            return
        if piece:
            self.data += piece
        else:
            self.ended = "eof"

    def take(self):
        """Moves whole answers from data to answers."""
        while self.data:
            n = len(self.answers)
            method = self.methods[n] if n < len(self.methods) else "GET"
            one = parse_one(self.data, method, self.ended)
            if one is None:
                return
            answer, self.data = one
            (self.interim if answer.status < 200 else self.answers).append(answer)

    def send(self, pieces, pause=0.0):
        """Sends the pieces one by one, reading meanwhile; stops when the other side closes."""
        for piece in [pieces] if isinstance(pieces, bytes) else pieces:
            end = time.monotonic() + self.timeout
            while piece and not self.ended and time.monotonic() < end:
                readable, writable, _ = select.select([self.sock], [self.sock], [], 0.5)
                if readable:
                    self.receive()
                if writable and not self.ended:
                    try:
                        piece = piece[self.sock.send(piece):]
                    except OSError:
                        # What was answered before the close is still to be read.
                        self.drain()
                        return
            if pause:
                time.sleep(pause)

    def drain(self):
        while not self.ended:
            if not select.select([self.sock], [], [], self.timeout)[0]:
                break
            self.receive()
        self.take()

    def read(self, count=None, timeout=None):
        """Until there are `count` answers (None: until the other side closes), or timeout."""
        end = time.monotonic() + (self.timeout if timeout is None else timeout)
        self.take()
        while not self.ended and (count is None or len(self.answers) < count):
            left = end - time.monotonic()
            if left <= 0:
                break
            if select.select([self.sock], [], [], left)[0]:
                self.receive()
                self.take()
        self.take()
        return self.answers
