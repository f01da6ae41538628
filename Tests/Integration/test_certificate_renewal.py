"""Certificates, keys and authorities that change on disk (attacks 73): taken without a signal, without a drop."""

import os
import shutil
import threading
import time

import pytest
from cryptography import x509

from peers import http1
from peers.certificates import Authority
from peers.gateway import configuration, tls
from peers.processes import eventually

RENEWED = "certificates reloaded"
NOT_RENEWED = "certificates not reloaded, the old ones stay in force"
GET = b"GET / HTTP/1.1\r\nHost: api.example.test\r\n\r\n"


def replace(source, target, mode=0o600):
    """By renaming, as a careful tool does."""
    new = target.with_suffix(".new")
    shutil.copy(source, new)
    os.chmod(new, mode)
    os.rename(new, target)


@pytest.fixture
def files(tmp_path, authority):
    """Chain and key that the gateway uses, and three pairs to put there."""
    pairs = [authority.issue("api.example.test", label=f"renewal-{index}") for index in range(3)]
    chain, key = tmp_path / "api.pem", tmp_path / "api.key"
    replace(pairs[0][0], chain)
    replace(pairs[0][1], key)
    return chain, key, pairs


def serial(gateway, authority):
    wire = http1.connect(gateway.address(), authority.client(), "api.example.test")
    try:
        return wire.socket.getpeercert()["serialNumber"]
    finally:
        wire.close()


def number_of(pair):
    return f"{x509.load_pem_x509_certificate(pair[0].read_bytes()).serial_number:X}"


def test_new_handshakes_get_the_new_certificate_and_nothing_is_dropped(gateways, backends, authority, files):
    """attacks 73: under load, over connections that are old, and over new ones."""
    chain, key, pairs = files
    config = configuration(backends().address)
    config["listeners"] = {"public": tls((chain, key))}
    gateway = gateways(config)
    assert serial(gateway, authority).lstrip("0") == number_of(pairs[0])
    failures, answers, stop = [], [0], threading.Event()

    def load(keeps):
        wire = None
        while not stop.is_set():
            try:
                if wire is None or not keeps:
                    wire = http1.connect(gateway.address(), authority.client(), "api.example.test")
                wire.send(GET)
                assert wire.read_response().status == 200
                answers[0] += 1
                if not keeps:
                    wire.close()
            except (OSError, AssertionError) as error:
                failures.append(error)
                return

    threads = [threading.Thread(target=load, args=(keeps,)) for keeps in (True, False)]
    for thread in threads:
        thread.start()
    try:
        replace(pairs[1][0], chain)
        replace(pairs[1][1], key)
        gateway.event(RENEWED)
        eventually(lambda: serial(gateway, authority).lstrip("0") == number_of(pairs[1]), what="the new certificate")
        before = answers[0]
        eventually(lambda: answers[0] > before + 5, what="answers after the change")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures


def test_a_pair_that_does_not_fit_changes_nothing(gateways, backends, authority, files):
    """attacks 73"""
    chain, key, pairs = files
    config = configuration(backends().address)
    config["listeners"] = {"public": tls((chain, key))}
    gateway = gateways(config)
    replace(pairs[1][0], chain)
    assert "is not the key of the certificate" in gateway.event(NOT_RENEWED)["problem"]
    gateway.event(NOT_RENEWED, files=str(chain))
    assert serial(gateway, authority).lstrip("0") == number_of(pairs[0])
    # It is told once, not with each look.
    with gateway.condition:
        told = len([event for event in gateway.events if event.get("event") == NOT_RENEWED])
    time.sleep(4.5)
    with gateway.condition:
        assert told == len([event for event in gateway.events if event.get("event") == NOT_RENEWED])
    replace(pairs[1][1], key)
    gateway.event(RENEWED)
    assert serial(gateway, authority).lstrip("0") == number_of(pairs[1])


def test_the_configuration_itself_is_not_read_for_it(gateways, backends, authority, files):
    chain, key, pairs = files
    config = configuration(backends().address)
    config["listeners"] = {"public": tls((chain, key))}
    gateway = gateways(config)
    gateway.file.write_text("half a file, being written\n")
    replace(pairs[2][1], key)
    replace(pairs[2][0], chain)
    gateway.event(RENEWED)
    assert serial(gateway, authority).lstrip("0") == number_of(pairs[2])


def test_authorities_of_clients_are_renewed(gateways, backends, authority, server_certificate, tmp_path):
    bundle = tmp_path / "clients.pem"
    replace(authority.file, bundle)
    other = Authority(tmp_path / "other", name="Other Root")
    mine, theirs = authority.issue("meter-1", client=True, label="mine"), other.issue("meter-2", client=True)
    config = configuration(backends().address)
    config["listeners"] = {"public": tls(server_certificate, tls={"clientCertificates": {"ca": str(bundle)}})}
    gateway = gateways(config)

    def answered(pair):
        try:
            context = authority.client(certificate=pair)
            return http1.exchange(gateway.address(), GET, context, "api.example.test").status == 200
        except (OSError, AssertionError):
            return False

    assert answered(mine) and not answered(theirs)
    replace(other.file, bundle)
    gateway.event(RENEWED)
    assert answered(theirs) and not answered(mine)


def test_the_gateways_certificate_towards_an_upstream(gateways, backends, authority, server_certificate, tmp_path):
    """Mutual TLS upstream: the backend demands a certificate, and sees the new one after a change."""
    seen = []

    def handle(wire, request, backend):
        seen.append(wire.socket.getpeercert()["subject"][0][0][1])
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    backend = backends(handle, tls=authority.server(*server_certificate, client_authority=authority))
    pairs = [authority.issue(f"gateway-{index}", client=True) for index in range(2)]
    chain, key = tmp_path / "gateway.pem", tmp_path / "gateway.key"
    replace(pairs[0][0], chain)
    replace(pairs[0][1], key)
    trust = {"ca": str(authority.file), "name": "localhost"}
    config = configuration(backend.address, upstreams={"backend": {"tls": trust}})
    gateway = gateways(config)
    ask = lambda: http1.exchange(gateway.address(), GET).status  # noqa: E731
    # TLS 1.3: the backend refuses after the handshake, which the gateway learns when it reads.
    assert ask() in (502, 504) and not seen
    config["upstreams"]["backend"]["tls"]["certificate"] = {"chain": str(chain), "key": str(key)}
    assert gateway.reload(config)["event"] == "configuration reloaded"
    assert ask() == 200 and seen == ["gateway-0"]
    replace(pairs[1][1], key)
    replace(pairs[1][0], chain)
    gateway.event(RENEWED)
    assert ask() == 200 and seen == ["gateway-0", "gateway-1"]
