"""The harness judges nginx, whose answers are known: a script that is right passes, the same script with one word changed fails."""

import socket

import pytest

from peers import http1, wire, yaml
from peers.gateway import Metrics
from peers.processes import Nginx
from peers.upstream import Scripted


class NoLog:
    """nginx writes none of ours."""

    def skip(self):
        pass

    def wait(self, count):
        return []


class Proxy:
    """nginx in the gateway's place."""

    def __init__(self, upstream):
        self.log = NoLog()
        self.server = Nginx(
            f"""
            location / {{
                proxy_pass http://{upstream.address};
                proxy_http_version 1.1;
                proxy_set_header Connection "";
            }}"""
        )

    def address(self):
        return self.server.address

    def metrics(self):
        return Metrics("")


class Stage:
    """What `wire.Play` needs of a stage."""

    def __init__(self):
        self.upstream = Scripted()
        self.gateway = Proxy(self.upstream)


@pytest.fixture(scope="module")
def stage():
    stage = Stage()
    yield stage
    stage.gateway.server.stop()
    stage.upstream.close()


SCRIPT = """
=== one
> GET /a HTTP/1.1
> Host: a.test
> Connection: close
>
>> GET /a HTTP/1.1
>> !x-none
<< HTTP/1.1 404 Not Found
<< Content-Length: 5
<< X-Own: yes
<<
<< hello\\
< HTTP/1.1 404
< x-own: ~y.s
< !x-none
<
< hello\\
!close
"""


@pytest.fixture
def play(stage, monkeypatch):
    """Plays a script's only case against nginx; it names itself and sends no x-request-id, which is ours alone to judge."""
    monkeypatch.setattr(wire, "carries_no_leak", lambda response: None)
    monkeypatch.setattr(wire, "PATIENCE", 0.7)
    monkeypatch.setattr(http1, "PATIENCE", 0.7)

    def run(text):
        (case,) = wire.parse(text)
        wire.Play(stage, case).run()

    return run


def test_a_right_script_passes(play):
    play(SCRIPT)


@pytest.mark.parametrize(
    "right, wrong",
    [
        (">> GET /a", ">> GET /b"),
        (">> !x-none", ">> !host"),
        ("< HTTP/1.1 404", "< HTTP/1.1 200"),
        ("< x-own: ~y.s", "< x-own: no"),
        ("< !x-none", "< !x-own"),
        ("\n< hello\\", "\n< hello"),
        (">> GET /a HTTP/1.1\n>> !x-none\n", ">> GET /a HTTP/1.1\n!upstream-none\n>> GET /a HTTP/1.1\n"),
        ("> Connection: close\n", ""),
        ("<< Content-Length: 5", "<< Content-Length: 6"),
        ("!close", ""),
    ],
)
def test_a_wrong_script_fails(play, right, wrong):
    assert right in SCRIPT
    script = SCRIPT.replace(right, wrong, 1)
    if not wrong:
        # Without `!close` nothing more is due: then an answer that nobody reads must be noticed.
        script = SCRIPT.replace("< HTTP/1.1 404\n< x-own: ~y.s\n< !x-none\n<\n< hello\\\n!close\n", "!pause 100ms\n")
    with pytest.raises((wire.Mismatch, AssertionError)):
        play(script)


def test_escapes():
    assert wire.data([r"a\x41\*3{xy}", r"b\\", "c\\"]) == b"aAxyxyxy\r\nb\\\r\nc"
    with pytest.raises(wire.ScriptError):
        wire.data([r"\q"])


@pytest.mark.parametrize(
    "data, problem",
    [
        (b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", http1.Malformed),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n", http1.Malformed),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", http1.Malformed),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxx\r\n", http1.Malformed),
        (b"HTTP/1.1 200 OK\r\nX A: b\r\n\r\n", http1.Malformed),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", http1.Cut),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", http1.Cut),
    ],
)
def test_the_reader_is_strict(data, problem):
    one, other = socket.socketpair()
    one.sendall(data)
    one.close()
    with pytest.raises(problem):
        http1.Wire(other).read_response()


def test_configurations_are_written_as_block_style_yaml():
    text = yaml.dump({"a": {"b": [1, "two", {"c": True, "d": {"e": "5s"}}]}, "f": []})
    assert text == 'a:\n  b:\n    - 1\n    - "two"\n    - c: true\n      d:\n        e: "5s"\nf: []'
    assert yaml.merge({"a": {"b": 1, "c": 2}}, {"a": {"b": None, "d": 3}}) == {"a": {"c": 2, "d": 3}}
