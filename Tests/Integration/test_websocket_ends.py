"""How a WebSocket ends: by either side, by silence, by a drain, a reload, and with its credential (attacks 81)."""

import signal
import time

import pytest

from peers import tokens
from peers.processes import eventually
from peers.websocket import BINARY, CLOSE, PING, TEXT, client, frame, read_close, read_frame
from peers.websocket_gateway import PAGE, Socket, ended, gateway, settings, start_with_keys, upstream, without_nothing  # noqa: F401


def test_a_client_that_ends_its_side_still_hears_the_backend(gateway, upstream):
    """attacks 81"""
    socket = Socket(gateway, upstream)
    socket.client.send(client(TEXT, b"last words"))
    socket.client.half_close()
    assert read_frame(socket.backend)[1] == b"last words"
    socket.backend.expect_end()
    socket.backend.send(frame(TEXT, b"answer"))
    assert read_frame(socket.client)[1] == b"answer"
    socket.backend.send(frame(CLOSE, b"\x03\xe8"))
    assert read_close(socket.client) == 1000
    socket.backend.close()
    socket.client.expect_end()


def test_a_client_that_is_gone_ends_the_backends_side(gateway, upstream):
    socket = Socket(gateway, upstream)
    socket.swap()
    socket.client.reset()
    socket.backend.expect_end()
    (line,) = gateway.log.wait()
    assert (line["reason"], line["status"]) == ("client_aborted", 101)


def test_a_backend_that_is_lost_between_frames_is_told_as_1011(gateway, upstream):
    socket = Socket(gateway, upstream)
    socket.swap()
    socket.backend.close()
    assert read_close(socket.client) == 1011
    socket.client.expect_end()
    (line,) = gateway.log.wait()
    assert (line["reason"], line["blame"]) == ("upstream_reset", "upstream")
    assert ended(gateway, "upstream_reset") == 1


def test_a_backend_that_is_lost_inside_a_frame_is_a_cut(gateway, upstream):
    socket = Socket(gateway, upstream)
    socket.backend.send(frame(TEXT, b"whole") + frame(TEXT, b"half a frame")[:5])
    assert read_frame(socket.client)[1] == b"whole"
    socket.backend.close()
    while socket.client.fill():
        pass
    assert socket.client.was_reset and len(socket.client.buffer) <= 5


def test_silence_ends_it_with_1001(gateways, upstream):
    """attacks 81"""
    gateway = gateways(settings(upstream, webSocket={"origins": [PAGE], "idleTimeout": "1s"}))
    socket = Socket(gateway, upstream)
    for _ in range(4):
        time.sleep(0.5)
        socket.backend.send(frame(PING))
        assert read_frame(socket.client)[0] == PING
    begin = time.monotonic()
    assert read_close(socket.client) == 1001
    assert 0.5 < time.monotonic() - begin < 10
    assert read_close(socket.backend) == 1001
    socket.client.expect_end()
    socket.backend.expect_end()
    (line,) = gateway.log.wait()
    assert line["reason"] == "ws_idle" and "blame" not in line
    assert ended(gateway, "ws_idle") == 1


def test_a_drain_ends_it_with_1001(gateway, upstream):
    """attacks 81"""
    socket = Socket(gateway, upstream)
    socket.swap()
    gateway.send_signal(signal.SIGTERM)
    assert read_close(socket.client) == 1001
    assert read_close(socket.backend) == 1001
    socket.client.send(client(CLOSE, b"\x03\xe9"))
    socket.client.expect_end()
    assert gateway.process.wait(15) == 0
    (line,) = gateway.log.wait()
    assert line["reason"] == "draining"


def test_a_reload_ends_what_it_would_not_admit(gateways, upstream):
    config = settings(upstream, match={"path": "/gone"}, name="gone")
    config["routes"].append({**config["routes"][0], "name": "kept", "match": {"path": "/kept"}})
    gateway = gateways(config)
    kept = Socket(gateway, upstream, path="/kept")
    gone = Socket(gateway, upstream, path="/gone")
    gateway.reload({"routes": [config["routes"][1]]})
    assert read_close(gone.client) == 1001
    gone.client.expect_end()
    kept.swap()
    (line,) = gateway.log.wait()
    assert (line["reason"], line["blame"]) == ("route_withdrawn", "operator")
    narrowed = {**config["routes"][1], "webSocket": {"origins": ["https://other.example"]}}
    gateway.reload({"routes": [narrowed]})
    kept.swap()
    gateway.reload({"routes": [without_nothing({**narrowed, "webSocket": None})]})
    assert read_close(kept.client) == 1001
    assert ended(gateway, "route_withdrawn") == 2


# The credential.


@pytest.fixture
def guarded(gateways, upstream):
    """A gateway that asks for tokens, and what opens a WebSocket with one that expires."""
    key = tokens.key("ES256")
    config = settings(upstream, auth={"anyOf": ["staff"]})
    config["identities"] = {
        "staff": {
            "jwt": {
                "issuer": "https://idp.example.test", "audiences": ["orders"], "jwks": "file:jwks.json",
                "clockSkew": "0s",
            }
        }
    }
    gateway = start_with_keys(gateways, config, key)

    def begin(seconds):
        token = tokens.mint(key, exp=int(time.time()) + seconds)
        return Socket(gateway, upstream, [f"Authorization: Bearer {token}"])

    return gateway, begin


def test_it_ends_with_its_credential(guarded):
    """attacks 81"""
    gateway, begin = guarded
    socket = begin(3)
    socket.swap()
    start = time.monotonic()
    assert read_close(socket.client) == 1008
    assert 1 < time.monotonic() - start < 5
    assert read_close(socket.backend) == 1001
    socket.client.expect_end()
    socket.backend.expect_end()
    (line,) = gateway.log.wait()
    assert (line["reason"], line["status"], line["principal"]) == ("credential_expired", 101, "alice")
    assert ended(gateway, "credential_expired") == 1


def test_the_close_waits_for_the_end_of_a_frame(guarded):
    gateway, begin = guarded
    socket = begin(2)
    whole = frame(BINARY, b"y" * 1000)
    socket.backend.send(whole[:500])
    eventually(lambda: ended(gateway, "credential_expired") == 1, 6, what="the expiry")
    socket.backend.send(whole[500:] + frame(TEXT, b"too late"))
    assert read_frame(socket.client)[:2] == (BINARY, b"y" * 1000)
    assert read_close(socket.client) == 1008
    socket.client.expect_end()


def test_a_frame_that_does_not_end_is_cut(guarded):
    gateway, begin = guarded
    socket = begin(2)
    socket.backend.send(frame(BINARY, b"y" * 1000)[:500])
    start = time.monotonic()
    while socket.client.fill():
        pass
    assert socket.client.was_reset and 1.5 < time.monotonic() - start < 8
    (line,) = gateway.log.wait()
    assert line["reason"] == "credential_expired"


def test_a_token_of_the_cache_ends_at_its_own_instant(guarded, upstream):
    """Two sockets of one token, the second by the cache: both end."""
    gateway, _ = guarded
    _, begin = guarded
    first, second = begin(4), begin(3)
    assert read_close(second.client) == 1008
    first.swap()
    assert read_close(first.client) == 1008
