"""HTTP/2 frames on a TLS socket: whatever the test says is sent, and every frame that comes is kept."""

import socket
import time

from hpack import Decoder, Encoder
from hyperframe.frame import (
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from peers.http1 import PATIENCE

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

#: Error codes of RFC 9113 §7.
PROTOCOL_ERROR, CANCEL, ENHANCE_YOUR_CALM = 1, 8, 11


class Answer:
    """What came on one stream."""

    def __init__(self):
        self.fields = []
        self.heads = []
        self.body = b""
        self.ended = False
        self.reset = None

    @property
    def status(self):
        return int(dict(self.fields)[":status"]) if self.fields else None

    @property
    def over(self):
        return self.ended or self.reset is not None


class Connection:
    """One connection; `window` is given back as DATA comes, unless `greedy` is false."""

    def __init__(self, address, context, name="api.example.test", settings=None, greedy=True):
        host, port = address.rsplit(":", 1)
        plain = socket.create_connection((host, int(port)), PATIENCE)
        # Small frames wait for no acknowledgement, as in every client of HTTP/2.
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = context.wrap_socket(plain, server_hostname=name)
        assert self.socket.selected_alpn_protocol() == "h2"
        self.authority = name
        self.encoder = Encoder()
        self.decoder = Decoder()
        self.buffer = b""
        self.block = b""
        self.answers = {}
        self.goaways = []
        self.frames = []
        self.closed = False
        self.greedy = greedy
        self.send(PREFACE, SettingsFrame(0, settings=settings or {}))
        self.until(lambda: any(isinstance(f, SettingsFrame) and "ACK" not in f.flags for f in self.frames))
        self.send(SettingsFrame(0, flags=["ACK"]))

    def send(self, *parts):
        """Frames or bytes in one write; a connection that the peer has ended takes nothing."""
        data = b"".join(part if isinstance(part, bytes) else part.serialize() for part in parts)
        try:
            self.socket.sendall(data)
        except OSError:
            self.closed = True

    def head(self, stream, fields=(), method="GET", path="/", end=True, pseudo=None):
        """A HEADERS frame; `pseudo` replaces the four fields."""
        if pseudo is None:
            pseudo = [(":method", method), (":scheme", "https"), (":authority", self.authority), (":path", path)]
        flags = ["END_HEADERS"] + (["END_STREAM"] if end else [])
        return HeadersFrame(stream, data=self.encoder.encode([*pseudo, *fields]), flags=flags)

    def request(self, stream, **options):
        self.send(self.head(stream, **options))

    def data(self, stream, body, end=False):
        self.send(DataFrame(stream, data=body, flags=["END_STREAM"] if end else []))

    def answer(self, stream, patience=PATIENCE):
        """The whole answer of a stream, or its reset."""
        self.until(lambda: self.of(stream).over, patience)
        return self.of(stream)

    def of(self, stream):
        return self.answers.setdefault(stream, Answer())

    def goaway(self, patience=PATIENCE):
        """The error code of the last GOAWAY."""
        self.until(lambda: self.goaways, patience)
        assert self.goaways, "the connection ended without GOAWAY"
        return self.goaways[-1].error_code

    def until(self, done, patience=PATIENCE):
        """Reads until `done()`, or the connection ends."""
        deadline = time.monotonic() + patience
        while not done() and not self.closed:
            left = deadline - time.monotonic()
            assert left > 0, f"nothing came in time; frames so far: {self.frames[-10:]}"
            self.read(left)

    def read(self, patience):
        self.socket.settimeout(patience)
        try:
            data = self.socket.recv(65536)
        except TimeoutError:
            return
        except OSError:
            data = b""
        if not data:
            self.closed = True
            return
        self.buffer += data
        while len(self.buffer) >= 9:
            frame, length = Frame.parse_frame_header(memoryview(self.buffer[:9]))
            if len(self.buffer) < 9 + length:
                return
            frame.parse_body(memoryview(self.buffer[9 : 9 + length]))
            self.buffer = self.buffer[9 + length :]
            self.take(frame)

    def take(self, frame):
        self.frames.append(frame)
        answer = self.of(frame.stream_id)
        if isinstance(frame, GoAwayFrame):
            self.goaways.append(frame)
        elif isinstance(frame, RstStreamFrame):
            answer.reset = frame.error_code
        elif isinstance(frame, DataFrame):
            answer.body += frame.data
            answer.ended = "END_STREAM" in frame.flags
            if self.greedy and frame.flow_controlled_length:
                count = frame.flow_controlled_length
                self.send(WindowUpdateFrame(0, window_increment=count))
                if not answer.ended:
                    self.send(WindowUpdateFrame(frame.stream_id, window_increment=count))
        elif hasattr(frame, "data") and frame.type in (1, 9):
            self.block += frame.data
            if "END_HEADERS" in frame.flags:
                fields = [(str(n), str(v)) for n, v in self.decoder.decode(self.block)]
                self.block = b""
                answer.heads.append(fields)
                answer.fields = fields
            if "END_STREAM" in frame.flags:
                answer.ended = True

    def close(self):
        self.socket.close()
