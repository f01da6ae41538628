"""Fixtures of the suites of HTTP/2 towards backends: backends made of frames, and a gateway before them."""

import pytest

from peers.gateway import configuration, tls
from peers.http1 import exchange
from peers.http2_backend import Http2Backend
from peers.yaml import merge

GET = b"GET / HTTP/1.1\r\nhost: api.example.test\r\n\r\n"


@pytest.fixture
def h2():
    """Starts backends of HTTP/2."""
    started = []

    def start(*arguments, **options):
        started.append(Http2Backend(*arguments, **options))
        return started[-1]

    yield start
    for backend in started:
        backend.close()


@pytest.fixture
def start(gateways, server_certificate):
    """A gateway with a plain listener and one with TLS, before one upstream of HTTP/2."""

    def begin(address, upstream=None, **extra):
        config = configuration(address)
        config["listeners"]["secure"] = tls(server_certificate)
        config["upstreams"]["backend"] = merge(
            {"endpoints": [address], "protocol": "h2c", "timeouts": {"read": "5s"}}, upstream or {}
        )
        config["routes"][0]["body"] = {"max": "2GiB"}
        return gateways(merge(config, extra))

    return begin


def get(gateway, request=GET, **options):
    return exchange(gateway.address("public"), request, **options)


class Address:
    """A gateway of which one listener is meant."""

    def __init__(self, gateway, listener):
        self.gateway, self.listener = gateway, listener

    def address(self):
        return self.gateway.address(self.listener)
