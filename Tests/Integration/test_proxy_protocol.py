"""The PROXY protocol on listeners (attacks 43): HAProxy in front, and headers byte by byte."""

import ipaddress
import socket
import ssl
import struct

import pytest

from peers import http1
from peers.gateway import configuration, run, tls
from peers.haproxy import HAProxy
from peers.processes import eventually
from peers.upstream import reply
from peers.yaml import dump

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
REFUSED = "connection refused before a request"


def version_2(source="192.0.2.1", port=49152, command=0x21, tlvs=b"", length=None):
    """A header of version 2 for a TCP connection from `source`."""
    address = ipaddress.ip_address(source)
    family = 0x11 if address.version == 4 else 0x21
    rest = address.packed * 2 + struct.pack(">HH", port, 443) + tlvs
    return SIGNATURE + struct.pack(">BBH", command, family, len(rest) if length is None else length) + rest


@pytest.fixture
def backend(backends):
    def echo(wire, request, backend):
        wire.send(reply(body="\n".join(f"{name}: {value}" for name, value in request.fields).encode()))

    return backends(echo)


@pytest.fixture
def settings(backend):
    """One plain listener that believes 127.0.0.1 alone."""
    config = configuration(backend.address)
    config["listeners"]["public"]["proxyProtocol"] = {"from": ["127.0.0.1/32"]}
    return config


@pytest.fixture
def haproxies(tmp_path):
    started = []

    def start(server, options, backend=""):
        started.append(HAProxy(server, options, backend, directory=tmp_path / f"haproxy-{len(started)}"))
        return started[-1]

    yield start
    for proxy in started:
        proxy.stop()


def ask(address, sent=GET, **options):
    """What the gateway answers to these bytes; None where it closes without a word."""
    wire = http1.connect(address, **options)
    try:
        wire.send(sent)
        return wire.read_response()
    except (http1.Cut, http1.Malformed):
        assert not wire.buffer, bytes(wire.buffer)
        return None
    finally:
        wire.close()


def refused(gateway, **fields):
    return gateway.event(REFUSED, reason="proxy_proto", listener="public", **fields)


@pytest.mark.parametrize("options", ["send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options unique-id,crc32c"])
def test_haproxy_names_the_client(gateways, settings, haproxies, options):
    gateway = gateways(settings)
    front = haproxies(gateway.address(), options, "unique-id-format %[uuid()]" if "unique" in options else "")
    wire = http1.connect(front.address, source="127.0.0.5")
    for _ in range(2):
        wire.send(GET)
        body = wire.read_response().body.decode()
        assert "x-forwarded-for: 127.0.0.5" in body and 'for=127.0.0.5' in body
    assert {line["client"] for line in gateway.log.wait(2)} == {"127.0.0.5"}


@pytest.mark.parametrize("options", ["send-proxy", "send-proxy-v2", "send-proxy-v2-ssl"])
def test_haproxy_names_the_client_ahead_of_tls(gateways, settings, haproxies, server_certificate, authority, options):
    settings["listeners"] = {"public": tls(server_certificate, proxyProtocol={"from": ["127.0.0.1/32"]})}
    gateway = gateways(settings)
    front = haproxies(gateway.address(), options)
    for alpn, protocol in (("http/1.1", "HTTP/1.1"), (None, "HTTP/1.1")):
        context = authority.client([alpn] if alpn else ())
        response = ask(front.address, tls=context, server_name="localhost", source="127.0.0.6")
        assert response.status == 200 and b"x-forwarded-for: 127.0.0.6" in response.body
        line = gateway.log.wait(1)[-1]
        assert line["client"] == "127.0.0.6" and line["sni"] == "localhost" and line["tls"] == "TLSv1.3"
        assert line["protocol"] == protocol


def test_a_client_of_ipv6_is_named(gateways, settings, haproxies):
    gateway = gateways(settings)
    front = haproxies(gateway.address(), "send-proxy-v2")
    assert ask(f"[::1]:{front.port}").status == 200
    assert gateway.log.wait(1)[0]["client"] == "::1"


def test_health_checks_of_haproxy_are_served_with_its_own_address(gateways, settings, haproxies):
    """LOCAL: the connection is the load balancer's own."""
    gateway = gateways(settings)
    haproxies(
        gateway.address(),
        "send-proxy-v2 check check-send-proxy inter 100ms",
        "option httpchk GET /health\nhttp-check send hdr Host localhost",
    )
    lines = gateway.log.wait(2)
    assert {line["client"] for line in lines} == {"127.0.0.1"}
    assert {line["path"] for line in lines} == {"/health"} and {line["status"] for line in lines} == {200}


def test_a_header_that_drips_in_and_one_with_the_request_are_the_same(gateways, settings):
    gateway = gateways(settings)
    for header in (b"PROXY TCP4 192.0.2.7 198.51.100.1 5 443\r\n", version_2("192.0.2.7", tlvs=b"\x04\0\x02ab")):
        assert ask(gateway.address(), header + GET).status == 200
        wire = http1.connect(gateway.address())
        for index in range(len(header)):
            wire.send(header[index : index + 1])
        wire.send(GET)
        assert wire.read_response().status == 200
        wire.close()
    assert {line["client"] for line in gateway.log.wait(4)} == {"192.0.2.7"}


def test_header_and_client_hello_in_one_write(gateways, settings, server_certificate, authority):
    settings["listeners"] = {"public": tls(server_certificate, proxyProtocol={"from": ["127.0.0.1/32"]})}
    gateway = gateways(settings)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = authority.client().wrap_bio(incoming, outgoing, server_hostname="localhost")
    wire = http1.connect(gateway.address())
    ahead = version_2("2001:db8::7")
    while True:
        try:
            session.do_handshake()
            break
        except ssl.SSLWantReadError:
            wire.send(ahead + outgoing.read())
            ahead = b""
            assert wire.fill()
            incoming.write(bytes(wire.buffer))
            wire.buffer.clear()
    session.write(GET)
    wire.send(outgoing.read())
    (line,) = gateway.log.wait(1)
    assert line["client"] == "2001:db8::7" and line["status"] == 200
    wire.close()


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(GET, id="missing"),
        pytest.param(b"PROXY TCP4 192.0.2.1 198.51.100.1 1\r\n" + GET, id="malformed"),
        pytest.param(b"PROXY " + b"A" * 200, id="a line too long"),
        pytest.param(version_2(length=65535) + b"\x04\xff\xf0" + bytes(65520), id="64 KB of TLVs"),
        pytest.param(version_2(tlvs=b"\x04\x00\x09ab") + GET, id="a TLV beyond the end"),
        pytest.param(version_2(command=0x22) + GET, id="an unknown command"),
    ],
)
def test_a_believed_peer_without_a_sound_header_is_closed_before_http(gateways, settings, backend, sent):
    """attacks 43"""
    gateway = gateways(settings)
    try:
        assert ask(gateway.address(), sent) is None
    except OSError:
        pass  # reset, since it was still sending
    refused(gateway, client="127.0.0.1")
    assert not backend.requests and not gateway.log.lines()


def test_a_truncated_header_ends_at_the_deadline(gateways, settings, backend):
    """attacks 43"""
    settings["listeners"]["public"]["timeouts"] = {"handshake": "400ms"}
    gateway = gateways(settings)
    wires = [http1.connect(gateway.address()) for _ in range(2)]
    wires[0].send(version_2()[:20])
    for wire in wires:
        wire.expect_end()
    refused(gateway)
    assert not backend.requests


@pytest.mark.parametrize("header", [b"PROXY TCP4 192.0.2.1 198.51.100.1 1 2\r\n", b"PROXY UNKNOWN\r\n", version_2()])
def test_a_header_of_a_stranger_is_closed_before_http(gateways, settings, backend, header):
    """attacks 43"""
    gateway = gateways(settings)
    assert ask(gateway.address(), header + GET, source="127.0.0.9") is None
    refused(gateway, client="127.0.0.9")
    assert not backend.requests
    # Without one the stranger is a client like any other.
    assert ask(gateway.address(), source="127.0.0.9").status == 200
    assert gateway.log.wait(1)[0]["client"] == "127.0.0.9"


def test_a_header_of_a_stranger_ahead_of_tls_is_closed(gateways, settings, server_certificate):
    """attacks 43"""
    settings["listeners"] = {"public": tls(server_certificate, proxyProtocol={"from": ["127.0.0.1/32"]})}
    gateway = gateways(settings)
    assert ask(gateway.address(), version_2() + b"\x16\x03\x01\x00", source="127.0.0.9") is None
    refused(gateway, client="127.0.0.9")


def test_allow_and_deny_judge_the_client_that_the_header_names(gateways, settings, backend):
    settings["listeners"]["public"].update(allow=["192.0.2.0/24"], deny=["192.0.2.9/32"])
    gateway = gateways(settings)
    assert ask(gateway.address(), version_2("192.0.2.8") + GET).status == 200
    for denied in ("192.0.2.9", "198.51.100.1", "::ffff:192.0.2.9"):
        try:
            assert ask(gateway.address(), version_2(denied) + GET) is None
        except OSError:
            pass
    assert ask_is_reset(gateway.address())
    gateway.event(REFUSED, reason="address_denied", client="192.0.2.9")
    gateway.event(REFUSED, reason="address_denied", client="127.0.0.9")
    assert len(backend.requests) == 1


def ask_is_reset(address):
    """A stranger whose own address is not allowed."""
    try:
        return ask(address, source="127.0.0.9") is None
    except OSError:
        return True


def test_limits_count_the_client_that_the_header_names(gateways, settings):
    settings["limits"] = {"perClient": {"key": "client.address", "rate": "1/min", "burst": 1}}
    settings["routes"][0]["limits"] = ["perClient"]
    gateway = gateways(settings)
    statuses = [ask(gateway.address(), version_2(f"192.0.2.{host}") + GET).status for host in (1, 1, 1, 2, 2, 2)]
    assert statuses == [200, 200, 429] * 2


def test_forwarding_fields_are_believed_from_the_hop_that_the_header_names(gateways, settings):
    """A chain: the proxy at 192.0.2.1 is believed, the load balancer's own address is not asked."""
    settings["listeners"]["public"]["clientAddress"] = {"from": "x-forwarded-for", "trusted": ["192.0.2.1/32"]}
    gateway = gateways(settings)
    sent = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 203.0.113.5\r\n\r\n"
    assert ask(gateway.address(), version_2("192.0.2.1") + sent).status == 200
    assert ask(gateway.address(), version_2("192.0.2.2") + sent).status == 200
    assert [line["client"] for line in gateway.log.wait(2)] == ["203.0.113.5", "192.0.2.2"]


def test_a_probe_of_the_port_is_no_event(gateways, settings):
    gateway = gateways(settings)
    for _ in range(3):
        socket.create_connection(("127.0.0.1", int(gateway.address().rpartition(":")[2]))).close()
    eventually(lambda: gateway.metrics().sum("portcullis_connections", listener="public") == 0, what="all gone")
    assert not [event for event in gateway.events if event.get("event") == REFUSED]


def test_check_lists_a_header_of_everybody_as_a_waiver(settings, tmp_path):
    settings["listeners"]["public"]["proxyProtocol"] = {"from": ["0.0.0.0/0"]}
    file = tmp_path / "gateway.yaml"
    file.write_text(dump(settings) + "\n")
    done = run("check", "--config", file)
    assert done.returncode == 0 and "waiver: listener 'public' takes the client's address from a PROXY header" in (
        done.stdout + done.stderr
    )
    settings["listeners"]["public"].update(address=f"unix:{tmp_path}/s.sock", proxyProtocol={"from": ["127.0.0.1/32"]})
    file.write_text(dump(settings) + "\n")
    done = run("check", "--config", file)
    assert done.returncode == 1 and "its peers have no address to believe" in done.stdout + done.stderr
