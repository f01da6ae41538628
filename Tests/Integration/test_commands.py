"""The commands: check and its diagnostics, explain beside the running gateway, tokens with joserfc as the oracle."""

import json
import re
import stat
import time

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, import_key

from peers import http1, tokens, yaml
from peers.gateway import configuration, run

GOOD = """version: 1
listeners:
  public:
    address: 127.0.0.1:8080
upstreams:
  backend:
    endpoints: [127.0.0.1:9]
routes:
  - name: all
    match: { path: / }
    auth: none
    upstream: backend
"""


@pytest.fixture
def file(tmp_path):
    def write(text, name="gateway.yaml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


# check


def test_a_good_file(file):
    result = run("check", "--config", file(GOOD))
    assert result.returncode == 0, result.stdout + result.stderr
    # Neither WAF nor limit: that is told.
    assert "waiver" in result.stdout


def diagnostics(text):
    """(line, column, message) of every error that was printed."""
    return [(int(m[1]), int(m[2]), m[3]) for m in re.finditer(r"^[^\n:]+:(\d+):(\d+): error: (.*)$", text, re.MULTILINE)]


def test_every_problem_at_once_with_its_place(file):
    text = (
        GOOD.replace("address: 127.0.0.1:8080", "adress: 127.0.0.1:8080")
        .replace("endpoints: [127.0.0.1:9]", "endpoints: [8.8.8.8:9]\n    timeouts: { connect: 5 }")
        .replace("    auth: none\n", "")
    )
    result = run("check", "--config", file(text))
    assert result.returncode == 1
    found = diagnostics(result.stdout + result.stderr)
    lines = [line for line, _, _ in found]
    assert 4 in lines and 7 in lines and 8 in lines, found
    assert any("address" in message for line, _, message in found if line == 4), "the nearest known key"
    assert any("auth" in message for _, _, message in found), "a route without auth does not load"


@pytest.mark.parametrize(
    "change",
    [
        ("version: 1", "version: 2"),
        ("version: 1\n", ""),
        ("version: 1", "version: 1\nversion: 1"),
        ("    address:", "    address: &a"),
        ("auth: none", "auth: !!str none"),
        ("auth: none", "auth: off"),
        ("auth: none", "auth: { anyOf: [nobody] }"),
        ("auth: none", "auth: { anyOf: [] }"),
        ("upstream: backend", "upstream: other"),
        ("path: /", "path: orders"),
        ("path: /", "path: { regex: '(' }"),
        ("path: /", "paths: /"),
        ("127.0.0.1:8080", "127.0.0.1:70000"),
        ("127.0.0.1:8080", "localhost:8080"),
        ("127.0.0.1:9", "127.0.0.1"),
        ("    upstream: backend", "    upstream: backend\n    limits: [none]"),
        ("    upstream: backend", "    upstream: backend\n    waf: edge"),
        ("    upstream: backend", "    upstream: backend\n    webSocket: { origins: [] }"),
        ("    upstream: backend", "    upstream: backend\n    cors: { origins: ['*'], credentials: true }"),
        ("    upstream: backend", "    upstream: backend\n    headers: { request: { set: { host: a } } }"),
        ("    upstream: backend", "    upstream: backend\n    headers: { response: { set: { x-a: \"a\\r\\nb\" } } }"),
        ("routes:", "stores: { redis: { url: 'redis://127.0.0.1' } }\nroutes:"),
        ("routes:", "telemetry: { address: 8.8.8.8:9901 }\nroutes:"),
        ("routes:", "admin: { address: 127.0.0.1:9900 }\nroutes:"),
        ("routes:", "limits: { a: { key: client.address, rate: 10 } }\nroutes:"),
        ("routes:", "limits: { a: { key: client.adress, rate: 10/s } }\nroutes:"),
        ("routes:", "identities: { a: { jwt: { issuer: 'https://a.test', jwks: 'http://a.test/jwks' } } }\nroutes:"),
        ("routes:", "identities: { a: { jwt: { issuer: 'https://a.test', algorithms: [none] } } }\nroutes:"),
        ("routes:", "identities: { a: { jwt: { issuer: 'https://a.test', algorithms: [HS256] } } }\nroutes:"),
        ("routes:", "include: [missing.yaml]\nroutes:"),
        ("routes:", "\troutes:"),
        ("routes:", "routes: ["),
    ],
)  # fmt: skip
def test_what_is_wrong_is_an_error(file, change):
    old, new = change
    assert old in GOOD
    result = run("check", "--config", file(GOOD.replace(old, new, 1)))
    assert result.returncode == 1, result.stdout
    assert diagnostics(result.stdout + result.stderr), result.stdout + result.stderr


def test_two_routes_that_cannot_be_ordered(file):
    second = "  - { name: second, match: { path: / }, auth: none, upstream: backend }\n"
    result = run("check", "--config", file(GOOD + second))
    assert result.returncode == 1 and "priority" in result.stdout + result.stderr
    result = run("check", "--config", file(GOOD + second.replace("auth", "priority: 1, auth")))
    assert result.returncode == 0, result.stdout


def test_a_name_in_two_files(file):
    file("upstreams: { backend: { endpoints: [127.0.0.1:9] } }\n", "more.yaml")
    result = run("check", "--config", file("include: [more.yaml]\n" + GOOD))
    assert result.returncode == 1 and "more.yaml" in result.stdout + result.stderr


def test_includes(file, tmp_path):
    (tmp_path / "routes.d").mkdir()
    file("routes: [{ name: more, match: { path: /more }, auth: none, upstream: backend }]\n", "routes.d/a.yaml")
    file("nonsense", "routes.d/.hidden.yaml")
    assert run("check", "--config", file("include: [routes.d/*.yaml]\n" + GOOD)).returncode == 0


def test_json_report(file):
    result = run("check", "--json", "--config", file(GOOD.replace("auth: none", "auth: never")))
    assert result.returncode == 1
    assert json.loads(result.stdout)
    result = run("check", "--json", "--capacity", "--config", file(GOOD))
    assert result.returncode == 0 and json.loads(result.stdout)


def test_usage(file):
    assert run("check").returncode == 64
    assert run("nonsense").returncode == 64
    assert run("check", "--config", "does-not-exist.yaml").returncode == 1
    assert run("run", "--config", "does-not-exist.yaml").returncode == 1
    for command in ("run", "check", "explain", "token", "demo", "version"):
        result = run(command, "--help")
        assert result.returncode == 0 and "USAGE" in result.stdout.upper(), command


def test_version():
    result = run("version")
    assert result.returncode == 0 and result.stdout.strip()
    report = json.loads(run("version", "--json").stdout)
    assert report.get("portcullis"), report


def test_hostile_files_end_in_a_message(file):
    """No file makes `check` crash: it says what is wrong and exits 1."""
    for text in ("", "[]", "5", "{" * 3000, "[" * 3000, "a: " * 500, "\0", "version: 1\n" + "x" * 100000, "? a\n: b", "--- 1\n--- 2", "a: |\n  b", "\ufeffversion: 1", "version: 99999999999999999999"):
        result = run("check", "--config", file(text))
        assert result.returncode == 1, (text[:20], result)
        assert "error" in result.stdout + result.stderr


# explain


@pytest.fixture
def explained(gateways, backends, signing_keys, tmp_path):
    """A gateway with several kinds of routes; `explain` reads the very same file."""
    directory = tmp_path / "gateway-0"
    directory.mkdir()
    (directory / "jwks.json").write_text(tokens.key_set(signing_keys["ES256"]))
    config = configuration(
        backends().address,
        identities={"staff": {"jwt": {"issuer": "https://idp.example.test", "audiences": ["orders"], "jwks": "file:jwks.json"}}},
        limits={"one": {"key": "client.address", "rate": "1/min", "burst": 100}},
        routes=[
            {"name": "open", "match": {"path": "/open"}, "auth": "none", "upstream": "backend"},
            {"name": "get", "match": {"path": "/get", "methods": ["GET"]}, "auth": "none", "upstream": "backend"},
            {"name": "host", "match": {"hosts": ["api.example.test"], "path": "/host"}, "auth": "none", "upstream": "backend"},
            {"name": "orders", "match": {"path": "/orders"}, "auth": {"anyOf": [{"identity": "staff", "scopes": ["orders:read"]}]}, "limits": ["one"], "upstream": "backend"},
        ],
    )  # fmt: skip
    return gateways(config)


def explain(gateway, method, url, *fields):
    arguments = [part for field in fields for part in ("-H", field)]
    result = run("explain", method, url, *arguments, "--client", "127.0.0.1", "--config", gateway.file, "--json")
    assert result.returncode in (0, 1), result
    return result, json.loads(result.stdout)


def test_explain_equals_the_running_gateway(explained, signing_keys):
    good = tokens.mint(signing_keys["ES256"])
    cases = [
        ("GET", "/open", "a.test", ()),
        ("GET", "/open/../x", "a.test", ()),
        ("GET", "/open//x", "a.test", ()),
        ("GET", "/none", "a.test", ()),
        ("DELETE", "/get", "a.test", ()),
        ("HEAD", "/get", "a.test", ()),
        ("GET", "/host", "api.example.test", ()),
        ("GET", "/host", "other.test", ()),
        ("GET", "/orders", "a.test", ()),
        ("GET", "/orders", "a.test", (f"Authorization: Bearer {good}",)),
        ("GET", "/orders", "a.test", (f"Authorization: Bearer {good}x",)),
        ("GET", "/orders", "a.test", (f"Authorization: Bearer {tokens.mint(signing_keys['ES256'], scope='other')}",)),
        ("GET", "/orders", "a.test", (f"Authorization: Bearer {tokens.mint(signing_keys['ES256'], exp=int(time.time()) - 600)}",)),
        ("GET", "/open", "a.test", ("x_auth_subject: root",)),
        ("GET", "/open", "a.test", ("Connection: host",)),
    ]
    for method, path, host, fields in cases:
        explained.log.skip()
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *fields]
        response = http1.exchange(explained.address(), ("\r\n".join(lines) + "\r\n\r\n").encode(), to_head=method == "HEAD")
        (line,) = explained.log.wait(1)
        result, report = explain(explained, method, f"http://{host}{path}", *fields)
        text = json.dumps(report)
        if response.status == 200:
            assert result.returncode == 0, (path, report)
            assert f"route {line['route']}" in text
        else:
            assert line["code"] in text and line["reason"] in text, (path, fields, line, report)


def test_explain_never_guesses(file):
    """What it would have to fetch is said to be undecided, with exit status 1."""
    text = GOOD.replace("auth: none", "auth: { anyOf: [staff] }").replace(
        "routes:", "identities: { staff: { jwt: { issuer: 'https://idp.example.test', audiences: [a] } } }\nroutes:"
    )
    key = tokens.key("ES256")
    result = run("explain", "GET", "http://a.test/", "-H", f"authorization: Bearer {tokens.mint(key, aud='a')}", "--client", "127.0.0.1", "--config", file(text))
    assert result.returncode == 1
    assert "undecided" in result.stdout


def test_explain_has_no_side_effects(explained, signing_keys):
    """It opens no socket to the gateway: limits there are not charged, nothing is logged."""
    explained.log.skip()
    for _ in range(3):
        explain(explained, "GET", "http://a.test/orders", f"Authorization: Bearer {tokens.mint(signing_keys['ES256'])}")
    assert explained.log.lines() == []


# token


@pytest.mark.parametrize("algorithm", tokens.ALGORITHMS)
def test_minted_tokens_are_good_for_joserfc(tmp_path, algorithm):
    assert run("token", "keys", "--algorithm", algorithm, "--kid", "k1", "--out", tmp_path / "keys").returncode == 0
    private = tmp_path / "keys" / "private.jwk"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    result = run("token", "mint", "--key", private, "--issuer", "https://i.test", "--audience", "orders", "--subject", "alice", "--scope", "a:b", "--claim", "team=blue")
    assert result.returncode == 0, result.stderr
    keys = KeySet.import_key_set(json.loads((tmp_path / "keys" / "jwks.json").read_text()))
    assert not any(key.is_private for key in keys.keys)
    token = jwt.decode(result.stdout.strip(), keys, algorithms=[algorithm])
    assert token.header["kid"] == "k1" and token.header["alg"] == algorithm
    assert token.claims["sub"] == "alice" and token.claims["iss"] == "https://i.test" and token.claims["team"] == "blue"
    assert token.claims["aud"] in ("orders", ["orders"]) and token.claims["scope"] == "a:b"
    assert 3000 < token.claims["exp"] - time.time() < 4200
    assert import_key(json.loads(private.read_text())).is_private


def verify(token, jwks, *options):
    return run("token", "verify", "--jwks", jwks, *options, stdin=token)


def test_verify_agrees_with_joserfc(tmp_path, signing_keys):
    jwks = tmp_path / "jwks.json"
    jwks.write_text(tokens.key_set(*signing_keys.values()))
    for algorithm, key in signing_keys.items():
        token = tokens.mint(key)
        result = verify(token, jwks)
        assert result.returncode == 0, (algorithm, result)
        assert json.loads(result.stdout)["sub"] == "alice"
        head, payload, signature = token.split(".")
        for bad in (f"{head}.{payload}.{signature[:-4]}AAAA", f"{head}.{tokens.encode(tokens.claims(sub='root'))}.{signature}", f"{head}.{payload}", "", "x", f"{token}\n{token}"):
            result = verify(bad, jwks)
            assert result.returncode == 1, (algorithm, bad)
            assert result.stderr.strip() or result.stdout.strip(), "it says why"
            assert "root" not in result.stdout


def test_signature_only_takes_any_payload(tmp_path, signing_keys):
    jwks = tmp_path / "jwks.json"
    key = signing_keys["ES256"]
    jwks.write_text(tokens.key_set(key))
    expired = tokens.mint(key, exp=5)
    assert verify(expired, jwks).returncode == 1
    assert verify(expired, jwks, "--signature-only").returncode == 0
    assert verify(tokens.mint(key, payload=b"plain text"), jwks, "--signature-only").returncode == 0
    assert verify(tokens.signed_over(key, {"alg": "ES256", "kid": "es256", "crit": ["x"], "x": 1}, b"p"), jwks, "--signature-only").returncode == 1
    assert verify(tokens.mint(tokens.key("ES256", kid="other")), jwks, "--signature-only").returncode == 1


def test_configuration_fixture_is_valid(file):
    """The base of all other suites: were it not, they would all fail for one reason."""
    result = run("check", "--config", file(yaml.dump(configuration("127.0.0.1:9")) + "\n"))
    assert result.returncode == 0, result.stdout + result.stderr
