"""Fixtures of the HTTP/2 suites: a gateway that offers it, and raw connections to it."""

import pytest

from peers.gateway import configuration, tls
from peers.http2 import Connection

NAME = "api.example.test"


@pytest.fixture
def start(gateways, server_certificate):
    """Starts a gateway with TLS, which offers HTTP/2 unless told otherwise, in front of `upstream`; bodies of at most `body`."""

    def begin(upstream, body="64MiB", **extra):
        config = configuration(upstream)
        config["listeners"] = {"public": tls(server_certificate, **extra)}
        config["routes"][0]["body"] = {"max": body}
        return gateways(config)

    return begin


@pytest.fixture
def connect(authority):
    opened = []

    def begin(gateway, **options):
        connection = Connection(gateway.address(), authority.client(alpn=("h2",)), **options)
        opened.append(connection)
        return connection

    yield begin
    for connection in opened:
        connection.close()
