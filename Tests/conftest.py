"""Collects wire scripts, shares the peers, and prints the seconds of each file."""

import collections
import pathlib
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from peers import tokens, wire  # noqa: E402
from peers.certificates import Authority  # noqa: E402
from peers.gateway import Gateway, configuration  # noqa: E402
from peers.processes import Nginx  # noqa: E402
from peers.upstream import Backend  # noqa: E402

SECONDS = collections.Counter()
STAGES = {}


# Wire scripts.


def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".wire":
        return WireFile.from_parent(parent, path=file_path)
    return None


class WireFile(pytest.File):
    def collect(self):
        for case in wire.parse(self.path.read_text()):
            yield WireItem.from_parent(self, name=case.name, case=case)


class WireItem(pytest.Item):
    def __init__(self, *, case, **options):
        super().__init__(**options)
        self.case = case

    def runtest(self):
        key = self.case.overrides
        stage = STAGES.get(key)
        if isinstance(stage, str):
            raise wire.Mismatch(f"the gateway did not start with this configuration: {stage}")
        if stage is None or stage.gateway.process.poll() is not None:
            try:
                stage = STAGES[key] = wire.Stage(key, tempfile.mkdtemp(prefix="wire-"))
            except AssertionError as error:
                STAGES[key] = str(error)
                raise wire.Mismatch(f"the gateway did not start: {error}") from error
        try:
            stage.play(self.case)
        except BaseException:
            # What a failed case left behind must not reach the next one.
            STAGES.pop(key).close()
            raise

    def repr_failure(self, excinfo, style=None):
        if isinstance(excinfo.value, (wire.Mismatch, wire.ScriptError, AssertionError)):
            return f"{self.path}:{self.case.line} ({self.case.name})\n{excinfo.value}"
        return super().repr_failure(excinfo, style)

    def reportinfo(self):
        return self.path, self.case.line - 1, f"{self.path.name}: {self.case.name}"


# Seconds of each file.


def pytest_runtest_logreport(report):
    SECONDS[report.nodeid.split("::")[0]] += report.duration


def pytest_terminal_summary(terminalreporter):
    terminalreporter.section("seconds of each suite")
    for name, seconds in sorted(SECONDS.items(), key=lambda item: -item[1]):
        terminalreporter.write_line(f"{seconds:8.2f} s  {name}")


def pytest_sessionfinish():
    for stage in STAGES.values():
        if not isinstance(stage, str):
            stage.close()


# Peers.


@pytest.fixture
def gateways(tmp_path):
    """Starts gateways: `gateways(config)`; each is stopped at the end of the test."""
    started = []

    def start(config, **options):
        options.setdefault("directory", tmp_path / f"gateway-{len(started)}")
        gateway = Gateway(config, **options)
        started.append(gateway)
        return gateway

    yield start
    for gateway in started:
        gateway.stop()


@pytest.fixture
def backends():
    """Starts Python backends: `backends(handle)`."""
    started = []

    def start(handle=None, **options):
        backend = Backend(handle, **options)
        started.append(backend)
        return backend

    yield start
    for backend in started:
        backend.close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def server_certificate(authority):
    """(chain, key) for api.example.test, localhost and both loopback addresses."""
    return authority.issue("api.example.test", "localhost", "127.0.0.1", "::1", label="everything")


@pytest.fixture(scope="session")
def signing_keys():
    """One private key an algorithm, by name; made once, since RSA takes its time."""
    return {algorithm: tokens.key(algorithm) for algorithm in tokens.ALGORITHMS}


@pytest.fixture(scope="session")
def nginx(tmp_path_factory):
    """Debian's nginx as the backend: `/` answers 128 bytes, `/files/` serves and takes files."""
    directory = tmp_path_factory.mktemp("nginx")
    (directory / "files").mkdir()
    server = Nginx(
        f"""
        location / {{ return 200 "{'x' * 128}"; }}
        location /files/ {{
            root {directory};
            dav_methods PUT;
            client_body_buffer_size 64k;
        }}
        location /redirect {{ return 302 http://127.0.0.1:$server_port/target; }}
        """,
        directory,
    )
    yield server
    server.stop()


@pytest.fixture
def plain_gateway(gateways, nginx):
    """One plain listener before nginx."""
    return gateways(configuration(nginx.address))
