"""Mutations by the hundred of what the wire scripts show once each: every one is refused and none reaches the upstream.

All of them go to one gateway. A request that is refused is answered with a problem document and the connection ends.
"""

import itertools

import pytest

from peers.assertions import is_refusal
from peers.gateway import Gateway, configuration
from peers.http1 import Cut, Malformed, TimedOut, connect
from peers.upstream import Backend, reply


class Bench:
    """The gateway before a backend that keeps every byte it sees."""

    def __init__(self, directory):
        self.backend = Backend(lambda wire, request, backend: wire.send(reply(body=b"ok")))
        self.gateway = Gateway(configuration(self.backend.address), directory)

    def judge(self, data, ends=False):
        """Sends the bytes on a connection of their own: ("refused", code), ("served", status) or what else came.

        `ends`: nothing more will come, so that what is unfinished stays unfinished.
        """
        wire = connect(self.gateway.address())
        try:
            wire.send(data)
            if ends:
                wire.half_close()
            response = wire.read_response()
            if response.get("content-type") == "application/problem+json":
                return "refused", is_refusal(response)
            return "served", response.status
        except (Cut, Malformed, TimedOut, AssertionError, OSError) as error:
            return "broken", repr(error)
        finally:
            wire.close()

    def all_refused(self, cases, codes=("malformed_request",)):
        """Every case is refused with one of the codes, and the backend has seen nothing."""
        self.backend.requests.clear()
        wrong = []
        for data in cases:
            outcome = self.judge(data)
            if outcome[0] != "refused" or outcome[1] not in codes:
                wrong.append((outcome, data[:120]))
        assert not wrong, f"{len(wrong)} of {len(cases)}, the first: {wrong[:5]}"
        assert not self.backend.requests, self.backend.requests[:3]
        assert self.gateway.process.poll() is None
        return len(cases)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    bench = Bench(tmp_path_factory.mktemp("mutations"))
    yield bench
    bench.gateway.stop()
    bench.backend.close()


def post(*lines, body=b""):
    head = b"".join(line + b"\r\n" for line in (b"POST / HTTP/1.1", b"Host: a.test", *lines))
    return head + b"\r\n" + body


def test_transfer_encoding_values_attacks_2(bench):
    """Every byte before, after and within `chunked` that is no white space around the value."""
    values = []
    for byte in itertools.chain(range(0x01, 0x20), range(0x7F, 0x100)):
        if byte in (0x09, 0x0A, 0x0D):
            continue
        mark = bytes([byte])
        values += [mark + b"chunked", b"chunked" + mark, b"chun" + mark + b"ked"]
    values += [
        b"chunked, cow", b"cow, chunked", b"cow", b"identity", b"chunked;q=1", b'"chunked"', b"'chunked'", b"chunked,",
        b",chunked", b"chunked,,", b"chunked, chunked", b"x-chunked", b"chunkedd", b"chunke", b"ch\xc3\xbcnked",
        b"gzip", b"gzip, chunked", b"compress, chunked", b"chunked identity", b"chunked\tcow", b"chunked=1",
    ]  # fmt: skip
    cases = [post(b"Transfer-Encoding: " + value, body=b"0\r\n\r\n") for value in values]
    assert bench.all_refused(cases, ("malformed_request", "unsupported")) > 450


def test_transfer_encoding_names_attacks_2(bench):
    """A name that is nearly Transfer-Encoding is refused, or passes as the other field that it is: never as framing."""
    refused, harmless = [], []
    for byte in itertools.chain(range(0x00, 0x21), range(0x7F, 0x100)):
        mark = bytes([byte])
        refused += [b"Transfer-Encoding" + mark + b": chunked", mark + b"Transfer-Encoding: chunked"]
    refused += [b"Transfer-Encoding : chunked", b"Transfer Encoding: chunked", b"Transfer-Encoding\r: chunked", b": chunked"]
    harmless += [b"Transfer_Encoding: chunked", b"Transfer-Encoding1: chunked", b"XTransfer-Encoding: chunked", b"Transfer.Encoding: chunked"]
    # Next to a length, so that a reader who took the field for framing would see another request.
    hidden = b"0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: a.test\r\n\r\n"
    cases = [post(b"Content-Length: %d" % len(hidden), line, body=hidden) for line in refused if line[:1] != b"\n"]
    bench.all_refused(cases)
    for line in harmless:
        bench.backend.requests.clear()
        outcome = bench.judge(post(b"Content-Length: %d" % len(hidden), line, body=hidden))
        assert outcome in (("served", 200), ("refused", "malformed_request")), (line, outcome)
        seen = bench.backend.requests
        assert all(request.body == hidden and "hidden" not in request.target for request in seen), seen
        assert not any(request.all("transfer-encoding") for request in seen), seen


def test_content_length_values_attacks_3(bench):
    values = [
        b"+5", b"-5", b"-48", b"0x5", b"0x10", b"1_0", b"5 5", b"5,5", b"5, 5", b"5,", b",5", b"5;", b"5.0", b"5e0", b"five",
        b'"5"', b"'5'", b"\xef\xbc\x95", b"5\x00", b"5\x0b", b"5\x7f", b"\x0b5", b"5\xa0", b"--5", b"0-5", b"5-", b"NaN", b"inf",
        b"18446744073709551616", b"18446744073709551621", b"9223372036854775808", b"99999999999999999999999999", b"5" * 400,
    ]  # fmt: skip
    cases = [post(b"Content-Length: " + value, body=b"hello") for value in values]
    cases += [
        post(b"Content-Length:", body=b"hello"),
        post(b"Content-Length: 5", b"Content-Length: 6", body=b"hello!"),
        post(b"Content-Length: 6", b"Content-Length: 5", body=b"hello!"),
        post(b"Content-Length: 5", b"Content-Length: 5", body=b"hello"),
        post(b"Content-Length: 5", b"content-length: x", body=b"hello"),
        post(b"Content-Length : 5", body=b"hello"),
    ]
    bench.all_refused(cases, ("malformed_request", "body_too_large"))


def test_a_length_with_zeros_is_decimal_or_refused_attacks_3(bench):
    bench.backend.requests.clear()
    outcome = bench.judge(post(b"Content-Length: 010", body=b"0123456789"))
    if outcome != ("refused", "malformed_request"):
        assert outcome == ("served", 200)
        assert bench.backend.requests[0].body == b"0123456789"


def test_chunk_sizes_attacks_5(bench):
    sizes = [
        b"0x5", b"0X5", b"+5", b"-5", b" 5", b"\t5", b"5 ", b"5\t", b"0_5", b"5_", b"5,", b"g", b"5g", b"\xd9\xa5", b"", b";", b" ;a",
        b"5;\x00", b"5;a\rb", b"5\x00", b"5\x0b", b"fffffffffffffffff", b"10000000000000000", b"8000000000000000",
        b"ffffffffffffffff", b"0" * 5000 + b"5", b"5;a=\x7f",
    ]  # fmt: skip
    cases = [post(b"Transfer-Encoding: chunked", body=size + b"\r\nhello\r\n0\r\n\r\n") for size in sizes]
    ends = [b"hello\n0\r\n\r\n", b"hello\r0\r\n\r\n", b"hello0\r\n\r\n", b"hello\r\n\r\n0\r\n\r\n", b"hello\rX0\r\n\r\n", b"hell\r\n0\r\n\r\n"]
    cases += [post(b"Transfer-Encoding: chunked", body=b"5\r\n" + end) for end in ends]
    cases += [post(b"Transfer-Encoding: chunked", body=b"5\nhello\r\n0\r\n\r\n")]
    cases += [post(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\n")]
    cases += [post(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\n\r\n")]
    wrong = []
    for data in cases:
        bench.backend.requests.clear()
        outcome = bench.judge(data)
        # The head may be on its way already: then the request upstream must not become whole.
        if outcome not in (("refused", "malformed_request"), ("refused", "body_too_large")) or bench.backend.requests:
            wrong.append((outcome, data[-40:], bench.backend.requests))
    assert not wrong, f"{len(wrong)} of {len(cases)}: {wrong[:5]}"


def test_bytes_in_names_and_values_attacks_6(bench):
    cases = []
    for byte in range(0x00, 0x100):
        mark = bytes([byte])
        token = mark.isalnum() and byte < 0x80 or mark in b"!#$%&'*+-.^_`|~"
        # With a colon the name ends earlier, and CR or LF make another line: those stand in cases of their own.
        if not token and mark not in b":\r\n":
            cases.append(post(b"X" + mark + b"A: one", b"Content-Length: 0"))
        if (byte < 0x20 and byte != 0x09 or byte >= 0x7F) and mark != b"\n":
            cases.append(post(b"X-A: o" + mark + b"ne", b"Content-Length: 0"))
    assert bench.all_refused(cases) > 250


def test_request_targets_attacks_9_34_37(bench):
    targets = [
        b"/\\", b"/a\\b", b"/a\x7fb", b"/\xff", b"/ a", b"/a b", b"/%", b"/%1", b"/%g0", b"/%00", b"/%0a", b"/%0d%0a", b"/%2f", b"/%2F..%2f",
        b"/%5c", b"/%25%32%65", b"/..", b"/../", b"/a/..", b"/a/../b", b"/%2e%2e/", b"/.%2e/", b"/%2e./", b"/.", b"/./", b"/a/.", b"//", b"///a",
        b"/a//b", b"/;", b"/;a", b"/a;b", b"/a;b=c/d", b"/..;/", b"/%3b", b"/..%00/", b"/..%0d/", b"/%c0%ae%c0%ae/", b"/%u002e%u002e/", b"/#", b"/a#b", b"#",
        b"?", b"a", b"*a", b"http://", b"http:///", b"http://[", b"http://[::1", b"http://a b/", b"https:/a", b"//a.test/x", b"/\x00", b"/a\x01",
    ]  # fmt: skip
    cases = [b"GET " + target + b" HTTP/1.1\r\nHost: a.test\r\n\r\n" for target in targets]
    bench.all_refused(cases)


def test_one_byte_missing_or_changed_never_serves_another_request(bench):
    """Every prefix of a good request is unfinished; every good request with one byte replaced by CR, LF or NUL serves nothing hidden."""
    good = post(b"Content-Length: 5", b"X-A: one", body=b"hello")
    bench.backend.requests.clear()
    for length in range(1, len(good)):
        outcome = bench.judge(good[:length], ends=True)
        assert outcome[0] != "served", (outcome, good[:length])
    assert not bench.backend.requests
    for index, mark in itertools.product(range(len(good) - 5), (b"\r", b"\n", b"\0")):
        outcome = bench.judge(good[:index] + mark + good[index + 1 :])
        if outcome[0] == "served":
            # The byte was LF in front of its own line's CRLF partner, that is, nothing has changed.
            assert good[index : index + 1] == mark, (outcome, index, mark)
    assert all(request.body == b"hello" for request in bench.backend.requests)
