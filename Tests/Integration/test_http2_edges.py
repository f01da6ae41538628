"""HTTP/2 at its edges (attacks 25, 29, 30): answers that cannot be sent, frames that nobody needs, heads that are none."""

import random
import struct

import pytest
from hyperframe.frame import HeadersFrame, PriorityFrame, SettingsFrame

from peers.http2 import ENHANCE_YOUR_CALM, PROTOCOL_ERROR
from peers.http2_gateway import NAME, connect, start  # noqa: F401
from peers.upstream import reply

INTERNAL_ERROR = 2
REFUSED = "connection refused before a request"


def frame(kind, stream=0, payload=b"", flags=0):
    """A frame of any type, byte by byte."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def test_an_answer_that_can_never_be_sent_asks_no_backend(start, backends, connect):
    """attacks 29: counts as a reset, and so ends the connection."""
    backend = backends()
    gateway = start(backend.address)
    connection = connect(gateway, settings={SettingsFrame.MAX_HEADER_LIST_SIZE: 1})
    connection.request(1)
    assert connection.answer(1).reset == INTERNAL_ERROR and connection.of(1).status is None
    (line,) = gateway.log.wait(1)
    assert line["reason"] == "h2_unsendable" and line["blame"] == "client"
    for number in range(300):
        connection.request(2 * number + 3)
        if connection.closed or connection.answer(2 * number + 3).reset is None:
            break
    assert connection.goaway() == ENHANCE_YOUR_CALM
    gateway.event(REFUSED, reason="h2_stream_errors")
    assert not backend.requests


@pytest.mark.parametrize("limit, status", [(200, None), (400, 500), (4000, 200)])
def test_an_answer_beyond_what_the_client_takes_is_not_sent(start, backends, connect, limit, status):
    """attacks 29: the backend is not asked again for it; a refusal of the gateway's own may be short enough."""

    def answer(wire, request, backend):
        wire.send(reply(body=b"x", fields=[("x-long", "a" * 500)]))

    backend = backends(answer)
    gateway = start(backend.address)
    connection = connect(gateway, settings={SettingsFrame.MAX_HEADER_LIST_SIZE: limit})
    connection.request(1)
    found = connection.answer(1)
    assert found.status == status and found.reset == (None if status else INTERNAL_ERROR)
    (line,) = gateway.log.wait(1)
    assert line["reason"] == ("ok" if status == 200 else "h2_unsendable")
    assert len(backend.requests) == 1


def test_malformed_heads_are_logged_each_in_its_own_line(start, backends, connect):
    """attacks 25: the library refuses them, and no exchange has heard of them."""
    backend = backends()
    gateway = start(backend.address)
    connection = connect(gateway)
    bad = [(":method", "GET"), (":scheme", "https"), (":authority", NAME)]
    connection.send(
        connection.head(1, pseudo=bad),
        connection.head(3, fields=[("connection", "close")]),
        connection.head(5),
        connection.head(7, pseudo=bad),
    )
    for stream in (1, 3, 7):
        assert connection.answer(stream).reset == PROTOCOL_ERROR
    assert connection.answer(5).status == 200
    lines = gateway.log.wait(4)
    assert sorted(line["reason"] for line in lines) == ["h2_malformed"] * 3 + ["ok"]
    assert {line["code"] for line in lines if line["reason"] != "ok"} == {"malformed_request"}
    assert len(backend.requests) == 1


def test_frames_that_nobody_needs_are_ignored(start, backends, connect):
    """attacks 30: ALTSVC, ORIGIN, PRIORITY_UPDATE, unknown types and flags, priorities, padding."""
    gateway = start(backends().address)
    connection = connect(gateway)
    connection.send(
        frame(0x0A, 0, b"\0\x10https://a.test\0\0h2=\":443\""),
        frame(0x0A, 1, b"\0\0h2=\":443\""),
        frame(0x0C, 0, b"\0\x0ehttps://a.test"),
        frame(0x10, 0, b"\0\0\0\1u=1"),
        frame(0xFF, 0, bytes(1000), flags=0xFF),
        frame(0x42, 7, b""),
        PriorityFrame(3, depends_on=0, stream_weight=10),
    )
    block = connection.encoder.encode(
        [(":method", "GET"), (":scheme", "https"), (":authority", NAME), (":path", "/")]
    )
    padded = HeadersFrame(1, data=block, flags=["END_HEADERS", "END_STREAM", "PADDED", "PRIORITY"])
    padded.pad_length, padded.depends_on, padded.stream_weight = 255, 0, 1
    connection.send(padded)
    assert connection.answer(1).status == 200
    assert not connection.goaways


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(frame(1, 1, b"\x3f" + b"\xff" * 20, flags=5), id="HPACK size overflow"),
        pytest.param(frame(1, 1, b"\x7f" + b"\xff" * 12 + b"\x7f", flags=5), id="HPACK index overflow"),
        pytest.param(frame(1, 1, b"\x00\x7f" + b"\xff" * 10, flags=5), id="HPACK length overflow"),
        pytest.param(frame(1, 1, b"\x00\x85" + b"\xff" * 5 + b"\x00", flags=5), id="HPACK end of string"),
        pytest.param(frame(1, 1, b"\xff\x00", flags=0x0D), id="padding beyond the frame"),
        pytest.param(frame(1, 1, b"\0\0\0\1\x10\x82", flags=0x25), id="a stream that depends on itself"),
        pytest.param(frame(1, 1, b"", flags=0x25), id="priority cut short"),
        pytest.param(frame(4, 0, b"\0\4\xff\xff\xff\xff"), id="a window beyond 2^31"),
        pytest.param(frame(4, 0, b"\0\5\0\0\0\0"), id="a frame size of none"),
        pytest.param(frame(5, 1, bytes(8), flags=4), id="a push by the client"),
        pytest.param(frame(9, 1, b"\x82", flags=4), id="CONTINUATION of nothing"),
        pytest.param(frame(0, 0, b"x"), id="DATA on the connection"),
        pytest.param(b"\xff" * 64, id="a frame of 16 MiB"),
    ],
)
def test_what_breaks_a_rule_ends_the_connection_and_nothing_else(start, backends, connect, sent):
    """attacks 30: never a trap."""
    backend = backends()
    gateway = start(backend.address)
    workers = gateway.workers()
    connection = connect(gateway)
    connection.send(sent)
    connection.until(lambda: connection.goaways or connection.closed or connection.of(1).over)
    other = connect(gateway)
    other.request(1)
    assert other.answer(1).status == 200
    assert gateway.workers() == workers and len(backend.requests) == 1


def test_mutated_frames_never_stop_the_worker(start, backends, connect):
    """attacks 30: 150 connections with bytes changed, doubled and left out; the seed is fixed."""
    gateway = start(backends().address)
    workers = gateway.workers()
    dice = random.Random(30)
    for _ in range(150):
        connection = connect(gateway)
        whole = b"".join(
            [
                connection.head(1, method="POST", end=False).serialize(),
                frame(0, 1, b"body", flags=0),
                frame(8, 0, struct.pack(">I", 1000)),
                connection.head(3).serialize(),
                frame(6, 0, bytes(8)),
                frame(0, 1, b"", flags=1),
                frame(3, 3, struct.pack(">I", 8)),
            ]
        )
        data = bytearray(whole)
        for _ in range(dice.randint(1, 6)):
            place = dice.randrange(len(data))
            kind = dice.randrange(4)
            if kind == 0:
                data[place] = dice.randrange(256)
            elif kind == 1:
                data[place] ^= 1 << dice.randrange(8)
            elif kind == 2:
                data[place:place] = data[place : place + dice.randint(1, 20)]
            else:
                del data[place : place + dice.randint(1, 5)]
        connection.send(bytes(data))
        connection.close()
    other = connect(gateway)
    other.request(1)
    assert other.answer(1).status == 200
    assert gateway.workers() == workers
