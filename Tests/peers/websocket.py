"""WebSocket bytes (RFC 6455): frames as the test wants them, right or wrong, and handshakes."""

import base64
import hashlib
import os
import struct

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def accept(key=KEY):
    """What a server answers to a key."""
    digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
    return base64.b64encode(digest).decode()


def upgrade(path="/", fields=(), host="a.test", key=KEY, version="13"):
    """A client's handshake."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: Upgrade", "Upgrade: websocket"]
    if key is not None:
        lines.append(f"Sec-WebSocket-Key: {key}")
    if version is not None:
        lines.append(f"Sec-WebSocket-Version: {version}")
    return ("\r\n".join([*lines, *fields]) + "\r\n\r\n").encode("latin-1")


def switch(request, fields=()):
    """A server's answer to a handshake that it has read."""
    lines = [
        "HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: websocket",
        f"Sec-WebSocket-Accept: {accept(request.get('sec-websocket-key', ''))}",
    ]
    return ("\r\n".join([*lines, *fields]) + "\r\n\r\n").encode("latin-1")


def frame(opcode, payload=b"", fin=True, masked=False, rsv=0, size=None):
    """One frame; `size` 126 or 127 forces a longer form of the length."""
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    mask = 0x80 if masked else 0
    count = len(payload)
    if size == 127 or (size is None and count > 65535):
        head = struct.pack("!BBQ", first, mask | 127, count)
    elif size == 126 or (size is None and count > 125):
        head = struct.pack("!BBH", first, mask | 126, count)
    else:
        head = struct.pack("!BB", first, mask | count)
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))


def client(opcode, payload=b"", **options):
    """A frame as a client sends it."""
    return frame(opcode, payload, masked=True, **options)


def read_frame(wire):
    """The next frame: (opcode, payload unmasked, whether it was masked)."""

    def take(count):
        while len(wire.buffer) < count:
            assert wire.fill(), f"the connection ended inside a frame, reset: {wire.was_reset}: {bytes(wire.buffer)!r}"
        data = bytes(wire.buffer[:count])
        del wire.buffer[:count]
        return data

    first, second = take(2)
    count = second & 0x7F
    if count == 126:
        (count,) = struct.unpack("!H", take(2))
    elif count == 127:
        (count,) = struct.unpack("!Q", take(8))
    key = take(4) if second & 0x80 else None
    payload = take(count)
    if key:
        payload = bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))
    return first & 0x0F, payload, key is not None


def read_close(wire):
    """The next frame has to be a Close; its code."""
    opcode, payload, _ = read_frame(wire)
    assert opcode == CLOSE, (opcode, payload)
    return int.from_bytes(payload[:2], "big") if payload else None
