"""gRPC through the gateway: a real client and a real server, TLS and HTTP/2 in front, HTTP/2 in plain text behind."""

import concurrent.futures
import threading

import grpc
import pytest

from peers import tokens
from peers.gateway import configuration, tls
from peers.http2 import Connection

NAME = "api.example.test"


class Service(grpc.GenericRpcHandler):
    """Calls of `/test.Service/…` with bytes as messages."""

    def __init__(self):
        self.cancelled = threading.Event()
        self.begun = threading.Event()
        self.ended = threading.Event()

    def service(self, details):
        kinds = {
            "Unary": grpc.unary_unary_rpc_method_handler(self.unary),
            "Upload": grpc.stream_unary_rpc_method_handler(self.upload),
            "Download": grpc.unary_stream_rpc_method_handler(lambda message, _: (message * n for n in range(1, 6))),
            "Chat": grpc.stream_stream_rpc_method_handler(lambda messages, _: (b"re: " + message for message in messages)),
            "Fail": grpc.unary_unary_rpc_method_handler(self.fail),
            "Wait": grpc.unary_stream_rpc_method_handler(self.wait),
        }
        prefix, _, method = details.method.rpartition("/")
        return kinds.get(method) if prefix == "/test.Service" else None

    def unary(self, message, context):
        context.send_initial_metadata([("x-initial", "one")])
        context.set_trailing_metadata([("x-trailing", dict(context.invocation_metadata()).get("x-asked", ""))])
        return message

    def upload(self, messages, context):
        context.add_callback(self.ended.set)
        self.begun.set()
        return b"%d" % sum(map(len, messages))

    def fail(self, message, context):
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, message.decode())

    def wait(self, message, context):
        context.add_callback(self.cancelled.set)
        yield message
        self.cancelled.wait(10)


@pytest.fixture
def service():
    handler = Service()
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(8), handlers=[handler])
    handler.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield handler
    handler.cancelled.set()
    server.stop(0).wait(5)


@pytest.fixture
def gateway(gateways, server_certificate, service, tmp_path):
    (tmp_path / "jwks.json").write_text(tokens.key_set(tokens.key("ES256")))
    config = configuration(service.address, upstreams={"backend": {"protocol": "h2c"}})
    config["listeners"] = {"public": tls(server_certificate)}
    config["limits"] = {"one": {"key": "route", "rate": "1/min", "burst": 0}}
    config["upstreams"]["dead"] = {"endpoints": ["127.0.0.1:1"], "protocol": "h2c"}
    config["identities"] = {"staff": {"jwt": {"issuer": "https://idp.example.test", "audiences": ["a"], "jwks": f"file:{tmp_path}/jwks.json"}}}
    config["routes"] = [
        {"name": "service", "match": {"path": "/test.Service"}, "auth": "none", "upstream": "backend"},
        {"name": "other", "match": {"path": "/other.Service"}, "auth": "none", "upstream": "backend"},
        {"name": "staff", "match": {"path": "/staff.Service"}, "auth": {"anyOf": ["staff"]}, "upstream": "backend"},
        {"name": "limited", "match": {"path": "/limited.Service"}, "auth": "none", "limits": ["one"], "upstream": "backend"},
        {"name": "dead", "match": {"path": "/dead.Service"}, "auth": "none", "upstream": "dead"},
    ]
    return gateways(config)


@pytest.fixture
def channel(gateway, authority):
    roots = grpc.ssl_channel_credentials(open(authority.file, "rb").read())
    options = [("grpc.ssl_target_name_override", NAME), ("grpc.default_authority", NAME), ("grpc.enable_retries", 0)]
    with grpc.secure_channel(gateway.address(), roots, options) as channel:
        yield channel


def status(call, *arguments, **options):
    """(the code, the details) of a call that fails."""
    with pytest.raises(grpc.RpcError) as error:
        result = call(*arguments, timeout=10, **options)
        for _ in result:
            pass
    return error.value.code(), error.value.details()


def test_a_unary_call_passes_with_its_metadata(channel, gateway):
    for message in (b"", b"x" * 300_000):
        answer, call = channel.unary_unary("/test.Service/Unary").with_call(message, timeout=10, metadata=[("x-asked", "two")])
        assert answer == message
        assert dict(call.initial_metadata())["x-initial"] == "one" and dict(call.trailing_metadata())["x-trailing"] == "two"
    line = gateway.log.wait(2)[0]
    assert (line["protocol"], line["upstream_protocol"], line["grpc_status"]) == ("HTTP/2.0", "HTTP/2.0", 0)


def test_streams_pass_in_each_direction_and_both(channel):
    assert channel.stream_unary("/test.Service/Upload")(iter([b"x" * 27182, b"y" * 8, b"z" * 1828]), timeout=10) == b"29018"
    assert list(channel.unary_stream("/test.Service/Download")(b"ab", timeout=10)) == [b"ab" * n for n in range(1, 6)]
    turn = threading.Semaphore(1)

    def messages():
        for number in range(4):
            turn.acquire(timeout=10)
            yield b"%d" % number

    got = []
    for message in channel.stream_stream("/test.Service/Chat")(messages(), timeout=10):
        # Ping-pong: each answer is there before the next message is sent.
        got.append(message)
        turn.release()
    assert got == [b"re: %d" % number for number in range(4)]
    assert list(channel.stream_stream("/test.Service/Chat")(iter([]), timeout=10)) == []


def test_statuses_of_the_service_pass(channel, gateway):
    special = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n"
    for message in ("no", special):
        assert status(channel.unary_unary("/test.Service/Fail"), message.encode()) == (grpc.StatusCode.FAILED_PRECONDITION, message)
    for path in ("/test.Service/Nothing", "/other.Service/Any"):
        assert status(channel.unary_unary(path), b"")[0] == grpc.StatusCode.UNIMPLEMENTED
    lines = gateway.log.wait(4)
    assert [line["grpc_status"] for line in lines] == [9, 9, 12, 12] and {line["upstream"] for line in lines} == {"backend"}


def test_a_call_that_is_cancelled_is_cancelled_at_the_backend(channel, service):
    """attacks 80"""
    call = channel.unary_stream("/test.Service/Wait")(b"first", timeout=20)
    assert next(call) == b"first"
    call.cancel()
    assert service.cancelled.wait(5)


def test_a_call_that_is_cancelled_before_its_first_message_is_cancelled_at_the_backend(channel, service):
    never = threading.Event()

    def messages():
        never.wait(10)
        yield b""

    call = channel.stream_unary("/test.Service/Upload").future(messages(), timeout=20)
    assert service.begun.wait(5)
    call.cancel()
    assert call.code() == grpc.StatusCode.CANCELLED and service.ended.wait(5)
    never.set()


def test_a_deadline_that_passes_is_the_clients(channel, service):
    call = channel.unary_stream("/test.Service/Wait")
    with pytest.raises(grpc.RpcError) as error:
        list(call(b"first", timeout=0.5))
    assert error.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert service.cancelled.wait(5)


def test_a_refusal_is_a_status_of_grpc(channel, gateway):
    """attacks 80"""
    def refused(path):
        return status(channel.unary_unary(path), b"x")

    assert refused("/staff.Service/Any") == (grpc.StatusCode.UNAUTHENTICATED, "Credentials are required")
    assert refused("/nothing.Service/Any") == (grpc.StatusCode.UNIMPLEMENTED, "No such resource")
    assert refused("/dead.Service/Any") == (grpc.StatusCode.UNAVAILABLE, "The service could not be reached")
    assert refused("/limited.Service/Any")[0] == grpc.StatusCode.UNIMPLEMENTED
    assert refused("/limited.Service/Any") == (grpc.StatusCode.RESOURCE_EXHAUSTED, "Too many requests")
    lines = gateway.log.wait(5)
    assert [line["grpc_status"] for line in lines] == [16, 12, 14, 12, 8]
    assert [line.get("code") for line in lines] == ["credentials_missing", "no_route", "upstream_connect_failed", None, "rate_limited"]
    assert {line["status"] for line in lines} == {200}


def test_a_refusal_is_one_head_and_nothing_else(gateway, authority):
    connection = Connection(gateway.address(), authority.client(alpn=("h2",)), NAME)
    connection.request(1, method="POST", path="/staff.Service/Any", fields=[("content-type", "application/grpc+proto"), ("te", "trailers")], end=True)
    answer = connection.answer(1)
    fields = dict(answer.fields)
    assert (answer.status, answer.body, len(answer.heads)) == (200, b"", 1)
    assert (fields["content-type"], fields["grpc-status"]) == ("application/grpc", "16") and "www-authenticate" in fields
    # What only begins alike is no call.
    connection.request(3, method="POST", path="/staff.Service/Any", fields=[("content-type", "application/grpc-web")], end=True)
    assert connection.answer(3).status == 401
    connection.close()
