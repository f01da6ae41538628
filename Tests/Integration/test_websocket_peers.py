"""Real WebSocket clients and servers: what they say to each other directly and through the gateway is the same."""

import asyncio
import hashlib
import os
import threading

import pytest
from autobahn.asyncio.websocket import (
    WebSocketClientFactory,
    WebSocketClientProtocol,
    WebSocketServerFactory,
    WebSocketServerProtocol,
)
from autobahn.websocket.compress import (
    PerMessageDeflateOffer,
    PerMessageDeflateOfferAccept,
    PerMessageDeflateResponse,
    PerMessageDeflateResponseAccept,
)
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.server import serve

from peers.gateway import configuration, tls
from peers.processes import free_port

LARGE = 16 << 20


@pytest.fixture(scope="module")
def echo():
    """An echo server of the `websockets` library; what it is told decides how it ends."""

    def handle(socket):
        try:
            for message in socket:
                if message == "close 4000":
                    socket.close(4000, "as told")
                elif message == "fragments":
                    socket.send(iter(["one ", "", "two ", "three"]))
                elif message == "ping":
                    socket.ping(b"from the server").wait(10)
                    socket.send("ponged")
                else:
                    socket.send(message)
        except ConnectionClosed:
            pass

    server = serve(handle, "127.0.0.1", 0, max_size=2 * LARGE, subprotocols=["chat", "other"])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield "127.0.0.1:%d" % server.socket.getsockname()[1]
    server.shutdown()
    thread.join(10)


@pytest.fixture
def both(gateways, echo):
    """The same place, directly and through the gateway."""
    config = configuration(echo)
    config["routes"][0]["webSocket"] = {"origins": ["https://app.example.test"]}
    gateway = gateways(config)
    return [f"ws://{echo}/", f"ws://{gateway.address()}/"]


def text(socket):
    socket.send("grüß dich \N{GRINNING FACE}")
    return socket.recv()


def binary(socket):
    socket.send(bytes(range(256)))
    return socket.recv()


def sizes(socket):
    seen = []
    for count in (0, 1, 125, 126, 127, 128, 65535, 65536, 65537, 1 << 20):
        socket.send(b"x" * count)
        seen.append(len(socket.recv()))
    return seen


def fragments(socket):
    socket.send(iter([b"a" * 1000, b"", b"b" * 70000, b"c"]))
    first = socket.recv()
    socket.send("fragments")
    return hashlib.sha256(first).hexdigest(), socket.recv()


def pings(socket):
    assert socket.ping(b"from the client").wait(10)
    socket.send("ping")
    return socket.recv()


def large(socket):
    data = os.urandom(1 << 16) * (LARGE >> 16)
    socket.send(data)
    return len(socket.recv()), True


def many(socket):
    for number in range(500):
        socket.send(str(number))
    return [socket.recv() for _ in range(500)]


def closed_by_client(socket):
    socket.close(4001, "enough")
    return socket.protocol.close_code, socket.protocol.close_reason


def closed_by_server(socket):
    socket.send("close 4000")
    try:
        socket.recv()
    except ConnectionClosed as error:
        return error.rcvd.code, error.rcvd.reason


CASES = [text, binary, sizes, fragments, pings, large, many, closed_by_client, closed_by_server]


@pytest.mark.parametrize("compression", ["deflate", None])
@pytest.mark.parametrize("case", CASES)
def test_the_websockets_library_sees_no_gateway(both, case, compression):
    """attacks 81"""
    seen = []
    for place in both:
        with connect(
            place, compression=compression, subprotocols=["chat"], origin="https://app.example.test",
            max_size=2 * LARGE, open_timeout=20, close_timeout=20,
        ) as socket:
            assert socket.subprotocol == "chat"
            extensions = [extension.name for extension in socket.protocol.extensions]
            seen.append((case(socket), extensions))
    assert seen[0] == seen[1]
    assert seen[1][1] == (["permessage-deflate"] if compression else [])


def test_over_tls(gateways, echo, authority, server_certificate):
    config = configuration(echo)
    config["listeners"] = {"public": tls(server_certificate)}
    config["routes"][0]["webSocket"] = {"origins": ["https://app.example.test"]}
    gateway = gateways(config)
    port = gateway.address().rsplit(":", 1)[1]
    with connect(
        f"wss://api.example.test:{port}/", ssl=authority.client(), address=("127.0.0.1", int(port)), subprotocols=["chat"],
        max_size=2 * LARGE,
    ) as socket:
        assert text(socket).startswith("grüß") and large(socket)[0] == LARGE and sizes(socket)
        assert closed_by_client(socket) == (4001, "enough")
    (line,) = gateway.log.wait()
    assert (line["upgrade"], line["tls"], line["reason"]) == ("websocket", "TLSv1.3", "ok")


# Autobahn on both ends.


class Echo(WebSocketServerProtocol):
    def onMessage(self, payload, is_binary):
        self.sendMessage(payload, is_binary)


class Talk(WebSocketClientProtocol):
    """Sends its messages in every way that the library has, and keeps what happened."""

    def onOpen(self):
        self.seen = []
        self.wanted = 5
        self.sendMessage("plain".encode())
        self.sendMessage(b"frames" * 100, isBinary=True, fragmentSize=7)
        self.sendPing(b"abc")
        self.beginMessage(isBinary=True)
        self.sendMessageFrame(b"by")
        self.sendMessageFrame(b"hand")
        self.endMessage()
        self.sendMessage(b"z" * 100_000, isBinary=True)
        self.sendMessage(b"", isBinary=True)

    def onPong(self, payload):
        self.seen.append(("pong", payload))

    def onMessage(self, payload, is_binary):
        self.seen.append(("message", is_binary, hashlib.sha256(payload).hexdigest()))
        if sum(item[0] == "message" for item in self.seen) == self.wanted:
            self.sendClose(1000, "done")

    def onClose(self, clean, code, reason):
        self.factory.over.set_result((sorted(self.seen, key=str), clean, code, reason))


async def autobahn(port, place, deflate):
    loop = asyncio.get_running_loop()
    server = WebSocketServerFactory()
    server.protocol = Echo
    if deflate:
        server.setProtocolOptions(
            perMessageCompressionAccept=lambda offers: next(
                (PerMessageDeflateOfferAccept(o) for o in offers if isinstance(o, PerMessageDeflateOffer)), None
            )
        )
    listening = await loop.create_server(server, "127.0.0.1", port)
    try:
        results = []
        for host, number in (("127.0.0.1", port), place):
            client = WebSocketClientFactory(f"ws://{host}:{number}/")
            client.protocol = Talk
            client.over = loop.create_future()
            if deflate:
                client.setProtocolOptions(
                    perMessageCompressionOffers=[PerMessageDeflateOffer()],
                    perMessageCompressionAccept=lambda response: (
                        PerMessageDeflateResponseAccept(response)
                        if isinstance(response, PerMessageDeflateResponse)
                        else None
                    ),
                )
            await loop.create_connection(client, host, number)
            results.append(await asyncio.wait_for(client.over, 30))
        return results
    finally:
        listening.close()


@pytest.mark.parametrize("deflate", [False, True])
def test_autobahn_sees_no_gateway(gateways, deflate):
    """attacks 81"""
    port = free_port()
    config = configuration(f"127.0.0.1:{port}")
    config["routes"][0]["webSocket"] = {"origins": ["*"]}
    gateway = gateways(config)
    host, number = gateway.address().rsplit(":", 1)
    direct, through = asyncio.run(autobahn(port, (host, int(number)), deflate))
    assert direct == through
    assert direct[1:3] == (True, 1000) and len(direct[0]) == 6
