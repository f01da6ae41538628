"""TLS from a client that abuses it (attacks 82): renegotiation, floods of key updates, early data."""

import subprocess
import time

import pytest

from peers import http1
from peers.gateway import configuration, tls
from peers.processes import resident_bytes

GET = b"GET / HTTP/1.1\r\nHost: api.example.test\r\n\r\n"


class OpenSSL:
    """`openssl s_client`, whose one-letter commands are lines of their own."""

    def __init__(self, gateway, *arguments):
        self.process = subprocess.Popen(
            ["/usr/bin/openssl", "s_client", "-connect", gateway.address(), "-servername", "api.example.test", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def say(self, line):
        """Whether it still listens."""
        try:
            self.process.stdin.write(line + b"\n")
            self.process.stdin.flush()
            return self.process.poll() is None
        except OSError:
            return False

    def end(self):
        """What it printed, once it is done or is made to be."""
        try:
            return self.process.communicate(timeout=5)[0].decode("utf-8", "replace")
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.communicate()[0].decode("utf-8", "replace")


@pytest.fixture
def start(gateways, backends, server_certificate):
    def begin(**settings):
        config = configuration(backends().address)
        config["listeners"] = {"public": tls(server_certificate, tls=settings)}
        return gateways(config)

    return begin


def serves(gateway, authority):
    assert http1.exchange(gateway.address(), GET, authority.client(), "api.example.test").status == 200


def test_renegotiation_ends_the_connection(start, authority):
    """attacks 82: a client that asks for one, over TLS 1.2, which alone has it."""
    gateway = start(minimumVersion="1.2")
    client = OpenSSL(gateway, "-tls1_2")
    time.sleep(0.5)
    client.say(b"R")
    deadline = time.monotonic() + 5
    while client.process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert client.process.poll() is not None, "still open after it asked for a renegotiation"
    assert "RENEGOTIATING" in client.end()
    serves(gateway, authority)


def test_a_flood_of_key_updates_ends_the_connection(start, authority):
    """attacks 82: each makes us derive keys, and one that asks makes us answer."""
    gateway = start()
    worker = gateway.workers()[0]
    before = resident_bytes(worker)
    client = OpenSSL(gateway, "-tls1_3")
    time.sleep(0.5)
    sent = 0
    deadline = time.monotonic() + 15
    while sent < 400 and time.monotonic() < deadline and client.say(b"K"):
        sent += 1
        # Each line must come in a read of its own to be a command.
        time.sleep(0.01)
    assert client.process.poll() is not None or not client.say(b"K"), f"{sent} key updates were taken"
    assert sent < 400
    client.end()
    assert gateway.workers() == [worker] and resident_bytes(worker) - before < 8 << 20
    serves(gateway, authority)


def test_early_data_is_not_taken(start, authority, tmp_path):
    """attacks 82: a session does not allow it, so that no request can be replayed."""
    gateway = start()
    session = tmp_path / "session"
    client = OpenSSL(gateway, "-tls1_3", "-ign_eof", "-sess_out", str(session))
    time.sleep(0.3)
    client.say(b"GET / HTTP/1.1\r\nHost: api.example.test\r\nConnection: close\r\n\r")
    text = client.end()
    assert "HTTP/1.1 200" in text and session.exists()
    assert "Max Early Data: 0" in text
    serves(gateway, authority)
