"""The web application firewall through the gateway: verdicts, bodies, order, modes, reload, answers."""

import gzip
import json
import subprocess
import time
import zlib

import pytest

from peers import http1, tokens
from peers.assertions import is_refusal
from peers.gateway import NOT_RELOADED, RELOADED, configuration, run, tls
from peers.upstream import echo, reply

CRS = ["/etc/modsecurity/crs/crs-setup.conf", "/usr/share/modsecurity-crs/rules/*.conf"]
ATTACK = "/?q=1%27%20OR%20%271%27%3D%271"
BROWSER = ["User-Agent: Mozilla/5.0", "Accept: */*"]

#: Rules of our own, small enough to say what each does.
RULES = """
SecRule ARGS "@contains evil" "id:1001,phase:2,deny,status:403,log,severity:CRITICAL,msg:'evil argument'"
SecRule REQUEST_HEADERS:X-Evil "@streq yes" "id:1002,phase:1,deny,status:403,log,msg:'evil head'"
SecRule ARGS:slow "@rx ^(a+)+$" "id:1003,phase:2,deny,status:403,log,msg:'slow'"
SecRule RESPONSE_BODY "@contains secret" "id:1004,phase:4,deny,status:403,log,msg:'secret answer'"
SecRule RESPONSE_STATUS "@streq 418" "id:1005,phase:3,deny,status:403,log,msg:'teapot'"
"""


def firewall(backend, rules, route=None, **options):
    config = configuration(backend.address, waf={"edge": {"rules": [str(rule) for rule in rules], **options}})
    config["routes"][0].update({"waf": "edge", **(route or {})})
    return config


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.conf"
    path.write_text(RULES)
    return path


def head(method, path, *fields):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: api.example.test", *BROWSER, *fields]) + "\r\n\r\n"


def get(gateway, path, *fields):
    return http1.exchange(gateway.address(), head("GET", path, *fields).encode())


def post(gateway, body, kind="application/x-www-form-urlencoded", path="/", fields=(), chunked=False, method="POST"):
    if chunked:
        body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in split(body)) + b"0\r\n\r\n"
        length = "Transfer-Encoding: chunked"
    else:
        length = f"Content-Length: {len(body)}"
    return http1.exchange(gateway.address(), head(method, path, f"Content-Type: {kind}", length, *fields).encode() + body)


def split(body, size=1000):
    return [body[start : start + size] for start in range(0, len(body), size)]


def sent(response):
    """The body that the backend saw."""
    return response.body.partition(b"\n\n")[2]


def last(gateway, reason=None):
    line = gateway.log.wait()[-1]
    if reason:
        assert line["reason"] == reason, line
    return line


def test_an_attack_is_refused_and_explained(gateways, backends):
    backend = backends()
    gateway = gateways(firewall(backend, CRS))
    assert get(gateway, "/?q=hello").status == 200
    gateway.log.wait()
    gateway.log.skip()
    response = get(gateway, ATTACK)
    is_refusal(response, "waf_blocked")
    assert b"942100" not in response.body and b"SQL" not in response.body
    assert len(backend.requests) == 1
    line = last(gateway, "waf_blocked")
    assert line["step"] == "admit" and line["blame"] == "client"
    assert 942100 in line["waf_rules"] and line["waf_score"] >= 5
    decision = response.get("x-request-id")
    told = json.loads(run("explain", "--decision", decision, "--config", gateway.file, "--json").stdout)
    assert told["waf"]["rule_set"] == "edge" and told["waf"]["verdict"] == "blocked"
    rule = next(rule for rule in told["waf"]["rules"] if rule["rule"] == 942100)
    assert rule["where"] == "ARGS:q" and rule["severity"] == "CRITICAL" and "OR" in rule["value"]
    text = run("explain", "--decision", decision, "--config", gateway.file).stdout
    assert "942100" in text and "ARGS:q" in text
    metrics = gateway.metrics()
    assert metrics.sum("portcullis_waf_inspections_total", rule_set="edge", verdict="blocked") == 1
    assert metrics.sum("portcullis_waf_inspections_total", rule_set="edge", verdict="passed") == 1
    assert metrics.sum("portcullis_refusals_total", step="admit", code="waf_blocked") == 1


@pytest.mark.parametrize("protocol", ["--http1.1", "--http2"])
@pytest.mark.parametrize("kind", ["application/json", "application/grpc-web+proto"])
def test_every_protocol_is_inspected_alike(gateways, backends, server_certificate, authority, protocol, kind):
    config = firewall(backends(echo), CRS)
    config["listeners"] = {"public": tls(server_certificate)}
    gateway = gateways(config)
    body = b'{"name":"alice"}' if kind == "application/json" else b"\0\0\0\0\2\x08\1"

    def ask(path):
        port = gateway.address().rsplit(":", 1)[1]
        command = ["curl", "-s", protocol, "--cacert", str(authority.file), "--resolve", f"api.example.test:{port}:127.0.0.1"]
        command += ["-o", "/dev/null", "-w", "%{http_code} %{http_version}", "-H", f"content-type: {kind}", "--data-binary", "@-"]
        done = subprocess.run([*command, f"https://api.example.test:{port}{path}"], input=body, capture_output=True, timeout=20)
        return done.stdout.decode().split()

    assert ask("/pkg.Service/Method") == ["200", "2" if protocol == "--http2" else "1.1"]
    status, _ = ask(ATTACK)
    # A refusal of gRPC-Web may be an answer of gRPC's own.
    line = gateway.log.wait(2)[-1]
    assert status in ("403", "200") and line["reason"] == "waf_blocked" and 942100 in line["waf_rules"]
    assert status == "403" or "grpc" in kind


def test_modes(gateways, backends, own):
    backend = backends()
    detect = gateways(firewall(backend, [own], mode="detect"))
    assert get(detect, "/?a=evil").status == 200
    line = last(detect, "ok")
    assert line["waf_rules"] == [1001]
    assert detect.metrics().sum("portcullis_waf_inspections_total", verdict="detected") == 1
    off = gateways(firewall(backend, [own], mode="off"))
    assert get(off, "/?a=evil").status == 200
    assert "waf_score" not in last(off, "ok")
    assert "waiver" in run("check", "--config", off.file).stdout


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("size", [10, 15_000, 300_000])
def test_bodies_are_inspected_and_forwarded_as_they_are(gateways, backends, own, size, chunked):
    """Padding hides nothing; a large body is inspected off the loop (attacks 57)."""
    gateway = gateways(firewall(backends(echo), [own]))
    padding = b"a=" + b"x" * size
    response = post(gateway, padding + b"&b=good", chunked=chunked)
    assert response.status == 200 and sent(response) == padding + b"&b=good"
    is_refusal(post(gateway, padding + b"&b=evil", chunked=chunked), "waf_blocked")
    assert post(gateway, json.dumps({"a": "x" * size}).encode(), "application/json", chunked=chunked).status == 200
    body = json.dumps({"a": "x" * size, "b": ["evil"]}).encode()
    is_refusal(post(gateway, body, "application/json", chunked=chunked), "waf_blocked")


@pytest.mark.parametrize("chunked", [False, True])
def test_the_body_limit(gateways, backends, own, chunked):
    """At N - 1 and N inspected, at N + 1 refused, unless the configuration lets it pass (attacks 57)."""
    backend = backends(echo)
    gateway = gateways(firewall(backend, [own], body={"limit": "2KiB"}))
    for length in (2047, 2048):
        assert post(gateway, b"a=" + b"x" * (length - 2), chunked=chunked).status == 200
    count = len(backend.requests)
    response = post(gateway, b"a=" + b"x" * 2047, chunked=chunked)
    is_refusal(response, "body_too_large")
    assert gateway.log.wait(3)[-1]["reason"] == "waf_body_limit" and len(backend.requests) == count
    passing = gateways(firewall(backend, [own], body={"limit": "2KiB", "oversize": "pass"}))
    body = b"a=" + b"x" * 200_000 + b"&b=evil"
    response = post(passing, body, chunked=chunked)
    assert response.status == 200 and sent(response) == body
    is_refusal(post(passing, b"b=evil&a=" + b"x" * 200_000, chunked=chunked), "waf_blocked")
    detecting = gateways(firewall(backend, [own], mode="detect", body={"limit": "2KiB"}))
    assert sent(post(detecting, body, chunked=chunked)) == body


def test_compressed_bodies(gateways, backends, own):
    """Inflated to an absolute bound; what nobody here can read is refused (attacks 60)."""
    gateway = gateways(firewall(backends(echo), [own], body={"limit": "64KiB", "inflated": "128KiB"}))

    def ask(body, coding):
        return post(gateway, body, fields=[f"Content-Encoding: {coding}"])

    good = gzip.compress(b"a=" + b"x" * 50_000)
    response = ask(good, "gzip")
    assert response.status == 200 and sent(response) == good
    is_refusal(ask(gzip.compress(b"a=evil"), "gzip"), "waf_blocked")
    is_refusal(ask(zlib.compress(b"a=evil"), "deflate"), "waf_blocked")
    limit = 128 * 1024
    assert ask(gzip.compress(b"a=" + b"x" * (limit - 2)), "gzip").status == 200
    is_refusal(ask(gzip.compress(b"a=" + b"x" * (limit - 1)), "gzip"), "body_too_large")
    assert gateway.log.wait(5)[-1]["reason"] == "decompress_limit"
    is_refusal(ask(gzip.compress(b"a=" + b"x" * 20_000_000), "gzip"), "body_too_large")
    for coding in ("br", "gzip, gzip", "x"):
        is_refusal(ask(good, coding), "unsupported_media")
    is_refusal(ask(b"no gzip", "gzip"), "malformed_request")


@pytest.mark.parametrize(
    "body, kind, reason",
    [
        (b'{"a":1,}', "application/json", "waf_unparsable"),
        (b'{"a":1,"a":2}', "application/json", "waf_unparsable"),
        (b"[" * 100_000, "application/json", "waf_unparsable"),
        (b"a=1", "application/x-www-form-urlencoded; charset=utf-7", "waf_unparsable"),
        (b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1', "multipart/form-data; boundary=b", "waf_multipart"),
        (b"nothing", "multipart/form-data; boundary=b", "waf_multipart"),
    ],
)  # fmt: skip
def test_bodies_that_cannot_be_read(gateways, backends, own, body, kind, reason):
    """A body that parsers read differently is nobody's (attacks 58 and 59)."""
    gateway = gateways(firewall(backends(), [own]))
    is_refusal(post(gateway, body, kind), "malformed_request")
    last(gateway, reason)


def test_no_answer_is_a_refusal_and_an_alarm(gateways, backends, own):
    """A match that takes too long fails closed (attacks 61)."""
    backend = backends()
    gateway = gateways(firewall(backend, [own]))
    path = "/?slow=" + "a" * 40 + "!"
    is_refusal(get(gateway, path), "waf_failed")
    last(gateway, "waf_timeout")
    gateway.event("request could not be inspected")
    assert get(gateway, "/?slow=aaa").status == 403 and not backend.requests
    detecting = gateways(firewall(backend, [own], mode="detect"))
    assert get(detecting, path).status == 200
    assert detecting.metrics().sum("portcullis_waf_inspections_total", verdict="failed") == 1


def test_heads_before_identity_and_bodies_after_it(gateways, backends, own, signing_keys):
    key = signing_keys["ES256"]
    backend = backends()
    config = firewall(backend, [own], route={"auth": {"anyOf": ["staff"]}})
    config["identities"] = {"staff": {"jwt": {"issuer": "https://idp.example.test", "audiences": ["orders"], "jwks": "file:jwks.json"}}}

    import pathlib
    import tempfile

    directory = pathlib.Path(tempfile.mkdtemp(prefix="gateway-"))
    (directory / "jwks.json").write_text(tokens.key_set(key))
    gateway = gateways(config, directory=directory)
    token = tokens.mint(key, sub="alice", iss="https://idp.example.test", aud="orders", exp=int(time.time()) + 600)
    bearer = f"Authorization: Bearer {token}"
    is_refusal(get(gateway, "/", "X-Evil: yes"), "waf_blocked")
    is_refusal(get(gateway, "/?a=evil"), "credentials_missing")
    is_refusal(post(gateway, b"a=evil"), "credentials_missing")
    is_refusal(get(gateway, "/?a=evil", bearer), "waf_blocked")
    is_refusal(post(gateway, b"a=evil", fields=[bearer]), "waf_blocked")
    assert post(gateway, b"a=good", fields=[bearer]).status == 200
    assert len(backend.requests) == 1


def test_exclusions(gateways, backends, own):
    exclusions = [{"rule": 1001, "argument": "comment"}, {"rule": "1002-1002"}]
    gateway = gateways(firewall(backends(), [own], exclusions=exclusions))
    assert get(gateway, "/?comment=evil").status == 200
    assert get(gateway, "/?other=evil").status == 403
    assert get(gateway, "/", "X-Evil: yes").status == 200
    waivers = [line for line in run("check", "--config", gateway.file).stdout.splitlines() if "waiver" in line]
    assert any("excludes rule 1001 for the argument 'comment'" in line for line in waivers)
    assert any("excludes rule 1002" in line for line in waivers)


def test_head_only_streams(gateways, backends, own):
    gateway = gateways(firewall(backends(echo), [own], route={"body": {"inspect": "headOnly"}}))
    assert sent(post(gateway, b"a=evil")) == b"a=evil"
    is_refusal(get(gateway, "/?a=evil"), "waf_blocked")


def test_what_the_route_declares_is_allowed(gateways, backends):
    gateway = gateways(firewall(backends(), CRS, route={"match": {"path": "/", "methods": ["GET", "POST", "PUT"]}}))
    assert post(gateway, b"{}", "application/json", method="PUT").status == 200
    stock = gateways(firewall(backends(), CRS))
    assert post(stock, b"{}", "application/json", method="PUT").status == 403
    assert 911100 in last(stock, "waf_blocked")["waf_rules"]


def test_reload(gateways, backends, own):
    gateway = gateways(firewall(backends(), [own]))
    assert get(gateway, "/?a=evil").status == 403 and get(gateway, "/?a=worse").status == 200
    own.write_text(RULES.replace("@contains evil", "@contains worse"))
    assert gateway.reload()["event"] == RELOADED
    assert get(gateway, "/?a=evil").status == 200 and get(gateway, "/?a=worse").status == 403
    own.write_text(RULES + '\nSecRule ARGS "@unknown x" "id:2000,phase:2,deny"\n')
    assert gateway.reload()["event"] == NOT_RELOADED
    problem = gateway.event(NOT_RELOADED)["problem"]
    assert f"{own}:{len(RULES.splitlines()) + 2}:" in problem
    assert get(gateway, "/?a=worse").status == 403


def test_answers(gateways, backends, own):
    def handle(wire, request, backend):
        status = 418 if "teapot" in request.target else 200
        kind = "application/octet-stream" if "binary" in request.target else "text/plain"
        body = {"/leak": b"the secret", "/large": b"x" * 30_000, "/largeleak": b"x" * 30_000 + b"secret"}.get(request.target, b"fine")
        if "binary" in request.target:
            body = b"secret"
        assert request.get("accept-encoding") is None
        wire.send(reply(status, body, [("Content-Type", kind)]))

    config = firewall(backends(handle), [own], responses={"inspect": True, "limit": "64KiB"})
    gateway = gateways(config)
    assert get(gateway, "/fine", "Accept-Encoding: gzip").body == b"fine"
    assert get(gateway, "/large").body == b"x" * 30_000
    assert get(gateway, "/binary").body == b"secret"
    for path in ("/leak", "/largeleak", "/teapot"):
        is_refusal(get(gateway, path), "waf_blocked")
    assert [line["step"] for line in gateway.log.wait(6)[-3:]] == ["relay"] * 3
    small = gateways(firewall(backends(handle), [own], responses={"inspect": True, "limit": "16KiB"}))
    is_refusal(get(small, "/large"), "waf_failed")
    last(small, "waf_response_limit")
    passing = gateways(firewall(backends(handle), [own], responses={"inspect": True, "limit": "16KiB", "oversize": "pass"}))
    assert get(passing, "/large").body == b"x" * 30_000


def test_a_client_that_leaves_costs_nothing_more(gateways, backends, own):
    gateway = gateways(firewall(backends(), [own]))
    for _ in range(5):
        wire = http1.connect(gateway.address())
        body = b"a=" + b"x" * 500_000
        wire.send(head("POST", "/", "Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}").encode() + body)
        wire.reset()
    assert get(gateway, "/").status == 200
    assert get(gateway, "/?a=evil").status == 403


def test_explain_without_a_gateway(tmp_path, own):
    config = firewall(type("Nobody", (), {"address": "127.0.0.1:9"}), [own])
    from peers import yaml

    file = tmp_path / "gateway.yaml"
    file.write_text(yaml.dump(config) + "\n")
    result = run("explain", "POST", "http://api.example.test/", "--data", "a=evil", "-H", "content-type: application/x-www-form-urlencoded", "--config", file)
    assert "rule 1001" in result.stdout and "ARGS:a" in result.stdout and "waf_blocked" in result.stdout
    result = run("explain", "POST", "http://api.example.test/", "-H", "content-length: 4", "--config", file)
    assert result.returncode == 1 and "undecided" in result.stdout
    result = run("explain", "GET", "http://api.example.test/?a=good", "--config", file)
    assert "forwarded" in result.stdout and "rule set edge: passed" in result.stdout


def test_waf_check(tmp_path, own):
    report = json.loads(run("waf", "check", own, "--json").stdout)
    assert report["good"] and report["rules"] == 11 and report["milliseconds"] < 5000
    report = json.loads(run("waf", "check", *CRS, "--json").stdout)
    assert report["good"] and report["rules"] > 500 and report["memoryBytes"] < 40 << 20
    own.write_text(RULES + "SecUnknownDirective On\n")
    result = run("waf", "check", own)
    assert result.returncode == 1 and f"{own}:{len(RULES.splitlines()) + 1}: error:" in result.stdout
    assert run("waf", "check", tmp_path / "missing.conf").returncode == 1
    assert run("waf", "check").returncode == 64


def test_waf_run(tmp_path, own):
    good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
    good.write_bytes(head("GET", "/?a=good").encode())
    bad.write_bytes(head("GET", "/?a=evil").encode())
    assert run("waf", "run", good, "--rules", own).returncode == 0
    result = run("waf", "run", bad, "--rules", own)
    assert result.returncode == 1 and "1001" in result.stdout and "ARGS:a" in result.stdout
    lines = run("waf", "run", good, bad, "--json", "--rules", own).stdout.splitlines()
    assert [json.loads(line)["verdict"] for line in lines] == ["pass", "block"]
    result = run("waf", "run", "-", "--json", stdin=head("GET", ATTACK))
    assert 942100 in [rule["rule"] for rule in json.loads(result.stdout)["rules"]]


def test_waf_replay(tmp_path, own):
    log = tmp_path / "access.log"
    lines = [
        '192.0.2.1 - - [25/Nov/2026:18:00:00 +0000] "GET /?a=evil HTTP/1.1" 200 1 "-" "curl/8"',
        '192.0.2.1 - - [25/Nov/2026:18:00:00 +0000] "GET /?a=good HTTP/1.1" 200 1 "-" "curl/8"',
        '{"method":"GET","host":"a.test","path":"/","status":200,"waf_rules":[1002]}',
        "nothing",
    ]
    log.write_text("\n".join(lines) + "\n")
    report = json.loads(run("waf", "replay", log, "--json", "--rules", own).stdout)
    assert (report["requests"], report["blocked"], report["unreadable"], report["live"]) == (3, 1, 1, 1)
    assert {rule["rule"]: (rule["blocked"], rule["live"]) for rule in report["rules"]} == {1001: (1, 0), 1002: (0, 1)}
    assert "1001" in run("waf", "replay", log, "--rules", own).stdout
