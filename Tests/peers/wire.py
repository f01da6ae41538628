"""Wire scripts: read, and played against a gateway that runs. The format is Tests/Wire/README.md."""

import collections
import json
import re
import select
import time

from peers import yaml
from peers.assertions import carries_no_leak, is_log_line, is_refusal
from peers.gateway import Gateway, configuration
from peers.http1 import Cut, Malformed, TimedOut, connect
from peers.upstream import Scripted
from peers.words import STATUS

#: How long a script waits for what must come, in seconds.
PATIENCE = 6.0

HEADERS = ("attacks", "reason", "listener", "route", "upstream", "gateway")
ESCAPE = re.compile(r"\\(?:\*(\d+)\{((?:[^}\\]|\\.)*)\}|x([0-9a-fA-F]{2})|([rnt0\\]))")
PLAIN = {"r": "\r", "n": "\n", "t": "\t", "0": "\0", "\\": "\\"}


class ScriptError(Exception):
    """The script itself is wrong."""


class Mismatch(AssertionError):
    """The gateway did something else than the script says; carries the line."""


def unescape(text):
    """The characters (latin-1) that a line stands for."""

    def replace(match):
        count, repeated, code, plain = match.groups()
        if count:
            return unescape(repeated) * int(count)
        return chr(int(code, 16)) if code else PLAIN[plain]

    rest = ESCAPE.sub("", text)
    if "\\" in rest:
        raise ScriptError(f"unknown escape in {text!r}")
    return ESCAPE.sub(replace, text)


def data(lines):
    """The bytes of consecutive lines: each ends in CRLF unless it closes with a backslash."""
    result = ""
    for line in lines:
        # An odd number of backslashes at the end: the last one is the continuation mark.
        trailing = len(line) - len(line.rstrip("\\"))
        if trailing % 2:
            result += unescape(line[:-1])
        else:
            result += unescape(line) + "\r\n"
    return result.encode("latin-1")


Step = collections.namedtuple("Step", "line kind lines")


class Case:
    """One case of a script file."""

    def __init__(self, name, line, headers):
        self.name = name
        self.line = line
        self.headers = dict(headers)
        self.steps = []

    @property
    def reasons(self):
        words = self.headers.get("reason", "")
        return [word.strip() for word in words.split(",") if word.strip()]

    @property
    def overrides(self):
        """The configuration's differences, as text: cases with equal text share one gateway."""
        return json.dumps(
            {key: json.loads(self.headers[key]) for key in HEADERS[2:] if key in self.headers}, sort_keys=True
        )


def parse(text):
    """The cases of one script file."""
    common, cases, case = {}, [], None
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.rstrip("\n")
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("==="):
            case = Case(line[3:].strip(), number, common)
            cases.append(case)
            continue
        match = re.match(r"(>>\+|>>\||>>=|>>|<<|<\+|<\||<=|<|>)(?: (.*)|)$", line)
        if match:
            if case is None:
                raise ScriptError(f"line {number}: a case begins with `=== name`")
            kind, content = match[1], match[2] or ""
            last = case.steps[-1] if case.steps else None
            begins = re.match(r"(HTTP/1\.1 |refusal |\S+ \S+ HTTP/1\.1$)", content)
            if kind in ("<", "<|", ">>", ">>|") and not begins and (last is None or last.kind != kind):
                raise ScriptError(f"line {number}: a message begins with its start line: {line!r}")
            # A start line of its own begins another message even directly below one.
            starts = begins and kind in ("<", "<|", ">>", ">>|")
            if last and last.kind == kind and not starts:
                last.lines.append(content)
            else:
                case.steps.append(Step(number, kind, [content]))
            continue
        if line.startswith("!"):
            if case is None:
                raise ScriptError(f"line {number}: a case begins with `=== name`")
            case.steps.append(Step(number, "!", [line[1:].strip()]))
            continue
        key, colon, value = line.partition(":")
        if not colon or key not in HEADERS:
            raise ScriptError(f"line {number}: not understood: {line!r}")
        (case.headers if case else common)[key] = value.strip()
    names = [case.name for case in cases]
    if len(set(names)) != len(names):
        raise ScriptError("two cases have one name")
    return cases


class Stage:
    """A gateway and a scripted upstream for one configuration; cases are played on it one after the other."""

    def __init__(self, overrides, directory):
        self.upstream = Scripted()
        extra = json.loads(overrides)
        config = configuration(self.upstream.address)
        config["listeners"]["public"] = yaml.merge(config["listeners"]["public"], extra.get("listener", {}))
        config["upstreams"]["backend"] = yaml.merge(config["upstreams"]["backend"], extra.get("upstream", {}))
        config["routes"][0] = yaml.merge(config["routes"][0], extra.get("route", {}))
        config = yaml.merge(config, extra.get("gateway", {}))
        try:
            self.gateway = Gateway(config, directory)
        except BaseException:
            self.upstream.close()
            raise

    def close(self):
        self.gateway.stop()
        self.upstream.close()

    def play(self, case):
        Play(self, case).run()


class Play:
    """One case in progress."""

    def __init__(self, stage, case):
        self.stage = stage
        self.case = case
        self.clients = {}
        self.client = None
        self.upstream = None
        self.expected_upstream = None
        self.connections = stage.upstream.connections
        self.to_head = False
        self.refusals = []
        # A reply that was cut, or a client that left, has a code in the log that nobody read.
        self.ended_early = any(step.kind == "!" and step.lines[0] in ("cut", "client-reset") for step in case.steps)

    def run(self):
        gateway = self.stage.gateway
        gateway.log.skip()
        before = gateway.metrics().refusals()
        try:
            for step in self.case.steps:
                try:
                    self.play(step)
                except (AssertionError, OSError, ValueError) as error:
                    raise Mismatch(f"line {step.line}: {type(error).__name__}: {error}") from error
            self.check_silence()
            self.check_log(before)
        finally:
            for client in self.clients.values():
                client.close()
            self.stage.upstream.forget()

    def check_silence(self):
        """Nobody has more to say."""
        for name, client in self.clients.items():
            assert not client.arrived(), f"client {name}: more bytes: {bytes(client.buffer[:300])!r}"
        for wire in self.stage.upstream.wires:
            assert not wire.arrived(), f"the upstream got more: {bytes(wire.buffer[:300])!r}"

    def check_log(self, before):
        """The access log and the metrics tell exactly what happened."""
        gateway = self.stage.gateway
        reasons = self.case.reasons
        lines = gateway.log.wait(len(reasons))
        assert len(lines) == len(reasons), f"{len(lines)} log lines instead of {len(reasons)}: {lines}"
        counts = collections.Counter()
        for line, reason in zip(lines, reasons):
            is_log_line(line, reason)
            if line.get("code"):
                counts[line["step"], line["code"]] += 1
        codes = sorted(line["code"] for line in lines if line.get("code"))
        if not self.ended_early:
            assert codes == sorted(self.refusals), f"codes in the log {codes}, on the wire {self.refusals}"
        after = gateway.metrics().refusals()
        grown = {key: after[key] - before.get(key, 0) for key in after if after[key] != before.get(key, 0)}
        assert grown == dict(counts), f"refusals counted {grown}, logged {dict(counts)}"

    def play(self, step):
        if step.kind == "!":
            word, _, argument = step.lines[0].partition(" ")
            action = getattr(self, "do_" + word.replace("-", "_"), None)
            if action is None:
                raise ScriptError(f"line {step.line}: unknown directive !{word}")
            action(argument)
        elif step.kind == ">":
            self.current_client().send(data(step.lines))
        elif step.kind == "<<":
            self.current_upstream().send(data(step.lines))
        elif step.kind == "<":
            self.expect_response(step)
        elif step.kind == "<|":
            self.compare(self.current_client().read_head(), step.lines)
        elif step.kind in ("<=", ">>="):
            wire = self.current_client() if step.kind == "<=" else self.current_upstream()
            wanted = data(step.lines)
            while len(wire.buffer) < len(wanted) and wire.fill(PATIENCE):
                pass
            found = bytes(wire.buffer[: len(wanted)])
            assert found == wanted, f"{found!r} instead of {wanted!r}"
            del wire.buffer[: len(wanted)]
        elif step.kind == ">>":
            self.upstream = self.await_upstream()
            self.last = self.upstream.read_request()
            self.compare(self.last, step.lines)
        elif step.kind == ">>|":
            self.upstream = self.await_upstream()
            self.compare(self.upstream.read_head(), step.lines)
        elif step.kind in ("<+", ">>+"):
            wanted = [tuple(part.strip() for part in line.split(":", 1)) for line in step.lines if line]
            assert self.last.trailers == wanted, f"trailers {self.last.trailers}"

    # The two sides.

    def current_client(self):
        if self.client is None:
            self.do_client("1")
        return self.client

    def current_upstream(self):
        if self.upstream is None:
            self.upstream = self.await_upstream()
        return self.upstream

    def await_upstream(self):
        """The upstream connection on which the next bytes come."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for wire in list(self.stage.upstream.wires):
                if not wire.buffer and not wire.ended and select.select([wire.socket], [], [], 0)[0]:
                    wire.fill()
                if wire.buffer:
                    if self.expected_upstream == "new":
                        assert wire is not self.upstream, "the upstream connection is the same"
                    if self.expected_upstream == "same":
                        assert wire is self.upstream, "the upstream connection is another"
                    self.expected_upstream = None
                    return wire
            time.sleep(0.002)
        state = bytes(self.client.buffer[:300]) if self.client else b""
        if self.client is not None and not state and self.client.arrived():
            state = bytes(self.client.buffer[:300])
        raise TimedOut(f"nothing reached the upstream; the client has {state!r}")

    # Expectations.

    def expect_response(self, step):
        client = self.current_client()
        lines = step.lines
        to_head, self.to_head = self.to_head, False
        self.last = response = client.read_response(to_head)
        if response.status >= 200:
            carries_no_leak(response)
        if lines[0].startswith("refusal "):
            code = lines[0].split()[1]
            if code not in STATUS:
                raise ScriptError(f"line {step.line}: no such code {code}")
            is_refusal(response, code, to_head)
            self.refusals.append(code)
            self.compare(response, lines, start=False)
        else:
            self.compare(response, lines)

    def compare(self, message, lines, start=True):
        """The message has this start line, these fields, not those, and this body."""
        if start:
            self.compare_start(message.start_line, lines[0])
        wanted, body = {}, None
        for index, line in enumerate(lines[1:], 1):
            if line == "":
                body = lines[index + 1 :]
                break
            if line.startswith("!"):
                assert line[1:] not in message, f"{line[1:]}: {message.all(line[1:])} is there\n{message!r}"
                continue
            name, colon, value = line.partition(":")
            if not colon:
                raise ScriptError(f"not a field: {line!r}")
            wanted.setdefault(name.strip(), []).append(value.strip())
        for name, values in wanted.items():
            found = message.all(name)
            assert len(found) == len(values), f"{name}: {found} instead of {values}\n{message!r}"
            for have, want in zip(found, values):
                if want.startswith("~"):
                    assert re.fullmatch(want[1:], have), f"{name}: {have!r} does not match {want}"
                elif want != "*":
                    assert have == unescape(want), f"{name}: {have!r} instead of {want!r}"
        if body is not None:
            if len(body) == 1 and body[0].startswith("~"):
                assert re.fullmatch(body[0][1:].encode(), message.body, re.DOTALL), f"body {message.body[:300]!r}"
            else:
                expected = data(body)
                assert message.body == expected, f"body {message.body[:300]!r} instead of {expected[:300]!r}"

    def compare_start(self, have, want):
        if want.startswith("HTTP/1.1 "):
            parts = want.split(" ", 2)
            found = have.split(" ", 2)
            assert found[1] in parts[1].split("|"), f"status {have!r} instead of {want!r}"
            if len(parts) == 3:
                assert found[2] == parts[2], f"{have!r} instead of {want!r}"
        else:
            assert have == unescape(want), f"{have!r} instead of {want!r}"

    # Directives.

    def do_client(self, name):
        """Opens a client connection, or turns to one that is open."""
        if name not in self.clients:
            self.clients[name] = connect(self.stage.gateway.address())
        self.client = self.clients[name]

    def do_head(self, _):
        self.to_head = True

    def do_half_close(self, _):
        self.current_client().half_close()

    def do_client_reset(self, _):
        self.current_client().reset()

    def do_pause(self, argument):
        match = re.fullmatch(r"(\d+)ms", argument)
        if not match:
            raise ScriptError(f"!pause {argument}: milliseconds, as 50ms")
        time.sleep(int(match[1]) / 1000)

    def do_close(self, _):
        client = self.current_client()
        client.expect_end(PATIENCE)
        assert not client.was_reset, "the connection was reset"

    def do_cut(self, _):
        """What is left of the reply never comes to its end."""
        client = self.current_client()
        try:
            while client.fill(PATIENCE):
                pass
        except TimedOut:
            raise AssertionError("the connection is still open") from None
        assert not client.buffer.endswith(b"0\r\n\r\n"), f"a clean end: {bytes(client.buffer[-100:])!r}"
        client.buffer.clear()

    def do_upstream_none(self, _):
        for wire in self.stage.upstream.wires:
            assert not wire.arrived(0.02), f"the upstream got {bytes(wire.buffer[:300])!r}"

    def do_upstream_never_whole(self, _):
        for wire in self.stage.upstream.wires:
            if not wire.arrived(0.05):
                continue
            try:
                request = wire.read_request()
            except (Cut, Malformed):
                wire.buffer.clear()
                continue
            raise AssertionError(f"a whole request reached the upstream:\n{request!r}")

    def do_upstream_new(self, _):
        self.expected_upstream = "new"

    def do_upstream_same(self, _):
        self.expected_upstream = "same"

    def do_upstream_end(self, _):
        """The upstream closes its connection."""
        self.current_upstream().flush()
        self.current_upstream().socket.shutdown(1)

    def do_upstream_reset(self, _):
        self.current_upstream().flush()
        self.current_upstream().reset()

    def do_upstream_closed(self, _):
        """The gateway closes the upstream connection, with nothing more to say."""
        self.current_upstream().expect_end(PATIENCE)

    def do_upstream_cut(self, _):
        """The gateway gives up the request that it is sending: its end never comes."""
        upstream = self.current_upstream()
        while upstream.fill(PATIENCE):
            pass
        assert not upstream.buffer.endswith(b"0\r\n\r\n"), f"a clean end: {bytes(upstream.buffer[-100:])!r}"
        upstream.buffer.clear()
