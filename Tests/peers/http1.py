"""HTTP/1.1 on a plain socket: bytes are sent as given and read strictly; nothing is tidied.

The reader is as strict as a careful peer: a message that breaks RFC 9112's framing raises `Malformed`,
one that ends early raises `Cut`. Both tell what had arrived.
"""

import socket
import ssl
import struct
import threading
import time

#: How long a peer waits for what must come. Generous, since it only costs time when a test fails.
PATIENCE = 10.0

TOKEN = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class Malformed(AssertionError):
    """The peer sent what is not HTTP/1.1."""


class Cut(AssertionError):
    """The connection ended inside a message."""


class TimedOut(AssertionError):
    """Nothing came although something was due."""


class Message:
    """One request or response as it stood on the wire."""

    def __init__(self, start_line):
        self.start_line = start_line
        self.fields = []
        self.body = b""
        self.trailers = []
        self.chunks = None
        self.head = b""

    @property
    def status(self):
        return int(self.start_line.split(" ")[1])

    @property
    def method(self):
        return self.start_line.split(" ")[0]

    @property
    def target(self):
        return self.start_line.split(" ")[1]

    def all(self, name):
        """Every value of a field, in order."""
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def get(self, name, default=None):
        """The only value of a field; two of them are an error of the sender."""
        values = self.all(name)
        if len(values) > 1:
            raise Malformed(f"{len(values)} fields {name}: {values}")
        return values[0] if values else default

    def __contains__(self, name):
        return bool(self.all(name))

    def __repr__(self):
        lines = [self.start_line] + [f"{name}: {value}" for name, value in self.fields]
        body = repr(self.body if len(self.body) < 300 else self.body[:300] + b"...")
        return "\n".join(lines) + f"\n\n{body} ({len(self.body)} bytes), trailers {self.trailers}"


class Wire:
    """One end of one connection."""

    def __init__(self, sock):
        self.socket = sock
        self.buffer = bytearray()
        self.ended = False
        self.was_reset = False
        self.sender = None
        self.send_error = None
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            pass  # a unix socket

    # Sending.

    def send(self, data):
        """Sends all of it; much of it from a thread, since the other side may answer before it has read everything."""
        self.flush()
        if len(data) <= 32768:
            self._send(data)
        else:
            self.sender = threading.Thread(target=self._send, args=(data,), daemon=True)
            self.sender.start()

    def _send(self, data):
        try:
            self.socket.settimeout(PATIENCE)
            self.socket.sendall(data)
        except OSError as error:
            self.send_error = error

    def flush(self):
        """Waits until what `send` began is sent or has failed."""
        if self.sender is not None:
            self.sender.join(PATIENCE)
            self.sender = None

    def half_close(self):
        self.flush()
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        """Ends the connection with RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()
        self.ended = True

    def close(self):
        try:
            self.socket.close()
        except OSError:
            pass
        self.flush()

    # Reading.

    def fill(self, patience=None):
        """Reads once. False at the end of the stream."""
        if self.ended:
            return False
        self.socket.settimeout(PATIENCE if patience is None else max(patience, 0.001))
        try:
            data = self.socket.recv(262144)
        except (socket.timeout, ssl.SSLWantReadError):
            raise TimedOut(f"nothing came; so far {bytes(self.buffer[:300])!r}") from None
        except (ConnectionResetError, BrokenPipeError):
            self.was_reset = True
            data = b""
        except ssl.SSLError:
            # The end of a TLS stream without close_notify: an end all the same, and marked as a cut.
            self.was_reset = True
            data = b""
        if not data:
            self.ended = True
            return False
        self.buffer += data
        return True

    def arrived(self, patience=0.0):
        """Whether a byte is there, or comes in time."""
        deadline = time.monotonic() + patience
        while not self.buffer and not self.ended:
            try:
                self.fill(max(deadline - time.monotonic(), 0.001))
            except TimedOut:
                return False
        return bool(self.buffer)

    def expect_end(self, patience=None):
        """The other side closes, with nothing more to say."""
        while self.fill(patience):
            pass
        if self.buffer:
            raise Malformed(f"more bytes before the end: {bytes(self.buffer[:300])!r}")

    def _line(self):
        while True:
            end = self.buffer.find(b"\n")
            if end >= 0:
                line = bytes(self.buffer[:end])
                del self.buffer[: end + 1]
                if not line.endswith(b"\r"):
                    raise Malformed(f"a line ends in a bare LF: {line!r}")
                line = line[:-1]
                if b"\r" in line or b"\0" in line:
                    raise Malformed(f"CR or NUL in a line: {line!r}")
                return line
            if not self.fill():
                raise Cut(f"the connection ended in a line: {bytes(self.buffer[:300])!r}")

    def _take(self, count, message):
        while len(self.buffer) < count:
            if not self.fill():
                message.body += bytes(self.buffer)
                raise Cut(f"the connection ended {count - len(self.buffer)} bytes early")
        data = bytes(self.buffer[:count])
        del self.buffer[:count]
        return data

    def _fields(self):
        fields = []
        while True:
            line = self._line()
            if not line:
                return fields
            name, colon, value = line.partition(b":")
            if not colon or not name or not all(byte in TOKEN for byte in name):
                raise Malformed(f"not a header field: {line!r}")
            fields.append((name.decode("ascii"), value.strip(b" \t").decode("latin-1")))

    def _head(self):
        message = Message(self._line().decode("latin-1"))
        message.fields = self._fields()
        return message

    def _body(self, message, until_end):
        codings = message.all("transfer-encoding")
        lengths = message.all("content-length")
        if codings and lengths:
            raise Malformed(f"both lengths in one message: {message!r}")
        if len(lengths) > 1 or len(codings) > 1:
            raise Malformed(f"a length twice: {message!r}")
        if codings:
            if codings[0].lower() != "chunked":
                raise Malformed(f"transfer-encoding {codings[0]!r}")
            self._chunked(message)
        elif lengths:
            if not lengths[0].isascii() or not lengths[0].isdigit():
                raise Malformed(f"content-length {lengths[0]!r}")
            message.body += self._take(int(lengths[0]), message)
        elif until_end:
            while self.fill():
                pass
            message.body += bytes(self.buffer)
            self.buffer.clear()
            if self.was_reset:
                raise Cut("a reply that ends with the connection was reset")
        return message

    def _chunked(self, message):
        message.chunks = []
        while True:
            size = self._line().split(b";")[0]
            if not size or not all(byte in b"0123456789abcdefABCDEF" for byte in size):
                raise Malformed(f"chunk size {size!r}")
            size = int(size, 16)
            if size == 0:
                message.trailers = self._fields()
                return
            message.body += self._take(size, message)
            message.chunks.append(size)
            if self._take(2, message) != b"\r\n":
                raise Malformed("a chunk does not end in CRLF")

    def read_head(self):
        """The next head alone; its body stays unread."""
        return self._head()

    def read_response(self, to_head=False):
        """The next response, 1xx included; `to_head`: it answers a HEAD and has no body."""
        message = self._head()
        parts = message.start_line.split(" ", 2)
        if len(parts) != 3 or parts[0] != "HTTP/1.1" or len(parts[1]) != 3 or not parts[1].isdigit():
            raise Malformed(f"status line {message.start_line!r}")
        status = message.status
        if status < 200 or status in (204, 304) or to_head:
            return message
        return self._body(message, until_end=True)

    def read_request(self):
        """The next request, as an upstream sees it."""
        message = self._head()
        parts = message.start_line.split(" ")
        if len(parts) != 3 or parts[2] != "HTTP/1.1":
            raise Malformed(f"request line {message.start_line!r}")
        return self._body(message, until_end=False)


def connect(address, tls=None, server_name=None, source=None):
    """A connection to `host:port`, `[v6]:port` or `unix:path`; with `tls` (an SSLContext) encrypted."""
    if address.startswith("unix:"):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(PATIENCE)
        sock.connect(address[5:])
    else:
        host, _, port = address.rpartition(":")
        sock = socket.create_connection(
            (host.strip("[]"), int(port)), timeout=PATIENCE, source_address=(source, 0) if source else None
        )
    if tls is not None:
        sock = tls.wrap_socket(sock, server_hostname=server_name)
    return Wire(sock)


def exchange(address, request, tls=None, server_name=None, to_head=False):
    """One request on a connection of its own: the bytes sent, the final response read."""
    wire = connect(address, tls, server_name)
    try:
        wire.send(request)
        while True:
            response = wire.read_response(to_head)
            if response.status >= 200:
                return response
    finally:
        wire.close()
