"""WebSocket over HTTP/1.1, byte by byte: handshakes and frames (RFC 6455; attacks 10, 11, 81)."""

import time

import pytest

from peers import http1, tokens, websocket
from peers.assertions import is_refusal
from peers.gateway import run
from peers.http1 import TimedOut
from peers.upstream import reply
from peers.websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, client, frame, read_close, read_frame
from peers.websocket_gateway import PAGE, Socket, ended, gateway, settings, start_with_keys, upstream  # noqa: F401

# The handshake.


def test_frames_pass_both_ways_and_the_log_says_so(gateway, upstream):
    socket = Socket(gateway, upstream, [f"Origin: {PAGE}", "X-Request-Id: own"])
    assert socket.request.get("connection").lower() == "upgrade"
    assert socket.request.get("sec-websocket-key") == websocket.KEY
    assert socket.response.get("sec-websocket-accept") == websocket.accept()
    assert socket.response.get("x-request-id")
    socket.swap()
    socket.client.send(client(CLOSE, b"\x03\xe8"))
    assert read_close(socket.backend) == 1000
    socket.backend.send(frame(CLOSE, b"\x03\xe8"))
    assert read_close(socket.client) == 1000
    socket.client.expect_end()
    socket.backend.expect_end()
    (line,) = gateway.log.wait()
    assert (line["status"], line["protocol"], line["upgrade"], line["reason"]) == (101, "HTTP/1.1", "websocket", "ok")
    assert line["bytes_in"] > 0 and line["bytes_out"] > 0 and line["endpoint"] == upstream.address


def test_nothing_behind_the_head_goes_on_before_the_101(gateway, upstream):
    """attacks 10"""
    wire = http1.connect(gateway.address())
    early = client(TEXT, b"early")
    wire.send(websocket.upgrade() + early)
    backend = upstream.take()
    request = backend.read_request()
    assert not backend.arrived(0.4)
    wire.send(early)
    assert not backend.arrived(0.2)
    backend.send(websocket.switch(request))
    assert wire.read_response().status == 101
    assert read_frame(backend)[:2] == (TEXT, b"early")
    assert read_frame(backend)[:2] == (TEXT, b"early")


@pytest.mark.parametrize("status", [200, 204, 403, 426])
def test_behind_another_answer_the_bytes_are_the_next_request(gateways, upstream, status):
    """attacks 10"""
    key = tokens.key("ES256")
    config = settings(upstream)
    config["routes"].append(
        {"name": "secret", "match": {"path": "/secret"}, "auth": {"anyOf": ["staff"]}, "upstream": "backend"}
    )
    config["identities"] = {"staff": {"jwt": {"issuer": "https://idp.example.test", "audiences": ["orders"], "jwks": "file:jwks.json"}}}  # fmt: skip
    gateway = start_with_keys(gateways, config, key)
    wire = http1.connect(gateway.address())
    wire.send(websocket.upgrade() + b"GET /secret HTTP/1.1\r\nHost: a.test\r\n\r\n")
    backend = upstream.take()
    backend.read_request()
    assert not backend.arrived(0.2)
    backend.send(reply(status, b"" if status == 204 else b"no") if status != 204 else b"HTTP/1.1 204 No Content\r\n\r\n")
    assert wire.read_response().status == status
    assert is_refusal(wire.read_response(), "credentials_missing")
    assert not backend.arrived(0.2)


@pytest.mark.parametrize(
    "request_bytes",
    [
        websocket.upgrade(version="8"),
        websocket.upgrade(version=None),
        websocket.upgrade(key=None),
        websocket.upgrade(key="dGhlIHNhbXBsZSBub25jZQ"),
        websocket.upgrade(fields=[f"Sec-WebSocket-Key: {websocket.KEY}"]),
        websocket.upgrade(fields=["Sec-WebSocket-Version: 13"]),
    ],
)
def test_a_handshake_that_is_none_is_refused(gateway, upstream, request_bytes):
    response = http1.exchange(gateway.address(), request_bytes)
    assert is_refusal(response, "malformed_request")
    (line,) = gateway.log.wait()
    assert line["reason"] == "ws_handshake"
    assert upstream.connections == 0


def test_a_page_of_another_origin_is_refused(gateway, upstream):
    """attacks 81"""
    for fields in (
        ["Origin: https://evil.example"],
        ["Origin: null"],
        [f"Origin: {PAGE}.evil.example"],
        [f"Origin: {PAGE}", f"Origin: {PAGE}"],
        ["Origin: http://app.example.test"],
    ):
        gateway.log.skip()
        assert is_refusal(http1.exchange(gateway.address(), websocket.upgrade(fields=fields)), "forbidden")
        (line,) = gateway.log.wait()
        assert line["reason"] == "ws_origin"
    assert upstream.connections == 0


def test_explain_judges_the_handshake(gateway):
    def explain(origin):
        fields = [
            "connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13",
            f"sec-websocket-key: {websocket.KEY}", f"origin: {origin}",
        ]  # fmt: skip
        lines = [part for field in fields for part in ("-H", field)]
        result = run("explain", "GET", "http://a.test/", *lines, "--client", "127.0.0.1", "--config", gateway.file)
        return result.stdout

    assert f"a WebSocket of {PAGE}" in explain(PAGE)
    assert "ws_origin: 403 forbidden" in explain("https://evil.example")


def test_any_origin_is_a_waiver_and_passes(gateways, upstream):
    gateway = gateways(settings(upstream, webSocket={"origins": ["*"]}))
    result = run("check", "--config", gateway.file)
    assert "waiver: route 'socket' lets the pages of every origin open a WebSocket" in result.stdout
    Socket(gateway, upstream, ["Origin: https://anywhere.example"]).swap()


def test_a_route_without_webSocket_refuses_the_upgrade(gateways, upstream):
    gateway = gateways(settings(upstream, webSocket=None))
    assert is_refusal(http1.exchange(gateway.address(), websocket.upgrade()), "unsupported")
    assert upstream.connections == 0


def test_credentials_and_limits_are_asked_before_the_101(gateways, upstream):
    """attacks 81"""
    key = tokens.key("ES256")
    config = settings(upstream, auth={"anyOf": ["staff"]}, limits=["few"])
    config["identities"] = {"staff": {"jwt": {"issuer": "https://idp.example.test", "audiences": ["orders"], "jwks": "file:jwks.json"}}}  # fmt: skip
    config["limits"] = {"few": {"key": "client.address", "rate": "1/min", "burst": 1}}
    gateway = start_with_keys(gateways, config, key)
    assert is_refusal(http1.exchange(gateway.address(), websocket.upgrade()), "credentials_missing")
    socket = Socket(gateway, upstream, [f"Authorization: Bearer {tokens.mint(key)}"])
    assert socket.request.get("x-auth-subject") == "alice" and "authorization" not in socket.request
    socket.swap()
    assert is_refusal(http1.exchange(gateway.address(), websocket.upgrade()), "rate_limited")
    assert upstream.connections == 1


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ([], None),
        ([], ["Sec-WebSocket-Protocol: chat"]),
        (["Sec-WebSocket-Protocol: chat"], ["Sec-WebSocket-Protocol: other"]),
        ([], ["Sec-WebSocket-Extensions: permessage-deflate"]),
    ],
)
def test_a_101_that_does_not_answer_the_handshake_is_a_bad_answer(gateway, upstream, asked, answer):
    """attacks 16"""
    wire = http1.connect(gateway.address())
    wire.send(websocket.upgrade(fields=asked))
    backend = upstream.take()
    request = backend.read_request()
    sent = websocket.switch(request, answer or ())
    if answer is None:
        sent = sent.replace(websocket.accept().encode(), websocket.accept("other").encode())
    backend.send(sent)
    assert is_refusal(wire.read_response(), "upstream_invalid_response")
    backend.expect_end()


def test_subprotocol_and_extension_pass_and_deflated_frames_are_opaque(gateway, upstream):
    fields = ["Sec-WebSocket-Protocol: chat, superchat", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"]
    answer = ["Sec-WebSocket-Protocol: superchat", "Sec-WebSocket-Extensions: permessage-deflate"]
    socket = Socket(gateway, upstream, fields, answer)
    assert socket.request.get("sec-websocket-extensions") == "permessage-deflate; client_max_window_bits"
    assert socket.response.get("sec-websocket-protocol") == "superchat"
    assert socket.response.get("sec-websocket-extensions") == "permessage-deflate"
    socket.client.send(client(TEXT, b"\xaa\xbb", rsv=4))
    assert read_frame(socket.backend)[1] == b"\xaa\xbb"
    socket.backend.send(frame(BINARY, b"\xcc", rsv=4))
    assert read_frame(socket.client)[1] == b"\xcc"


def test_an_upgrade_with_a_body_is_refused(gateway, upstream):
    """attacks 11"""
    data = websocket.upgrade(fields=["Content-Length: 5"]) + b"hello"
    assert is_refusal(http1.exchange(gateway.address(), data), "malformed_request")
    assert upstream.connections == 0


def test_h2c_beside_a_websocket_route_is_stripped(gateway, upstream):
    """attacks 12"""
    wire = http1.connect(gateway.address())
    wire.send(
        b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
    )
    backend = upstream.take()
    request = backend.read_request()
    assert "upgrade" not in request and "http2-settings" not in request and "connection" not in request
    backend.send(reply(body=b"plain"))
    assert wire.read_response().status == 200


# Frames.


@pytest.mark.parametrize(
    "bad",
    [
        frame(TEXT, b"unmasked"),
        client(TEXT, b"reserved", rsv=4),
        client(3, b"opcode"),
        client(PING, b"x" * 126),
        client(PING, b"", fin=False),
        client(CONTINUATION, b"of nothing"),
        client(BINARY, b"long form", size=126),
        client(CLOSE, b"x"),
    ],
)
def test_a_frame_that_breaks_the_rules_ends_it_with_1002(gateway, upstream, bad):
    """attacks 81"""
    socket = Socket(gateway, upstream)
    socket.client.send(client(TEXT, b"good") + bad + client(TEXT, b"after"))
    assert read_close(socket.client) == 1002
    socket.client.expect_end()
    assert read_frame(socket.backend)[1] == b"good"
    assert read_close(socket.backend) == 1001
    socket.backend.expect_end()
    (line,) = gateway.log.wait()
    assert (line["reason"], line["blame"], line["status"]) == ("ws_frame", "client", 101)
    assert ended(gateway, "ws_frame") == 1


def test_a_backends_bad_frame_ends_it_with_1011(gateway, upstream):
    socket = Socket(gateway, upstream)
    socket.backend.send(frame(TEXT, b"good") + client(TEXT, b"masked"))
    assert read_frame(socket.client)[1] == b"good"
    assert read_close(socket.client) == 1011
    socket.client.expect_end()
    (line,) = gateway.log.wait()
    assert (line["reason"], line["blame"]) == ("bad_upstream_response", "upstream")


def test_what_follows_a_close_is_not_passed_on(gateway, upstream):
    socket = Socket(gateway, upstream)
    socket.client.send(client(CLOSE, b"\x03\xe8") + client(TEXT, b"after"))
    assert read_close(socket.backend) == 1000
    assert not socket.backend.arrived(0.3)
    socket.backend.send(frame(TEXT, b"still here") + frame(CLOSE, b"\x03\xe8"))
    assert read_frame(socket.client)[1] == b"still here"
    assert read_close(socket.client) == 1000
    socket.client.expect_end()


def test_frames_in_single_bytes_pass_whole(gateway, upstream):
    socket = Socket(gateway, upstream)
    data = client(TEXT, b"a", fin=False) + client(PING) + client(CONTINUATION, b"b" * 300)
    for byte in data:
        socket.client.socket.sendall(bytes([byte]))
    assert read_frame(socket.backend)[:2] == (TEXT, b"a")
    assert read_frame(socket.backend)[:2] == (PING, b"")
    assert read_frame(socket.backend)[:2] == (CONTINUATION, b"b" * 300)


def test_a_slow_reader_stops_the_other_side_and_gets_everything(gateway, upstream):
    socket = Socket(gateway, upstream)
    for sender, reader, make in ((socket.backend, socket.client, frame), (socket.client, socket.backend, client)):
        total = 24 << 20
        head = make(BINARY, b"", size=127)[:2] + total.to_bytes(8, "big") + (b"\0\0\0\0" if make is client else b"")
        sender.send(head + b"x" * total)
        time.sleep(1.0)
        sender.sender.join(0.1)
        assert sender.sender.is_alive(), "the gateway took it all for a client that reads nothing"
        opcode, payload, _ = read_frame_quickly(reader)
        assert opcode == BINARY and payload == b"x" * total
        sender.flush()


def read_frame_quickly(wire):
    """As `read_frame`, for a large payload whose mask, if there is one, is zero."""
    while len(wire.buffer) < 10:
        assert wire.fill()
    first, second = wire.buffer[:2]
    count = int.from_bytes(wire.buffer[2:10], "big")
    start = 14 if second & 0x80 else 10
    while len(wire.buffer) < start + count:
        assert wire.fill()
    payload = bytes(wire.buffer[start : start + count])
    del wire.buffer[: start + count]
    return first & 0x0F, payload, bool(second & 0x80)


def test_pongs_of_both_sides_pass(gateway, upstream):
    socket = Socket(gateway, upstream)
    socket.client.send(client(PONG, b"unasked"))
    assert read_frame(socket.backend)[:2] == (PONG, b"unasked")
    socket.backend.send(frame(PONG, b"unasked"))
    assert read_frame(socket.client)[:2] == (PONG, b"unasked")


def test_nothing_comes_when_nothing_is_sent(gateway, upstream):
    socket = Socket(gateway, upstream)
    with pytest.raises(TimedOut):
        socket.client.fill(0.3)
