"""Backends that are slow, gone, wrong or elsewhere; the pool; and what of them the client may see."""

import os
import socket
import threading
import time

import pytest

from peers import http1, yaml
from peers.assertions import is_refusal
from peers.certificates import Authority
from peers.gateway import configuration, run
from peers.processes import free_port
from peers.upstream import Scripted, echo, reply

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi"


def with_upstream(address, **settings):
    config = configuration(address)
    config["upstreams"]["backend"].update(settings)
    return config


def refused(gateway, code, reason=None, request=GET):
    gateway.log.skip()
    response = http1.exchange(gateway.address(), request)
    is_refusal(response, code)
    (line,) = gateway.log.wait(1)
    assert line["blame"] in ("upstream", "operator"), line
    if reason:
        assert line["reason"] == reason, line
    return line


# Failures, attacks 67.


def test_nobody_listens(gateways):
    gateway = gateways(with_upstream(f"127.0.0.1:{free_port()}"))
    refused(gateway, "upstream_connect_failed", "upstream_connect_failed")
    refused(gateway, "upstream_connect_failed", request=POST)


def test_a_connection_that_is_never_accepted_times_out(gateways):
    """A full backlog: the kernel drops the handshake and the connect stays pending."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(address)
            fillers.append(filler)
        gateway = gateways(with_upstream(f"127.0.0.1:{address[1]}", timeouts={"connect": "400ms"}))
        refused(gateway, "upstream_connect_timeout", "upstream_connect_timeout")
        gateway.event("upstream timed out while connecting to upstream")
        for filler in fillers:
            filler.close()


def test_an_answer_that_never_comes_times_out(gateways, backends):
    seen = threading.Event()

    def silent(wire, request, backend):
        seen.set()
        wire.expect_end()
        return False

    backend = backends(silent)
    gateway = gateways(with_upstream(backend.address, timeouts={"read": "400ms"}))
    started = time.monotonic()
    refused(gateway, "upstream_timeout", "upstream_timeout")
    assert 0.35 < time.monotonic() - started < 8
    assert len(backend.requests) == 1, "a request that was sent is not sent again"
    refused(gateway, "upstream_timeout", request=POST)
    gateway.event("upstream timed out while reading response header from upstream")


def test_a_routes_own_timeout_wins(gateways, backends):
    backend = backends(lambda wire, request, backend: wire.expect_end())
    config = with_upstream(backend.address, timeouts={"read": "30s"})
    config["routes"][0]["timeouts"] = {"read": "300ms"}
    started = time.monotonic()
    refused(gateways(config), "upstream_timeout")
    assert time.monotonic() - started < 8


def test_a_slow_answer_is_no_timeout_while_bytes_come(gateways, backends):
    """The read timeout is the time between two reads, as in nginx."""

    def slowly(wire, request, backend):
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n")
        for _ in range(8):
            time.sleep(0.15)
            wire.send(b"x")

    gateway = gateways(with_upstream(backends(slowly).address, timeouts={"read": "600ms"}))
    assert http1.exchange(gateway.address(), GET).body == b"x" * 8


def test_an_answer_that_stalls_is_cut(gateways, backends):
    def stall(wire, request, backend):
        wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
        wire.expect_end()

    gateway = gateways(with_upstream(backends(stall).address, timeouts={"read": "300ms"}))
    with pytest.raises(http1.Cut):
        http1.exchange(gateway.address(), GET)
    (line,) = gateway.log.wait(1)
    assert line["reason"] == "upstream_timeout"


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200 O", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"], ids=["nothing", "status", "head"])
@pytest.mark.parametrize("how", ["reset", "end"])
def test_an_upstream_that_leaves_before_the_head_is_a_502(gateways, backends, sent, how):
    def leave(wire, request, backend):
        if sent:
            wire.send(sent)
            time.sleep(0.05)
        if how == "reset":
            wire.reset()
        return False

    backend = backends(leave)
    gateway = gateways(with_upstream(backend.address))
    refused(gateway, "upstream_closed", "upstream_reset", request=POST)
    assert len(backend.requests) == 1, "POST is seen once"


@pytest.mark.parametrize("head", [b"Content-Length: 10", b"Transfer-Encoding: chunked"], ids=["length", "chunked"])
@pytest.mark.parametrize("how", ["reset", "end"])
def test_an_upstream_that_leaves_within_the_body_is_never_a_clean_end(gateways, backends, head, how):
    def leave(wire, request, backend):
        wire.send(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n5\r\nhello\r\n"[: 9 if b"Length" in head else 14])
        time.sleep(0.05)
        if how == "reset":
            wire.reset()
        return False

    gateway = gateways(with_upstream(backends(leave).address))
    with pytest.raises(http1.Cut):
        http1.exchange(gateway.address(), GET)
    (line,) = gateway.log.wait(1)
    assert line["reason"] == "upstream_reset" and line["blame"] == "upstream"


def test_a_head_without_end_is_a_502(gateways, backends):
    """attacks 16: and it is bounded."""

    def endless(wire, request, backend):
        wire.send(b"HTTP/1.1 200 OK\r\n")
        for index in range(20000):
            wire.socket.sendall(b"X-%d: %s\r\n" % (index, b"a" * 100))

    refused(gateways(with_upstream(backends(endless).address)), "upstream_invalid_response", "bad_upstream_response")


def test_public_and_metadata_addresses_are_errors(tmp_path):
    for address in ("8.8.8.8:80", "169.254.169.254:80", "[2001:4860:4860::8888]:80"):
        file = tmp_path / "gateway.yaml"
        file.write_text(yaml.dump(configuration(address)) + "\n")
        result = run("check", "--config", file)
        assert result.returncode == 1, (address, result)
        assert "gateway.yaml:" in result.stdout + result.stderr


# The pool.


def test_connections_are_kept_and_used_again(gateways, backends):
    backend = backends()
    gateway = gateways(with_upstream(backend.address))
    for _ in range(20):
        assert http1.exchange(gateway.address(), GET).status == 200
    assert backend.connections == 1


def test_no_connection_is_kept_where_none_is_wanted(gateways, backends):
    backend = backends()
    gateway = gateways(with_upstream(backend.address, keepAlive={"maxIdle": 0}))
    for _ in range(3):
        assert http1.exchange(gateway.address(), GET).status == 200
    assert backend.connections == 3


def test_an_idle_connection_is_closed_at_its_deadline(gateways):
    with Scripted() as upstream:
        gateway = gateways(with_upstream(upstream.address, keepAlive={"idleTimeout": "300ms"}))
        client = http1.connect(gateway.address())
        client.send(GET)
        wire = upstream.take()
        wire.read_request()
        wire.send(reply(body=b"ok"))
        assert client.read_response().status == 200
        wire.expect_end()


def stale(gateways, request, second_body=True):
    """A pooled connection whose other end closes at the very moment that the next request is on its way."""
    with Scripted() as upstream:
        gateway = gateways(with_upstream(upstream.address))
        client = http1.connect(gateway.address())
        client.send(GET)
        first = upstream.take()
        first.read_request()
        first.send(reply(body=b"one"))
        assert client.read_response().body == b"one"
        # The gateway writes into a connection that answers with nothing: it is read, then closed without a byte.
        client.send(request)
        first.read_request()
        first.close()
        try:
            second = upstream.take(1.5)
        except http1.TimedOut:
            return client.read_response(), 1
        seen = second.read_request()
        second.send(reply(body=b"two"))
        return client.read_response(), seen


def test_a_stale_connection_is_tried_once_more_for_an_idempotent_request(gateways):
    response, seen = stale(gateways, GET)
    assert response.status == 200 and response.body == b"two"
    assert seen.method == "GET"


def test_a_stale_connection_is_not_tried_again_for_post(gateways):
    response, _ = stale(gateways, POST)
    is_refusal(response, "upstream_closed")


def test_endpoints_share_by_weight(gateways, backends):
    one, two = backends(), backends()
    gateway = gateways(
        with_upstream("127.0.0.1:1", endpoints=[{"address": one.address, "weight": 3}, {"address": two.address, "weight": 1}])
    )
    wire = http1.connect(gateway.address())
    for _ in range(40):
        wire.send(GET)
        assert wire.read_response().status == 200
    assert (len(one.requests), len(two.requests)) == (30, 10)


def test_another_endpoint_is_tried_when_one_cannot_be_reached(gateways, backends):
    good = backends()
    gateway = gateways(with_upstream("127.0.0.1:1", endpoints=[f"127.0.0.1:{free_port()}", good.address]))
    statuses = [http1.exchange(gateway.address(), GET).status for _ in range(6)]
    assert statuses == [200] * 6, statuses


def test_a_saturated_upstream_is_a_503(gateways, backends):
    release = threading.Event()

    def hold(wire, request, backend):
        release.wait(10)
        wire.send(reply(body=b"ok"))

    gateway = gateways(with_upstream(backends(hold).address, maxConnections=2))
    wires = [http1.connect(gateway.address()) for _ in range(2)]
    for wire in wires:
        wire.send(GET)
    time.sleep(0.3)
    refused(gateway, "upstream_saturated", "upstream_saturated")
    release.set()
    assert [wire.read_response().status for wire in wires] == [200, 200]


# Other kinds of upstreams.


def test_a_unix_socket(gateways, backends, tmp_path):
    backend = backends(echo, path=str(tmp_path / "backend.sock"))
    assert http1.exchange(gateways(with_upstream(backend.address)).address(), GET).status == 200


def test_ipv6(gateways, backends):
    backend = backends(host="::1")
    assert http1.exchange(gateways(with_upstream(backend.address)).address(), GET).status == 200


def test_a_name(gateways, backends):
    backend = backends()
    gateway = gateways(with_upstream(f"localhost:{backend.port}"))
    assert http1.exchange(gateway.address(), GET).status == 200


def test_a_name_that_does_not_exist(gateways):
    refused(gateways(with_upstream("no-such-name.invalid:80")), "upstream_connect_failed", "dns_error")


@pytest.fixture
def secure(backends, authority):
    chain, key = authority.issue("orders.internal", label="upstream")
    return backends(echo, tls=authority.server(chain, key))


def test_tls_is_verified(gateways, secure, authority, tmp_path):
    good = {"ca": str(authority.file), "name": "orders.internal"}
    response = http1.exchange(gateways(with_upstream(secure.address, tls=good)).address(), GET)
    assert response.status == 200
    stranger = Authority(tmp_path / "stranger", "Stranger")
    for wrong in ({"ca": str(stranger.file), "name": "orders.internal"}, {"ca": str(authority.file), "name": "other.internal"}, {"name": "orders.internal"}):
        line = refused(gateways(with_upstream(secure.address, tls=wrong)), "upstream_tls_failed", "upstream_tls_failed")
        assert line["status"] == 502
    assert len(secure.requests) == 1


def test_an_unverified_upstream_must_be_asked_for(gateways, secure):
    gateway = gateways(with_upstream(secure.address, tls={"unsafeSkipVerification": True}))
    assert http1.exchange(gateway.address(), GET).status == 200


def test_an_expired_certificate_is_refused(gateways, backends, authority):
    chain, key = authority.issue("orders.internal", label="expired", started=86400 * 3, days=-1)
    backend = backends(tls=authority.server(chain, key))
    refused(gateways(with_upstream(backend.address, tls={"ca": str(authority.file), "name": "orders.internal"})), "upstream_tls_failed")


def test_a_client_certificate_is_shown(gateways, backends, authority):
    chain, key = authority.issue("orders.internal", label="mutual")
    client_chain, client_key = authority.issue("gateway.internal", client=True)
    backend = backends(tls=authority.server(chain, key, client_authority=authority))
    tls = {"ca": str(authority.file), "name": "orders.internal"}
    is_refusal(http1.exchange(gateways(with_upstream(backend.address, tls=tls)).address(), GET))
    assert not backend.requests
    tls["certificate"] = {"chain": str(client_chain), "key": str(client_key)}
    assert http1.exchange(gateways(with_upstream(backend.address, tls=tls)).address(), GET).status == 200


def test_plain_http_where_tls_is_expected(gateways, backends, authority):
    backend = backends()
    refused(gateways(with_upstream(backend.address, tls={"ca": str(authority.file), "name": "a"})), "upstream_tls_failed")


# What the client sees of a backend.


def test_a_redirect_to_the_backends_own_address_is_rewritten(gateways, nginx):
    gateway = gateways(configuration(nginx.address))
    response = http1.exchange(gateway.address(), b"GET /redirect HTTP/1.1\r\nHost: shop.test:8080\r\n\r\n")
    assert response.status == 302
    assert response.get("location") == "http://shop.test:8080/target"
    assert nginx.address not in repr(response)


def test_locations_and_cookies_that_name_the_backend(gateways, backends):
    def own(wire, request, backend):
        wire.send(
            reply(
                201,
                fields=[
                    ("Location", f"http://{backend.address}/a?b#c"),
                    ("Content-Location", f"http://{backend.address}/d"),
                    ("Set-Cookie", "a=b; Domain=127.0.0.1; Path=/"),
                    ("Set-Cookie", "c=d; Path=/"),
                ],
            )
        )

    backend = backends(own)
    response = http1.exchange(gateways(with_upstream(backend.address)).address(), GET)
    assert response.get("location") == "http://a.test/a?b#c"
    assert response.get("content-location") == "http://a.test/d"
    first, second = response.all("set-cookie")
    assert "127.0.0.1" not in first and first.startswith("a=b")
    assert second == "c=d; Path=/"


def test_a_location_elsewhere_is_left_alone(gateways, backends):
    def other(wire, request, backend):
        wire.send(reply(302, fields=[("Location", f"http://127.0.0.1:{os.getpid() % 10000 + 20000}/x?u=http://{backend.address}")]))

    backend = backends(other)
    response = http1.exchange(gateways(with_upstream(backend.address)).address(), GET)
    assert f"u=http://{backend.address}" in response.get("location")


def test_a_request_in_a_circle_is_refused(gateways):
    """Two gateways that lead to each other: the first that sees the request again answers 508, which travels back."""
    ports = [free_port(), free_port()]
    circle = []
    for own, other in (ports, reversed(ports)):
        config = with_upstream(f"127.0.0.1:{other}")
        config["listeners"]["public"]["address"] = f"127.0.0.1:{own}"
        circle.append(gateways(config))
    response = http1.exchange(circle[0].address(), GET)
    assert response.status == 508
    reasons = [line["reason"] for gateway in circle for line in gateway.log.wait(1)]
    assert reasons.count("loop_detected") == 1 and len(reasons) <= 4, reasons


def test_an_upstream_that_is_the_gateway_itself_is_an_error(tmp_path):
    port = free_port()
    config = with_upstream(f"127.0.0.1:{port}")
    config["listeners"]["public"]["address"] = f"127.0.0.1:{port}"
    (tmp_path / "gateway.yaml").write_text(yaml.dump(config) + "\n")
    result = run("check", "--config", tmp_path / "gateway.yaml")
    assert result.returncode == 1 and "address of this gateway" in result.stdout + result.stderr
