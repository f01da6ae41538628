"""The two processes: what they may do, what they hold, and what a signal that is not theirs does."""

import os
import pathlib
import signal
import socket
import time

import pytest
from peers import http1
from peers.gateway import configuration
from peers.processes import eventually

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"


def status(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.split() for name, _, value in (line.partition(":") for line in lines)}


def sockets(pid):
    links = [os.readlink(entry) for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir()]
    return {link for link in links if link.startswith("socket:")}


def test_neither_process_can_gain_a_privilege(gateways, backends):
    gateway = gateways(configuration(backends().address))
    (worker,) = gateway.workers()
    assert status(gateway.pid)["NoNewPrivs"] == ["1"]
    assert status(worker)["NoNewPrivs"] == ["1"]


def test_the_supervisor_has_one_thread_and_no_connection(gateways, backends):
    gateway = gateways(configuration(backends().address, process={"loops": 2}))
    wire = http1.connect(gateway.address())
    wire.send(GET)
    assert wire.read_response().status == 200
    (worker,) = gateway.workers()
    assert status(gateway.pid)["Threads"] == ["1"]
    # Two loops on the public address, admin, telemetry: what it opened, and the worker has all of it.
    assert len(sockets(gateway.pid)) == 4
    assert sockets(gateway.pid) < sockets(worker)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_is_given_up_before_a_byte_is_read(gateways, backends, tmp_path):
    directory = tmp_path / "gateway-0"
    directory.mkdir()
    for parent in [directory, *directory.parents]:
        if parent != pathlib.Path("/") and parent.owner() == "root":
            parent.chmod(parent.stat().st_mode | 0o055)
    gateway = gateways(
        configuration(backends().address, process={"user": "nobody"}, logs={"access": "none"}), directory=directory
    )
    assert http1.exchange(gateway.address(), GET).status == 200
    (worker,) = gateway.workers()
    for pid in (gateway.pid, worker):
        facts = status(pid)
        assert set(facts["Uid"]) == {"65534"} and set(facts["Gid"]) == {"65534"}
        assert facts["Groups"] == ["65534"]
        assert facts["CapEff"] == ["0000000000000000"]


def test_an_unknown_user_is_an_error(gateways, backends):
    gateway = gateways(configuration(backends().address, process={"user": "no-such-user"}), wait=False)
    assert gateway.wait(15) == 1
    gateway.reader.join(5)
    assert "no-such-user" in str(gateway.events + gateway.noise)


def test_upgrading_says_that_it_is_not_in_this_version(gateways, backends):
    gateway = gateways(configuration(backends().address))
    (worker,) = gateway.workers()
    gateway.send_signal(signal.SIGUSR2)
    gateway.event("upgrade not in this version")
    assert gateway.workers() == [worker]
    assert http1.exchange(gateway.address(), GET).status == 200


def test_a_worker_that_is_asked_to_end_drains_and_is_replaced(gateways, backends):
    gateway = gateways(configuration(backends().address))
    (worker,) = gateway.workers()
    os.kill(worker, signal.SIGTERM)
    eventually(lambda: gateway.workers() not in ([], [worker]), what="the next worker")
    assert http1.exchange(gateway.address(), GET).status == 200
    assert gateway.process.poll() is None


def test_a_second_stop_cuts_the_drain_short(gateways, backends):
    backend = backends(lambda wire, request, backend: wire.expect_end())
    gateway = gateways(configuration(backend.address, process={"drain": "60s"}))
    wire = http1.connect(gateway.address())
    wire.send(GET)
    eventually(lambda: backend.requests, what="the request at the backend")
    gateway.send_signal(signal.SIGTERM)
    gateway.event("draining")
    time.sleep(0.3)
    assert gateway.process.poll() is None
    gateway.send_signal(signal.SIGTERM)
    gateway.event("drain cut short")
    assert gateway.wait(10) == 1


def test_a_reload_that_moves_a_listener_changes_nothing(gateways, backends):
    gateway = gateways(configuration(backends().address))
    address = gateway.address()
    gateway.write({"listeners": {"public": {"address": "127.0.0.2:0"}}})
    gateway.send_signal(signal.SIGHUP)
    event = gateway.event("configuration not reloaded, the old one stays in force")
    assert "restart" in event["error"]
    assert http1.exchange(address, GET).status == 200


def test_a_socket_left_by_a_dead_gateway_is_replaced_and_a_file_is_not(gateways, backends, tmp_path):
    dead = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(dead))
    gateway = gateways(configuration(backends().address, listeners={"public": {"address": f"unix:{dead}"}}))
    assert http1.exchange(f"unix:{dead}", GET).status == 200
    assert dead.stat().st_mode & 0o777 == 0o660

    file = tmp_path / "file"
    file.write_text("mine")
    other = gateways(
        configuration(backends().address, listeners={"public": {"address": f"unix:{file}"}}), wait=False
    )
    assert other.wait(15) == 1
    assert file.read_text() == "mine"
    assert gateway.process.poll() is None
