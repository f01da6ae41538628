"""Answers that may last: server-sent events, and how streams end with their credential, their route and the gateway."""

import pathlib
import signal
import tempfile
import time

import pytest

from peers import http1, tokens
from peers.assertions import is_refusal
from peers.gateway import configuration, tls
from peers.http2_gateway import connect  # noqa: F401
from peers.upstream import Scripted

EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
GRPC = b"HTTP/1.1 200 OK\r\nContent-Type: application/grpc+proto\r\nTransfer-Encoding: chunked\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"


@pytest.fixture
def upstream():
    with Scripted() as backend:
        yield backend


@pytest.fixture
def gateway(gateways, upstream):
    return gateways(configuration(upstream.address))


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def begin(gateway, upstream, head=EVENTS, request=GET):
    """A stream that has begun: the client's and the backend's end of it."""
    client = http1.connect(gateway.address())
    client.send(request)
    backend = upstream.take()
    backend.read_request()
    backend.send(head)
    assert client.read_head().status == 200
    return client, backend


def ended(gateway, reason):
    return gateway.metrics().sum("portcullis_streams_ended_total", reason=reason)


def read_chunk(client):
    size = int(client._line(), 16)
    data = client._take(size, http1.Message("")) if size else b""
    assert client._line() == b""
    return data


def test_each_event_arrives_before_the_next_is_sent(gateway, upstream):
    """The backend waits for the client after every event: one that lies in a buffer would stop both."""
    client, backend = begin(gateway, upstream)
    turns = []
    for number in range(50):
        event = b"data: %d\n\n" % number
        backend.send(chunk(event))
        turns.append(time.monotonic())
        assert read_chunk(client) == event
        turns.append(time.monotonic())
    assert turns == sorted(turns) and turns[-1] - turns[0] < 20
    backend.send(b"0\r\n\r\n")
    assert client._line() == b"0" and client._line() == b""
    (line,) = gateway.log.wait()
    assert line["reason"] == "ok"


def test_events_may_be_further_apart_than_timeouts_read(gateways, upstream):
    gateway = gateways(configuration(upstream.address, upstreams={"backend": {"timeouts": {"read": "1s"}}}))
    events, backend = begin(gateway, upstream)
    time.sleep(2.5)
    backend.send(chunk(b"data: late\n\n"))
    assert read_chunk(events) == b"data: late\n\n"
    # Of any other answer that is a dead backend.
    client, _ = begin(gateway, upstream, CHUNKED)
    client.socket.settimeout(5)
    while client.fill(5):
        pass
    (line,) = gateway.log.wait()
    assert line["reason"] == "upstream_timeout"


def test_the_head_of_events_is_waited_for_no_longer(gateways, upstream):
    gateway = gateways(configuration(upstream.address, upstreams={"backend": {"timeouts": {"read": "1s"}}}))
    client = http1.connect(gateway.address())
    client.send(GET)
    upstream.take().read_request()
    assert is_refusal(client.read_response(), "upstream_timeout")


def test_idle_events_end_cleanly_when_the_gateway_drains(gateway, upstream):
    client, backend = begin(gateway, upstream)
    backend.send(chunk(b"data: 1\n\n"))
    assert read_chunk(client) == b"data: 1\n\n"
    start = time.monotonic()
    gateway.send_signal(signal.SIGTERM)
    assert read_chunk(client) == b""
    client.expect_end()
    assert gateway.process.wait(15) == 0
    assert time.monotonic() - start < 15
    (line,) = gateway.log.wait()
    assert (line["reason"], line["status"]) == ("draining", 200)


def test_an_event_that_has_begun_is_ended_before_the_stream(gateway, upstream):
    client, backend = begin(gateway, upstream)
    backend.send(chunk(b"data: 1\n\ndata: tw"))
    assert read_chunk(client) == b"data: 1\n\ndata: tw"
    gateway.send_signal(signal.SIGTERM)
    assert not client.arrived(1.0)
    backend.send(chunk(b"o\n\ndata: three\n\n"))
    assert read_chunk(client) == b"o\n\n"
    assert read_chunk(client) == b""
    client.expect_end()
    assert gateway.process.wait(15) == 0


# The credential.


@pytest.fixture
def guarded(gateways, upstream, server_certificate):
    """A gateway that asks for tokens, plain and by TLS, and what makes one that expires."""
    key = tokens.key("ES256")
    config = configuration(upstream.address)
    config["listeners"]["secure"] = tls(server_certificate)
    config["routes"][0]["auth"] = {"anyOf": ["staff"]}
    jwt = {"issuer": "https://idp.example.test", "audiences": ["orders"], "jwks": "file:jwks.json", "clockSkew": "0s"}
    config["identities"] = {"staff": {"jwt": jwt}}
    directory = pathlib.Path(tempfile.mkdtemp(prefix="gateway-"))
    (directory / "jwks.json").write_text(tokens.key_set(key))
    gateway = gateways(config, directory=directory)
    return gateway, lambda seconds: tokens.mint(key, exp=int(time.time()) + seconds)


def authorized(token, method="GET", fields=""):
    return f"{method} / HTTP/1.1\r\nHost: a.test\r\nAuthorization: Bearer {token}\r\n{fields}\r\n".encode()


def test_events_end_cleanly_with_their_credential(guarded, upstream):
    gateway, token = guarded
    client, backend = begin(gateway, upstream, request=authorized(token(3)))
    backend.send(chunk(b"data: 1\r\n\r\n"))
    assert read_chunk(client) == b"data: 1\r\n\r\n"
    assert read_chunk(client) == b""
    # The client's connection lives, the token does not.
    client.send(authorized(token(-5)))
    assert is_refusal(client.read_response(), "credentials_expired")
    backend.expect_end()
    line = gateway.log.wait()[0]
    assert (line["reason"], line["status"], line["code"]) == ("credential_expired", 200, "credentials_expired")
    assert ended(gateway, "credential_expired") == 1


def test_an_event_that_does_not_end_is_cut(guarded, upstream):
    gateway, token = guarded
    client, backend = begin(gateway, upstream, request=authorized(token(2)))
    backend.send(chunk(b"data: half"))
    with pytest.raises(http1.Cut):
        message = http1.Message("")
        message.fields = [("transfer-encoding", "chunked")]
        client._body(message, until_end=False)
    assert client.was_reset
    (line,) = gateway.log.wait()
    assert line["reason"] == "credential_expired"


def test_an_answer_of_unknown_length_is_cut_and_one_of_known_length_is_not(guarded, upstream):
    gateway, token = guarded
    client, backend = begin(gateway, upstream, CHUNKED, authorized(token(2)))
    long, other = begin(gateway, upstream, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", authorized(token(2)))
    backend.send(chunk(b'{"a":1}\n'))
    assert read_chunk(client) == b'{"a":1}\n'
    while client.fill():
        pass
    assert client.was_reset and not client.buffer
    time.sleep(1.0)
    other.send(b"0123456789")
    assert long._take(10, http1.Message("")) == b"0123456789"
    assert sorted(line["reason"] for line in gateway.log.wait(2)) == ["credential_expired", "ok"]


def test_a_body_of_unknown_length_ends_with_its_credential(guarded, upstream):
    gateway, token = guarded
    client = http1.connect(gateway.address())
    client.send(authorized(token(2), "POST", "Transfer-Encoding: chunked\r\n") + chunk(b"first"))
    backend = upstream.take()
    backend.read_head()
    assert is_refusal(client.read_response(), "credentials_expired")
    (line,) = gateway.log.wait()
    assert line["reason"] == "credential_expired"


def test_a_grpc_stream_ends_with_status_16(guarded, upstream, connect):  # noqa: F811
    gateway, token = guarded

    class Secure:
        address = staticmethod(lambda: gateway.address("secure"))

    connection = connect(Secure)
    fields = [("content-type", "application/grpc"), ("te", "trailers"), ("authorization", f"Bearer {token(3)}")]
    connection.request(1, method="POST", fields=fields, end=False)
    connection.data(1, b"\0\0\0\0\1a")
    backend = upstream.take()
    backend.read_head()
    backend.send(GRPC + chunk(b"\0\0\0\0\1b"))
    answer = connection.answer(1)
    assert answer.ended and answer.reset in (None, 0)
    assert answer.body == b"\0\0\0\0\1b"
    assert dict(answer.heads[-1])["grpc-status"] == "16", answer.heads
    (line,) = gateway.log.wait()
    assert (line["reason"], line["grpc_status"], line["status"]) == ("credential_expired", 16, 200)


def test_events_over_http_2_end_with_their_credential(guarded, upstream, connect):  # noqa: F811
    gateway, token = guarded

    class Secure:
        address = staticmethod(lambda: gateway.address("secure"))

    connection = connect(Secure)
    connection.request(1, fields=[("authorization", f"Bearer {token(3)}")])
    backend = upstream.take()
    backend.read_request()
    backend.send(EVENTS + chunk(b"data: 1\n\n"))
    answer = connection.answer(1)
    assert answer.ended and answer.reset is None and answer.body == b"data: 1\n\n"


def test_a_short_answer_is_not_watched(guarded, upstream):
    gateway, token = guarded
    client = http1.connect(gateway.address())
    client.send(authorized(token(2)))
    backend = upstream.take()
    backend.read_request()
    backend.send(CHUNKED + chunk(b"all") + b"0\r\n\r\n")
    assert client.read_response().body == b"all"
    time.sleep(2.5)
    assert ended(gateway, "credential_expired") == 0


# Reload.


def test_a_reload_ends_events_whose_route_is_gone(gateways, upstream):
    config = configuration(upstream.address)
    gateway = gateways(config)
    client, backend = begin(gateway, upstream)
    kept, _ = begin(gateway, upstream, request=b"GET /kept HTTP/1.1\r\nHost: a.test\r\n\r\n")
    backend.send(chunk(b"data: 1\n\n"))
    assert read_chunk(client) == b"data: 1\n\n"
    same = {**config["routes"][0], "match": {"path": "/kept"}}
    gateway.reload({"routes": [same]})
    assert read_chunk(client) == b""
    assert not kept.arrived(0.5)
    (line,) = gateway.log.wait()
    assert (line["reason"], line["blame"]) == ("route_withdrawn", "operator")


def test_a_reload_that_asks_for_more_ends_what_has_not_got_it(gateways, upstream):
    config = configuration(upstream.address)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="gateway-"))
    (directory / "jwks.json").write_text(tokens.key_set(tokens.key("ES256")))
    gateway = gateways(config, directory=directory)
    client, _ = begin(gateway, upstream)
    jwt = {"issuer": "https://idp.example.test", "audiences": ["orders"], "jwks": "file:jwks.json"}
    guarded = {**config["routes"][0], "auth": {"anyOf": ["staff"]}}
    gateway.reload({"identities": {"staff": {"jwt": jwt}}, "routes": [guarded]})
    assert read_chunk(client) == b""


def test_streams_at_a_reload_that_changes_nothing_go_on(gateway, upstream):
    client, backend = begin(gateway, upstream)
    for number in range(3):
        gateway.reload({"process": {"drain": f"{20 + number}s"}})
        backend.send(chunk(b"data: %d\n\n" % number))
        assert read_chunk(client) == b"data: %d\n\n" % number
    backend.send(b"0\r\n\r\n")
    assert read_chunk(client) == b""
