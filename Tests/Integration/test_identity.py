"""Tokens: what joserfc signs rightly is let in, whatever is wrong in one place is refused (attacks 44 to 51)."""

import base64
import hashlib
import hmac
import json
import re
import time

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from peers import http1, tokens
from peers.assertions import is_refusal
from peers.gateway import Gateway, configuration
from peers.upstream import Backend


def routes(**extra):
    staff = {"identity": "staff"}
    return [
        {"name": "open", "match": {"path": "/open"}, "auth": "none", "upstream": "backend"},
        {"name": "orders", "match": {"path": "/orders"}, "auth": {"anyOf": [{**staff, "scopes": ["orders:read"]}]}, "upstream": "backend"},
        {"name": "write", "match": {"path": "/write"}, "auth": {"anyOf": [{**staff, "scopes": ["orders:read", "orders:write"]}]}, "upstream": "backend"},
        {"name": "team", "match": {"path": "/team"}, "auth": {"anyOf": [{**staff, "claims": {"team": "blue"}}]}, "upstream": "backend"},
        {"name": "any", "match": {"path": "/any"}, "auth": {"anyOf": ["staff"]}, "upstream": "backend"},
        {"name": "forward", "match": {"path": "/forward"}, "auth": {"anyOf": ["staff"]}, "forwardCredentials": True, "upstream": "backend"},
    ]  # fmt: skip


class Desk:
    """A gateway that asks for tokens, and the backend behind it."""

    def __init__(self, directory, keys):
        directory.mkdir(exist_ok=True)
        (directory / "jwks.json").write_text(tokens.key_set(*keys.values()))
        self.keys = keys
        self.backend = Backend()
        config = configuration(self.backend.address, routes=routes())
        config["identities"] = {
            "staff": {
                "jwt": {
                    "issuer": "https://idp.example.test",
                    "audiences": ["orders", "billing"],
                    "jwks": "file:jwks.json",
                    "from": ["header", "cookie:session", "query:access_token"],
                    "clockSkew": "5s",
                }
            }
        }
        self.gateway = Gateway(config, directory)

    def ask(self, token=None, path="/orders", fields=(), query=""):
        """One request with a bearer token; returns the response and the log line."""
        lines = [f"GET {path}{query} HTTP/1.1", "Host: a.test", *fields]
        if token is not None:
            lines.append(f"Authorization: Bearer {token}")
        self.gateway.log.skip()
        self.backend.requests.clear()
        response = http1.exchange(self.gateway.address(), ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        (line,) = self.gateway.log.wait(1)
        return response, line

    def accepts(self, token, **options):
        response, line = self.ask(token, **options)
        assert response.status == 200, (response, line)
        (request,) = self.backend.requests
        return request

    def refuses(self, token, *reasons, code="credentials_invalid", **options):
        response, line = self.ask(token, **options)
        is_refusal(response, code)
        assert not self.backend.requests, "it reached the backend"
        if reasons:
            assert line["reason"] in reasons, line
        if response.status == 401:
            assert response.get("www-authenticate").startswith("Bearer"), response
        return response


@pytest.fixture(scope="module")
def desk(tmp_path_factory, signing_keys):
    desk = Desk(tmp_path_factory.mktemp("identity"), signing_keys)
    yield desk
    desk.gateway.stop()
    desk.backend.close()


@pytest.fixture
def key(signing_keys):
    return signing_keys["ES256"]


@pytest.mark.parametrize("algorithm", tokens.ALGORITHMS)
def test_every_algorithm_is_verified(desk, signing_keys, algorithm):
    token = tokens.mint(signing_keys[algorithm])
    desk.accepts(token)
    # A bit of the signature, and of the payload.
    head, payload, signature = token.split(".")
    flipped = bytearray(base64.urlsafe_b64decode(signature + "=="))
    flipped[len(flipped) // 2] ^= 1
    desk.refuses(f"{head}.{payload}.{tokens.encode(bytes(flipped))}", "jwt_signature")
    other = tokens.encode(tokens.claims(sub="root"))
    desk.refuses(f"{head}.{other}.{signature}", "jwt_signature")


def test_the_backend_learns_who_calls_and_not_with_what(desk, key):
    request = desk.accepts(tokens.mint(key, scope="orders:read orders:write"), fields=["X-Auth-Subject: root"])
    assert request.get("x-auth-subject") == "alice"
    assert request.get("x-auth-issuer") == "https://idp.example.test"
    assert set(request.get("x-auth-scopes").split()) == {"orders:read", "orders:write"}
    assert request.get("x-auth-identity") == "staff"
    assert "authorization" not in request


def test_the_credential_is_forwarded_where_the_route_says_so(desk, key):
    token = tokens.mint(key)
    assert desk.accepts(token, path="/forward").get("authorization") == f"Bearer {token}"


def test_without_a_token(desk):
    response = desk.refuses(None, "credentials_missing", code="credentials_missing")
    assert "error=" not in response.get("www-authenticate")


def test_an_invalid_token_is_refused_even_where_none_is_asked_for_or_another_way_is_open(desk, key):
    """A credential that is presented and invalid refuses, whatever else would pass."""
    desk.refuses(tokens.mint(key, exp=int(time.time()) - 3600), "jwt_expired", code="credentials_expired")


def test_scopes_and_claims(desk, key):
    desk.accepts(tokens.mint(key, scope="orders:read"))
    response = desk.refuses(tokens.mint(key, scope="orders:read"), "scope_missing", code="scope_missing", path="/write")
    assert 'error="insufficient_scope"' in response.get("www-authenticate")
    desk.refuses(tokens.mint(key, scope=None), "scope_missing", code="scope_missing")
    desk.refuses(tokens.mint(key, scope="orders:reader orders"), "scope_missing", code="scope_missing")
    desk.accepts(tokens.mint(key, team="blue"), path="/team")
    desk.accepts(tokens.mint(key, team=["red", "blue"]), path="/team")
    for team in ("red", None, ["red"], {"blue": True}, 1):
        desk.refuses(tokens.mint(key, team=team), "claim_mismatch", code="forbidden", path="/team")


def test_no_algorithm_attacks_44(desk, key):
    payload = tokens.encode(tokens.claims())
    for name in ("none", "nOnE", "NONE", "", "ES257", "es256", None, 5, ["ES256"], "HS256"):
        head = {"typ": "JWT", "kid": "es256"}
        if name is not None:
            head["alg"] = name
        for signature in ("", tokens.encode(b"x" * 64)):
            response = desk.refuses(f"{tokens.encode(head)}.{payload}.{signature}", "jwt_alg", "jwt_malformed")
            assert 'error="invalid_token"' in response.get("www-authenticate")


def test_confused_algorithms_attacks_45(desk, signing_keys):
    def hmac_token(kid, secret):
        head = tokens.encode({"alg": "HS256", "typ": "JWT", "kid": kid})
        payload = tokens.encode(tokens.claims())
        signature = hmac.new(secret, f"{head}.{payload}".encode(), hashlib.sha256).digest()
        return f"{head}.{payload}.{tokens.encode(signature)}"

    for name in ("RS256", "ES256"):
        public = signing_keys[name]
        for secret in (public.as_pem(private=False), public.as_der(private=False), json.dumps(public.as_dict(private=False)).encode(), b""):
            desk.refuses(hmac_token(public.kid, secret), "jwt_alg")
    # A key for one algorithm used with another, signed rightly with it.
    rsa = signing_keys["PS512"].as_dict(private=True)
    for wrong in ("RS256", "PS256", "RS512"):
        other = RSAKey.import_key({**{k: v for k, v in rsa.items() if k != "alg"}, "alg": wrong})
        desk.refuses(tokens.mint(other, header={"kid": "ps512"}), "jwt_alg", "jwt_kid")
    desk.refuses(tokens.mint(signing_keys["ES256"], header={"kid": "es384"}), "jwt_alg", "jwt_kid", "jwt_signature")
    desk.refuses(tokens.mint(OctKey.generate_key(256, {"alg": "HS256", "kid": "es256"})), "jwt_alg")


def test_keys_that_a_token_brings_or_points_to_are_ignored_attacks_46(desk, key):
    from peers.upstream import Scripted

    own = ECKey.generate_key("P-256", {"alg": "ES256", "kid": "own"})
    with Scripted() as trap:
        url = f"http://{trap.address}/jwks"
        heads = [
            {"jwk": own.as_dict(private=False)},
            {"jku": url},
            {"x5u": url},
            {"jku": url, "kid": "es256"},
            {"x5c": [base64.b64encode(own.as_der(private=False)).decode()], "kid": "es256"},
            {"kid": "../../../../dev/null"},
            {"kid": "es256' OR '1'='1"},
            {"kid": "\u0000es256"},
            {"kid": "ES256"},
            {"kid": "es256 "},
            {"kid": "x" * 4000},
            {"kid": ""},
            {"kid": 5},
        ]
        for head in heads:
            token = tokens.signed_over(own, {"alg": "ES256", "typ": "JWT", "kid": "own", **head}, tokens.claims())
            desk.refuses(token, "jwt_kid", "jwt_signature", "jwt_malformed")
        # A good signature does not make them heard either.
        good = tokens.signed_over(key, {"alg": "ES256", "typ": "JWT", "kid": "es256", "jku": url}, tokens.claims())
        desk.ask(good)
        assert trap.connections == 0, "a token made the gateway fetch"


def test_critical_extensions_attacks_47(desk, key):
    base = {"alg": "ES256", "typ": "JWT", "kid": "es256"}
    for extra in (
        {"crit": ["exp"], "exp": 1},
        {"crit": ["b64"], "b64": False},
        {"crit": ["x"], "x": 1},
        {"crit": []},
        {"crit": "b64"},
        {"crit": ["alg"]},
        {"crit": ["missing"]},
        {"crit": None},
        {"b64": False},
    ):
        token = tokens.signed_over(key, {**base, **extra}, tokens.claims())
        desk.refuses(token, "jwt_crit", "jwt_malformed")


def test_what_is_no_compact_serialisation_attacks_48(desk, key):
    token = tokens.mint(key)
    head, payload, signature = token.split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    # The last character of 64 bytes in base64url carries four bits that must be zero.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(signature[-1])
    unused = signature[:-1] + alphabet[last | 1 if last % 2 == 0 else last]
    bad = [
        token + "=", f"{head}=.{payload}.{signature}", f"{head}.{payload}.{signature}==", f"{head}.{payload}", f"{head}.{payload}.",
        f".{payload}.{signature}", f"{head}..{signature}", f"{token}.", f"{token}.x", f"{token}.{token}", token.replace(".", ".."), "", ".", "..", "...",
        f"{head}.{payload}.{unused}", f"{head}.{payload}.{signature}AA", f"{head}.{payload}.{signature[:-2]}", f"{head}.{payload}.{tokens.encode(raw + b'0')}",
        f"{head}.{payload}.{signature.replace('_', '/').replace('-', '+')}+", f"{head}!.{payload}.{signature}", f"{head}.{payload} .{signature}",
        f"{head}.{payload}.{tokens.encode(bytes(64))}", f"{head}.{payload}.{tokens.encode(b'')}",
        json.dumps({"payload": payload, "protected": head, "signature": signature}),
    ]  # fmt: skip
    for text in bad:
        response, line = desk.ask(text)
        assert is_refusal(response) in ("credentials_invalid", "credentials_missing", "malformed_request"), (text, line)
        assert not desk.backend.requests
    duplicate = b'{"alg":"ES256","alg":"none","kid":"es256"}'
    desk.refuses(tokens.signed_over(key, duplicate, tokens.claims()), "jwt_malformed", "jwt_alg")
    claims = json.dumps(tokens.claims()).encode()
    for broken in (
        claims[:-1] + b',"sub":"root"}', claims[:-1], claims + b"x", b"[" + claims + b"]", b"", b"null", b'"' + b"x" * 50 + b'"', b"\xef\xbb\xbf" + claims,
        claims.replace(b"alice", b"al\xffce"), b"{" * 5000, b'{"a":' * 3000 + b"1" + b"}" * 3000,
    ):  # fmt: skip
        if len(broken) > 5500:
            continue
        desk.refuses(tokens.signed_over(key, {"alg": "ES256", "kid": "es256"}, broken), "jwt_malformed", "jwt_claim")


def test_a_token_beyond_its_size_attacks_48(desk, key):
    response, _ = desk.ask(tokens.mint(key, padding="x" * 5000))
    assert response.status == 200
    response, _ = desk.ask("x" * 100_000)
    assert is_refusal(response, "headers_too_large")


def test_claims_of_the_wrong_kind_attacks_49(desk, key):
    now = int(time.time())
    for changes, code in [
        ({"exp": None}, "credentials_invalid"),
        ({"exp": str(now + 60)}, "credentials_invalid"),
        ({"exp": -1}, None),
        ({"exp": 0}, None),
        ({"exp": now - 60}, "credentials_expired"),
        ({"exp": now + 60.5}, "credentials_invalid"),
        ({"exp": True}, "credentials_invalid"),
        ({"exp": now + 60.5}, "credentials_invalid"),
        ({"nbf": now - 60.5}, "credentials_invalid"),
        ({"exp": [now + 60]}, "credentials_invalid"),
        ({"nbf": now + 60}, "credentials_invalid"),
        ({"nbf": "x"}, "credentials_invalid"),
        ({"iat": "x"}, "credentials_invalid"),
        ({"iat": now + 600}, "credentials_invalid"),
        ({"iss": "https://idp.example.test/"}, "credentials_invalid"),
        ({"iss": "https://IDP.example.test"}, "credentials_invalid"),
        ({"iss": None}, "credentials_invalid"),
        ({"iss": ["https://idp.example.test"]}, "credentials_invalid"),
        ({"aud": None}, "credentials_invalid"),
        ({"aud": "other"}, "credentials_invalid"),
        ({"aud": ["other", "more"]}, "credentials_invalid"),
        ({"aud": []}, "credentials_invalid"),
        ({"aud": "orders,other"}, "credentials_invalid"),
        ({"aud": {"orders": 1}}, "credentials_invalid"),
        ({"aud": "Orders"}, "credentials_invalid"),
        ({"sub": 5}, "credentials_invalid"),
    ]:
        response, line = desk.ask(tokens.mint(key, **changes))
        found = is_refusal(response)
        assert found == code or code is None and found in ("credentials_expired", "credentials_invalid"), (changes, line)
    for text in (b"1e400", b"-1e400", b"1e10000000", b"99999999999999999999999", b"NaN", b"0x7fffffff", b"1.7e9x", b""):
        payload = json.dumps(tokens.claims(exp=77)).encode().replace(b"77", text)
        response, _ = desk.ask(tokens.signed_over(key, {"alg": "ES256", "kid": "es256"}, payload))
        # A time beyond reckoning may count as far away; never as a crash.
        assert response.status in (200, 401), (text, response)
        assert response.status == 401 or text.startswith((b"1e400", b"9999", b"1e1000"))
    assert desk.gateway.process.poll() is None and desk.gateway.workers()


def test_claims_of_the_right_kind_attacks_49(desk, key):
    now = int(time.time())
    for changes in (
        {"aud": ["other", "orders"]},
        {"aud": "billing"},
        {"nbf": now - 60},
        {"iat": None},
        {"exp": now - 2},
        {"nbf": now + 2},
        {"exp": now + 10**9},
    ):
        desk.accepts(tokens.mint(key, **changes))


def test_several_tokens_are_never_first_wins_attacks_50(desk, key):
    good, bad = tokens.mint(key), "x.y.z"
    for options in (
        {"token": good, "query": f"?access_token={good}"},
        {"token": good, "fields": [f"Cookie: session={good}"]},
        {"token": None, "query": f"?access_token={good}", "fields": [f"Cookie: session={good}"]},
        {"token": good, "fields": [f"Authorization: Bearer {bad}"]},
        {"token": bad, "fields": [f"Authorization: Bearer {good}"]},
        {"token": good, "fields": ["Authorization: Basic eDp5"]},
        {"token": None, "query": f"?access_token={good}&access_token={good}"},
        {"token": None, "fields": [f"Cookie: session={good}; session={bad}"]},
    ):
        token = options.pop("token")
        response, line = desk.ask(token, **options)
        assert is_refusal(response) in ("credentials_invalid", "malformed_request"), (options, line)
        assert not desk.backend.requests


def test_a_token_in_a_cookie_or_the_query(desk, key):
    good = tokens.mint(key)
    request = desk.accepts(None, fields=[f"Cookie: theme=dark; session={good}; lang=de"])
    assert good not in repr(request)
    assert "theme=dark" in request.get("cookie") and "lang=de" in request.get("cookie")
    request = desk.accepts(None, query=f"?a=1&access_token={good}&b=2")
    assert good not in repr(request)
    assert "a=1" in request.target and "b=2" in request.target


def test_other_schemes_are_no_bearer_token(desk, key):
    for value in ("Basic eDp5", "Bearer", "Bearer ", "bearer", "Token x", "Bearer a b", f"BearerX {tokens.mint(key)}"):
        response, line = desk.ask(None, fields=[f"Authorization: {value}"])
        assert is_refusal(response) in ("credentials_missing", "credentials_invalid"), (value, line)
    desk.accepts(None, fields=[f"authorization: bEaReR {tokens.mint(key)}"])


def test_encrypted_tokens_and_other_types_attacks_51(desk, key):
    protected = tokens.encode({"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 2**31 - 1, "p2s": "x", "zip": "DEF"})
    started = time.monotonic()
    desk.refuses(f"{protected}.AA.AA.AA.AA", "jwt_type", "jwt_malformed", "jwt_alg")
    desk.refuses(f"{tokens.encode({'alg': 'RSA-OAEP', 'enc': 'A256GCM', 'kid': 'rs256'})}.AA.AA.AA.AA", "jwt_type", "jwt_malformed", "jwt_alg")
    assert time.monotonic() - started < 2
    for name in ("at+jwt", "JWT", "jwt", "application/at+jwt"):
        desk.accepts(tokens.mint(key, header={"typ": name}))
    desk.accepts(tokens.mint(key, header={"typ": None}))
    for name in ("dpop+jwt", "logout+jwt", "JWE", "secevent+jwt", 5):
        desk.refuses(tokens.mint(key, header={"typ": name}) if isinstance(name, str) else tokens.signed_over(key, {"alg": "ES256", "kid": "es256", "typ": 5}, tokens.claims()), "jwt_type", "jwt_malformed")


def test_a_verified_token_stays_what_it_was(desk, key):
    """The cache of verified tokens judges time and scopes anew."""
    token = tokens.mint(key, exp=int(time.time()) - 3, scope="orders:read")
    desk.accepts(token)
    desk.accepts(token)
    desk.refuses(token, "scope_missing", code="scope_missing", path="/write")
    time.sleep(3.2)
    desk.refuses(token, "jwt_expired", code="credentials_expired")


def test_nothing_of_a_token_stands_in_log_metrics_or_answer(desk, key):
    """attacks 77"""
    token = tokens.mint(key, sub="bob")
    response, _ = desk.ask(token)
    refused, _ = desk.ask(token + "x")
    query, _ = desk.ask(None, query=f"?access_token={token}")
    text = desk.gateway.log.path.read_text() + desk.gateway.metrics().text + repr(response) + repr(refused) + repr(query)
    text += "".join(map(str, desk.gateway.events + desk.gateway.noise))
    for part in token.split(".")[1:]:
        assert part not in text
    lines = [json.loads(line) for line in desk.gateway.log.path.read_text().splitlines()]
    assert any(line.get("principal") and "bob" in str(line["principal"]) for line in lines)
    assert re.search(r"access_token=[^\"&]*", text) is None or token not in text
