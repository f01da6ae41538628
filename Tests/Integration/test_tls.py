"""TLS towards clients: versions, names, certificates, ALPN, deadlines and the rotation of certificates."""

import os
import shutil
import socket
import ssl
import subprocess
import time

import pytest
from sslyze import (
    Scanner,
    ScanCommand,
    ServerNetworkConfiguration,
    ServerNetworkLocation,
    ServerScanRequest,
)

from peers import http1
from peers.assertions import is_refusal
from peers.gateway import NOT_RELOADED, RELOADED, configuration, run, tls
from peers.processes import descriptors, eventually

GET = b"GET / HTTP/1.1\r\nHost: api.example.test\r\n\r\n"


@pytest.fixture(scope="module")
def certificates(authority):
    return {
        "api": authority.issue("api.example.test"),
        "shop": authority.issue("shop.example.test"),
        "wildcard": authority.issue("*.wild.example.test"),
    }


@pytest.fixture
def backend(backends):
    return backends()


@pytest.fixture
def gateway(gateways, backend, certificates):
    config = configuration(backend.address)
    config["listeners"] = {"public": tls(*certificates.values())}
    return gateways(config)


def handshake(gateway, context, name):
    """The connection and the DNS names of the certificate shown."""
    wire = http1.connect(gateway.address(), context, name)
    certificate = wire.socket.getpeercert()
    return wire, [value for kind, value in certificate["subjectAltName"] if kind == "DNS"]


def test_sslyze_finds_tls_1_3_and_nothing_else(gateway):
    """attacks 82: no older version, no weak suite, no early data."""
    host, port = gateway.address().split(":")
    request = ServerScanRequest(
        server_location=ServerNetworkLocation(hostname="api.example.test", ip_address=host, port=int(port)),
        network_configuration=ServerNetworkConfiguration(tls_server_name_indication="api.example.test"),
        scan_commands={
            ScanCommand.SSL_2_0_CIPHER_SUITES,
            ScanCommand.SSL_3_0_CIPHER_SUITES,
            ScanCommand.TLS_1_0_CIPHER_SUITES,
            ScanCommand.TLS_1_1_CIPHER_SUITES,
            ScanCommand.TLS_1_2_CIPHER_SUITES,
            ScanCommand.TLS_1_3_CIPHER_SUITES,
            ScanCommand.TLS_1_3_EARLY_DATA,
            ScanCommand.TLS_COMPRESSION,
        },
    )
    scanner = Scanner()
    scanner.queue_scans([request])
    (scan,) = scanner.get_results()
    assert scan.scan_result is not None, scan
    accepted = {}
    for name in ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1", "tls_1_2", "tls_1_3"):
        attempt = getattr(scan.scan_result, f"{name}_cipher_suites")
        assert attempt.result is not None, attempt.error_trace
        accepted[name] = {suite.cipher_suite.name for suite in attempt.result.accepted_cipher_suites}
    suites = accepted.pop("tls_1_3")
    assert "TLS_AES_128_GCM_SHA256" in suites and "TLS_AES_256_GCM_SHA384" in suites
    assert not any(accepted.values()), accepted
    assert scan.scan_result.tls_1_3_early_data.result.supports_early_data is False
    assert scan.scan_result.tls_compression.result.supports_compression is False


def test_the_server_name_chooses_the_certificate(gateway, authority):
    for name, shown in [
        ("api.example.test", "api.example.test"),
        ("SHOP.example.test", "shop.example.test"),
        ("a.wild.example.test", "*.wild.example.test"),
    ]:
        wire, names = handshake(gateway, authority.client(), name)
        assert names == [shown]
        wire.send(f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
        assert wire.read_response().status == 200
        wire.close()


def test_no_server_name_gets_the_default_certificate(gateway, authority):
    context = authority.client()
    context.check_hostname = False
    _, names = handshake(gateway, context, None)
    assert names == ["api.example.test"]


def test_an_unknown_server_name_is_refused(gateway, authority):
    with pytest.raises(ssl.SSLError):
        http1.connect(gateway.address(), authority.client(), "unknown.example.test")
    with pytest.raises(ssl.SSLError):
        http1.connect(gateway.address(), authority.client(), "wild.example.test")
    assert gateway.metrics().sum("portcullis_tls_handshakes_total", listener="public") >= 2


def test_a_host_that_the_certificate_does_not_cover_is_misdirected(gateway, authority, backend):
    """attacks 39"""
    wire, _ = handshake(gateway, authority.client(), "api.example.test")
    wire.send(b"GET / HTTP/1.1\r\nHost: other.example.org\r\n\r\n")
    is_refusal(wire.read_response(), "misdirected_request")
    assert not backend.requests
    (line,) = gateway.log.wait(1)
    assert line["reason"] == "sni_host_mismatch"
    # The connection is good for the host that it was made for.
    wire.send(GET)
    assert wire.read_response().status == 200


def test_the_protocol_is_negotiated(gateway, authority):
    wire, _ = handshake(gateway, authority.client(alpn=["h3", "http/1.1"]), "api.example.test")
    assert wire.socket.selected_alpn_protocol() == "http/1.1"
    wire, _ = handshake(gateway, authority.client(alpn=None), "api.example.test")
    assert wire.socket.selected_alpn_protocol() is None
    wire.send(GET)
    assert wire.read_response().status == 200


def test_no_common_protocol_is_refused(gateway, authority, backend):
    """After the handshake at the latest; no request is read on such a connection."""
    try:
        wire = http1.connect(gateway.address(), authority.client(alpn=["imap"]), "api.example.test")
        wire.send(GET)
        wire.expect_end()
    except OSError:
        pass
    assert not backend.requests


def test_tls_answers_carry_hsts(gateway, authority):
    response = http1.exchange(gateway.address(), GET, authority.client(), "api.example.test")
    assert response.get("strict-transport-security").startswith("max-age=")


def test_the_access_log_tells_the_connection(gateway, authority):
    http1.exchange(gateway.address(), GET, authority.client(), "api.example.test")
    (line,) = gateway.log.wait(1)
    assert line["sni"] == "api.example.test"
    assert "1.3" in str(line["tls"])


def test_plain_http_on_the_tls_port_ends(gateway, backend):
    wire = http1.connect(gateway.address())
    wire.send(GET)
    while wire.fill():
        pass
    assert not bytes(wire.buffer).startswith(b"HTTP/1.1 200")
    assert not backend.requests


def test_a_stalled_handshake_is_closed_at_its_deadline(gateways, backend, certificates):
    """attacks 63: the deadline is a total, byte by byte gains nothing."""
    config = configuration(backend.address)
    config["listeners"] = {"public": tls(certificates["api"], timeouts={"handshake": "700ms"})}
    gateway = gateways(config)
    wires = [http1.connect(gateway.address()) for _ in range(20)]
    started = time.monotonic()
    for index in range(30):
        for wire in wires[:10]:
            try:
                wire.socket.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[index : index + 1] or b"\0")
            except OSError:
                pass
        time.sleep(0.02)
    for wire in wires:
        wire.expect_end()
    assert time.monotonic() - started < 7
    wire = http1.connect(gateway.address())
    wire.close()


def test_a_hello_of_16_kilobytes_and_garbage_do_no_harm(gateway, authority):
    """attacks 82"""
    for data in (b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03" + b"\xff" * 16370, b"\x16\x03\x03\xff\xff" + b"\0" * 70000, b"\x80\x80\x01" * 50):
        wire = http1.connect(gateway.address())
        wire.send(data)
        try:
            wire.half_close()
            wire.expect_end()
        except (AssertionError, OSError):
            pass
        wire.close()
    wire, _ = handshake(gateway, authority.client(), "api.example.test")
    wire.close()


def test_a_hello_split_over_many_segments_still_chooses_by_name(gateway, authority):
    """The server name is read from the whole hello, however it arrives."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    stream = authority.client().wrap_bio(incoming, outgoing, server_hostname="shop.example.test")
    with pytest.raises(ssl.SSLWantReadError):
        stream.do_handshake()
    hello = outgoing.read()
    # The handshake message in many records: RFC 8446 §5.1 allows any split.
    message = hello[5:]
    records = b"".join(
        b"\x16\x03\x01" + len(message[index : index + 60]).to_bytes(2, "big") + message[index : index + 60]
        for index in range(0, len(message), 60)
    )
    host, port = gateway.address().split(":")
    with socket.create_connection((host, int(port)), timeout=10) as sock:
        for index in range(0, len(records), 37):
            sock.sendall(records[index : index + 37])
            time.sleep(0.001)
        while True:
            try:
                data = sock.recv(65536)
                assert data, "refused"
                incoming.write(data)
                stream.do_handshake()
                break
            except ssl.SSLWantReadError:
                continue
        names = [value for _, value in stream.getpeercert()["subjectAltName"]]
        assert names == ["shop.example.test"]


def test_curl_agrees(gateway, authority):
    host, port = gateway.address().split(":")
    result = subprocess.run(
        ["curl", "-sS", "--cacert", str(authority.file), "--resolve", f"api.example.test:{port}:{host}",
         "-w", "%{http_code} %{ssl_verify_result} %{http_version}", "-o", os.devnull, f"https://api.example.test:{port}/"],
        capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    assert result.stdout == "200 0 2", result


def test_a_key_that_others_can_read_is_an_error(tmp_path, authority):
    chain, key = authority.issue("loose.example.test", mode=0o644)
    config = tmp_path / "gateway.yaml"
    config.write_text(
        f"""version: 1
listeners:
  public:
    address: 127.0.0.1:0
    tls: {{ certificates: [{{ chain: {chain}, key: {key} }}] }}
upstreams: {{ a: {{ endpoints: [127.0.0.1:9] }} }}
routes: [{{ name: a, match: {{ path: / }}, auth: none, upstream: a }}]
"""
    )
    result = run("check", "--config", config)
    assert result.returncode == 1
    assert "chmod 600" in result.stdout + result.stderr


def test_a_rotated_certificate_is_served_after_a_reload(gateways, backend, authority, tmp_path):
    """attacks 73: new handshakes get the new one, open connections stay, a bad pair changes nothing."""
    chain, key = tmp_path / "tls.pem", tmp_path / "tls.key"

    def install(pair):
        shutil.copy(pair[0], chain)
        shutil.copy(pair[1], key)

    first, second = (authority.issue("api.example.test", label=f"rotated-{n}") for n in (1, 2))
    install(first)
    config = configuration(backend.address)
    config["listeners"] = {"public": tls((chain, key))}
    gateway = gateways(config)

    def serial():
        wire = http1.connect(gateway.address(), authority.client(), "api.example.test")
        try:
            return wire.socket.getpeercert()["serialNumber"], wire
        except ValueError:
            raise AssertionError("no certificate") from None

    before, old = serial()
    expiry = gateway.metrics().sum("portcullis_certificate_not_after_timestamp_seconds")
    assert expiry > time.time()
    install(second)
    assert gateway.reload()["event"] == RELOADED
    after, _ = serial()
    assert after != before
    old.send(GET)
    assert old.read_response().status == 200
    # The key of another certificate: the reload is refused, what runs goes on.
    shutil.copy(first[1], key)
    assert gateway.reload()["event"] == NOT_RELOADED
    assert serial()[0] == after


def test_a_client_that_closes_without_a_word_leaves_no_descriptor(gateway, authority):
    (worker,) = gateway.workers()
    handshake(gateway, authority.client(), "api.example.test")[0].close()
    before = descriptors(worker)
    for _ in range(50):
        wire, _ = handshake(gateway, authority.client(), "api.example.test")
        wire.reset()
    eventually(lambda: descriptors(worker) <= before + 2, what="descriptors given back")

