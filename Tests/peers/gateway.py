"""The gateway as a process: its configuration written, its events, access log and metrics read."""

import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time

from peers import yaml
from peers.http1 import exchange
from peers.processes import ROOT, Process, children, eventually, free_port

BINARY = pathlib.Path(os.environ.get("PORTCULLIS_BINARY", ROOT / ".build/release/portcullis"))


#: The events of a reload.
RELOADED = "configuration reloaded"
NOT_RELOADED = "configuration not reloaded, the old one stays in force"


def run(*arguments, stdin=None, patience=20, directory=None, environment=None):
    """One command to its end; standard output and error as text."""
    return subprocess.run(
        [str(BINARY), *[str(argument) for argument in arguments]],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=patience,
        cwd=directory,
        env={**os.environ, **(environment or {})},
    )


def configuration(upstream, **extra):
    """A whole configuration for one plain listener on loopback, one upstream and one open route.

    `extra` is laid over it (see `yaml.merge`); `routes` replaces the list.
    """
    base = {
        "version": 1,
        "listeners": {"public": {"address": "127.0.0.1:0"}},
        "telemetry": {"address": f"127.0.0.1:{free_port()}"},
        "process": {"loops": 1},
        "upstreams": {"backend": {"endpoints": [upstream]}},
        "routes": [{"name": "all", "match": {"path": "/"}, "auth": "none", "upstream": "backend"}],
    }
    return yaml.merge(base, extra)


def tls(*certificates, **extra):
    """A TLS listener with (chain, key) pairs; the first is the default where there are several."""
    entries = [{"chain": str(chain), "key": str(key)} for chain, key in certificates]
    if len(entries) > 1:
        entries[0]["default"] = True
    return yaml.merge({"address": "127.0.0.1:0", "tls": {"certificates": entries}}, extra)


class AccessLog:
    """The access log file, followed from wherever the reader stands."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.offset = 0

    def skip(self):
        """Forgets what was written so far."""
        self.offset = self.path.stat().st_size if self.path.exists() else 0

    def lines(self):
        """What came since the last `skip`; a line that is not whole yet is left out."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(self.offset)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        return [json.loads(line) for line in whole.splitlines()]

    def wait(self, count=1, patience=5.0):
        """At least `count` lines since the last `skip`."""
        eventually(lambda: len(self.lines()) >= count, patience, what=f"{count} access log lines")
        return self.lines()


class Metrics:
    """One scrape: samples by name and labels."""

    SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")
    LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')

    def __init__(self, text):
        self.text = text
        self.samples = {}
        for line in text.splitlines():
            if line and not line.startswith("#"):
                match = self.SAMPLE.match(line)
                assert match, f"not a sample: {line!r}"
                labels = frozenset(self.LABEL.findall(match[2] or ""))
                self.samples[match[1], labels] = float(match[3])

    def sum(self, name, **labels):
        """The sum over all samples of a name that carry these labels."""
        wanted = {(key, str(value)) for key, value in labels.items()}
        return sum(value for (key, have), value in self.samples.items() if key == name and wanted <= have)

    def refusals(self):
        """`portcullis_refusals_total` as {(step, code): count}."""
        return {
            (dict(labels)["step"], dict(labels)["code"]): value
            for (name, labels), value in self.samples.items()
            if name == "portcullis_refusals_total" and value
        }


class Gateway(Process):
    """`portcullis run` with a configuration given as a dict."""

    def __init__(self, config, directory=None, environment=None, access="file", wait=True, wrap=(), **options):
        self.directory = pathlib.Path(directory or tempfile.mkdtemp(prefix="gateway-"))
        self.directory.mkdir(parents=True, exist_ok=True)
        self.log = AccessLog(self.directory / "access.log")
        defaults = {
            "admin": {"address": f"unix:{self.directory}/admin.sock"},
            "logs": {"access": f"file:{self.log.path}" if access == "file" else access, "events": "stderr"},
        }
        self.config = yaml.merge(defaults, config)
        self.file = self.directory / "gateway.yaml"
        self.write()
        self.events = []
        self.noise = []
        self.condition = threading.Condition()
        if not BINARY.exists():
            raise AssertionError(f"no gateway at {BINARY}: make build")
        super().__init__(
            [*wrap, BINARY, "run", "--config", self.file],
            stdin=subprocess.DEVNULL,
            stdout=options.pop("stdout", subprocess.DEVNULL),
            stderr=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
            **options,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        if wait:
            for listener in self.config["listeners"]:
                self.address(listener)
            if "telemetry" in self.config:
                eventually(self.ready, what="readiness")

    def write(self, config=None):
        """Writes the configuration file anew (for a reload)."""
        if config is not None:
            self.config = yaml.merge(self.config, config)
        self.file.write_text(yaml.dump(self.config) + "\n")

    def _read(self):
        for line in self.process.stderr:
            with self.condition:
                try:
                    event = json.loads(line)
                    assert isinstance(event, dict)
                    self.events.append(event)
                except (ValueError, AssertionError):
                    self.noise.append(line.decode("utf-8", "replace"))
                self.condition.notify_all()
        with self.condition:
            self.events.append({"event": "end of events"})
            self.condition.notify_all()

    def event(self, name, patience=15.0, since=0, **fields):
        """The first event of a name (from index `since` on) with these fields; waits for it."""
        deadline = time.monotonic() + patience
        with self.condition:
            while True:
                for event in self.events[since:]:
                    if event.get("event") == name and all(event.get(key) == value for key, value in fields.items()):
                        return event
                ended = any(event.get("event") == "end of events" for event in self.events)
                left = deadline - time.monotonic()
                if ended or left <= 0:
                    recent = "\n".join(map(str, self.events[-20:] + self.noise[-20:]))
                    raise AssertionError(f"no event {name} {fields}; the last ones:\n{recent}")
                self.condition.wait(left)

    def address(self, listener="public"):
        """Where a listener listens, as the gateway reported it."""
        configured = self.config["listeners"][listener]["address"]
        if configured.startswith("unix:") or not configured.endswith(":0"):
            return configured
        return self.event("listening", listener=listener)["address"]

    @property
    def telemetry(self):
        return self.config["telemetry"]["address"]

    def ready(self):
        if self.process.poll() is not None:
            self.event("ready", patience=0)
        try:
            return self.get("/readyz").status == 200
        except (OSError, AssertionError):
            return False

    def get(self, path, address=None):
        """One GET on the telemetry listener."""
        address = address or self.telemetry
        host = "localhost" if address.startswith("unix:") else address
        return exchange(address, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())

    def metrics(self):
        return Metrics(self.get("/metrics").body.decode())

    def workers(self):
        """The ids of the worker processes."""
        return children(self.pid)

    def reload(self, config=None, patience=10.0):
        """Rewrites the file, sends SIGHUP and waits for the outcome; returns its event."""
        self.write(config)
        with self.condition:
            since = len(self.events)
        self.send_signal(signal.SIGHUP)
        return eventually(
            lambda: next(
                (e for e in self.events[since:] if e.get("event") in (RELOADED, NOT_RELOADED)), None
            ),
            patience,
            what="the outcome of a reload",
        )
