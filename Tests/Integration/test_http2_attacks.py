"""HTTP/2 from an attacker who sends frames (RFC 9113, attacks 18 to 31)."""

import socket
import threading

import pytest
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    HeadersFrame,
    PingFrame,
    PriorityFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

from peers.http2 import CANCEL, ENHANCE_YOUR_CALM, PREFACE, PROTOCOL_ERROR
from peers.http2_gateway import NAME, connect, start  # noqa: F401
from peers.processes import eventually
from peers.upstream import echo, reply

def ends(gateway, connection, reason, code=ENHANCE_YOUR_CALM):
    """The connection ends with `code`, the event says why, and others are served."""
    assert connection.goaway() == code
    connection.until(lambda: connection.closed)
    gateway.event("connection refused before a request", reason=reason)


def lives(gateway, connect):
    other = connect(gateway)
    other.request(1)
    assert other.answer(1).status == 200


def test_rapid_resets_end_the_connection(start, backends, connect):
    """attacks 18: CVE-2023-44487"""
    gateway = start(backends().address)
    connection = connect(gateway)
    frames = []
    for number in range(2000):
        stream = 2 * number + 1
        frames += [connection.head(stream), RstStreamFrame(stream, error_code=CANCEL)]
    connection.send(*frames)
    ends(gateway, connection, "h2_reset_flood")
    lives(gateway, connect)


@pytest.mark.parametrize("kind", ["malformed", "window"])
def test_streams_that_we_are_made_to_reset_end_the_connection(start, backends, connect, kind):
    """attacks 19: CVE-2025-8671"""
    gateway = start(backends().address)
    connection = connect(gateway)
    for number in range(300):
        stream = 2 * number + 1
        if kind == "malformed":
            connection.request(stream, fields=[("connection", "close")])
        else:
            connection.send(
                connection.head(stream, method="POST", end=False),
                WindowUpdateFrame(stream, window_increment=2**31 - 1),
            )
        connection.until(lambda s=stream: connection.of(s).over or connection.goaways)
        if connection.closed or connection.goaways:
            break
    assert number > 100
    ends(gateway, connection, "h2_stream_errors")
    lives(gateway, connect)


def test_a_window_that_grows_by_nothing_is_an_error(start, backends, connect):
    """attacks 19"""
    gateway = start(backends().address)
    connection = connect(gateway)
    zero = (4).to_bytes(3, "big") + b"\x08\x00" + (1).to_bytes(4, "big") + bytes(4)
    connection.send(connection.head(1, method="POST", end=False), zero)
    ends(gateway, connection, "h2_protocol", PROTOCOL_ERROR)
    lives(gateway, connect)


@pytest.mark.parametrize("count, size", [(6, 8000), (400, 8000), (5000, 0)])
def test_a_flood_of_continuations_ends_the_connection(start, backends, connect, count, size):
    """attacks 20, 21: CVE-2024-28182; logged although no request exists."""
    gateway = start(backends().address)
    connection = connect(gateway)
    block = connection.encoder.encode([(":method", "GET")])
    field = b"\x00\x01a" + b"\x7f\xc1\x3d" + b"b" * size if size else b""
    connection.send(HeadersFrame(1, data=block), *[ContinuationFrame(1, data=field)] * count)
    if count == 6:
        assert connection.goaway() == ENHANCE_YOUR_CALM
    connection.until(lambda: connection.closed)
    gateway.event("connection refused before a request", reason="h2_continuation")
    lives(gateway, connect)


@pytest.mark.parametrize("body", [b"", b"x"])
def test_a_flood_of_empty_data_ends_the_connection(start, backends, connect, body):
    """attacks 21: CVE-2019-9518"""
    gateway = start(backends(echo).address)
    connection = connect(gateway)
    connection.request(1, method="POST", end=False)
    connection.send(*[DataFrame(1, data=body)] * 5000)
    ends(gateway, connection, "h2_empty_frames")
    lives(gateway, connect)


@pytest.mark.parametrize(
    "frame",
    [
        PingFrame(0, opaque_data=b"12345678"),
        SettingsFrame(0),
        PriorityFrame(1, depends_on=0, stream_weight=1),
        WindowUpdateFrame(0, window_increment=1),
    ],
    ids=["ping", "settings", "priority", "window"],
)
def test_a_flood_of_control_frames_ends_the_connection(start, backends, connect, frame):
    """attacks 27: CVE-2019-9512, CVE-2019-9515"""
    gateway = start(backends().address)
    connection = connect(gateway)
    connection.send(*[frame] * 5000)
    ends(gateway, connection, "h2_control_flood")
    lives(gateway, connect)


def test_pings_of_a_busy_client_are_answered(start, backends, connect):
    """attacks 27: gRPC measures with a ping per read."""
    connection = connect(start(backends().address))
    for number in range(600):
        stream = 2 * number + 1
        connection.send(connection.head(stream), *[PingFrame(0, opaque_data=b"12345678")] * 3)
        assert connection.answer(stream).status == 200
    assert not connection.goaways


def test_a_header_list_beyond_the_limit_is_refused(start, backends, connect):
    """attacks 22: one byte on the wire, 4,000 in the list."""
    backend = backends()
    gateway = start(backend.address)
    connection = connect(gateway)
    connection.request(1, fields=[("x-a", "a" * 3500)])
    assert connection.answer(1).status == 200
    connection.request(3, fields=[("x-a", "a" * 3500)] * 30)
    assert connection.answer(3).status == 431
    connection.request(5)
    assert connection.answer(5).status == 200
    connection.request(7, fields=[("x-a", "a" * 3500)] * 1000)
    ends(gateway, connection, "h2_header_list")
    assert len(backend.requests) == 2


PSEUDO = [(":method", "GET"), (":scheme", "https"), (":authority", NAME), (":path", "/")]


@pytest.mark.parametrize(
    "pseudo, fields",
    [
        (PSEUDO[1:], []),
        (PSEUDO[:3], []),
        ([*PSEUDO, PSEUDO[3]], []),
        (PSEUDO[:3], [("x-a", "1"), (":path", "/")]),
        (PSEUDO, [("X-Upper", "1")]),
        (PSEUDO, [("connection", "close")]),
        (PSEUDO, [("transfer-encoding", "chunked")]),
        (PSEUDO, [("te", "gzip")]),
        (PSEUDO, [("x-a", "a\r\nx-b: c")]),
        (PSEUDO, [("x-a", " a")]),
        (PSEUDO, [("x a", "1")]),
        ([*PSEUDO[:3], (":path", "a")], []),
        ([*PSEUDO[:3], (":path", "/a b")], []),
        ([(":method", "GET?"), *PSEUDO[1:]], []),
        ([PSEUDO[0], (":scheme", "http://x/?"), *PSEUDO[2:]], []),
        ([*PSEUDO, (":protocol", "websocket")], []),
        (PSEUDO, [("host", "other.example.test")]),
        (PSEUDO, [("host", NAME), ("host", "other.example.test")]),
        ([PSEUDO[0], PSEUDO[1], PSEUDO[3]], []),
        ([*PSEUDO[:2], (":authority", "a@b"), PSEUDO[3]], []),
    ],
)
def test_a_malformed_head_reaches_no_backend(start, backends, connect, pseudo, fields):
    """attacks 24, 25"""
    backend = backends()
    gateway = start(backend.address)
    connection = connect(gateway)
    connection.request(1, pseudo=pseudo, fields=fields)
    answer = connection.answer(1)
    assert answer.reset == PROTOCOL_ERROR or answer.status == 400
    connection.request(3)
    assert connection.answer(3).status == 200
    assert len(backend.requests) == 1


@pytest.mark.parametrize("body, trailers", [(b"123", False), (b"12345", False), (b"123", True)])
def test_a_length_that_the_body_contradicts_resets_the_stream(start, backends, connect, body, trailers):
    """attacks 26"""
    gateway = start(backends(echo).address)
    connection = connect(gateway)
    connection.request(1, method="POST", fields=[("content-length", "4")], end=False)
    connection.data(1, body, end=not trailers)
    if trailers:
        block = connection.encoder.encode([("x-trailer", "1")])
        connection.send(HeadersFrame(1, data=block, flags=["END_HEADERS", "END_STREAM"]))
    answer = connection.answer(1)
    assert answer.reset == PROTOCOL_ERROR and answer.status is None
    (line,) = gateway.log.wait()
    assert line["reason"] == "body_length_mismatch"


def test_streams_beyond_the_limit_are_not_served(start, backends, connect):
    """attacks 31"""
    go = threading.Event()

    def answer(wire, request, backend):
        go.wait(20)
        wire.send(reply(body=b"x"))

    backend = backends(answer)
    gateway = start(backend.address)
    connection = connect(gateway)
    connection.send(*[connection.head(2 * number + 1) for number in range(100)])
    eventually(lambda: len(backend.requests) == 100, what="a hundred requests")
    connection.request(201)
    connection.until(lambda: connection.goaways or connection.of(201).over)
    assert len(backend.requests) == 100
    go.set()
    lives(gateway, connect)


def test_what_is_no_http_2_ends_the_connection(start, backends, authority, connect):
    """attacks 30"""
    gateway = start(backends().address)
    context = authority.client(alpn=("h2",))
    host, port = gateway.address().rsplit(":", 1)
    for junk in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", PREFACE + b"\xff" * 100, PREFACE + bytes(9) * 3):
        with context.wrap_socket(socket.create_connection((host, int(port))), server_hostname=NAME) as wire:
            wire.settimeout(10)
            wire.sendall(junk)
            while wire.recv(65536):
                pass
    lives(gateway, connect)
