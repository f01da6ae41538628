"""Slow and stalled peers, connections without number, bodies without end: bounded memory, and others live (attacks 63, 65, 66)."""

import os
import re
import select
import signal
import socket
import subprocess
import threading
import time

import pytest

from peers import http1
from peers.assertions import is_refusal
from peers.gateway import configuration
from peers.processes import eventually, resident_bytes
from peers.upstream import Listener, reply

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"

TIMEOUTS = {"head": "600ms", "body": "1200ms", "bodyProgress": "500ms", "idle": "700ms", "write": "600ms"}


def impatient(backend, **listener):
    config = configuration(backend.address)
    config["listeners"]["public"].update({"timeouts": TIMEOUTS, **listener})
    return config


def drip(wire, data, every=0.1, seconds=6.0):
    """Sends byte by byte until the other side has had enough."""
    deadline = time.monotonic() + seconds
    index = 0
    while time.monotonic() < deadline and not wire.arrived():
        try:
            wire.socket.sendall(data[index : index + 1] or b"x")
        except OSError:
            return
        index += 1
        time.sleep(every)


def test_a_head_that_drips_ends_at_the_total_deadline(gateways, backends):
    backend = backends()
    gateway = gateways(impatient(backend))
    wire = http1.connect(gateway.address())
    started = time.monotonic()
    drip(wire, b"GET / HTTP/1.1\r\nHost: a.test\r\nX-A: " + b"a" * 200)
    is_refusal(wire.read_response(), "request_timeout")
    wire.expect_end()
    assert 0.5 < time.monotonic() - started < 5.5
    assert gateway.log.wait(1)[0]["reason"] == "timeout_header"
    assert not backend.requests


@pytest.mark.parametrize("every, reason", [(0.1, "total"), (9, "progress")])
def test_a_body_that_drips_or_stalls_ends(gateways, backends, every, reason):
    backend = backends()
    gateway = gateways(impatient(backend))
    wire = http1.connect(gateway.address())
    wire.send(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000\r\n\r\n")
    started = time.monotonic()
    if reason == "total":
        drip(wire, b"a" * 1000, every)
    is_refusal(wire.read_response(), "request_timeout")
    wire.expect_end()
    assert time.monotonic() - started < 6
    assert gateway.log.wait(1)[0]["reason"] == ("timeout_total" if reason == "total" else "timeout_body")
    assert not backend.requests, "half a body is no request"


def test_an_idle_connection_is_closed_without_an_answer(gateways, backends):
    gateway = gateways(impatient(backends()))
    fresh, used = http1.connect(gateway.address()), http1.connect(gateway.address())
    used.send(GET)
    assert used.read_response().status == 200
    for wire in (fresh, used):
        wire.expect_end()
        assert not wire.was_reset


def test_a_client_that_does_not_read_is_let_go(gateways, backends):
    """attacks 63: and the backend is not held meanwhile."""
    gone = threading.Event()

    def endless(wire, request, backend):
        try:
            wire.socket.settimeout(20)
            wire.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
            for _ in range(1600):
                wire.socket.sendall(b"x" * 65536)
        except OSError:
            gone.set()
        return False

    gateway = gateways(impatient(backends(endless)))
    wire = http1.connect(gateway.address())
    wire.send(GET)
    assert gone.wait(10), "the backend is still held"
    assert gateway.log.wait(1)[0]["reason"] == "timeout_read"
    wire.close()


def test_two_hundred_slow_heads_and_others_live(gateways, backends):
    gateway = gateways(impatient(backends()))
    slow = [http1.connect(gateway.address()) for _ in range(200)]
    for wire in slow:
        wire.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n")
    for _ in range(20):
        assert http1.exchange(gateway.address(), GET).status == 200
    for wire in slow:
        is_refusal(wire.read_response(), "request_timeout")
        wire.close()


@pytest.mark.parametrize("kind", ["-H", "-B", "-X"], ids=["headers", "body", "read"])
def test_slowhttptest_finds_nothing(gateways, nginx, kind, tmp_path):
    """The tool itself judges whether a probe is still served while its connections dawdle."""
    gateway = gateways(impatient(nginx))
    arguments = ["slowhttptest", kind, "-c", "100", "-r", "100", "-l", "6", "-i", "1", "-p", "3", "-u", f"http://{gateway.address()}/"]
    if kind == "-X":
        arguments += ["-w", "1", "-y", "2", "-n", "1", "-z", "8", "-k", "2"]
    result = subprocess.run(arguments, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    text = re.sub(r"\x1b\[[0-9;]*m", "", result.stdout)
    verdicts = re.findall(r"service available:\s+(\w+)", text)
    assert verdicts and set(verdicts) == {"YES"}, text[-2000:]


def test_connections_beyond_the_ceiling_wait_and_the_others_go_on(gateways, backends):
    """attacks 65: telemetry answers on its own listener; accepting resumes."""
    config = configuration(backends().address)
    config["process"]["maxConnections"] = 20
    gateway = gateways(config)
    inside = [http1.connect(gateway.address()) for _ in range(20)]
    for wire in inside:
        wire.send(GET)
        assert wire.read_response().status == 200
    outside = http1.connect(gateway.address())
    outside.send(GET)
    assert not outside.arrived(0.5) or outside.read_head().status == 503
    assert gateway.get("/healthz").status == 200
    for wire in inside:
        wire.send(GET)
        assert wire.read_response().status == 200
    for wire in inside:
        wire.close()
    eventually(lambda: served(gateway), what="accepting again")
    outside.close()


def test_a_burst_of_connections_waits_in_the_kernel(gateways, backends):
    """A worker that is busy, here stopped, must not make the kernel drop connections: nginx queues 511, Debian allows 4096."""
    gateway = gateways(configuration(backends().address))
    (worker,) = gateway.workers()
    host, port = gateway.address().split(":")
    pending = []
    os.kill(worker, signal.SIGSTOP)
    try:
        for _ in range(400):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex((host, int(port)))
            pending.append(sock)
        time.sleep(0.5)
        # A connection is writable once the kernel has taken it into the queue.
        _, queued, _ = select.select([], pending, [], 0)
    finally:
        os.kill(worker, signal.SIGCONT)
        for sock in pending:
            sock.close()
    assert len(queued) == 400, f"{len(queued)} of 400 were queued"
    assert served(gateway)


def served(gateway):
    try:
        return http1.exchange(gateway.address(), GET).status == 200
    except (OSError, AssertionError):
        return False


def growth(gateway, action):
    """By how many bytes the worker's memory grew at most while `action` ran."""
    (worker,) = gateway.workers()
    before = resident_bytes(worker)
    peak = [before]
    stop = threading.Event()

    def watch():
        while not stop.wait(0.05):
            peak[0] = max(peak[0], resident_bytes(worker))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        action()
    finally:
        stop.set()
        thread.join()
    return peak[0] - before


def test_uploads_to_a_backend_that_does_not_read_hold_no_more_than_their_buffers(gateways, backends):
    """attacks 66"""
    release = threading.Event()

    class Sink(Listener):
        def accepted(self, wire):
            release.wait(20)

    with Sink() as sink:
        config = configuration(sink.address)
        config["routes"][0]["body"] = {"max": "1GiB"}
        gateway = gateways(config)
        wires = [http1.connect(gateway.address()) for _ in range(20)]

        def upload():
            for wire in wires:
                wire.send(b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 200000000\r\n\r\n")
            deadline = time.monotonic() + 3
            chunk = b"x" * 65536
            for wire in wires:
                wire.socket.settimeout(0.001)
            while time.monotonic() < deadline:
                for wire in wires:
                    try:
                        wire.socket.send(chunk)
                    except OSError:
                        pass

        grown = growth(gateway, upload)
        release.set()
        for wire in wires:
            wire.close()
    assert grown < 20 * 1024 * 1024, f"{grown} bytes for 20 connections"


def test_answers_to_clients_that_do_not_read_hold_no_more_than_their_buffers(gateways, backends):
    """attacks 66"""

    def endless(wire, request, backend):
        wire.socket.settimeout(20)
        wire.socket.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 200000000\r\n\r\n")
        for _ in range(3000):
            wire.socket.sendall(b"x" * 65536)
        return False

    gateway = gateways(configuration(backends(endless).address))
    wires = [http1.connect(gateway.address()) for _ in range(20)]

    def stall():
        for wire in wires:
            wire.send(GET)
        time.sleep(3)

    grown = growth(gateway, stall)
    for wire in wires:
        wire.close()
    assert grown < 20 * 1024 * 1024, f"{grown} bytes for 20 connections"


def test_large_heads_leave_memory_flat(gateways, backends):
    """attacks 64"""
    gateway = gateways(configuration(backends().address))
    head = b"GET / HTTP/1.1\r\nHost: a.test\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"a" * 8000) for n in range(20)) + b"\r\n"

    def many():
        for _ in range(200):
            wire = http1.connect(gateway.address())
            wire.send(head)
            is_refusal(wire.read_response(), "headers_too_large")
            wire.close()

    many()
    assert growth(gateway, many) < 8 * 1024 * 1024


def test_a_million_tiny_fields_end_early(gateways, backends):
    """attacks 64"""
    gateway = gateways(configuration(backends().address))
    wire = http1.connect(gateway.address())
    wire.send(b"GET / HTTP/1.1\r\nHost: a.test\r\n" + b"a:b\r\n" * 400_000)
    is_refusal(wire.read_response(), "headers_too_large")
    wire.close()
    assert http1.exchange(gateway.address(), GET).status == 200


def test_the_head_limit_is_exact(gateways, backends):
    """64 KiB of head: the limit's own value passes, one byte more does not. The smallest limit is easier to aim at."""
    config = configuration(backends(lambda wire, request, backend: wire.send(reply(body=b"ok"))).address)
    config["listeners"]["public"]["limits"] = {"head": "1KiB"}
    gateway = gateways(config)
    statuses = {}
    for length in range(1015, 1034):
        frame = b"GET / HTTP/1.1\r\nHost: a.test\r\nX-A: %s\r\n\r\n"
        data = frame % (b"a" * (length - len(frame) + 2))
        assert len(data) == length
        statuses[length] = http1.exchange(gateway.address(), data).status
    # One sharp edge, at 1024 counted with or without line ends and the empty line.
    edge = max(length for length, status in statuses.items() if status == 200)
    assert all((status == 200) == (length <= edge) for length, status in statuses.items()), statuses
    assert all(status in (200, 431) for status in statuses.values())
    assert 1024 <= edge <= 1024 + 8, edge
