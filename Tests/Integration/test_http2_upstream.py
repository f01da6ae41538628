"""HTTP/2 towards backends: four combinations, many requests on one connection, the pace and limits of both sides."""

import concurrent.futures
import hashlib
import os
import subprocess
import threading
import time

import pytest
from hyperframe.frame import HeadersFrame, SettingsFrame

from peers.http1 import connect as connect1
from peers.http2_gateway import NAME, connect  # noqa: F401
from peers.http2_upstreams import GET, Address, get, h2, start  # noqa: F401
from peers.processes import Process, eventually, free_port, listens, resident_bytes


# Messages.


def test_a_request_becomes_a_stream_and_the_answer_a_response(start, h2):
    def answer(peer, request):
        peer.head(request.stream, 200, [("x-kept", "yes"), ("server", "backend"), ("set-cookie", "a=1")])
        peer.data(request.stream, b"body")

    backend = h2(answer)
    gateway = start(backend.address)
    response = get(
        gateway,
        b"GET /a?b=c HTTP/1.1\r\nHost: api.example.test\r\nX-One: 1\r\nConnection: x-hop\r\nX-Hop: 1\r\nTE: trailers\r\n\r\n",
    )
    assert (response.status, response.body) == (200, b"body")
    assert response.get("x-kept") == "yes" and "server" not in response and response.get("set-cookie") == "a=1"
    (request,) = backend.requests
    assert request.fields[:4] == [
        (":method", "GET"), (":scheme", "http"), (":authority", NAME), (":path", "/a?b=c"),
    ]
    names = [name for name, _ in request.fields]
    assert ("x-one", "1") in request.fields and ("te", "trailers") in request.fields
    assert ("via", "1.1 " + request.get("via").split(" ")[1]) in request.fields and "x-forwarded-for" in names
    assert not {"connection", "x-hop", "host", "transfer-encoding", "content-length"} & set(names)
    (line,) = gateway.log.wait()
    assert (line["protocol"], line["upstream_protocol"], line["status"]) == ("HTTP/1.1", "HTTP/2.0", 200)


def test_many_requests_share_one_connection(start, h2):
    gate = threading.Event()

    def answer(peer, request):
        gate.wait(10)
        peer.reply(request.stream, body=request.path.encode())

    backend = h2(answer)
    gateway = start(backend.address)
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(get, gateway, GET.replace(b"/ ", b"/%d " % number, 1)) for number in range(20)]
        eventually(lambda: backend.most_open == 20)
        gate.set()
        assert [future.result().body for future in asked] == [b"/%d" % number for number in range(20)]
    assert backend.connections == 1


@pytest.mark.parametrize("status, body", [(204, b""), (304, b""), (200, b""), (404, b"gone")])
def test_statuses_and_bodies(start, h2, status, body):
    def answer(peer, request):
        peer.head(request.stream, status, [], end=not body)
        if body:
            peer.data(request.stream, body)

    gateway = start(h2(answer).address)
    wire = connect1(gateway.address("public"))
    for _ in range(2):
        wire.send(GET)
        response = wire.read_response()
        assert (response.status, response.body) == (status, body)
    wire.close()


def test_a_head_answer_has_a_length_and_no_body(start, h2):
    gateway = start(h2(lambda peer, request: peer.head(request.stream, 200, [("content-length", "99")], end=True)).address)
    response = get(gateway, GET.replace(b"GET", b"HEAD"), to_head=True)
    assert response.status == 200 and response.get("content-length") == "99"


def test_interim_answers_pass(start, h2):
    def answer(peer, request):
        peer.head(request.stream, 103, [("link", "</a>")])
        peer.reply(request.stream, body=b"x")

    wire = connect1(start(h2(answer).address).address("public"))
    wire.send(GET)
    assert (wire.read_response().status, wire.read_response().status) == (103, 200)


def test_trailers_pass_both_ways_to_clients_of_both_protocols(start, h2, connect):
    def answer(peer, request):
        assert request.trailers == [("x-trailer", "1")] and request.get("te") == "trailers"
        peer.head(request.stream, 200)
        peer.data(request.stream, request.body, end=False)
        peer.trail(request.stream, ("grpc-status", "0"), ("grpc-message", ""))

    gateway = start(h2(answer).address)
    response = get(
        gateway,
        b"POST / HTTP/1.1\r\nhost: api.example.test\r\nte: trailers\r\ntransfer-encoding: chunked\r\n\r\n"
        b"4\r\nbody\r\n0\r\nX-Trailer: 1\r\n\r\n",
    )
    assert response.body == b"body" and ("grpc-status", "0") in response.trailers
    connection = connect(Address(gateway, "secure"))
    connection.request(1, method="POST", fields=[("te", "trailers")], end=False)
    connection.data(1, b"body")
    block = connection.encoder.encode([("x-trailer", "1")])
    connection.send(HeadersFrame(1, data=block, flags=["END_HEADERS", "END_STREAM"]))
    answer = connection.answer(1)
    assert answer.body == b"body" and answer.heads[1:] == [[("grpc-status", "0"), ("grpc-message", "")]]


def test_an_answer_of_trailers_alone_stays_one(start, h2, connect):
    gateway = start(h2(lambda peer, r: peer.head(r.stream, 200, [("grpc-status", "12")], end=True)).address)
    connection = connect(Address(gateway, "secure"))
    connection.request(1, method="POST", end=True)
    answer = connection.answer(1)
    assert len(answer.heads) == 1 and ("grpc-status", "12") in answer.fields and answer.ended
    assert "content-length" not in dict(answer.fields)


def test_an_early_final_answer_passes_and_the_rest_of_the_body_is_not_sent(start, h2):
    backend = h2(on_head=lambda peer, request: peer.reply(request.stream, 413, b"no"))
    gateway = start(backend.address)
    wire = connect1(gateway.address("public"))
    wire.send(b"POST / HTTP/1.1\r\nhost: api.example.test\r\ncontent-length: 100000\r\n\r\nbegin")
    response = wire.read_response()
    assert (response.status, response.body) == (413, b"no")
    eventually(lambda: backend.resets == [8])
    assert get(gateway, GET).status == 413 and backend.connections == 1


def test_a_client_that_leaves_cancels_its_stream_alone(start, h2):
    held = threading.Event()

    def answer(peer, request):
        if request.path == "/slow":
            held.wait(10)
        else:
            peer.reply(request.stream, body=b"fast")

    backend = h2(answer)
    gateway = start(backend.address)
    wire = connect1(gateway.address("public"))
    wire.send(GET.replace(b"/ ", b"/slow ", 1))
    eventually(lambda: backend.requests)
    wire.reset()
    eventually(lambda: backend.resets == [8])
    assert get(gateway).body == b"fast" and backend.connections == 1
    held.set()


# The pace of both sides.


def test_windows_of_a_backend_are_respected(start, h2):
    """A backend that gives no window stops the client, and times out."""
    backend = h2(greedy=False, settings={SettingsFrame.INITIAL_WINDOW_SIZE: 1000})
    gateway = start(backend.address, {"timeouts": {"read": "1s"}})
    wire = connect1(gateway.address("public"))
    wire.send(b"POST / HTTP/1.1\r\nhost: api.example.test\r\ncontent-length: 4000000\r\n\r\n" + b"x" * 4_000_000)
    assert wire.read_response().status == 504
    assert len(backend.requests[0].body) == 1000
    (line,) = gateway.log.wait()
    assert (line["reason"], line["bytes_in"] < 2_000_000) == ("upstream_timeout", True)


def test_a_slow_client_does_not_stop_the_others_on_the_same_connection(start, h2):
    """The windows of slow streams are their own: six of them hold more than a connection's window."""

    def answer(peer, request):
        peer.head(request.stream, 200)
        peer.data(request.stream, b"x" * (8_000_000 if request.path == "/big" else 10))

    backend = h2(answer)
    gateway = start(backend.address)
    slow = []
    for _ in range(6):
        wire = connect1(gateway.address("public"))
        wire.send(GET.replace(b"/ ", b"/big ", 1))
        slow.append(wire)
    eventually(lambda: len(backend.requests) == 6)
    time.sleep(0.5)
    before = resident_bytes(gateway.pid)
    for _ in range(5):
        assert get(gateway).body == b"x" * 10
    assert backend.connections == 1
    assert resident_bytes(gateway.pid) - before < 20 << 20
    assert sum(len(wire.read_response().body) for wire in slow[:2]) == 16_000_000
    for wire in slow:
        wire.close()


# The limits of both sides.


def test_the_peers_stream_limit_is_respected_and_more_connections_are_opened(start, h2):
    most = {}

    def answer(peer, request):
        most[peer] = max(most.get(peer, 0), sum(not r.reset for r in peer.requests.values() if not r.answered))
        time.sleep(0.05)
        request.answered = True
        peer.reply(request.stream, body=b"ok")

    def begin(peer, request):
        request.answered = False

    backend = h2(answer, on_head=begin, settings={SettingsFrame.MAX_CONCURRENT_STREAMS: 2})
    gateway = start(backend.address)
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        assert all(r.status == 200 for r in pool.map(lambda _: get(gateway), range(60)))
    assert max(most.values()) <= 2 and 6 <= backend.connections <= 12


def test_one_stream_a_connection(start, h2):
    backend = h2(settings={SettingsFrame.MAX_CONCURRENT_STREAMS: 1})
    gateway = start(backend.address)
    for _ in range(20):
        assert get(gateway).body == b"hello"
    assert backend.connections <= 3


def test_no_more_connections_than_allowed(start, h2):
    gate = threading.Event()

    def answer(peer, request):
        gate.wait(10)
        peer.reply(request.stream)

    backend = h2(answer, settings={SettingsFrame.MAX_CONCURRENT_STREAMS: 1})
    gateway = start(backend.address, {"maxConnections": 2})
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        first = [pool.submit(get, gateway) for _ in range(2)]
        eventually(lambda: len(backend.requests) == 2)
        third = get(gateway)
        assert third.status == 503 and b"upstream_saturated" in third.body
        gate.set()
        assert [future.result().status for future in first] == [200, 200]


def test_a_peer_that_allows_no_stream_cannot_be_asked(start, h2):
    gateway = start(h2(settings={SettingsFrame.MAX_CONCURRENT_STREAMS: 0}).address)
    assert get(gateway).status == 502


def test_an_idle_connection_is_closed_in_time(start, h2):
    backend = h2()
    gateway = start(backend.address, {"keepAlive": {"idleTimeout": "300ms"}})
    assert get(gateway).status == 200
    eventually(lambda: backend.wires[0].socket.fileno() == -1)
    assert get(gateway).status == 200 and backend.connections == 2


# TLS.


def test_h2_over_tls_is_agreed_on_by_alpn(start, h2, authority, server_certificate):
    context = authority.server(*server_certificate)
    context.set_alpn_protocols(["h2", "http/1.1"])
    backend = h2(tls=context)
    secure = {"protocol": "h2", "tls": {"ca": str(authority.file), "name": NAME}}
    gateway = start(backend.address, secure)
    assert get(gateway).body == b"hello" and backend.requests[0].get(":scheme") == "https"


@pytest.mark.parametrize("offers", [None, ["http/1.1"]])
def test_a_backend_that_does_not_agree_is_not_asked(start, h2, authority, server_certificate, offers):
    context = authority.server(*server_certificate)
    if offers:
        context.set_alpn_protocols(offers)
    backend = h2(tls=context)
    gateway = start(backend.address, {"protocol": "h2", "tls": {"ca": str(authority.file), "name": NAME}})
    response = get(gateway)
    assert response.status == 502 and b"upstream_tls_failed" in response.body and not backend.requests


# Real peers.


@pytest.fixture
def nghttpd(tmp_path):
    """nghttp2's server with one file of random bytes, in plain text."""
    port = free_port()
    (tmp_path / "htdocs").mkdir()
    (tmp_path / "htdocs" / "index.html").write_bytes(b"x" * 128)
    server = Process(
        ["nghttpd", "--no-tls", "--echo-upload", "-n", "1", "-d", str(tmp_path / "htdocs"), str(port)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    eventually(lambda: listens(port))
    server.address = f"127.0.0.1:{port}"
    server.files = tmp_path / "htdocs"
    yield server
    server.stop()


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
@pytest.mark.parametrize("backend", ["http/1.1", "h2c"])
def test_256_mib_pass_whole_in_all_four_combinations(
    start, nghttpd, nginx, authority, tmp_path, version, backend
):
    size = 256 << 20
    if backend == "h2c":
        gateway, path, file = start(nghttpd.address), "/big", nghttpd.files / "big"
    else:
        gateway, path, file = start(nginx.address, {"protocol": "http/1.1"}), "/files/up", None
    if file is None:
        source = tmp_path / "source"
        make(source, size)
        up = curl(gateway, authority, "/files/up", version, "-T", source, "-o", "/dev/null", "-w", "%{http_code}")
        assert up in (b"201", b"204")
    else:
        source = file
        make(source, size)
    down = tmp_path / "down"
    before = resident_bytes(gateway.pid)
    curl(gateway, authority, path, version, "-o", down)
    assert digest(down) == digest(source)
    if backend == "h2c":
        # nghttpd sends back what it gets.
        echoed = tmp_path / "echoed"
        curl(gateway, authority, "/echo", version, "-T", source, "-X", "POST", "-o", echoed)
        assert digest(echoed) == digest(source)
        echoed.unlink()
    assert resident_bytes(gateway.pid) - before < 64 << 20
    down.unlink()
    source.unlink()


def make(path, size):
    block = os.urandom(1 << 20)
    with path.open("wb") as file:
        for number in range(size >> 20):
            file.write(number.to_bytes(4, "big") + block[4:])


def digest(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def curl(gateway, authority, path, *arguments):
    port = gateway.address("secure").rsplit(":", 1)[1]
    result = subprocess.run(
        [
            "curl", "-sS", "--cacert", authority.file, "--resolve", f"{NAME}:{port}:127.0.0.1", *arguments,
            f"https://{NAME}:{port}{path}",
        ],
        capture_output=True, timeout=120,
    )
    assert result.returncode == 0, result
    return result.stdout


def test_load_of_both_protocols_is_served_without_an_error(start, nghttpd):
    gateway = start(nghttpd.address)
    for listener, extra in (("secure", ()), ("public", ("--h1",))):
        scheme = "https" if listener == "secure" else "http"
        result = subprocess.run(
            [
                "h2load", "-n", "20000", "-c", "16", "-m", "10", *extra, "--connect-to", gateway.address(listener),
                f"{scheme}://{NAME}/index.html",
            ],
            capture_output=True, text=True, timeout=120,
        )
        assert "20000 succeeded, 0 failed, 0 errored" in result.stdout, result.stdout
    assert gateway.metrics().sum("portcullis_upstream_connections", upstream="backend") <= 4
