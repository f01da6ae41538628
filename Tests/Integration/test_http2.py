"""HTTP/2 towards clients: real clients over ALPN, messages, pace and ends (RFC 9113)."""

import hashlib
import os
import re
import subprocess
import threading
import time

import pytest
from hyperframe.frame import HeadersFrame, WindowUpdateFrame

from peers.http2 import CANCEL
from peers.http2_gateway import NAME, connect, start  # noqa: F401
from peers.processes import eventually
from peers.upstream import echo, reply

def curl(gateway, authority, path, *arguments):
    port = gateway.address().rsplit(":", 1)[1]
    return subprocess.run(
        [
            "curl", "-sS", "--http2", "--cacert", authority.file, "--resolve", f"{NAME}:{port}:127.0.0.1",
            *arguments, f"https://{NAME}:{port}{path}",
        ],
        capture_output=True,
        timeout=60,
    )


# Real clients.


def test_curl_is_served_and_the_log_says_http_2(start, backends, authority):
    backend = backends()
    gateway = start(backend.address)
    result = curl(gateway, authority, "/a?b=c", "-w", "\n%{http_version} %{http_code}")
    assert result.stdout == b"hello\n2 200", result
    (line,) = gateway.log.wait()
    assert (line["protocol"], line["status"], line["path"]) == ("HTTP/2.0", 200, "/a")
    assert backend.requests[0].start_line == "GET /a?b=c HTTP/1.1"


def test_a_client_without_http_2_is_served_by_the_same_listener(start, backends, authority):
    gateway = start(backends().address)
    result = curl(gateway, authority, "/", "--http1.1", "-w", "\n%{http_version}")
    assert result.stdout == b"hello\n1.1"


def test_a_listener_can_leave_http_2_out(start, backends, authority):
    gateway = start(backends().address, protocols=["http/1.1"])
    result = curl(gateway, authority, "/", "-w", "\n%{http_version}")
    assert result.stdout == b"hello\n1.1"


def test_bodies_pass_both_ways_whole(start, nginx, authority, tmp_path):
    gateway = start(nginx.address)
    file = tmp_path / "body"
    file.write_bytes(os.urandom(5_000_001))
    assert curl(gateway, authority, "/files/h2", "-T", file, "-o", "/dev/null", "-w", "%{http_code}").stdout in (
        b"201", b"204",
    )
    # Without a length, as a stream.
    piped = subprocess.Popen(["cat", file], stdout=subprocess.PIPE)
    port = gateway.address().rsplit(":", 1)[1]
    sent = subprocess.run(
        [
            "curl", "-sS", "--http2", "--cacert", authority.file, "--resolve", f"{NAME}:{port}:127.0.0.1",
            "-T", "-", "-o", "/dev/null", "-w", "%{http_code}", f"https://{NAME}:{port}/files/h2-stream",
        ],
        stdin=piped.stdout, capture_output=True, timeout=60,
    )
    assert sent.stdout in (b"201", b"204"), sent
    for path in ("/files/h2", "/files/h2-stream"):
        got = curl(gateway, authority, path)
        assert hashlib.sha256(got.stdout).digest() == hashlib.sha256(file.read_bytes()).digest()


def h2load(gateway, *arguments, path="/"):
    result = subprocess.run(
        ["h2load", *arguments, "--connect-to", gateway.address(), f"https://{NAME}{path}"],
        capture_output=True, text=True, timeout=120,
    )
    match = re.search(r"(\d+) total, .* (\d+) succeeded, (\d+) failed, (\d+) errored", result.stdout)
    assert match, result
    return [int(number) for number in match.groups()], result.stdout


def test_h2load_loses_no_request(start, nginx):
    gateway = start(nginx.address)
    (total, succeeded, failed, errored), text = h2load(gateway, "-n", "5000", "-c", "8", "-m", "10")
    assert (total, succeeded, failed, errored) == (5000, 5000, 0, 0), text
    assert "5000 2xx" in text


def test_h2load_with_large_answers_and_uploads_loses_nothing(start, nginx, authority, tmp_path):
    gateway = start(nginx.address)
    file = tmp_path / "body"
    file.write_bytes(os.urandom(1_200_000))
    assert curl(gateway, authority, "/files/large", "-T", file).returncode == 0
    (total, succeeded, failed, errored), text = h2load(
        gateway, "-n", "200", "-c", "2", "-m", "10", path="/files/large"
    )
    assert (total, succeeded, failed, errored) == (200, 200, 0, 0), text
    assert "200 2xx" in text
    (total, succeeded, failed, errored), text = h2load(
        gateway, "-n", "60", "-c", "2", "-m", "10", "-d", str(file), "-H", ":method: PUT", path="/files/up"
    )
    assert (total, succeeded, failed, errored) == (60, 60, 0, 0), text
    assert "60 2xx" in text


def test_nghttp_is_served(start, nginx):
    gateway = start(nginx.address)
    port = gateway.address().rsplit(":", 1)[1]
    result = subprocess.run(
        ["nghttp", "-nv", f"https://127.0.0.1:{port}/", "-H", f":authority: {NAME}"],
        capture_output=True, text=True, timeout=30,
    )
    assert ":status: 200" in re.sub(r"\x1b\[[0-9;]*m", "", result.stdout), result


# Messages.


def test_cookies_are_joined_and_the_authority_becomes_host(start, backends, connect):
    """attacks 23, RFC 9113 §8.2.3"""
    gateway = start(backends(echo).address)
    connection = connect(gateway)
    connection.request(1, fields=[("cookie", "a=1"), ("te", "trailers"), ("cookie", "b=2")])
    answer = connection.answer(1)
    lines = answer.body.decode().lower().splitlines()
    assert "cookie: a=1; b=2" in lines and f"host: {NAME}" in lines
    assert sum(line.startswith("host:") for line in lines) == 1


def test_a_field_of_the_backends_connection_does_not_leak(start, backends, connect):
    def answer(wire, request, backend):
        fields = [
            ("Keep-Alive", "timeout=5"), ("X-Hop", "secret"), ("Connection", "X-Hop"), ("Server", "backend/1"),
            ("X-Kept", "Yes"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"),
        ]
        wire.send(reply(body=b"x", fields=fields))

    connection = connect(start(backends(answer).address))
    connection.request(1)
    answer = connection.answer(1)
    names = [name for name, _ in answer.fields]
    assert answer.status == 200 and ("x-kept", "Yes") in answer.fields and names.count("set-cookie") == 2
    assert not {"keep-alive", "x-hop", "connection", "server", "transfer-encoding"} & set(names)
    assert "x-request-id" in names


def test_a_head_answer_has_a_length_and_no_body(start, nginx, connect):
    connection = connect(start(nginx.address))
    connection.request(1, method="HEAD")
    answer = connection.answer(1)
    assert answer.status == 200 and dict(answer.fields)["content-length"] == "128" and answer.body == b""


def test_an_upload_that_is_refused_is_answered_and_then_stopped(start, backends, connect):
    gateway = start(backends().address)
    connection = connect(gateway)
    connection.request(1, method="POST", fields=[("content-length", str(100 << 20))], end=False)
    answer = connection.answer(1)
    connection.until(lambda: answer.reset is not None)
    assert answer.status == 413 and answer.reset == 0
    assert b'"body_too_large"' in answer.body
    connection.request(3)
    assert connection.answer(3).status == 200


def test_a_client_that_still_sends_reads_its_refusal(start, backends, authority, tmp_path):
    """Whether the head and the body come in one read or in two: a reset at once would make curl forget the answer."""
    gateway = start(backends().address, body="1KiB")
    file = tmp_path / "body"
    file.write_bytes(bytes(4096))
    got = [curl(gateway, authority, "/", "--data-binary", f"@{file}", "-o", "/dev/null", "-w", "%{http_code}") for _ in range(12)]
    assert {result.stdout for result in got} == {b"413"}, got


def test_what_follows_a_refusal_is_thrown_away_up_to_256_kib(start, backends, connect):
    connection = connect(start(backends().address))
    connection.request(1, method="POST", fields=[("content-length", str(100 << 20))], end=False)
    answer = connection.answer(1)
    for _ in range(16):
        connection.data(1, bytes(16 << 10))
    connection.request(3)
    assert connection.answer(3).status == 200
    assert answer.status == 413 and answer.reset is None
    connection.data(1, b"x")
    connection.until(lambda: answer.reset is not None, patience=1)
    assert answer.reset == 0


def trail(connection, *fields):
    block = connection.encoder.encode(fields)
    connection.send(HeadersFrame(1, data=block, flags=["END_HEADERS", "END_STREAM"]))


def test_trailers_pass_both_ways(start, backends, connect):
    """RFC 9113 §8.1, RFC 9110 §6.5"""

    def answer(wire, request, backend):
        assert request.trailers == [("x-trailer", "1")] and request.body == b"body"
        wire.send(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
            b"4\r\nback\r\n0\r\nGrpc-Status: 0\r\nserver: x\r\n\r\n"
        )

    connection = connect(start(backends(answer).address))
    connection.request(1, method="POST", fields=[("te", "trailers")], end=False)
    connection.data(1, b"body")
    trail(connection, ("x-trailer", "1"))
    answer = connection.answer(1)
    assert answer.heads[0][0] == (":status", "200"), answer.heads
    assert answer.body == b"back" and answer.heads[1:] == [[("grpc-status", "0")]]
    assert answer.ended and answer.reset is None


@pytest.mark.parametrize(
    "name, reason", [("x-auth-subject", "identity_spoof"), ("x_auth_subject", "identity_spoof"), ("cookie", "bad_trailer")]
)
def test_trailers_that_come_too_late_are_refused(start, backends, connect, name, reason):
    """attacks 42"""
    backend = backends(echo)
    gateway = start(backend.address)
    connection = connect(gateway)
    connection.request(1, method="POST", end=False)
    connection.data(1, b"body")
    trail(connection, (name, "1"))
    assert connection.answer(1).status == 400
    (line,) = gateway.log.wait()
    assert (line["reason"], line["code"]) == (reason, "malformed_request") and not backend.requests


def test_a_waiting_client_is_told_to_continue(start, backends, connect):
    connection = connect(start(backends(echo).address))
    connection.request(1, method="POST", fields=[("expect", "100-continue"), ("content-length", "4")], end=False)
    connection.until(lambda: connection.of(1).heads)
    assert connection.of(1).status == 100
    connection.data(1, b"body", end=True)
    assert connection.answer(1).status == 200


def test_a_backend_that_breaks_off_resets_the_stream_alone(start, backends, connect):
    """attacks 67"""

    def answer(wire, request, backend):
        if request.target == "/broken":
            wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
            return False
        wire.send(reply(body=b"whole"))

    connection = connect(start(backends(answer).address))
    connection.request(1, path="/broken")
    broken = connection.answer(1)
    assert not broken.ended and broken.reset is not None
    connection.request(3)
    assert connection.answer(3).body == b"whole"


# Pace.


def test_a_slow_reader_gets_all_and_others_do_not_wait(start, nginx, authority, connect, tmp_path):
    """attacks 28: the window of one stream stays shut while others go on."""
    gateway = start(nginx.address)
    file = tmp_path / "body"
    file.write_bytes(os.urandom(3_000_000))
    assert curl(gateway, authority, "/files/slow", "-T", file).returncode == 0
    connection = connect(gateway, greedy=False)
    connection.send(WindowUpdateFrame(0, window_increment=1 << 29))
    connection.request(1, path="/files/slow")
    connection.until(lambda: len(connection.of(1).body) == 65535)
    connection.request(3)
    assert connection.answer(3).status == 200
    time.sleep(0.3)
    connection.send(WindowUpdateFrame(1, window_increment=1))
    connection.until(lambda: len(connection.of(1).body) == 65536)
    connection.send(WindowUpdateFrame(1, window_increment=1 << 29))
    assert connection.answer(1, 30).body == file.read_bytes()


def test_a_reader_that_stands_still_is_reset(start, nginx, authority, connect, tmp_path):
    """attacks 28"""
    gateway = start(nginx.address, timeouts={"write": "1s"})
    file = tmp_path / "body"
    file.write_bytes(os.urandom(1_000_000))
    assert curl(gateway, authority, "/files/still", "-T", file).returncode == 0
    gateway.log.wait()
    gateway.log.skip()
    connection = connect(gateway, greedy=False)
    connection.request(1, path="/files/still")
    assert connection.answer(1).reset == CANCEL
    (line,) = gateway.log.wait()
    assert line["reason"] == "timeout_read"


def test_a_backend_that_does_not_read_stops_the_client(start, backends, connect):
    """The window closes at the bounds of the stream, and opens when the backend goes on."""
    go = threading.Event()

    def slow(wire, request, backend):
        wire.send(reply(body=str(len(request.body)).encode()))

    backend = backends(slow)
    accepted = backend.accepted

    def held(wire):
        go.wait(20)
        accepted(wire)

    backend.accepted = held
    connection = connect(start(backend.address))
    connection.request(1, method="POST", fields=[("content-length", "8000000")], end=False)

    def opened():
        return 65535 + sum(
            f.window_increment for f in connection.frames if isinstance(f, WindowUpdateFrame) and f.stream_id == 0
        )

    sent = 0
    stream = 256 * 1024
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        stream = 256 * 1024 + sum(
            f.window_increment for f in connection.frames if isinstance(f, WindowUpdateFrame) and f.stream_id == 1
        )
        room = min(stream, opened()) - sent
        if room >= 16384:
            connection.data(1, b"x" * 16384)
            sent += 16384
        else:
            connection.read(0.1)
    assert sent < 7_000_000
    go.set()
    while sent < 8_000_000:
        stream = 256 * 1024 + sum(
            f.window_increment for f in connection.frames if isinstance(f, WindowUpdateFrame) and f.stream_id == 1
        )
        count = min(min(stream, opened()) - sent, 16384, 8_000_000 - sent)
        if count > 0:
            connection.data(1, b"x" * count, end=sent + count == 8_000_000)
            sent += count
        else:
            connection.until(lambda before=len(connection.frames): len(connection.frames) > before)
    assert connection.answer(1).body == b"8000000"


# Ends.


def test_a_drain_says_goaway_twice_and_finishes_what_is_open(start, backends, connect):
    go = threading.Event()

    def answer(wire, request, backend):
        if request.target == "/slow":
            go.wait(20)
        wire.send(reply(body=b"done"))

    gateway = start(backends(answer).address)
    connection = connect(gateway)
    connection.request(1, path="/slow")
    eventually(lambda: gateway.metrics().sum("portcullis_connections", state="active") == 1, what="a request")
    gateway.send_signal(15)
    connection.until(lambda: connection.goaways)
    assert connection.goaways[0].last_stream_id == 2**31 - 1 and connection.goaways[0].error_code == 0
    # On its way when the drain began: still served.
    connection.request(3)
    assert connection.answer(3).status == 200
    connection.until(lambda: len(connection.goaways) == 2)
    assert connection.goaways[1].last_stream_id == 3
    go.set()
    assert connection.answer(1).body == b"done"
    connection.until(lambda: connection.closed)


def test_an_idle_connection_ends_with_goaway(start, backends, connect):
    connection = connect(start(backends().address, timeouts={"idle": "1s"}))
    connection.request(1)
    assert connection.answer(1).status == 200
    assert connection.goaway() == 0
    connection.until(lambda: connection.closed)
