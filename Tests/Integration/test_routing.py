"""Which route, and what a route changes: precedence, CORS, header edits, rewrites, redirects, addresses and listeners."""

import pytest

from peers import http1
from peers.assertions import is_refusal
from peers.gateway import configuration, tls
from peers.upstream import echo

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"


def ask(gateway, path="/", host="a.test", method="GET", fields=(), listener="public"):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *fields]
    if method in ("POST", "PUT", "PATCH"):
        lines.append("Content-Length: 0")
    return http1.exchange(gateway.address(listener), ("\r\n".join(lines) + "\r\n\r\n").encode(), to_head=method == "HEAD")


def seen(response):
    """What the echoing backend saw: request line and fields."""
    start, *fields = response.body.decode().split("\n\n")[0].split("\n")
    return start, [tuple(field.split(": ", 1)) for field in fields]


def route(name, match, **extra):
    return {
        "name": name,
        "match": match,
        "auth": "none",
        "upstream": "backend",
        "headers": {"response": {"set": {"x-route": name}}},
        **extra,
    }


def test_precedence(gateways, backends):
    """Exact host, longest wildcard, any; then exact path, longest prefix, a regex before a prefix of equal length."""
    routes = [
        route("any", {"path": "/"}),
        route("any-users", {"path": "/users"}),
        route("any-user", {"path": {"path": "/users", "regex": "/users/[0-9]+"}}),
        route("any-exact", {"exact": "/users/me"}),
        route("wild", {"hosts": ["*.example.com"], "path": "/"}),
        route("wild-deep", {"hosts": ["*.api.example.com"], "path": "/"}),
        route("host", {"hosts": ["api.example.com"], "path": "/v1", "methods": ["GET"]}),
        route("host-post", {"hosts": ["api.example.com"], "path": "/v1", "methods": ["POST"]}),
        route("header", {"path": "/h", "headers": {"x-version": "2"}}),
        route("query", {"path": "/q", "query": {"debug": "1"}}),
    ]
    gateway = gateways(configuration(backends().address, routes=routes))
    for host, path, method, fields, expected in [
        ("other.test", "/", "GET", (), "any"),
        ("other.test", "/users", "GET", (), "any-users"),
        ("other.test", "/users/", "GET", (), "any-users"),
        ("other.test", "/users/12", "GET", (), "any-user"),
        ("other.test", "/users/12/x", "GET", (), "any-users"),
        ("other.test", "/users/me", "GET", (), "any-exact"),
        ("other.test", "/usersX", "GET", (), "any"),
        ("www.example.com", "/users/12", "GET", (), "wild"),
        ("a.b.example.com", "/", "GET", (), "wild"),
        ("x.api.example.com", "/", "GET", (), "wild-deep"),
        ("api.example.com", "/v1/x", "GET", (), "host"),
        ("api.example.com", "/v1/x", "POST", (), "host-post"),
        ("API.example.com:8080", "/v1", "GET", (), "host"),
        ("example.com", "/", "GET", (), "any"),
        ("other.test", "/h", "GET", ["X-Version: 2"], "header"),
        ("other.test", "/q?debug=1&x=y", "GET", (), "query"),
    ]:
        response = ask(gateway, path, host, method, fields)
        assert response.get("x-route") == expected, (host, path, method)
    # An exact host whose paths do not match is not left for a wildcard.
    for host, path, fields in [("api.example.com", "/other", ()), ("other.test", "/h", ["X-Version: 3"]), ("other.test", "/q?debug=2", ())]:
        response = ask(gateway, path, host, fields=fields)
        assert response.status == 404 or response.get("x-route") in ("wild", "any")


def test_default_deny(gateways, backends):
    backend = backends()
    gateway = gateways(configuration(backend.address, routes=[route("only", {"hosts": ["api.example.com"], "path": "/v1"})]))
    for host, path in [("api.example.com", "/"), ("api.example.com", "/v2"), ("other.test", "/v1")]:
        is_refusal(ask(gateway, path, host), "no_route")
    assert not backend.requests


@pytest.mark.parametrize("pattern, subject", [("/(a+)+b", "/" + "a" * 5000), ("/(x|x)*y", "/" + "x" * 5000)])
def test_a_pattern_that_explodes_is_bounded_and_closed(gateways, backends, pattern, subject):
    backend = backends()
    gateway = gateways(configuration(backend.address, routes=[route("regex", {"path": {"path": "/", "regex": pattern}})]))
    assert ask(gateway, subject).status in (404, 500, 503)
    assert not backend.requests
    assert ask(gateway, "/aab" if "a+" in pattern else "/xy").status == 200


# What a route changes.


def test_rewrites(gateways, backends):
    backend = backends(echo)
    routes = [
        route("prefix", {"path": "/orders"}, rewrite={"prefix": "/v2/orders"}),
        route("root", {"path": "/strip"}, rewrite={"prefix": "/"}),
        route("host", {"path": "/host"}, rewrite={"host": "upstream"}),
        route("fixed", {"path": "/fixed"}, rewrite={"host": "orders.internal"}),
    ]
    gateway = gateways(configuration(backend.address, routes=routes))
    for path, target in [
        ("/orders", "/v2/orders"),
        ("/orders/1?x=%2F", "/v2/orders/1?x=%2F"),
        ("/orders/", "/v2/orders/"),
        ("/strip", "/"),
        ("/strip/a", "/a"),
    ]:
        start, fields = seen(ask(gateway, path))
        assert start == f"GET {target} HTTP/1.1", path
        assert dict(fields)["host"] == "a.test"
    assert dict(seen(ask(gateway, "/host"))[1])["host"] == backend.address
    assert dict(seen(ask(gateway, "/fixed"))[1])["host"] == "orders.internal"
    _, fields = seen(ask(gateway, "/fixed"))
    assert dict(fields)["x-forwarded-host"] == "a.test"


def test_a_location_below_a_rewritten_prefix_leads_back(gateways, nginx):
    gateway = gateways(configuration(nginx.address, routes=[route("r", {"path": "/shop"}, rewrite={"prefix": "/"})]))
    response = ask(gateway, "/shop/redirect")
    assert response.status == 302
    assert response.get("location").startswith("http://a.test/") and nginx.address not in response.get("location")


def test_header_edits(gateways, backends):
    edits = {
        "request": {"set": {"x-set": "new", "x-added": "yes"}, "remove": ["x-gone", "user-agent"]},
        "response": {"set": {"cache-control": "no-store"}, "remove": ["content-type"]},
    }
    gateway = gateways(configuration(backends(echo).address, routes=[{**route("r", {"path": "/"}), "headers": edits}]))
    response = ask(gateway, fields=["X-Set: old", "X-Set: older", "X-Gone: 1", "X-Gone: 2", "User-Agent: me", "X-Kept: yes"])
    _, fields = seen(response)
    assert [value for name, value in fields if name.lower() == "x-set"] == ["new"]
    names = {name.lower() for name, _ in fields}
    assert "x-added" in names and "x-kept" in names and not names & {"x-gone", "user-agent"}
    assert response.get("cache-control") == "no-store" and "content-type" not in response


CORS = {
    "origins": ["https://app.example.com"],
    "methods": ["GET", "POST"],
    "headers": ["authorization", "x-own"],
    "credentials": True,
    "maxAge": "10m",
    "exposedHeaders": ["x-total"],
}


@pytest.fixture
def shared(gateways, backends):
    backend = backends()
    config = configuration(
        backend.address,
        routes=[route("cors", {"path": "/"}, cors=CORS, auth={"anyOf": ["staff"]}), route("open", {"path": "/open"}, cors=CORS)],
    )
    config["identities"] = {"staff": {"jwt": {"issuer": "https://idp.example.test", "audiences": ["a"], "jwks": "http://127.0.0.1:9/jwks"}}}
    return gateways(config), backend


def preflight(gateway, origin="https://app.example.com", method="POST", headers="x-own", path="/"):
    fields = [f"Origin: {origin}", f"Access-Control-Request-Method: {method}"]
    if headers:
        fields.append(f"Access-Control-Request-Headers: {headers}")
    return ask(gateway, path, method="OPTIONS", fields=fields)


def test_preflights_are_answered_before_identity(shared):
    gateway, backend = shared
    response = preflight(gateway)
    assert response.status in (200, 204)
    assert response.get("access-control-allow-origin") == "https://app.example.com"
    assert response.get("access-control-allow-credentials") == "true"
    assert "POST" in response.get("access-control-allow-methods")
    assert "x-own" in response.get("access-control-allow-headers").lower()
    assert response.get("access-control-max-age") == "600"
    assert "origin" in response.get("vary").lower()
    assert not backend.requests
    assert gateway.log.wait(1)[0]["reason"] == "cors_preflight"


@pytest.mark.parametrize(
    "options",
    [
        {"origin": "https://evil.example"},
        {"origin": "https://app.example.com.evil.example"},
        {"origin": "http://app.example.com"},
        {"origin": "https://app.example.com:8443"},
        {"origin": "null"},
        {"method": "DELETE"},
        {"headers": "x-other"},
    ],
)
def test_preflights_that_are_not_granted(shared, options):
    gateway, backend = shared
    response = preflight(gateway, **options)
    granted = (
        response.get("access-control-allow-origin") == options.get("origin", "https://app.example.com")
        and options.get("method", "POST") in (response.get("access-control-allow-methods") or "")
        and options.get("headers", "x-own") in (response.get("access-control-allow-headers") or "").lower()
    )
    assert not granted, response
    assert response.get("access-control-allow-origin") != "*"
    assert not backend.requests


def test_answers_and_refusals_are_readable_for_the_origin(shared):
    gateway, _ = shared
    response = ask(gateway, "/open", fields=["Origin: https://app.example.com"])
    assert response.get("access-control-allow-origin") == "https://app.example.com"
    assert response.get("access-control-expose-headers").lower() == "x-total"
    assert "origin" in response.get("vary").lower()
    refused = ask(gateway, fields=["Origin: https://app.example.com"])
    is_refusal(refused, "credentials_missing")
    assert refused.get("access-control-allow-origin") == "https://app.example.com"
    other = ask(gateway, "/open", fields=["Origin: https://evil.example"])
    assert "access-control-allow-origin" not in other


def test_a_backends_own_grants_do_not_pass_where_the_gateway_grants(gateways, backends):
    from peers.upstream import reply

    def generous(wire, request, backend):
        wire.send(reply(fields=[("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Credentials", "true")]))

    gateway = gateways(configuration(backends(generous).address, routes=[route("r", {"path": "/"}, cors=CORS)]))
    assert ask(gateway, fields=["Origin: https://evil.example"]).all("access-control-allow-origin") == []
    good = ask(gateway, fields=["Origin: https://app.example.com"])
    assert good.all("access-control-allow-origin") == ["https://app.example.com"]


# Listeners.


def test_redirect_to_https(gateways, backends, server_certificate):
    backend = backends()
    config = configuration(backend.address)
    config["listeners"] = {
        "public": tls(server_certificate),
        "plain": {"address": "127.0.0.1:0", "redirectToHTTPS": True},
    }
    gateway = gateways(config)
    response = ask(gateway, "/a/b?c=d", host="api.example.test", listener="plain")
    assert response.status in (301, 307, 308)
    location = response.get("location")
    port = gateway.address().rsplit(":", 1)[1]
    assert location in ("https://api.example.test/a/b?c=d", f"https://api.example.test:{port}/a/b?c=d")
    assert not backend.requests
    # Never an open redirect: what is no host is no redirect.
    assert ask(gateway, "/", host="evil.test/x", listener="plain").status == 400
    assert ask(gateway, "//evil.test", host="a.test", listener="plain").status in (301, 307, 308, 400)


def test_denied_addresses_are_closed_before_a_byte_is_read(gateways, backends):
    backend = backends()
    config = configuration(backend.address)
    config["listeners"]["public"]["deny"] = ["127.0.0.2/32"]
    config["listeners"]["narrow"] = {"address": "127.0.0.1:0", "allow": ["127.0.0.3"]}
    gateway = gateways(config)

    def from_(address, listener):
        try:
            wire = http1.connect(gateway.address(listener), source=address)
            wire.send(GET)
            return wire.read_response().status
        except (http1.Cut, OSError):
            return None

    assert from_("127.0.0.1", "public") == 200
    assert from_("127.0.0.2", "public") is None
    assert from_("127.0.0.1", "narrow") is None
    assert from_("127.0.0.3", "narrow") == 200
    assert len(backend.requests) == 2


def test_ipv6_and_unix_listeners(gateways, backends, tmp_path):
    config = configuration(backends(echo).address)
    config["listeners"] = {"six": {"address": "[::1]:0"}, "local": {"address": f"unix:{tmp_path}/public.sock"}}
    gateway = gateways(config)
    _, fields = seen(ask(gateway, listener="six"))
    assert dict(fields)["x-forwarded-for"] == "::1"
    assert 'for="[::1]' in dict(fields)["forwarded"]
    assert ask(gateway, listener="local").status == 200


def test_forwarding_fields_of_trusted_proxies_are_believed(gateways, backends):
    config = configuration(backends(echo).address)
    config["listeners"]["public"]["clientAddress"] = {"from": "x-forwarded-for", "trusted": ["127.0.0.0/8"]}
    gateway = gateways(config)
    response = ask(gateway, fields=["X-Forwarded-For: 198.51.100.9, 203.0.113.7, 127.0.0.5", "X-Request-Id: from-the-proxy"])
    fields = dict(seen(response)[1])
    assert fields["x-forwarded-for"].endswith("203.0.113.7, 127.0.0.5, 127.0.0.1") or fields["x-forwarded-for"].endswith("203.0.113.7")
    line = gateway.log.wait(1)[0]
    assert line["client"].startswith("203.0.113.7")
    assert line["id"] == response.get("x-request-id")
    bad = ask(gateway, fields=["X-Forwarded-For: nonsense"])
    assert bad.status in (200, 400)


def test_forwarding_fields_of_a_tls_listener(gateways, backends, server_certificate, authority):
    config = configuration(backends(echo).address)
    config["listeners"] = {"public": tls(server_certificate)}
    gateway = gateways(config)
    response = http1.exchange(gateway.address(), b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", authority.client(), "localhost")
    fields = dict(seen(response)[1])
    assert fields["x-forwarded-proto"] == "https" and "proto=https" in fields["forwarded"]
