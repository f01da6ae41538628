"""Backends of HTTP/2 that refuse, leave, lie or fall silent."""

import concurrent.futures
import threading
import time

import pytest
from hyperframe.frame import DataFrame, PingFrame

from peers.http1 import Cut
from peers.http1 import connect as connect1
from peers.http2_backend import REFUSED_STREAM
from peers.http2_upstreams import GET, get, h2, start  # noqa: F401
from peers.processes import eventually


# Backends that refuse and leave (RFC 9113 §6.8, §8.7).


@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_a_refused_stream_is_asked_again(start, h2, method):
    refused = []

    def answer(peer, request):
        if not refused:
            refused.append(request)
            peer.reset(request.stream, REFUSED_STREAM)
        else:
            peer.reply(request.stream, body=b"second")

    gateway = start(h2(answer).address)
    assert get(gateway, GET.replace(b"GET", method)).body == b"second"


def test_a_refused_stream_whose_body_is_gone_is_an_error(start, h2):
    backend = h2(lambda peer, request: peer.reset(request.stream, REFUSED_STREAM))
    gateway = start(backend.address)
    response = get(gateway, b"POST / HTTP/1.1\r\nhost: api.example.test\r\ncontent-length: 4\r\n\r\nbody")
    assert response.status == 502 and len(backend.requests) == 1
    (line,) = gateway.log.wait()
    assert line["reason"] == "upstream_reset"


def test_a_stream_that_is_refused_for_ever_is_an_error(start, h2):
    backend = h2(lambda peer, request: peer.reset(request.stream, REFUSED_STREAM))
    assert get(start(backend.address)).status == 502 and len(backend.requests) == 2


def test_any_other_reset_is_not_asked_again(start, h2):
    backend = h2(lambda peer, request: peer.reset(request.stream, 2))
    assert get(start(backend.address), GET.replace(b"GET", b"POST")).status == 502 and len(backend.requests) == 1


def test_goaway_moves_what_it_leaves_out_and_lets_the_rest_finish(start, h2):
    gate = threading.Event()

    def answer(peer, request):
        if peer is not backend.peers[0]:
            return peer.reply(request.stream, body=b"second")
        if request.stream == 1:
            gate.wait(10)
            peer.reply(1, body=b"first")
        elif request.stream == 3:
            peer.goaway(1)

    backend = h2(answer)
    gateway = start(backend.address)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        first = pool.submit(get, gateway)
        eventually(lambda: backend.requests)
        assert get(gateway, GET.replace(b"GET", b"POST")).body == b"second"
        gate.set()
        assert first.result().body == b"first"
    assert backend.connections == 2
    # Its last stream was the last of the connection.
    eventually(lambda: backend.wires[0].socket.fileno() == -1)


def test_a_connection_that_dies_idle_is_no_error(start, h2):
    backend = h2()
    gateway = start(backend.address)
    for _ in range(5):
        assert get(gateway).status == 200
        backend.peers[-1].cut()
    assert get(gateway).status == 200


def test_a_connection_that_dies_takes_its_streams_along(start, h2):
    def answer(peer, request):
        peer.head(request.stream, 200, [("content-length", "10")])
        peer.data(request.stream, b"part", end=False)
        if request.path == "/last":
            time.sleep(0.2)
            peer.cut()

    backend = h2(answer)
    gateway = start(backend.address)
    wires = [connect1(gateway.address("public")) for _ in range(3)]
    for index, wire in enumerate(wires):
        wire.send(GET.replace(b"/ ", b"/last " if index == 2 else b"/ ", 1))
    for wire in wires:
        with pytest.raises(Cut):
            wire.read_response()
    lines = gateway.log.wait(3)
    assert {line["reason"] for line in lines} == {"upstream_reset"}


# Backends that lie (attacks 16).


def length_lie(peer, request):
    peer.head(request.stream, 200, [("content-length", "5")])
    peer.send(DataFrame(request.stream, data=b"1234567", flags=["END_STREAM"]))


def trailing_length_lie(peer, request):
    peer.head(request.stream, 200, [("content-length", "5")], end=True)


def fields(*pairs, status=200):
    return lambda peer, request: peer.head(request.stream, status, pairs, end=True)


def pseudo(*pairs):
    return lambda peer, request: peer.send(peer.block_of(request.stream, pairs, True))


def frames(data):
    return lambda peer, request: peer.send(data)


LIES = {
    "a body against its length, none": trailing_length_lie,
    "a field of a connection": fields(("connection", "close")),
    "a transfer coding": fields(("transfer-encoding", "chunked")),
    "a name in upper case": fields(("X-Upper", "1")),
    "a line break in a value": fields(("x", "a\r\nset-cookie: b")),
    "two lengths": fields(("content-length", "0"), ("content-length", "0")),
    "a length that is no number": fields(("content-length", "+0")),
    "no status": pseudo(("x", "1")),
    "two statuses": pseudo((":status", "200"), (":status", "200")),
    "a status of letters": pseudo((":status", "abc")),
    "101": fields(status=101),
    "a path in an answer": pseudo((":status", "200"), (":path", "/")),
    "a status behind a field": pseudo(("x", "1"), (":status", "200")),
    "fields without end": fields(*[(f"x-{number}", "y" * 4000) for number in range(40)]),
    "too many fields": fields(*[(f"x-{number}", "y") for number in range(300)]),
    "interim answers without end": lambda peer, r: [peer.head(r.stream, 100) for _ in range(200)],
    "bytes that are no frames": frames(b"HTTP/1.1 200 OK\r\n\r\n" * 10),
    "DATA before the head": lambda peer, r: peer.send(DataFrame(r.stream, data=b"x")),
    "DATA on a stream that nobody opened": lambda peer, r: peer.send(DataFrame(r.stream + 100, data=b"x")),
    "a push": frames(b"\x00\x00\x05\x05\x04\x00\x00\x00\x01\x00\x00\x00\x02\x88"),
    "a frame of a megabyte": frames(b"\x10\x00\x00\x00\x00\x00\x00\x00\x01" + b"x" * 4096),
    "a window beyond all bounds": frames(b"\x00\x00\x04\x08\x00\x00\x00\x00\x00\x7f\xff\xff\xff" * 2),
    "a field block that does not decode": frames(b"\x00\x00\x03\x01\x05\x00\x00\x00\x01\xff\xff\xff"),
    "pings without end": lambda peer, r: peer.send(*[PingFrame(0, opaque_data=b"x" * 8)] * 6000),
    "empty frames without end": lambda peer, r: [
        peer.head(r.stream), peer.send(*[DataFrame(r.stream, data=b"")] * 3000)
    ],
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_a_502_and_its_connection_is_not_used_again(start, h2, lie):
    def answer(peer, request):
        if request.path == "/":
            LIES[lie](peer, request)
        else:
            peer.reply(request.stream, body=b"good")

    backend = h2(answer)
    gateway = start(backend.address)
    wire = connect1(gateway.address("public"))
    wire.send(GET)
    if lie != "empty frames without end":
        response = wire.read_response()
        while response.status == 100:
            response = wire.read_response()
        assert response.status == 502 and b"upstream_invalid_response" in response.body, response
    (line,) = gateway.log.wait()
    assert line["reason"] == "bad_upstream_response", line
    wire.close()
    assert get(gateway, GET.replace(b"/ ", b"/good ", 1)).body == b"good" and backend.connections == 2


def test_a_body_that_exceeds_its_length_never_ends_cleanly(start, h2):
    gateway = start(h2(length_lie).address)
    wire = connect1(gateway.address("public"))
    wire.send(GET)
    with pytest.raises(Cut):
        assert wire.read_response().status == 502
        wire.read_response()
    (line,) = gateway.log.wait()
    assert line["reason"] == "bad_upstream_response"


def test_a_lie_on_one_stream_lets_the_others_finish(start, h2):
    gate = threading.Event()

    def answer(peer, request):
        if request.path == "/lie":
            return peer.head(request.stream, 200, [("connection", "close")], end=True)
        gate.wait(10)
        peer.reply(request.stream, body=b"whole")

    backend = h2(answer)
    gateway = start(backend.address)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        other = pool.submit(get, gateway)
        eventually(lambda: backend.requests)
        assert get(gateway, GET.replace(b"/ ", b"/lie ", 1)).status == 502
        gate.set()
        assert other.result().body == b"whole"


def test_a_backend_of_http_1_is_found_out_before_a_request_is_sent(start, backends):
    backend = backends()
    gateway = start(backend.address, {"timeouts": {"connect": "1s"}})
    assert get(gateway).status in (502, 504) and not backend.requests


def test_a_silent_backend_is_a_504_and_a_dead_connection_is_let_go(start, h2):
    backend = h2(lambda peer, request: None, answers_pings=False)
    gateway = start(backend.address, {"timeouts": {"read": "500ms", "connect": "500ms"}})
    assert get(gateway).status == 504
    eventually(lambda: backend.resets == [8])
    # It does not answer the question whether it is there, either.
    eventually(lambda: backend.wires[0].socket.fileno() == -1)
    assert backend.peers[0].pings == 1


def test_a_slow_answer_keeps_its_connection(start, h2):
    backend = h2(lambda peer, request: peer.reply(request.stream) if request.path == "/good" else None)
    gateway = start(backend.address, {"timeouts": {"read": "500ms", "connect": "500ms"}})
    assert get(gateway).status == 504
    time.sleep(1.5)
    assert get(gateway, GET.replace(b"/ ", b"/good ", 1)).status == 200 and backend.connections == 1
