"""Mutual TLS towards clients (attacks 39, 82): rules by listener and name, revocation, identities, resumption."""

import datetime
import json
import ssl
import subprocess
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from peers import http1, tokens
from peers.assertions import is_refusal
from peers.certificates import Authority
from peers.gateway import NOT_RELOADED, RELOADED, configuration, run, tls
from peers.upstream import reply
from peers.yaml import dump

FAILED = "TLS handshake failed"


def get(host="api.example.test", *fields):
    return "\r\n".join(["GET / HTTP/1.1", f"Host: {host}", *fields, "", ""]).encode()


@pytest.fixture(scope="module")
def other_authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("partners"), name="Partner Root")


@pytest.fixture(scope="module")
def pairs(authority, other_authority):
    """Client certificates by name; (chain, key)."""
    return {
        "meter": authority.issue("meter-7", client=True),
        "revoked": authority.issue("meter-8", client=True),
        "admin": authority.issue("admin", client=True),
        "expired": authority.issue("meter-old", client=True, days=-1, started=3 * 86400),
        "server": authority.issue("meter-server", label="meter-server"),
        "partner": other_authority.issue("meter-7", client=True, label="partner"),
    }


@pytest.fixture(scope="module")
def certificates(authority):
    return {name: authority.issue(f"{name}.example.test") for name in ("api", "partners", "open")}


@pytest.fixture
def backend(backends):
    def echo(wire, request, backend):
        wire.send(reply(body=json.dumps(dict(request.fields)).encode()))

    return backends(echo)


@pytest.fixture
def settings(backend, certificates, authority, other_authority):
    """api: a certificate of `authority`; partners: one of `other_authority`; open: none asked."""
    config = configuration(backend.address)
    config["listeners"] = {
        "public": tls(
            *certificates.values(),
            tls={
                "clientCertificates": {"ca": str(authority.file)},
                "names": {
                    "partners.example.test": {"clientCertificates": {"ca": str(other_authority.file)}},
                    "open.example.test": {"clientCertificates": "none"},
                },
            },
        )
    }
    return config


def revocation_list(authority, *pairs, hours=24, began=1):
    """A list of these certificates, signed by the authority; in PEM."""
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(authority.name)
        .last_update(now - datetime.timedelta(hours=began))
        .next_update(now + datetime.timedelta(hours=hours))
        .add_extension(x509.CRLNumber(1), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
    )
    for chain, _ in pairs:
        certificate = x509.load_pem_x509_certificate(chain.read_bytes())
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(certificate.serial_number)
            .revocation_date(now)
            .add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
            .build()
        )
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def ask(gateway, authority, pair=None, name="api.example.test", sent=None, alpn=("http/1.1",), context=None):
    """The answer, or None where the handshake or the connection ended instead of one."""
    context = context or authority.client(alpn, pair)
    try:
        wire = http1.connect(gateway.address(), context, name)
        wire.send(sent or get(name))
        return wire.read_response()
    except (OSError, http1.Cut):
        return None


def failed(gateway, reason):
    return gateway.event(FAILED, reason=reason, listener="public")


def test_a_listener_that_requires_a_certificate(gateways, settings, authority, pairs, backend):
    gateway = gateways(settings)
    assert ask(gateway, authority, pairs["meter"]).status == 200
    assert ask(gateway, authority) is None
    failed(gateway, "tls_certificate_missing")
    for name in ("partner", "expired", "server"):
        assert ask(gateway, authority, pairs[name]) is None, name
    failed(gateway, "tls_certificate_invalid")
    assert len(backend.requests) == 1
    assert gateway.metrics().sum("portcullis_tls_handshakes_total", listener="public", result="failed") == 4


def test_each_name_has_its_own_authorities(gateways, settings, authority, pairs):
    gateway = gateways(settings)
    partners = "partners.example.test"
    assert ask(gateway, authority, pairs["partner"], partners).status == 200
    assert ask(gateway, authority, pairs["meter"], partners) is None
    assert ask(gateway, authority, None, partners) is None
    assert ask(gateway, authority, None, "open.example.test").status == 200
    # A certificate that is not asked for is not sent.
    assert ask(gateway, authority, pairs["meter"], "open.example.test").status == 200


def test_a_client_without_a_name_is_refused_where_names_have_rules(gateways, settings, authority, pairs):
    """attacks 39: nobody can tell which rule it would fall under."""
    gateway = gateways(settings)
    context = authority.client(certificate=pairs["meter"])
    context.check_hostname = False
    assert ask(gateway, authority, None, None, get(), context=context) is None
    failed(gateway, "tls_unknown_name")
    del gateway.config["listeners"]["public"]["tls"]["names"]
    assert gateway.reload()["event"] == RELOADED
    assert ask(gateway, authority, None, None, get(), context=context).status == 200


@pytest.mark.parametrize("split", [1, 5, 6, 60])
def test_a_hello_in_several_records_does_not_walk_around_the_rule(gateways, settings, authority, split):
    """attacks 39: the name stands in the second record."""
    gateway = gateways(settings)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = authority.client().wrap_bio(incoming, outgoing, server_hostname="api.example.test")
    with pytest.raises(ssl.SSLWantReadError):
        session.do_handshake()
    record = outgoing.read()
    body = record[5:]
    pieces = [body[:split], body[split:]]
    wire = http1.connect(gateway.address())
    wire.send(b"".join(record[:3] + len(piece).to_bytes(2, "big") + piece for piece in pieces))
    answers = 0
    try:
        while True:
            assert wire.fill()
            incoming.write(bytes(wire.buffer))
            wire.buffer.clear()
            try:
                session.do_handshake()
                break
            except ssl.SSLWantReadError:
                continue
        wire.send(outgoing.read())
        session.write(get())
        wire.send(outgoing.read())
        while wire.fill():
            incoming.write(bytes(wire.buffer))
            wire.buffer.clear()
            answers += len(session.read() or b"")
    except (OSError, AssertionError):
        pass
    assert answers == 0
    failed(gateway, "tls_certificate_missing")


def test_a_host_with_another_rule_is_misdirected(gateways, settings, authority, pairs, backend):
    """attacks 39: one connection, another host; one certificate covers both, so that only the rule differs."""
    both = authority.issue("api.example.test", "partners.example.test", "twin.example.test", label="both")
    settings["listeners"]["public"]["tls"]["certificates"] = [{"chain": str(both[0]), "key": str(both[1])}]
    settings["listeners"]["public"]["tls"]["names"].pop("open.example.test")
    gateway = gateways(settings)
    wire = http1.connect(gateway.address(), authority.client(certificate=pairs["meter"]), "api.example.test")
    wire.send(get("partners.example.test"))
    is_refusal(wire.read_response(), "misdirected_request")
    # The same rule and a certificate that covers it: a coalesced connection lives.
    wire.send(get("twin.example.test"))
    assert wire.read_response().status == 200
    assert [line["reason"] for line in gateway.log.wait(2)] == ["sni_host_mismatch", "ok"]
    assert len(backend.requests) == 1


def test_revocation(gateways, settings, authority, pairs, tmp_path, backend):
    crl = tmp_path / "clients.crl"
    crl.write_bytes(revocation_list(authority, pairs["revoked"]))
    settings["listeners"]["public"]["tls"]["clientCertificates"]["crl"] = str(crl)
    gateway = gateways(settings)
    assert ask(gateway, authority, pairs["meter"]).status == 200
    assert ask(gateway, authority, pairs["revoked"]) is None
    failed(gateway, "tls_certificate_revoked")
    assert len(backend.requests) == 1
    # The next list revokes the other one, too.
    crl.write_bytes(revocation_list(authority, pairs["revoked"], pairs["meter"]))
    assert gateway.reload()["event"] == RELOADED
    assert ask(gateway, authority, pairs["meter"]) is None
    # A list of a stranger, and none at all, change nothing.
    stranger = Authority(tmp_path / "stranger")
    for bad in (revocation_list(stranger), b"nothing"):
        crl.write_bytes(bad)
        assert gateway.reload()["event"] == NOT_RELOADED
    assert ask(gateway, authority, pairs["admin"]).status == 200
    # A stale one is taken, and refuses everybody.
    crl.write_bytes(revocation_list(authority, hours=-0.5))
    assert gateway.reload()["event"] == RELOADED
    assert ask(gateway, authority, pairs["admin"]) is None
    failed(gateway, "tls_revocation_unknown")


def test_a_list_that_becomes_stale_lets_nobody_in(gateways, settings, authority, pairs, tmp_path):
    """Fails closed: revocation is unknown."""
    crl = tmp_path / "clients.crl"
    now = datetime.datetime.now(datetime.timezone.utc)
    crl.write_bytes(revocation_list(authority, hours=8 / 3600))
    settings["listeners"]["public"]["tls"]["clientCertificates"]["crl"] = str(crl)
    gateway = gateways(settings)
    assert ask(gateway, authority, pairs["meter"]).status == 200
    left = 8.5 - (datetime.datetime.now(datetime.timezone.utc) - now).total_seconds()
    if left > 0:
        time.sleep(left)
    assert ask(gateway, authority, pairs["meter"]) is None
    failed(gateway, "tls_revocation_unknown")


def openssl(gateway, *arguments, stdin=b""):
    done = subprocess.run(
        ["/usr/bin/openssl", "s_client", "-connect", gateway.address(), "-servername", "api.example.test", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        timeout=20,
    )
    return (done.stdout + done.stderr).decode("utf-8", "replace")


def test_openssl_is_told_the_authorities_and_resumes_with_its_certificate(gateways, settings, authority, pairs, tmp_path):
    """attacks 39: what is checked, is checked again when the session is resumed."""
    crl = tmp_path / "clients.crl"
    crl.write_bytes(revocation_list(authority))
    settings["listeners"]["public"]["tls"]["clientCertificates"]["crl"] = str(crl)
    settings["identities"] = {"machines": {"clientCertificate": {"subjects": ["CN=meter-*"]}}}
    settings["routes"][0]["auth"] = {"anyOf": ["machines"]}
    gateway = gateways(settings)
    chain, key = pairs["meter"]
    own = ["-cert", chain, "-key", key, "-ign_eof"]
    close = b"GET / HTTP/1.1\r\nHost: api.example.test\r\nConnection: close\r\n\r\n"
    saved = tmp_path / "session"
    first = openssl(gateway, *own, "-sess_out", saved, stdin=close)
    assert "Acceptable client certificate CA names" in first and "CN = Test Root" in first
    assert "HTTP/1.1 200" in first and saved.exists()
    second = openssl(gateway, *own, "-sess_in", saved, stdin=close)
    assert "HTTP/1.1 200" in second and "Reused, TLSv1.3" in second
    lines = gateway.log.wait(2)
    assert [line["principal"] for line in lines] == ["CN=meter-7"] * 2
    # The session of one name is nothing to another.
    other = openssl(gateway, "-servername", "partners.example.test", "-sess_in", saved, *own, stdin=get("partners.example.test"))
    assert "Reused" not in other and "HTTP/1.1 200" not in other
    # Revoked in between: a new list, and the old session no longer helps.
    crl.write_bytes(revocation_list(authority, pairs["meter"]))
    assert gateway.reload()["event"] == RELOADED
    assert "HTTP/1.1 200" not in openssl(gateway, *own, "-sess_in", saved, stdin=close)
    failed(gateway, "tls_certificate_revoked")


def test_an_identity_by_subject(gateways, settings, authority, pairs):
    settings["identities"] = {"machines": {"clientCertificate": {"subjects": ["CN=meter-*"], "ca": str(authority.file)}}}
    settings["routes"][0]["auth"] = {"anyOf": ["machines"]}
    gateway = gateways(settings)
    answer = ask(gateway, authority, pairs["meter"], sent=get("api.example.test", "X-Client-Cert: CN=admin"))
    fields = json.loads(answer.body)
    assert fields["x-auth-subject"] == "CN=meter-7" and fields["x-auth-issuer"] == "CN=Test Root"
    assert fields["x-auth-identity"] == "machines" and "x-auth-scopes" not in fields
    is_refusal(ask(gateway, authority, pairs["admin"]), "forbidden")
    # The same name from the partners' authority is not the same machine.
    is_refusal(ask(gateway, authority, pairs["partner"], "partners.example.test"), "forbidden")
    answer = ask(gateway, authority, None, "open.example.test", get("open.example.test", "X-Client-Cert: CN=meter-7"))
    is_refusal(answer, "credentials_missing")
    lines = gateway.log.wait(4)
    assert [line["reason"] for line in lines] == ["ok", "certificate_mismatch", "certificate_mismatch", "credentials_missing"]
    assert lines[0]["principal"] == "CN=meter-7" and lines[0]["tls"] == "TLSv1.3"


def test_an_identity_by_alternative_name_beside_tokens(gateways, settings, authority, pairs, signing_keys, tmp_path):
    """`request`: a certificate, or a token; a token that is presented must be good."""
    settings["listeners"]["public"]["tls"]["clientCertificates"]["mode"] = "request"
    settings["identities"] = {
        "machines": {"clientCertificate": {"sans": ["dns:meter-*"]}},
        "staff": {"jwt": {"issuer": "https://idp.example.test", "audiences": ["orders"], "jwks": f"file:{tmp_path}/jwks.json"}},
    }
    key = signing_keys["ES256"]
    (tmp_path / "jwks.json").write_text(tokens.key_set(key))
    settings["routes"][0]["auth"] = {"anyOf": [{"identity": "staff", "scopes": ["read"]}, "machines"]}
    gateway = gateways(settings)

    def bearer(**claims):
        token = tokens.mint(key, **{"sub": "ada", **claims})
        return get("api.example.test", f"Authorization: Bearer {token}")

    assert json.loads(ask(gateway, authority, pairs["meter"]).body)["x-auth-subject"] == "CN=meter-7"
    assert json.loads(ask(gateway, authority, None, sent=bearer(scope="read")).body)["x-auth-subject"] == "ada"
    # The token is good and enough: it is the principal. Good and not enough: the certificate is.
    both = ask(gateway, authority, pairs["meter"], sent=bearer(scope="read"))
    assert json.loads(both.body)["x-auth-subject"] == "ada"
    weak = ask(gateway, authority, pairs["meter"], sent=bearer(scope="other"))
    fields = json.loads(weak.body)
    assert fields["x-auth-subject"] == "CN=meter-7" and not {"authorization", "Authorization"} & set(fields)
    is_refusal(ask(gateway, authority, None, sent=bearer(scope="other")), "scope_missing")
    is_refusal(ask(gateway, authority, pairs["meter"], sent=bearer(scope="read", exp=1)), "credentials_expired")
    is_refusal(ask(gateway, authority), "credentials_missing")
    # A certificate that is presented must be good, whatever the mode.
    assert ask(gateway, authority, pairs["partner"]) is None


def test_curl_with_a_certificate_over_http_2(gateways, settings, authority, pairs):
    settings["identities"] = {"machines": {"clientCertificate": {"subjects": ["CN=meter-*"]}}}
    settings["routes"][0]["auth"] = {"anyOf": ["machines"]}
    gateway = gateways(settings)
    port = gateway.address().rpartition(":")[2]
    done = subprocess.run(
        [
            "/usr/bin/curl", "--silent", "--show-error", "--http2", "--max-time", "10",
            "--cacert", str(authority.file), "--cert", str(pairs["meter"][0]), "--key", str(pairs["meter"][1]),
            "--resolve", f"api.example.test:{port}:127.0.0.1", "--write-out", "%{http_version} %{http_code}",
            f"https://api.example.test:{port}/",
        ],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.stdout.endswith("2 200"), done.stdout + done.stderr
    (line,) = gateway.log.wait(1)
    assert line["principal"] == "CN=meter-7" and line["protocol"] == "HTTP/2.0"


def check(config, tmp_path):
    file = tmp_path / "gateway.yaml"
    file.write_text(dump(config) + "\n")
    done = run("check", "--config", file)
    return done.returncode, done.stdout + done.stderr


def test_check_says_what_is_wrong(settings, tmp_path, authority, pairs, certificates):
    rules = settings["listeners"]["public"]["tls"]
    settings["identities"] = {"machines": {"clientCertificate": {"subjects": ["CN=meter-*"]}}}
    code, text = check(settings, tmp_path)
    assert code == 0 and "takes the word of any of 2 files of authorities" in text
    settings["identities"]["machines"]["clientCertificate"] = {"ca": str(tmp_path / "other.pem")}
    rules["names"]["nobody.example.org"] = {"clientCertificates": "none"}
    rules["clientCertificates"]["ca"] = str(pairs["meter"][0])
    settings["routes"][0]["auth"] = {"anyOf": [{"identity": "machines", "scopes": ["read"]}]}
    code, text = check(settings, tmp_path)
    assert code == 1
    for words in (
        "does not say whose certificate it means",
        "no listener trusts the authorities in",
        "no certificate of this listener is for 'nobody.example.org'",
        "may not issue certificates",
        "a certificate has no scopes and no claims",
    ):
        assert words in text, words
    settings["identities"]["machines"]["clientCertificate"] = {"subjects": ["meter"], "sans": ["meter"]}
    del rules["clientCertificates"], rules["names"]
    code, text = check(settings, tmp_path)
    assert code == 1
    for words in ("is not TYPE=VALUE", "is no pattern of a subjectAltName", "no listener asks for client certificates"):
        assert words in text, words


def test_explain_takes_a_certificate(settings, tmp_path, authority, pairs):
    settings["identities"] = {"machines": {"clientCertificate": {"subjects": ["CN=meter-*"]}}}
    settings["routes"][0]["auth"] = {"anyOf": ["machines"]}
    file = tmp_path / "gateway.yaml"
    file.write_text(dump(settings) + "\n")

    def explain(host, pair):
        extra = ["--client-certificate", pairs[pair][0]] if pair else []
        done = run("explain", "GET", f"https://{host}/", "--config", file, *extra)
        return done.stdout + done.stderr

    text = explain("api.example.test", "meter")
    assert "client certificate CN=meter-7, issued by CN=Test Root" in text and "forwarded: route all" in text
    assert "subject CN=meter-7" in text
    for host, pair, reason in (
        ("api.example.test", "admin", "certificate_mismatch"),
        ("api.example.test", None, "tls_certificate_missing"),
        ("api.example.test", "expired", "tls_certificate_expired"),
        ("api.example.test", "server", "tls_certificate_invalid"),
        ("api.example.test", "partner", "tls_certificate_invalid"),
        ("open.example.test", "meter", "credentials_missing"),
    ):
        assert f"reason {reason}" in explain(host, pair), (host, pair)
