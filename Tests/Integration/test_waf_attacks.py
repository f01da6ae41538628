"""Bodies that are attacks on whoever reads them (attacks 57 to 61), through the gateway, its rules Debian's Core Rule Set.

All of them go to one gateway over HTTP/1.1 and HTTP/2. Whatever is refused leaves no trace at the backend, and the
requests that resemble the attacks and are none arrive there as they were sent.
"""

import gzip
import time
import zlib

import pytest
from hyperframe.frame import DataFrame

from peers import http1
from peers.assertions import is_refusal
from peers.gateway import Gateway, configuration, tls
from peers.http2 import Connection
from peers.processes import resident_bytes
from peers.upstream import Backend, echo

NAME = "api.example.test"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=B"
ATTACK = b"<script>alert(document.cookie)</script>"
#: What the gateway lets a stream send at first.
WINDOW = 256 * 1024
CRS = ["/etc/modsecurity/crs/crs-setup.conf", "/usr/share/modsecurity-crs/rules/*.conf"]


class Target:
    """The gateway before a backend that answers with what it saw."""

    def __init__(self, directory, certificate, authority):
        self.authority = authority
        self.backend = Backend(echo)
        config = configuration(
            self.backend.address,
            waf={
                "edge": {
                    "rules": CRS,
                    "body": {"limit": "256KiB", "inflated": "512KiB"},
                    # The rule set refuses Content-Encoding of requests altogether.
                    "exclusions": [{"rule": 920450}],
                }
            },
        )
        config["listeners"]["secure"] = tls(certificate)
        config["routes"][0]["waf"] = "edge"
        self.gateway = Gateway(config, directory)

    def post(self, body, kind, protocol="http1", fields=()):
        """Status, code of the refusal or None, and the reason in the log, of one request."""
        (outcome,) = self.post_all({"": (kind, body)}, protocol, fields).values()
        return outcome

    def post_all(self, cases, protocol, fields=()):
        """What `post` says, of many requests by their names; each has left nothing at the backend, or arrived whole."""
        self.gateway.log.skip()
        send = self.over_http1 if protocol == "http1" else self.over_http2
        outcomes = {}
        for name, (kind, body) in cases.items():
            self.backend.requests.clear()
            response = send(body, [("Content-Type", kind), *fields])
            seen = [request.body for request in self.backend.requests]
            assert seen == ([body] if response.status == 200 else []), (name, response)
            outcomes[name] = response.status, None if response.status == 200 else is_refusal(response)
        lines = self.gateway.log.wait(len(cases))
        assert len(lines) == len(cases)
        return {name: (*outcome, line["reason"]) for (name, outcome), line in zip(outcomes.items(), lines)}

    def over_http1(self, body, fields):
        fields = [("Host", NAME), ("User-Agent", "Mozilla/5.0"), ("Accept", "*/*"), *fields, ("Content-Length", len(body))]
        head = "POST /a HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
        return http1.exchange(self.gateway.address(), head.encode() + body)

    def over_http2(self, body, fields):
        connection = Connection(self.gateway.address("secure"), self.authority.client(alpn=("h2",)), NAME)
        try:
            fields = [("user-agent", "Mozilla/5.0"), ("accept", "*/*"), *((name.lower(), value) for name, value in fields)]
            fields.append(("content-length", str(len(body))))
            frames = [connection.head(1, fields, method="POST", path="/a", end=not body)]
            # As much as the stream's window takes; what is longer is refused before.
            for start in range(0, min(len(body), WINDOW), 16_384):
                flags = ["END_STREAM"] if start + 16_384 >= len(body) else []
                frames.append(DataFrame(1, data=body[start : start + 16_384], flags=flags))
            connection.send(*frames)
            answer = connection.answer(1)
        finally:
            connection.close()
        response = http1.Message(f"HTTP/1.1 {answer.status} ")
        response.fields = answer.fields[1:]
        response.body = answer.body
        return response


@pytest.fixture(scope="module")
def target(tmp_path_factory, server_certificate, authority):
    target = Target(tmp_path_factory.mktemp("attacks"), server_certificate, authority)
    yield target
    assert target.gateway.process.poll() is None
    target.gateway.stop()
    target.backend.close()


def others(outcomes, *expected):
    """The outcomes that are none of the expected ones."""
    return {name: outcome for name, outcome in outcomes.items() if outcome not in expected}


BLOCKED = (403, "waf_blocked", "waf_blocked")
UNPARSABLE = (400, "malformed_request", "waf_unparsable")


def part(head, value=b"v"):
    return b"--B\r\n" + head + b"\r\n\r\n" + value + b"\r\n"


def field(name, value=b"v", more=b""):
    return part(b'Content-Disposition: form-data; name="' + name + b'"' + more, value)


END = b"--B--\r\n"

#: What is like the attacks below and is none.
HARMLESS = {
    "form": (FORM, b"name=O%27Neil&text=hello+world&empty=&&x"),
    "form in UTF-8": (FORM + "; charset=utf-8", b"name=%C3%A9"),
    "multipart": (MULTIPART, field(b"a", b"1") + field(b"b", b"two\r\nlines\r\n") + END),
    "multipart with files": (MULTIPART, field(b"f", b"\x89PNG\r\n\x1a\n" * 400, b'; filename="x.png"\r\nContent-Type: image/png') + END),
    "multipart without fields": (MULTIPART, END),
    "multipart of a charset": (MULTIPART, field(b"a", b"1", b"\r\nContent-Type: text/plain; charset=utf-8") + END),
    "JSON": ("application/json", b'{"a":{"b":[1,-2.5e3,true,null,"\\u00e9"]},"c":{}}'),
    "JSON as deep as may be": ("application/json", b"[" * 64 + b"1" + b"]" * 64),
    "XML": ("text/xml", b"<?xml version='1.0' encoding='utf-8'?><a b='c'>d &amp; e<f/></a>"),
}  # fmt: skip


@pytest.mark.parametrize("protocol", ["http1", "http2"])
def test_what_is_no_attack_arrives_as_it_was_sent(target, protocol):
    assert others(target.post_all(HARMLESS, protocol), (200, None, "ok")) == {}


@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize("size", [8, 16, 32, 64, 128])
def test_padding_hides_nothing(target, size, protocol):
    """attacks 57: an attack behind kilobytes of nothing."""
    padding = b"x" * (size * 1024)
    cases = {
        "form": (FORM, b"a=" + padding + b"&b=" + ATTACK),
        "multipart": (MULTIPART, field(b"a", padding) + field(b"b", ATTACK) + END),
        "JSON": ("application/json", b'{"a":"' + padding + b'","b":"' + ATTACK + b'"}'),
        "XML": ("text/xml", b"<a><b>" + padding + b"</b><c><![CDATA[" + ATTACK + b"]]></c></a>"),
    }
    assert others(target.post_all(cases, protocol), BLOCKED) == {}


@pytest.mark.parametrize("protocol", ["http1", "http2"])
def test_a_body_beyond_the_limit_is_refused_unread(target, protocol):
    """attacks 57: never inspected in part and passed on."""
    limit = 256 * 1024
    assert target.post(b"a=" + b"x" * (limit - 2), FORM, protocol)[0] == 200
    body = b"a=" + b"x" * (limit - 1)
    assert target.post(body, FORM, protocol) == (413, "body_too_large", "waf_body_limit")


#: attacks 58
MULTIPARTS = {
    "no boundary in the type": ("multipart/form-data", field(b"a") + END),
    "two boundaries": (MULTIPART + "; boundary=C", field(b"a") + END),
    "a boundary in other case": ("multipart/form-data; Boundary=B", field(b"a") + END),
    "a parameter before the boundary": ("multipart/form-data; x=y; boundary=B", field(b"a") + END),
    "half a quote": ('multipart/form-data; boundary="B', field(b"a") + END),
    "no boundary in the body": (MULTIPART, b"a=b"),
    "no final boundary": (MULTIPART, field(b"a")),
    "the boundary goes on": (MULTIPART, b"--Bx\r\n" + field(b"a") + END),
    "white space before the boundary": (MULTIPART, field(b"a", b"-- B\r\nx") + END),
    "white space behind the boundary": (MULTIPART, b"--B \r\n" + field(b"a") + END),
    "data before": (MULTIPART, b"x\r\n" + field(b"a") + END),
    "data behind": (MULTIPART, field(b"a") + END + b"x"),
    "lines that end in LF": (MULTIPART, (field(b"a") + END).replace(b"\r\n", b"\n")),
    "one line that ends in LF": (MULTIPART, (field(b"a") + field(b"b") + END).replace(b"\r\n\r\nv", b"\n\r\nv", 1)),
    "a folded header": (MULTIPART, part(b"Content-Disposition: form-data;\r\n name=a") + END),
    "a bare CR in a header": (MULTIPART, part(b"Content-Disposition: form-data; name=a\rX: y") + END),
    "NUL in a header": (MULTIPART, part(b"Content-Disposition: form-data; name=a\r\nX: \0") + END),
    "no disposition": (MULTIPART, part(b"X: y") + END),
    "two dispositions": (MULTIPART, field(b"a", b"v", b"\r\ncontent-disposition: form-data; name=b") + END),
    "two names": (MULTIPART, field(b"a", b"v", b"; name=b") + END),
    "two file names": (MULTIPART, field(b"a", b"v", b"; filename=a.txt; filename=b.php") + END),
    "an extended file name": (MULTIPART, field(b"a", b"v", b"; filename=a.txt; filename*=UTF-8''b.php") + END),
    "a name in single quotes": (MULTIPART, part(b"Content-Disposition: form-data; name='a'") + END),
    "a part without data": (MULTIPART, b"--B\r\nContent-Disposition: form-data; name=a\r\n\r\n" + END),
    "base64 (CVE-2022-39956)": (MULTIPART, field(b"a", b"PHNjcmlwdD4=", b"\r\nContent-Transfer-Encoding: base64") + END),
    "quoted-printable": (MULTIPART, field(b"a", b"=3Cscript=3E", b"\r\nContent-Transfer-Encoding: quoted-printable") + END),
    "UTF-7 by _charset_": (MULTIPART, field(b"_charset_", b"utf-7") + field(b"a") + END),
    "UTF-7 in the first of two parts (CVE-2026-21876)": (
        MULTIPART,
        field(b"a", b"+ADw-script+AD4-", b"\r\nContent-Type: text/plain; charset=utf-7")
        + field(b"b", b"v", b"\r\nContent-Type: text/plain; charset=utf-8") + END,
    ),
    "two charsets in one part": (
        MULTIPART, field(b"a", b"v", b"\r\nContent-Type: text/plain; charset=utf-8; charset=utf-7") + END,
    ),
    "too many parts": (MULTIPART, field(b"a") * 300 + END),
}  # fmt: skip


@pytest.mark.parametrize("protocol", ["http1", "http2"])
def test_multipart_that_can_be_read_in_two_ways(target, protocol):
    """attacks 58."""
    assert others(target.post_all(MULTIPARTS, protocol), (400, "malformed_request", "waf_multipart")) == {}


#: attacks 59
UNREADABLE = {
    "JSON of depth 10^5": ("application/json", b"[" * 100_000 + b"]" * 100_000),
    "JSON of depth 65": ("application/json", b"[" * 65 + b"]" * 65),
    "objects of depth 10^4": ("application/json", b'{"a":' * 10_000 + b"1" + b"}" * 10_000),
    "a key twice": ("application/json", b'{"role":"user","role":"admin"}'),
    "a key twice, escaped": ("application/json", b'{"role":"user","\\u0072ole":"admin"}'),
    "two values": ("application/json", b'{"a":1}{"a":2}'),
    "JSON with a comment": ("application/json", b'{"a":1/**/}'),
    "JSON in UTF-16": ("application/json", '{"a":1}'.encode("utf-16")),
    "JSON that is no UTF-8": ("application/json", b'{"a":"\xff"}'),
    "an overlong slash": ("application/json", b'{"a":"..\xc0\xaf.."}'),
    "half a surrogate pair": ("application/json", b'{"a":"\\ud800"}'),
    "a long key over many elements": ("application/json", b'{"' + b"k" * 60_000 + b'":[' + b"1," * 900 + b"1]}"),
    "an entity bomb": (
        "text/xml", b'<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;">]><a>&d;</a>',
    ),
    "an external entity": ("text/xml", b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a>&x;</a>'),
    "XML in UTF-16": ("text/xml", "<?xml version='1.0' encoding='utf-16'?><a/>".encode("utf-16")),
    "XML in UTF-7": ("text/xml", b"<?xml version='1.0' encoding='utf-7'?><a>+ADw-</a>"),
    "XML of depth 10^4": ("text/xml", b"<a>" * 10_000 + b"</a>" * 10_000),
    "XML that does not end": ("text/xml", b"<a>"),
    "a form in UTF-7": (FORM + "; charset=utf-7", b"a=%2BADw-script%2BAD4-"),
    "a form in UTF-16": (FORM + "; charset=utf-16", b"a=b"),
    "two charsets": (FORM + "; charset=utf-8; charset=utf-7", b"a=b"),
}  # fmt: skip


@pytest.mark.parametrize("protocol", ["http1", "http2"])
def test_bodies_that_nobody_should_read(target, protocol):
    """attacks 59."""
    assert others(target.post_all(UNREADABLE, protocol), UNPARSABLE) == {}


def test_two_content_types(target):
    """attacks 59: the rules would read the one, the backend the other."""
    status, code, reason = target.post(b'{"a":"b"}', FORM, fields=[("Content-Type", "application/json")])
    assert status == 400 and code == "malformed_request"
    assert reason in ("waf_unparsable", "bad_header")


@pytest.mark.parametrize("protocol", ["http1", "http2"])
def test_compressed_bodies_are_bounded(target, protocol):
    """attacks 60: by what they inflate to, whatever they are."""
    limit = 512 * 1024
    coding = [("Content-Encoding", "gzip")]
    assert target.post(gzip.compress(b"a=" + b"x" * (limit - 2)), FORM, protocol, coding)[0] == 200
    too_large = (413, "body_too_large", "decompress_limit")
    assert target.post(gzip.compress(b"a=" + b"x" * (limit - 1)), FORM, protocol, coding) == too_large
    before = resident_bytes(target.gateway.workers()[0])
    bomb = gzip.compress(bytes(100_000_000))
    members = gzip.compress(bytes(1000)) * 2000
    for body in (bomb, members):
        started = time.monotonic()
        assert target.post(body, FORM, protocol, coding) == too_large
        assert time.monotonic() - started < 5
    assert resident_bytes(target.gateway.workers()[0]) < before + 32 * 1024 * 1024
    hidden = gzip.compress(b"a=" + b"x" * 1000) + gzip.compress(b"&b=" + ATTACK)
    assert target.post(hidden, FORM, protocol, coding)[1] == "waf_blocked"
    assert target.post(zlib.compress(b"a=" + ATTACK), FORM, protocol, [("Content-Encoding", "deflate")])[1] == "waf_blocked"


@pytest.mark.parametrize("protocol", ["http1", "http2"])
@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, gzip", "identity, gzip", "gzip;x=y", "rot13"])
def test_codings_that_cannot_be_inspected(target, coding, protocol):
    """attacks 60: unknown and stacked codings."""
    body = gzip.compress(gzip.compress(b"a=b"))
    assert target.post(body, FORM, protocol, [("Content-Encoding", coding)]) == (415, "unsupported_media", "unsupported_coding")


@pytest.mark.parametrize("protocol", ["http1", "http2"])
def test_what_is_not_compressed_as_it_says(target, protocol):
    """attacks 60."""
    whole = gzip.compress(b"a=b")
    cases = {"plain": b"a=b", "cut": whole[:-1], "more behind": whole + b"&c=d", "of the other kind": zlib.compress(b"a=b")}
    cases = {name: (FORM, body) for name, body in cases.items()}
    assert others(target.post_all(cases, protocol, [("Content-Encoding", "gzip")]), UNPARSABLE) == {}


@pytest.mark.parametrize("protocol", ["http1", "http2"])
def test_too_many_arguments(target, protocol):
    """attacks 61: 10 000 arguments, in each form that has them."""
    cases = {
        "form": (FORM, b"a=b&" * 10_000),
        "JSON": ("application/json", b"[" + b"1," * 9_999 + b"1]"),
        "XML": ("text/xml", b"<a>" + b"<b c='d'/>" * 10_000 + b"</a>"),
    }
    assert others(target.post_all(cases, protocol), UNPARSABLE) == {}


@pytest.mark.parametrize("unit", [b"(", b"a ", b"' or ", b"<a ", b"%2e%2e/", b"\\\\", b"select ", b"=1 and ", b"/*", b"{{", b"$(", b"--"])
def test_texts_that_are_slow_to_match(target, unit):
    """attacks 61: whatever the verdict, it comes in time, and the next request is served."""
    body = b"a=" + unit * (60_000 // len(unit))
    started = time.monotonic()
    status, code, _ = target.post(body, FORM)
    assert time.monotonic() - started < 10
    assert (status, code) in ((200, None), (403, "waf_blocked"), (503, "waf_failed"))
    assert target.post(b"a=b", FORM)[0] == 200
