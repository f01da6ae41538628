"""What is written down: log lines that nobody can forge, no secrets, bounded metrics, and interfaces of their own (attacks 76 to 79)."""

import json
import os
import subprocess

import pytest

from peers import http1
from peers.assertions import is_log_line, is_refusal
from peers.gateway import NOT_RELOADED, configuration, tls
from peers.processes import eventually
from peers.upstream import reply

GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"


@pytest.fixture
def gateway(gateways, backends):
    config = configuration(backends().address)
    config["routes"].append({"name": "only", "match": {"path": "/only", "methods": ["GET"]}, "auth": "none", "upstream": "backend"})
    return gateways(config)


def test_a_line_tells_the_whole_exchange(gateway):
    http1.exchange(gateway.address(), b"POST /a/b?secret=1 HTTP/1.1\r\nHost: A.test:80\r\nContent-Length: 5\r\n\r\nhello")
    (line,) = gateway.log.wait(1)
    is_log_line(line, "ok")
    assert line["client"].startswith("127.0.0.1")
    assert line["listener"] == "public" and line["route"] == "all" and line["method"] == "POST"
    assert line["host"].lower().startswith("a.test") and line["path"] == "/a/b"
    assert line["protocol"] in ("http/1.1", "HTTP/1.1")
    assert line["status"] == 200 and line["upstream"] == "backend"
    assert line["bytes_in"] >= 5 and line["bytes_out"] > 0
    assert line["duration_ms"] >= 0 and line["upstream_ms"] >= 0
    assert len(line["revision"]) >= 8
    assert "secret" not in json.dumps(line)


def test_the_same_id_everywhere(gateway, backends):
    response = http1.exchange(gateway.address(), b"GET /nowhere HTTP/1.1\r\nHost: a.test\r\nX-Request-Id: mine\r\n\r\n")
    (line,) = gateway.log.wait(1)
    assert line["id"] == response.get("x-request-id") != "mine"


def test_injection_attacks_76(gateway):
    """Whatever a client sends, a request is one line of JSON in printable ASCII."""
    nasty = [
        b"GET /%0d%0a%7b%22id%22:1%7d HTTP/1.1\r\nHost: a.test\r\n\r\n",
        b'GET /"}{"reason":"ok HTTP/1.1\r\nHost: a.test\r\n\r\n',
        b'GET / HTTP/1.1\r\nHost: a.test"}\r\n\r\n',
        b"GET /\xe2\x80\xa8x HTTP/1.1\r\nHost: a.test\r\n\r\n",
        b"G\x1b[31mT / HTTP/1.1\r\nHost: a.test\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: \x1b]0;x\x07\r\n\r\n",
        b"GET /" + b"a" * 8000 + b" HTTP/1.1\r\nHost: a.test\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: " + b"a" * 8000 + b"\r\n\r\n",
        b"A" * 8000 + b" / HTTP/1.1\r\nHost: a.test\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a.test\r\nUser-Agent: " + b"u" * 8000 + b"\r\n\r\n",
        b'GET /?a=\\"} HTTP/1.1\r\nHost: a.test\r\nReferer: "}\r\n\r\n',
        b"\x00\x01\x02\xff\xfe\r\n\r\n",
    ]
    for count, data in enumerate(nasty, 1):
        try:
            http1.exchange(gateway.address(), data)
        except AssertionError:
            pass
        gateway.log.wait(count)
    raw = gateway.log.path.read_bytes()
    lines = raw.splitlines()
    assert len(lines) == len(nasty)
    for line in lines:
        assert all(0x20 <= byte < 0x7F for byte in line), line
        assert len(line) < 4096
        is_log_line(json.loads(line))


def test_no_secret_is_written_anywhere_attacks_77(gateways, backends):
    def talk(wire, request, backend):
        wire.send(reply(500, b"hunter2-reply", fields=[("Set-Cookie", "sid=hunter2-set"), ("X-Error", "hunter2-field")]))

    gateway = gateways(configuration(backends(talk).address))
    request = (
        b"POST /a?access_token=hunter2-query&q=hunter2-other HTTP/1.1\r\nHost: user:hunter2-host@a.test\r\nAuthorization: Bearer hunter2-bearer\r\n"
        b"Cookie: sid=hunter2-cookie\r\nX-Api-Key: hunter2-key\r\nContent-Length: 12\r\n\r\nhunter2-body"
    )
    good = request.replace(b"user:hunter2-host@", b"")
    answers = [http1.exchange(gateway.address(), data) for data in (request, good, good.replace(b"/a?", b"/../a?"))]
    gateway.log.wait(3)
    written = gateway.log.path.read_text() + gateway.metrics().text + "".join(map(str, gateway.events + gateway.noise))
    assert "hunter2" not in written
    for refused in (answers[0], answers[2]):
        assert "hunter2" not in repr(refused)


def test_refusals_tell_nothing_of_the_inside_attacks_77(gateways):
    config = configuration("127.0.0.1:1")
    gateway = gateways(config)
    response = http1.exchange(gateway.address(), GET)
    is_refusal(response, "upstream_connect_failed")
    for word in ("127.0.0.1", "backend", "swift", "nio", "errno", "refused:"):
        assert word not in repr(response).lower(), response


def test_label_sets_stay_bounded_attacks_78(gateway):
    def series():
        return len(gateway.metrics().samples)

    wire = http1.connect(gateway.address())

    def ask(method, path, host):
        wire.send(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n".encode())
        return wire.read_response().status

    for method in ("GET", "BREW", "DELETE"):
        for path in ("/", "/only/x", "/none"):
            ask(method, path, "a.test")
    before = series()
    for index in range(200):
        ask(f"M{index}", f"/path-{index}", f"host-{index}.test")
        ask("GET", f"/only/{index}", f"host-{index}.test")
    assert series() <= before + 4
    text = gateway.metrics().text
    assert "path-1" not in text and "host-1" not in text and "M17" not in text


def test_promtool_accepts_the_metrics(gateways, backends, server_certificate, authority):
    config = configuration(backends().address, limits={"one": {"key": "client.address", "rate": "1/min", "burst": 1}})
    config["routes"][0]["limits"] = ["one"]
    config["listeners"]["secure"] = tls(server_certificate)
    gateway = gateways(config)
    for _ in range(4):
        http1.exchange(gateway.address(), GET)
    http1.exchange(gateway.address("secure"), b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", authority.client(), "localhost")
    gateway.log.wait(5)
    text = gateway.metrics().text
    result = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=20)
    assert result.returncode == 0, result.stdout + result.stderr
    metrics = gateway.metrics()
    assert metrics.sum("portcullis_requests_total", listener="public", route="all", status="200") == 2
    assert metrics.sum("portcullis_requests_total", listener="public", route="all", status="429") == 2
    assert metrics.sum("portcullis_request_duration_seconds_count") == 5
    assert metrics.sum("portcullis_tls_handshakes_total", listener="secure") == 1
    assert metrics.sum("portcullis_upstream_requests_total", upstream="backend") == 2
    assert metrics.sum("portcullis_requests_in_flight") == 0
    for name in (
        "portcullis_connections", "portcullis_upstream_duration_seconds_count", "portcullis_upstream_connections", "portcullis_limit_keys",
        "portcullis_config_revision_info", "portcullis_certificate_not_after_timestamp_seconds", "portcullis_log_lines_dropped_total",
        "portcullis_build_info", "portcullis_tls_handshake_duration_seconds_count", "portcullis_refusals_total",
    ):  # fmt: skip
        assert any(key == name for key, _ in metrics.samples), f"no {name}"


def test_content_types_of_telemetry(gateway):
    assert gateway.get("/metrics").get("content-type").startswith("text/plain")
    assert gateway.get("/healthz").status == 200 and gateway.get("/readyz").status == 200
    assert gateway.get("/none").status == 404
    response = http1.exchange(gateway.telemetry, f"POST /metrics HTTP/1.1\r\nHost: {gateway.telemetry}\r\nContent-Length: 0\r\n\r\n".encode())
    assert response.status in (404, 405)


def test_the_admin_interface_is_its_own_attacks_79(gateway):
    """Not reachable through a listener; telemetry has none of it; the socket is the owner's alone; a foreign Host is refused."""
    for path in ("/metrics", "/healthz", "/config", "/decisions/1", "/reload"):
        response = http1.exchange(gateway.address(), f"GET {path} HTTP/1.1\r\nHost: a.test\r\n\r\n".encode())
        # The route is `/`: the backend answers, not the gateway.
        assert response.body == b"hello"
    for path in ("/config", "/decisions/1", "/upstreams", "/reload"):
        assert gateway.get(path).status == 404
    admin = gateway.config["admin"]["address"]
    assert os.stat(admin[5:]).st_mode & 0o777 == 0o600
    config = json.loads(gateway.get("/config", admin).body)
    assert config["revision"] == gateway.event("ready")["revision"]
    assert config["configuration"]["upstreams"]["backend"]["endpoints"]
    response = http1.exchange(admin, b"GET /config HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert response.status in (400, 403, 421)
    response = http1.exchange(gateway.telemetry, b"GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n")
    assert response.status in (400, 403, 421)


def test_the_shown_configuration_keeps_secrets(gateways, backends):
    """Values that a route puts into fields may be credentials."""
    config = configuration(backends().address)
    config["routes"][0]["headers"] = {"request": {"set": {"x-api-key": "hunter2"}}}
    gateway = gateways(config)
    shown = gateway.get("/config", gateway.config["admin"]["address"]).body.decode()
    assert "x-api-key" in shown and "hunter2" not in shown


def test_a_decision_can_be_asked_for(gateway):
    response = http1.exchange(gateway.address(), b"DELETE /only HTTP/1.1\r\nHost: a.test\r\n\r\n")
    assert is_refusal(response, "method_not_allowed")
    admin = gateway.config["admin"]["address"]
    answer = eventually(
        lambda: (lambda r: r if r.status == 200 else None)(gateway.get(f"/decisions/{response.get('x-request-id')}", admin)),
        what="the decision",
    )
    decision = json.loads(answer.body)
    assert "method_not_allowed" in json.dumps(decision)
    assert gateway.get("/decisions/none", admin).status == 404


def test_reload_over_the_admin_socket(gateway):
    admin = gateway.config["admin"]["address"]
    response = http1.exchange(admin, b"POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
    assert response.status in (200, 202, 204)
    gateway.file.write_text("version: 1\nnonsense: 1\n")
    response = http1.exchange(admin, b"POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
    assert response.status >= 400
    assert json.loads(response.body)["reloaded"] is False
    gateway.event(NOT_RELOADED)
    assert "nonsense" in "".join(map(str, gateway.events))
    assert gateway.get("/upstreams", admin).status == 200
