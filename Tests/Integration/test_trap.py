"""A worker that dies, as by a trap in its code, under load: who notices, and for how long. attacks 72."""

import os
import pathlib
import signal
import threading
import time

import pytest

from peers import http1
from peers.gateway import configuration
from peers.processes import eventually

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"


def is_dead(pid):
    """Whether the process has ended, reaped or not."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


class Caller(threading.Thread):
    """Sends one request after the other, on one connection or on a new one each, and opens another when it is cut."""

    def __init__(self, address, keep_alive):
        super().__init__(daemon=True)
        self.address, self.keep_alive = address, keep_alive
        #: (sent, answered) of each answer, and when each failure was seen.
        self.answers, self.failures = [], []
        self.statuses = set()
        self.going = True
        self.start()

    def run(self):
        wire = None
        while self.going:
            try:
                wire = wire or http1.connect(self.address)
                sent = time.monotonic()
                wire.send(GET)
                self.statuses.add(wire.read_response().status)
                self.answers.append((sent, time.monotonic()))
                if self.keep_alive:
                    time.sleep(0.002)
                    continue
            except (OSError, http1.Cut):
                self.failures.append(time.monotonic())
            if wire:
                wire.close()
            wire = None
        if wire:
            wire.close()

    def end(self):
        self.going = False
        self.join(http1.PATIENCE + 5)

    def longest_silence(self, since):
        """The longest time between two answers, of which the second came after `since`."""
        times = [answered for _, answered in self.answers]
        return max(later - earlier for earlier, later in zip(times, times[1:]) if later >= since)


@pytest.mark.parametrize("number", [signal.SIGILL, signal.SIGTRAP, signal.SIGKILL], ids=lambda number: number.name)
def test_a_killed_worker_is_back_within_a_second(gateways, nginx, capsys, number):
    """A caller sees at most one failure, of the connection that died, and is served again in less than a second."""
    gateway = gateways(configuration(nginx.address))
    (worker,) = gateway.workers()
    kept = [Caller(gateway.address(), keep_alive=True) for _ in range(8)]
    new = [Caller(gateway.address(), keep_alive=False) for _ in range(2)]
    callers = kept + new
    try:
        eventually(lambda: all(len(caller.answers) >= 20 for caller in callers), what="a steady load")
        with gateway.condition:
            since = len(gateway.events)
        killed = time.monotonic()
        os.kill(worker, number)
        eventually(lambda: is_dead(worker), what="the worker's end")
        dead = time.monotonic()
        died = gateway.event("worker died", since=since, signal=int(number))
        ready = gateway.event("worker ready", since=since)
        eventually(lambda: all(caller.answers[-1][0] > dead for caller in callers), what="an answer to every caller")
        eventually(gateway.ready, what="readiness")
        time.sleep(0.3)
    finally:
        for caller in callers:
            caller.end()

    failures = sum(len(caller.failures) for caller in callers)
    first = min(answered for caller in callers for sent, answered in caller.answers if sent >= dead)
    silence = max(caller.longest_silence(killed) for caller in callers)
    good = sum(len(caller.answers) for caller in callers)
    lost_lines = good - logged(gateway.log.path, good)
    noticed = sum(1 for caller in callers if caller.failures)
    with capsys.disabled():
        print(
            f"\n{number.name}: {noticed} of {len(callers)} callers lost {failures} requests; first answer {1000 * (first - killed):.0f} ms "
            f"after the signal, longest silence of a caller {1000 * silence:.0f} ms; {lost_lines} access log lines lost"
        )
    assert all(caller.statuses == {200} for caller in callers), [caller.statuses for caller in callers]
    # One connection dies with the worker; the next one waits in the backlog until it is served.
    assert all(len(caller.failures) <= 1 for caller in callers), [len(caller.failures) for caller in callers]
    assert first - killed < 1, first - killed
    assert silence < 1, silence
    # The supervisor is the same, the worker is another, and what it reports is its own.
    assert gateway.process.poll() is None
    assert gateway.workers() == [ready["pid"]] != [worker]
    assert died["level"] == "error"
    assert 0 < gateway.metrics().sum("portcullis_requests_total", status="200") < good


def logged(path, most):
    """How many answers the access log has once nothing more comes. The dead worker may have left half a line."""
    seen = -1
    while True:
        count = path.read_bytes().count(b'"status":200,')
        if count in (seen, most):
            return count
        seen = count
        time.sleep(0.5)


def test_connections_wait_in_the_backlog_while_there_is_no_worker(gateways, nginx, capsys):
    """The sockets are the supervisor's. It is held here, so that there is no worker for as long as it takes to connect."""
    gateway = gateways(configuration(nginx.address))
    (worker,) = gateway.workers()
    gateway.send_signal(signal.SIGSTOP)
    try:
        os.kill(worker, signal.SIGILL)
        eventually(lambda: is_dead(worker), what="the worker's end")
        wires = [http1.connect(gateway.address()) for _ in range(50)]
        for wire in wires:
            wire.send(GET)
        assert not any(wire.arrived(0.002) or wire.ended for wire in wires)
    finally:
        gateway.send_signal(signal.SIGCONT)
    started = time.monotonic()
    assert [wire.read_response().status for wire in wires] == [200] * 50
    seconds = time.monotonic() - started
    with capsys.disabled():
        print(f"\n50 connections of the backlog served {1000 * seconds:.0f} ms after the supervisor went on")
    assert seconds < 1
    for wire in wires:
        wire.close()
