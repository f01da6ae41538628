"""Fixtures of the WebSocket suites: a gateway with one route for them, and the test on both ends of a connection."""

import pathlib
import tempfile

import pytest

from peers import http1, tokens, websocket
from peers.gateway import configuration
from peers.upstream import Scripted
from peers.websocket import TEXT, client, frame, read_frame

PAGE = "https://app.example.test"


@pytest.fixture
def upstream():
    with Scripted() as backend:
        yield backend


def settings(upstream, **route):
    base = {
        "name": "socket", "match": {"path": "/"}, "auth": "none", "upstream": "backend",
        "webSocket": {"origins": [PAGE]},
    }  # fmt: skip
    return configuration(upstream.address, routes=[without_nothing({**base, **route})])


def without_nothing(route):
    """The keys that have a value."""
    return {key: value for key, value in route.items() if value is not None}


@pytest.fixture
def gateway(gateways, upstream):
    return gateways(settings(upstream))


class Socket:
    """A WebSocket through the gateway, with the test on both ends."""

    def __init__(self, gateway, upstream, fields=(), answer=(), path="/"):
        self.client = http1.connect(gateway.address())
        self.client.send(websocket.upgrade(path, fields))
        self.backend = upstream.take()
        self.request = self.backend.read_request()
        self.backend.send(websocket.switch(self.request, answer))
        self.response = self.client.read_response()
        assert self.response.status == 101, self.response

    def swap(self):
        """Both ends hear each other."""
        self.client.send(client(TEXT, b"ping"))
        assert read_frame(self.backend) == (TEXT, b"ping", True)
        self.backend.send(frame(TEXT, b"pong"))
        assert read_frame(self.client) == (TEXT, b"pong", False)

    def close(self):
        self.client.close()
        self.backend.close()


def ended(gateway, reason):
    return gateway.metrics().sum("portcullis_streams_ended_total", reason=reason)


def start_with_keys(gateways, config, key):
    """A gateway whose key set lies beside its configuration."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="gateway-"))
    (directory / "jwks.json").write_text(tokens.key_set(key))
    return gateways(config, directory=directory)
