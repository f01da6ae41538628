"""Operating it: reload, drain, crash, second start, log files and a reader that does not read."""

import json
import os
import re
import signal
import subprocess
import threading
import time

import pytest

from peers import http1
from peers.assertions import is_refusal
from peers.gateway import NOT_RELOADED, RELOADED, configuration
from peers.processes import descriptors, eventually, free_port
from peers.upstream import reply

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"


class Load:
    """wrk in the background for some seconds; `errors` tells whether any request failed."""

    def __init__(self, gateway, seconds, path="/", connections=20):
        self.process = subprocess.Popen(
            ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", f"http://{gateway.address()}{path}"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def result(self):
        output, _ = self.process.communicate(timeout=60)
        requests = int(re.search(r"(\d+) requests in", output)[1])
        errors = re.findall(r"(Socket errors:.*|Non-2xx.*)", output)
        return requests, errors


# Reload, attacks 70.


def test_reloads_under_load_lose_nothing(gateways, nginx):
    gateway = gateways(configuration(nginx.address))
    load = Load(gateway, 5)
    time.sleep(0.5)
    revisions = set()
    for index in range(10):
        routes = gateway.config["routes"]
        routes[0]["headers"] = {"response": {"set": {"x-generation": str(index)}}}
        event = gateway.reload({"routes": routes})
        assert event["event"] == RELOADED, event
        response = http1.exchange(gateway.address(), GET)
        assert response.get("x-generation") == str(index)
        revisions.add(gateway.log.wait(1)[-1]["revision"])
        if index % 3 == 0:
            gateway.file.write_text("version: 1\nroutes: [{ name: broken }]\n")
            with gateway.condition:
                since = len(gateway.events)
            gateway.send_signal(signal.SIGHUP)
            gateway.event(NOT_RELOADED, since=since)
            assert http1.exchange(gateway.address(), GET).get("x-generation") == str(index)
    requests, errors = load.result()
    assert requests > 500 and not errors, (requests, errors)


def test_a_broken_file_changes_nothing_and_says_why(gateways, backends):
    gateway = gateways(configuration(backends().address))
    before = gateway.metrics()
    event = gateway.reload({"routes": [{"name": "x", "match": {"path": "/"}, "upstream": "backend"}]})
    assert event["event"] == NOT_RELOADED
    assert "gateway.yaml:" in json.dumps(event) or "auth" in json.dumps(event)
    assert http1.exchange(gateway.address(), GET).status == 200
    after = gateway.metrics()
    name = "portcullis_config_revision_info"
    assert {k for k in before.samples if k[0] == name} == {k for k in after.samples if k[0] == name}


def test_an_exchange_finishes_on_the_configuration_it_began_with(gateways, backends):
    go = threading.Event()

    def wait(wire, request, backend):
        if request.target == "/slow":
            go.wait(10)
        wire.send(reply(body=b"ok"))

    gateway = gateways(configuration(backends(wait).address))
    slow = http1.connect(gateway.address())
    slow.send(b"GET /slow HTTP/1.1\r\nHost: a.test\r\n\r\n")
    time.sleep(0.3)
    routes = [{**gateway.config["routes"][0], "match": {"path": "/elsewhere"}}]
    assert gateway.reload({"routes": routes})["event"] == RELOADED
    is_refusal(http1.exchange(gateway.address(), GET), "no_route")
    go.set()
    assert slow.read_response().status == 200
    # The same connection is under the new configuration from its next request on.
    slow.send(GET)
    is_refusal(slow.read_response(), "no_route")


def test_limits_survive_a_reload(gateways, backends):
    config = configuration(backends().address, limits={"one": {"key": "client.address", "rate": "1/min", "burst": 1}})
    config["routes"][0]["limits"] = ["one"]
    gateway = gateways(config)
    assert [http1.exchange(gateway.address(), GET).status for _ in range(2)] == [200, 200]
    assert gateway.reload({"routes": [{**config["routes"][0], "priority": 1}]})["event"] == RELOADED
    assert http1.exchange(gateway.address(), GET).status == 429


def test_upstreams_that_left_are_let_go(gateways, backends):
    one, two = backends(), backends()
    gateway = gateways(configuration(one.address))
    assert http1.exchange(gateway.address(), GET).status == 200
    assert gateway.reload({"upstreams": {"backend": {"endpoints": [two.address]}}})["event"] == RELOADED
    assert http1.exchange(gateway.address(), GET).status == 200
    assert (len(one.requests), len(two.requests)) == (1, 1)
    one.wires[0].expect_end()


# Drain, attacks 71.


def test_a_drain_loses_nothing(gateways, backends):
    """Readiness fails first, what is in flight finishes, and the exit status is 0."""
    started = threading.Semaphore(0)

    def slow(wire, request, backend):
        if request.target == "/slow":
            started.release()
            time.sleep(1.0)
        wire.send(reply(body=b"ok"))

    gateway = gateways(configuration(backends(slow).address))
    idle = http1.connect(gateway.address())
    idle.send(GET)
    assert idle.read_response().status == 200
    busy = [http1.connect(gateway.address()) for _ in range(5)]
    for wire in busy:
        wire.send(b"GET /slow HTTP/1.1\r\nHost: a.test\r\n\r\n")
    for _ in busy:
        assert started.acquire(timeout=10)
    gateway.send_signal(signal.SIGTERM)
    eventually(lambda: ready_status(gateway) in (503, None), what="readiness failing")
    for wire in busy:
        response = wire.read_response()
        assert response.status == 200 and response.body == b"ok"
        wire.expect_end()
    idle.expect_end()
    assert gateway.wait(15) == 0
    with pytest.raises(OSError):
        http1.connect(gateway.address())


def ready_status(gateway):
    try:
        return gateway.get("/readyz").status
    except (OSError, AssertionError):
        return None


def test_a_drain_under_load_loses_nothing(gateways, nginx):
    """wrk sees connections end after whole answers; connections in the backlog are served, too."""
    gateway = gateways(configuration(nginx.address))
    statuses, lost = [], []

    def client():
        while True:
            try:
                wire = http1.connect(gateway.address())
            except OSError:
                return  # refused: it listens no more
            try:
                while True:
                    wire.send(GET)
                    response = wire.read_response()
                    statuses.append(response.status)
                    if response.get("connection") == "close":
                        break
            except http1.Cut as cut:
                # Closed between two requests: fine, unless part of an answer had come.
                if wire.buffer or wire.was_reset and not wire.ended:
                    lost.append(repr(cut))
            except OSError as error:
                lost.append(repr(error)) if wire.buffer else None
            finally:
                wire.close()

    threads = [threading.Thread(target=client) for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(0.7)
    gateway.send_signal(signal.SIGTERM)
    assert gateway.wait(20) == 0
    for thread in threads:
        thread.join(10)
    assert set(statuses) == {200} and not lost, lost[:3]


def test_a_drain_ends_by_its_deadline(gateways, backends):
    gateway = gateways(configuration(backends(lambda wire, request, backend: wire.expect_end()).address, process={"drain": "700ms"}))
    wire = http1.connect(gateway.address())
    wire.send(GET)
    time.sleep(0.3)
    started = time.monotonic()
    gateway.send_signal(signal.SIGTERM)
    gateway.wait(15)
    assert time.monotonic() - started < 8


# Crash, attacks 72; under load in test_trap.py.


def test_a_worker_that_dies_again_and_again_is_started_with_patience(gateways, backends):
    gateway = gateways(configuration(backends().address))
    for _ in range(8):
        workers = gateway.workers()
        if workers:
            os.kill(workers[0], signal.SIGKILL)
        time.sleep(0.1)
    assert gateway.process.poll() is None
    eventually(lambda: gateway.workers() and ready_status(gateway) == 200, patience=30, what="a worker again")


def test_the_supervisor_takes_its_worker_along(gateways, backends):
    gateway = gateways(configuration(backends().address))
    (worker,) = gateway.workers()
    gateway.send_signal(signal.SIGKILL)
    gateway.wait(5)
    eventually(lambda: not os.path.exists(f"/proc/{worker}") or "Z" in open(f"/proc/{worker}/stat").read().rsplit(")", 1)[1], what="the worker's end")


# Starting.


def test_a_second_run_on_the_same_address_fails(gateways, backends, tmp_path):
    backend = backends()
    config = configuration(backend.address)
    config["listeners"]["public"]["address"] = f"127.0.0.1:{free_port()}"
    first = gateways(config)
    second = gateways({**config, "telemetry": {"address": f"127.0.0.1:{free_port()}"}}, wait=False)
    assert second.wait(15) != 0
    second.reader.join(5)
    assert "in use" in " ".join(map(str, second.events + second.noise)).lower()
    assert http1.exchange(first.address(), GET).status == 200


def test_a_bad_configuration_opens_no_socket(gateways, tmp_path):
    config = configuration("127.0.0.1:1")
    port = free_port()
    config["listeners"]["public"]["address"] = f"127.0.0.1:{port}"
    config["routes"][0].pop("auth")
    gateway = gateways(config, wait=False)
    assert gateway.wait(15) == 1
    gateway.reader.join(5)
    assert "gateway.yaml:" in " ".join(map(str, gateway.events + gateway.noise))


# Logs.


def test_log_files_are_opened_anew(gateways, backends):
    gateway = gateways(configuration(backends().address))
    http1.exchange(gateway.address(), GET)
    gateway.log.wait(1)
    moved = gateway.log.path.with_suffix(".1")
    gateway.log.path.rename(moved)
    gateway.send_signal(signal.SIGUSR1)
    eventually(gateway.log.path.exists, what="the new file")
    http1.exchange(gateway.address(), GET)
    eventually(lambda: len(gateway.log.lines()) == 1, what="a line in the new file")
    assert len(moved.read_text().splitlines()) == 1


def test_a_reader_that_stalls_loses_lines_and_no_request(gateways, nginx):
    """attacks 75: the pipe is full, traffic goes on, what was dropped is counted."""
    reader, writer = os.pipe()
    try:
        gateway = gateways(configuration(nginx.address), access="stdout", stdout=writer)
        os.close(writer)
        requests, errors = Load(gateway, 3, path="/" + "x" * 1000, connections=10).result()
        assert not errors and requests > 200
        dropped = eventually(lambda: gateway.metrics().sum("portcullis_log_lines_dropped_total"), what="dropped lines counted")
        assert dropped > 0
        assert http1.exchange(gateway.address(), GET).status == 200
        # The reader wakes up: whole lines, and new ones come again.
        os.set_blocking(reader, False)
        data = b""
        deadline = time.monotonic() + 10
        while b"/after" not in data and time.monotonic() < deadline:
            http1.exchange(gateway.address(), b"GET /after HTTP/1.1\r\nHost: a.test\r\n\r\n")
            try:
                while chunk := os.read(reader, 1 << 20):
                    data += chunk
            except BlockingIOError:
                time.sleep(0.05)
        assert b"/after" in data
        for line in data[: data.rfind(b"\n")].splitlines():
            json.loads(line)
    finally:
        os.close(reader)


def test_a_full_disk_loses_lines_and_no_request(gateways, backends):
    gateway = gateways(configuration(backends().address), access="file:/dev/full")
    for _ in range(50):
        assert http1.exchange(gateway.address(), GET).status == 200
    eventually(lambda: gateway.metrics().sum("portcullis_log_lines_dropped_total"), what="dropped lines counted")
    assert http1.exchange(gateway.address(), GET).status == 200


def test_descriptors_return_after_traffic(gateways, backends):
    gateway = gateways(configuration(backends().address))
    http1.exchange(gateway.address(), GET)
    (worker,) = gateway.workers()
    before = descriptors(worker)
    wires = [http1.connect(gateway.address()) for _ in range(100)]
    for wire in wires:
        wire.send(GET)
    for wire in wires:
        assert wire.read_response().status == 200
    assert descriptors(worker) >= before + 90
    for wire in wires:
        wire.close()
    # The pool may keep its idle connections to the backend.
    eventually(lambda: descriptors(worker) <= before + 64 + 8, what="descriptors given back")
