"""A backend of HTTP/2 made of frames: it answers as the test says, and misbehaves where it is told to."""

import socket
import threading

from hpack import Decoder, Encoder
from hyperframe.frame import DataFrame, Frame, GoAwayFrame, HeadersFrame, PingFrame, RstStreamFrame, SettingsFrame
from hyperframe.frame import WindowUpdateFrame

from peers.http2 import PREFACE
from peers.upstream import Listener

#: Error codes of RFC 9113 §7.
REFUSED_STREAM = 7


class Request:
    """What one stream has brought so far."""

    def __init__(self, stream):
        self.stream = stream
        self.fields = []
        self.trailers = []
        self.body = b""
        self.ended = False
        self.reset = None

    def get(self, name, default=None):
        return dict(self.fields).get(name, default)

    @property
    def path(self):
        return self.get(":path")


class Peer:
    """One connection of the gateway's; windows are given back as DATA comes, unless the backend is not `greedy`."""

    def __init__(self, wire, backend):
        self.wire = wire
        self.backend = backend
        self.encoder = Encoder()
        self.decoder = Decoder()
        self.requests = {}
        #: What is compressed has to leave in the same order.
        self.sending = threading.RLock()
        self.pings = 0
        #: Windows for what we send.
        self.windows = {0: 65535}
        self.initial = 65535
        self.changed = threading.Condition()

    def send(self, *parts):
        with self.sending:
            self.wire.socket.sendall(b"".join(p if isinstance(p, bytes) else p.serialize() for p in parts))

    def head(self, stream, status=200, fields=(), end=False):
        with self.sending:
            self.send(self.block_of(stream, [(":status", str(status)), *fields], end))

    def block_of(self, stream, pairs, end):
        flags = ["END_HEADERS"] + (["END_STREAM"] if end else [])
        return HeadersFrame(stream, data=self.encoder.encode(pairs), flags=flags)

    def data(self, stream, body, end=True):
        """Body bytes within the windows, waiting for more of them."""
        view = memoryview(body)
        while True:
            part = bytes(view[: self.take_window(stream, min(len(view), 16384))])
            view = view[len(part) :]
            last = end and not view
            self.send(DataFrame(stream, data=part, flags=["END_STREAM"] if last else []))
            if not view:
                return

    def take_window(self, stream, wanted):
        if not wanted:
            return 0
        with self.changed:
            def left():
                return min(self.windows[0], self.windows.setdefault(stream, self.initial), wanted)

            assert self.changed.wait_for(lambda: left() > 0, 20), "no window came"
            count = left()
            self.windows[0] -= count
            self.windows[stream] -= count
            return count

    def reply(self, stream, status=200, body=b"", fields=()):
        self.head(stream, status, [("content-length", str(len(body))), *fields], end=not body)
        if body:
            self.data(stream, body)

    def trail(self, stream, *fields):
        with self.sending:
            self.send(self.block_of(stream, fields, True))

    def reset(self, stream, code):
        self.send(RstStreamFrame(stream, error_code=code))

    def goaway(self, last, code=0):
        self.send(GoAwayFrame(0, last_stream_id=last, error_code=code))

    def cut(self):
        """Ends the connection without a word; closing alone would wait for the thread that reads."""
        self.wire.socket.shutdown(socket.SHUT_RDWR)

    def run(self):
        assert self.read(len(PREFACE)) == PREFACE
        if self.backend.settings is not None:
            self.send(SettingsFrame(0, settings=self.backend.settings))
        while True:
            frame, length = Frame.parse_frame_header(memoryview(self.read(9)))
            frame.parse_body(memoryview(self.read(length)))
            self.take(frame)

    def read(self, count):
        data = b""
        while len(data) < count:
            part = self.wire.socket.recv(count - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def take(self, frame):
        stream = frame.stream_id
        request = self.requests.setdefault(stream, Request(stream)) if stream else None
        if isinstance(frame, SettingsFrame):
            if "ACK" not in frame.flags:
                with self.changed:
                    self.initial = frame.settings.get(SettingsFrame.INITIAL_WINDOW_SIZE, 65535)
                self.send(SettingsFrame(0, flags=["ACK"]))
        elif isinstance(frame, PingFrame):
            self.pings += 1
            if "ACK" not in frame.flags and self.backend.answers_pings:
                self.send(PingFrame(0, opaque_data=frame.opaque_data, flags=["ACK"]))
        elif isinstance(frame, WindowUpdateFrame):
            with self.changed:
                self.windows[stream] = self.windows.get(stream, self.initial) + frame.window_increment
                self.changed.notify_all()
        elif isinstance(frame, RstStreamFrame):
            request.reset = frame.error_code
            self.backend.note(request)
        elif isinstance(frame, HeadersFrame):
            fields = [(str(n), str(v)) for n, v in self.decoder.decode(frame.data)]
            if request.fields:
                request.trailers = fields
            else:
                request.fields = fields
                self.backend.opened(self, request)
            self.end(frame, request)
        elif isinstance(frame, DataFrame):
            request.body += frame.data
            if self.backend.greedy and frame.flow_controlled_length:
                count = frame.flow_controlled_length
                self.send(WindowUpdateFrame(0, window_increment=count))
                if "END_STREAM" not in frame.flags:
                    self.send(WindowUpdateFrame(stream, window_increment=count))
            self.end(frame, request)

    def end(self, frame, request):
        if "END_STREAM" in frame.flags:
            request.ended = True
            self.backend.whole(self, request)


class Http2Backend(Listener):
    """`handle(peer, request)` is called in a thread of its own once a request is whole; `on_head` when it begins."""

    def __init__(self, handle=None, settings={}, on_head=None, greedy=True, answers_pings=True, **options):
        self.handle = handle or (lambda peer, request: peer.reply(request.stream, body=b"hello"))
        self.on_head = on_head
        self.settings = settings
        self.greedy = greedy
        self.answers_pings = answers_pings
        self.requests = []
        self.peers = []
        self.resets = []
        self.open = 0
        self.most_open = 0
        self.lock = threading.Lock()
        super().__init__(**options)

    def accepted(self, wire):
        peer = Peer(wire, self)
        self.peers.append(peer)
        wire.socket.settimeout(60)
        try:
            peer.run()
        except (EOFError, OSError, AssertionError):
            pass
        wire.close()

    def note(self, request):
        with self.lock:
            self.resets.append(request.reset)

    def opened(self, peer, request):
        with self.lock:
            self.requests.append(request)
            self.open += 1
            self.most_open = max(self.most_open, self.open)
        if self.on_head:
            self.on_head(peer, request)

    def whole(self, peer, request):
        def serve():
            try:
                self.handle(peer, request)
            except (OSError, AssertionError):
                pass
            with self.lock:
                self.open -= 1

        threading.Thread(target=serve, daemon=True).start()
