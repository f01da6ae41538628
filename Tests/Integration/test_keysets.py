"""Key sets that are fetched: discovery, rotation, failure and what a provider must not be able to do (attacks 52 and 53)."""

import json
import threading
import time
from urllib.parse import parse_qs, urlparse

import httpx
import oidc_provider_mock
import pytest
import werkzeug.serving

from peers import http1, tokens
from peers.assertions import is_refusal
from peers.gateway import configuration
from peers.processes import eventually
from peers.upstream import Backend, reply


class Provider(Backend):
    """An issuer over TLS whose answers a test may replace by path."""

    def __init__(self, authority, *keys):
        self.answers = {}
        chain, key = authority.issue("127.0.0.1", "localhost", label="provider")
        super().__init__(Provider.answer, tls=authority.server(chain, key))
        self.issuer = f"https://{self.address}"
        self.ca = str(authority.file)
        self.rotate(*keys)

    def rotate(self, *keys):
        document = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks"}
        self.answers["/.well-known/openid-configuration"] = reply(
            body=json.dumps(document).encode(), fields=[("Content-Type", "application/json")]
        )
        self.answers["/jwks"] = reply(
            body=tokens.key_set(*keys).encode(), fields=[("Content-Type", "application/json")]
        )

    @staticmethod
    def answer(wire, request, provider):
        answer = provider.answers.get(request.target, reply(404, b"no"))
        if callable(answer):
            return answer(wire)
        wire.send(answer)
        return None

    def fetches(self, path="/jwks"):
        return sum(request.target == path for request in self.requests)


class Stage:
    """A gateway that accepts the provider's tokens."""

    def __init__(self, gateways, backend, provider, **jwt):
        config = configuration(backend.address)
        config["routes"][0]["auth"] = {"anyOf": ["staff"]}
        settings = {
            "issuer": provider.issuer,
            "audiences": ["orders"],
            "ca": provider.ca,
            "refreshCooldown": "1s",
            **jwt,
        }
        config["identities"] = {"staff": {"jwt": {k: v for k, v in settings.items() if v is not None}}}
        self.gateway = gateways(config)
        self.provider = provider

    def ask(self, token):
        return http1.exchange(
            self.gateway.address(), f"GET / HTTP/1.1\r\nHost: a.test\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        )

    def token(self, key, **changes):
        return tokens.mint(key, **{"iss": self.provider.issuer, **changes})


@pytest.fixture
def provider(authority, signing_keys):
    with Provider(authority, signing_keys["ES256"], signing_keys["RS256"]) as provider:
        yield provider


def test_discovery_with_the_issuer_alone(gateways, backends, provider, signing_keys):
    stage = Stage(gateways, backends(), provider)
    for name in ("ES256", "RS256"):
        assert stage.ask(stage.token(signing_keys[name])).status == 200
    for _ in range(20):
        stage.ask(stage.token(signing_keys["ES256"]))
    assert provider.fetches("/.well-known/openid-configuration") == 1
    assert provider.fetches() == 1


def test_a_key_set_by_its_address(gateways, backends, provider, signing_keys):
    stage = Stage(gateways, backends(), provider, jwks=f"{provider.issuer}/jwks")
    assert stage.ask(stage.token(signing_keys["ES256"])).status == 200
    assert provider.fetches("/.well-known/openid-configuration") == 0


def test_many_requests_wait_for_one_fetch(gateways, backends, provider, signing_keys):
    """The first requests come before the keys: all of them wait for the one fetch and none is refused."""
    answer = provider.answers["/jwks"]

    def slowly(wire):
        time.sleep(0.5)
        wire.send(answer)

    provider.answers["/jwks"] = slowly
    stage = Stage(gateways, backends(), provider)
    token = stage.token(signing_keys["ES256"])
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(stage.ask(token).status)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(15)
    assert statuses == [200] * 12
    assert provider.fetches() == 1


def test_an_unknown_key_refreshes_at_most_once_in_an_interval(gateways, backends, provider, signing_keys):
    stage = Stage(gateways, backends(), provider, refreshCooldown="1m")
    assert stage.ask(stage.token(signing_keys["ES256"])).status == 200
    stranger = tokens.key("ES256", kid="stranger")
    for index in range(30):
        is_refusal(stage.ask(stage.token(stranger, header={"kid": f"made-up-{index}"})), "credentials_invalid")
    assert provider.fetches() <= 2


def test_a_rotated_key_is_found(gateways, backends, provider, signing_keys):
    stage = Stage(gateways, backends(), provider)
    assert stage.ask(stage.token(signing_keys["ES256"])).status == 200
    fresh = tokens.key("ES256", kid="fresh")
    provider.rotate(fresh)
    eventually(lambda: stage.ask(stage.token(fresh)).status == 200, what="the new key", every=0.3)
    # What the issuer withdrew is believed no longer, verified before or not.
    is_refusal(stage.ask(stage.token(signing_keys["ES256"])), "credentials_invalid")


def refuse(wire):
    return False


def endless(wire):
    wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n")
    for _ in range(1600):
        wire.socket.sendall(b" " * 65536)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(refuse, id="closed"),
        pytest.param(reply(500, b"no"), id="500"),
        pytest.param(reply(body=b"<html>not keys</html>"), id="HTML"),
        pytest.param(reply(body=b'{"keys": 5}'), id="wrong JSON"),
        pytest.param(reply(body=b'{"keys": []}'), id="no keys"),
        pytest.param(reply(body=b"[" * 100000), id="deep JSON"),
        pytest.param(endless, id="100 MB"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello", id="malformed"),
        pytest.param(reply(302, fields=[("Location", "https://169.254.169.254/latest/meta-data/")]), id="redirect to metadata"),
        pytest.param(reply(302, fields=[("Location", "file:///etc/passwd")]), id="redirect to a file"),
    ],
)
def test_no_usable_keys_is_a_503_and_never_a_pass(gateways, backends, provider, signing_keys, answer):
    backend = backends()
    provider.answers["/jwks"] = answer
    stage = Stage(gateways, backend, provider)
    for _ in range(3):
        response = stage.ask(stage.token(signing_keys["ES256"]))
        assert is_refusal(response) in ("dependency_unavailable", "credentials_invalid")
    assert not backend.requests
    assert stage.gateway.workers(), "the worker is gone"


def test_the_last_keys_serve_while_the_issuer_is_down(gateways, backends, provider, signing_keys):
    stage = Stage(gateways, backends(), provider, refreshInterval="1s", maxStale="1s")
    token = stage.token(signing_keys["ES256"])
    assert stage.ask(token).status == 200
    provider.answers["/jwks"] = reply(500, b"no")
    time.sleep(1.6)
    assert stage.ask(token).status == 200
    # Past the stated age, which counts from when the refresh (two fetches of 5 s at most) should have ended: closed, even
    # for tokens that were verified before.
    eventually(lambda: stage.ask(token).status == 503, patience=25, what="503 past the stated age", every=0.3)
    is_refusal(stage.ask(token), "dependency_unavailable")
    provider.rotate(signing_keys["ES256"])
    eventually(lambda: stage.ask(token).status == 200, what="recovery", every=0.3)


def test_discovery_of_another_issuer_is_refused_attacks_53(gateways, backends, provider, signing_keys):
    document = {"issuer": "https://other.example.test", "jwks_uri": f"{provider.issuer}/jwks"}
    provider.answers["/.well-known/openid-configuration"] = reply(body=json.dumps(document).encode())
    stage = Stage(gateways, backends(), provider)
    is_refusal(stage.ask(stage.token(signing_keys["ES256"])), "dependency_unavailable")
    assert provider.fetches() == 0


@pytest.mark.parametrize(
    "address",
    ["http://169.254.169.254/latest/meta-data", "https://169.254.169.254/jwks", "file:///etc/passwd", "gopher://127.0.0.1/", "/jwks", 5],
)  # fmt: skip
def test_discovery_cannot_lead_elsewhere_attacks_53(gateways, backends, provider, signing_keys, address):
    document = {"issuer": provider.issuer, "jwks_uri": address}
    provider.answers["/.well-known/openid-configuration"] = reply(body=json.dumps(document).encode())
    stage = Stage(gateways, backends(), provider)
    started = time.monotonic()
    is_refusal(stage.ask(stage.token(signing_keys["ES256"])), "dependency_unavailable")
    assert time.monotonic() - started < 9


def test_an_unverified_provider_is_refused(gateways, backends, provider, signing_keys, tmp_path):
    """Its certificate is of an authority that the configuration does not name."""
    from peers.certificates import Authority

    stranger = Authority(tmp_path / "stranger", "Stranger")
    stage = Stage(gateways, backends(), provider, ca=str(stranger.file))
    is_refusal(stage.ask(stage.token(signing_keys["ES256"])), "dependency_unavailable")
    assert not provider.requests


def test_a_key_id_that_stands_twice_never_picks_the_wrong_key(gateways, backends, provider, signing_keys):
    """attacks 52"""
    other = tokens.key("ES256", kid="es256")
    provider.rotate(other, signing_keys["ES256"])
    stage = Stage(gateways, backends(), provider)
    stranger = tokens.key("ES256", kid="es256")
    assert stage.ask(stage.token(stranger)).status in (401, 503)


def test_one_unusable_key_does_not_spoil_the_set(gateways, backends, provider, signing_keys):
    keys = json.loads(tokens.key_set(signing_keys["ES256"]))
    keys["keys"] += [
        {"kty": "XX", "kid": "new"},
        {"kty": "EC", "crv": "secp256k1", "kid": "k", "x": "AA", "y": "AA"},
        {"kty": "oct", "kid": "o", "k": "AAAA"},
        {"kty": "RSA", "kid": "small", "n": "AQAB", "e": "AQAB"},
        {"kty": "EC", "crv": "P-256", "kid": "off", "x": tokens.encode(b"\1" * 32), "y": tokens.encode(b"\1" * 32)},
    ]
    provider.answers["/jwks"] = reply(body=json.dumps(keys).encode())
    stage = Stage(gateways, backends(), provider)
    assert stage.ask(stage.token(signing_keys["ES256"])).status == 200


class OpenIDProvider:
    """oidc-provider-mock behind TLS on loopback."""

    def __init__(self, authority):
        chain, key = authority.issue("127.0.0.1", label="openid-provider")
        self.server = werkzeug.serving.make_server(
            "127.0.0.1", 0, oidc_provider_mock.app(), threaded=True, ssl_context=authority.server(chain, key)
        )
        self.issuer = f"https://127.0.0.1:{self.server.server_port}"
        self.ca = str(authority.file)
        self.client = httpx.Client(verify=authority.client(alpn=None), base_url=self.issuer)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def login(self, subject, client="orders"):
        """The authorization code flow; returns the ID token, a JWT whose audience is the client."""
        callback = "https://app.example.test/callback"
        query = {"response_type": "code", "client_id": client, "redirect_uri": callback, "scope": "openid email"}
        answer = self.client.post("/oauth2/authorize", params=query, data={"sub": subject})
        code = parse_qs(urlparse(answer.headers["location"]).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": callback}
        return self.client.post("/oauth2/token", data=form, auth=(client, "secret")).json()["id_token"]

    def close(self):
        self.client.close()
        self.server.shutdown()
        self.server.server_close()


def test_tokens_of_an_openid_provider(gateways, backends, authority):
    """A provider that others wrote: login there, discovery and keys from there, the token accepted here."""
    provider = OpenIDProvider(authority)
    try:
        token = provider.login("bob")
        backend = backends()
        stage = Stage(gateways, backend, provider)
        assert stage.ask(token).status == 200
        assert backend.requests[0].get("x-auth-subject") == "bob"
        is_refusal(stage.ask(provider.login("bob", client="another")), "credentials_invalid")
    finally:
        provider.close()
