"""WebSocket over HTTP/2 (RFC 8441) to a backend of HTTP/1.1."""

import signal
import time

import pytest
from hyperframe.frame import RstStreamFrame, SettingsFrame

from peers import tokens, websocket
from peers.gateway import configuration, tls
from peers.http2 import CANCEL, Connection
from peers.http2_gateway import NAME, connect  # noqa: F401
from peers.upstream import Scripted, reply
from peers.websocket import CLOSE, TEXT, client, frame, read_close, read_frame

PAGE = "https://app.example.test"
ENABLE_CONNECT_PROTOCOL = 8
SOCKET = [("sec-websocket-version", "13"), ("origin", PAGE)]


@pytest.fixture
def upstream():
    with Scripted() as backend:
        yield backend


def settings(upstream, certificate, **route):
    config = configuration(upstream.address)
    config["listeners"] = {"public": tls(certificate)}
    config["routes"][0].update({"webSocket": {"origins": [PAGE]}, **route})
    return config


@pytest.fixture
def gateway(gateways, upstream, server_certificate):
    return gateways(settings(upstream, server_certificate))


def pseudo(protocol="websocket", path="/", method="CONNECT"):
    return [
        (":method", method), (":protocol", protocol), (":scheme", "https"), (":authority", NAME), (":path", path),
    ]  # fmt: skip


class Bytes:
    """The DATA of one stream, read as bytes of a wire."""

    def __init__(self, connection, stream):
        self.connection, self.stream = connection, stream
        self.buffer = bytearray()
        self.taken = 0
        self.was_reset = False

    def fill(self):
        answer = self.connection.of(self.stream)
        self.connection.until(lambda: len(answer.body) > self.taken or answer.over)
        self.buffer += answer.body[self.taken :]
        more = len(answer.body) > self.taken
        self.taken = len(answer.body)
        return more


def begin(connection, upstream, stream=1, fields=SOCKET, answer=(), path="/"):
    """A WebSocket on a stream, with the backend's end of it."""
    connection.request(stream, pseudo=pseudo(path=path), fields=fields, end=False)
    backend = upstream.take()
    request = backend.read_request()
    backend.send(websocket.switch(request, answer))
    connection.until(lambda: connection.of(stream).fields)
    assert connection.of(stream).status == 200, connection.of(stream).fields
    return backend, request, Bytes(connection, stream)


def test_extended_connect_is_announced_where_a_route_takes_it(gateways, upstream, server_certificate, connect):  # noqa: F811
    for taken in (True, False):
        config = settings(upstream, server_certificate)
        if not taken:
            del config["routes"][0]["webSocket"]
        connection = connect(gateways(config))
        first = next(frame for frame in connection.frames if isinstance(frame, SettingsFrame) and frame.settings)
        assert first.settings.get(ENABLE_CONNECT_PROTOCOL, 0) == int(taken)


def test_frames_pass_both_ways(gateway, upstream, connect):  # noqa: F811
    connection = connect(gateway)
    fields = [*SOCKET, ("sec-websocket-key", "forged"), ("sec-websocket-protocol", "chat")]
    backend, request, socket = begin(connection, upstream, fields=fields, answer=["Sec-WebSocket-Protocol: chat"])
    assert request.start_line == "GET / HTTP/1.1"
    assert request.get("upgrade") == "websocket" and request.get("connection").lower() == "upgrade"
    assert len(request.get("sec-websocket-key")) == 24 and request.get("sec-websocket-key") != "forged"
    head = dict(connection.of(1).fields)
    assert head["sec-websocket-protocol"] == "chat"
    assert not {"sec-websocket-accept", "upgrade", "connection", "content-length"} & set(head)
    connection.data(1, client(TEXT, b"to the backend"))
    assert read_frame(backend) == (TEXT, b"to the backend", True)
    backend.send(frame(TEXT, b"to the client"))
    assert read_frame(socket)[:2] == (TEXT, b"to the client")
    connection.data(1, client(CLOSE, b"\x03\xe8"))
    assert read_close(backend) == 1000
    backend.send(frame(CLOSE, b"\x03\xe8"))
    assert read_close(socket) == 1000
    answer = connection.answer(1)
    assert answer.ended and answer.reset in (None, 0)
    backend.expect_end()
    (line,) = gateway.log.wait()
    assert (line["protocol"], line["upgrade"], line["method"], line["status"]) == ("HTTP/2.0", "websocket", "GET", 200)
    assert line["reason"] == "ok"


def test_nothing_goes_on_before_the_101(gateway, upstream, connect):  # noqa: F811
    """attacks 10"""
    connection = connect(gateway)
    connection.request(1, pseudo=pseudo(), fields=SOCKET, end=False)
    connection.data(1, client(TEXT, b"early"))
    backend = upstream.take()
    request = backend.read_request()
    assert not backend.arrived(0.3)
    backend.send(websocket.switch(request))
    assert read_frame(backend)[1] == b"early"


@pytest.mark.parametrize(("status", "seen"), [(403, 403), (302, 302), (200, 502), (204, 502)])
def test_another_answer_is_no_tunnel(gateway, upstream, connect, status, seen):  # noqa: F811
    connection = connect(gateway)
    connection.request(1, pseudo=pseudo(), fields=SOCKET, end=False)
    connection.data(1, client(TEXT, b"early"))
    backend = upstream.take()
    backend.read_request()
    backend.send(reply(status, b"no") if status != 204 else b"HTTP/1.1 204 No Content\r\n\r\n")
    assert connection.answer(1).status == seen
    assert not backend.arrived(0.2)
    # The connection lives on.
    connection.request(3)
    backend = upstream.take() if status == 204 or backend.ended else backend
    try:
        backend.read_request()
    except AssertionError:
        backend = upstream.take()
        backend.read_request()
    backend.send(reply(body=b"after"))
    assert connection.answer(3).body == b"after"


@pytest.mark.parametrize(
    ("head", "fields", "end", "status", "reason"),
    [
        (pseudo(), [("sec-websocket-version", "8")], False, 400, "ws_handshake"),
        (pseudo(), [], False, 400, "ws_handshake"),
        (pseudo(), SOCKET, True, 400, "ws_handshake"),
        (pseudo(), [("sec-websocket-version", "13"), ("origin", "https://evil.example")], False, 403, "ws_origin"),
        (pseudo(), [*SOCKET, ("content-length", "5")], False, 400, "upgrade_with_body"),
        (pseudo("connect-udp"), SOCKET, False, 501, "upgrade_unsupported"),
    ],
)
def test_a_handshake_that_is_none_is_refused(gateway, upstream, connect, head, fields, end, status, reason):  # noqa: F811
    connection = connect(gateway)
    connection.request(1, pseudo=head, fields=fields, end=end)
    assert connection.answer(1).status == status
    (line,) = gateway.log.wait()
    assert line["reason"] == reason
    assert upstream.connections == 0


def test_a_route_without_webSocket_refuses_it(gateways, upstream, server_certificate, connect):  # noqa: F811
    config = settings(upstream, server_certificate)
    config["routes"].append({"name": "plain", "match": {"path": "/plain"}, "auth": "none", "upstream": "backend"})
    connection = connect(gateways(config))
    connection.request(1, pseudo=pseudo(path="/plain"), fields=SOCKET, end=False)
    assert connection.answer(1).status == 501
    assert upstream.connections == 0


def test_a_bad_frame_ends_it_with_1002(gateway, upstream, connect):  # noqa: F811
    connection = connect(gateway)
    backend, _, socket = begin(connection, upstream)
    connection.data(1, frame(TEXT, b"unmasked"))
    assert read_close(socket) == 1002
    assert connection.answer(1).ended
    assert read_close(backend) == 1001


def test_the_clients_end_of_stream_ends_the_backends_input(gateway, upstream, connect):  # noqa: F811
    connection = connect(gateway)
    backend, _, socket = begin(connection, upstream)
    connection.data(1, client(TEXT, b"last words"), end=True)
    assert read_frame(backend)[1] == b"last words"
    backend.expect_end()
    backend.send(frame(TEXT, b"answer") + frame(CLOSE, b"\x03\xe8"))
    assert read_frame(socket)[1] == b"answer"
    assert read_close(socket) == 1000
    backend.close()
    assert connection.answer(1).ended


def test_a_reset_ends_the_backends_side(gateway, upstream, connect):  # noqa: F811
    connection = connect(gateway)
    backend, _, _ = begin(connection, upstream)
    connection.send(RstStreamFrame(1, error_code=CANCEL))
    backend.expect_end()
    (line,) = gateway.log.wait()
    assert line["reason"] == "client_aborted"


def test_many_on_one_connection_beside_requests(gateway, upstream, connect):  # noqa: F811
    connection = connect(gateway)
    ends = [begin(connection, upstream, stream)[::2] for stream in (1, 3, 5)]
    for number, (backend, socket) in enumerate(ends):
        connection.data(socket.stream, client(TEXT, b"%d" % number))
        assert read_frame(backend)[1] == b"%d" % number
        backend.send(frame(TEXT, b"%d" % number))
        assert read_frame(socket)[1] == b"%d" % number
    connection.request(7)
    backend = upstream.take()
    backend.read_request()
    backend.send(reply(body=b"beside"))
    assert connection.answer(7).body == b"beside"


def test_large_messages_pass_at_the_readers_pace(gateway, upstream, connect):  # noqa: F811
    connection = connect(gateway)
    backend, _, socket = begin(connection, upstream)
    backend.send(frame(2, b"y" * (3 << 20)))
    opcode, payload, _ = read_frame(socket)
    assert (opcode, len(payload)) == (2, 3 << 20)


def test_a_drain_ends_it_with_1001(gateway, upstream, connect):  # noqa: F811
    connection = connect(gateway)
    backend, _, socket = begin(connection, upstream)
    gateway.send_signal(signal.SIGTERM)
    assert read_close(socket) == 1001
    assert read_close(backend) == 1001
    assert connection.answer(1).ended
    assert gateway.process.wait(15) == 0


def test_it_ends_with_its_credential(gateways, upstream, server_certificate, connect, tmp_path):  # noqa: F811
    """attacks 81"""
    key = tokens.key("ES256")
    config = settings(upstream, server_certificate, auth={"anyOf": ["staff"]})
    (tmp_path / "jwks.json").write_text(tokens.key_set(key))
    config["identities"] = {
        "staff": {
            "jwt": {
                "issuer": "https://idp.example.test", "audiences": ["orders"],
                "jwks": f"file:{tmp_path / 'jwks.json'}", "clockSkew": "0s",
            }
        }
    }
    connection: Connection = connect(gateways(config))
    token = tokens.mint(key, exp=int(time.time()) + 3)
    _, _, socket = begin(connection, upstream, fields=[*SOCKET, ("authorization", f"Bearer {token}")])
    assert read_close(socket) == 1008
    assert connection.answer(1).ended
