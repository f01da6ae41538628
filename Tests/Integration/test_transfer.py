"""nginx behind the gateway: curl, wrk, and a file of 1 GiB in both directions with an equal digest and flat memory."""

import hashlib
import os
import re
import subprocess

import pytest

from peers.gateway import configuration, tls
from peers.processes import resident_bytes

SIZE = 1 << 30

#: Buffers of one connection, several times over: far below the size of what passes.
MEMORY = 24 << 20


@pytest.fixture(scope="module")
def big(nginx):
    """A file of 1 GiB that is not all alike, and its digest."""
    path = nginx.directory / "files" / "big"
    digest = hashlib.sha256()
    block = os.urandom(1 << 20)
    with path.open("wb") as file:
        for index in range(SIZE >> 20):
            part = index.to_bytes(8, "big") + block[8:]
            file.write(part)
            digest.update(part)
    yield path, digest.hexdigest()
    path.unlink()


@pytest.fixture
def gateway(gateways, nginx, server_certificate):
    config = configuration(nginx.address)
    config["listeners"]["secure"] = tls(server_certificate)
    config["routes"][0]["body"] = {"max": "2GiB"}
    return gateways(config)


def grown(gateway, action):
    (worker,) = gateway.workers()
    before = resident_bytes(worker)
    result = action()
    assert gateway.workers() == [worker], "the worker was restarted"
    return result, resident_bytes(worker) - before


def curl(*arguments):
    result = subprocess.run(["curl", "-sS", "--fail", *map(str, arguments)], capture_output=True, timeout=240)
    assert result.returncode == 0, result.stderr
    return result.stdout


def url(gateway, listener, path):
    return f"{'https' if listener == 'secure' else 'http'}://{gateway.address(listener)}{path}"


@pytest.mark.parametrize("listener", ["public", "secure"])
def test_a_gibibyte_down(gateway, big, listener, authority):
    def download():
        digest = hashlib.sha256()
        process = subprocess.Popen(
            ["curl", "-sS", "--fail", "--cacert", str(authority.file), url(gateway, listener, "/files/big")], stdout=subprocess.PIPE
        )
        while part := process.stdout.read(1 << 20):
            digest.update(part)
        assert process.wait(10) == 0
        return digest.hexdigest()

    digest, memory = grown(gateway, download)
    assert digest == big[1]
    assert memory < MEMORY, f"{memory} bytes"


@pytest.mark.parametrize("listener, chunked", [("public", False), ("secure", False), ("public", True)])
def test_a_gibibyte_up(gateway, big, nginx, listener, chunked, authority):
    target = nginx.directory / "files" / f"up-{listener}-{chunked}"
    extra = ["-H", "Transfer-Encoding: chunked"] if chunked else []

    def upload():
        curl("--cacert", authority.file, *extra, "-H", "Expect:", "-T", big[0], url(gateway, listener, f"/files/{target.name}"))

    try:
        _, memory = grown(gateway, upload)
        with target.open("rb") as file:
            assert hashlib.file_digest(file, "sha256").hexdigest() == big[1]
        assert memory < MEMORY, f"{memory} bytes"
    finally:
        target.unlink(missing_ok=True)


def test_ranges_and_conditions_pass(gateway, big):
    part = curl("-r", "1000-1999", url(gateway, "public", "/files/big"))
    with big[0].open("rb") as file:
        file.seek(1000)
        assert part == file.read(1000)
    head = curl("-I", url(gateway, "public", "/files/big")).decode()
    assert f"content-length: {SIZE}" in head.lower()
    etag = re.search(r"(?i)etag: (\S+)", head)[1]
    status = curl("-o", os.devnull, "-w", "%{http_code}", "-H", f"If-None-Match: {etag}", url(gateway, "public", "/files/big"))
    assert status == b"304"


@pytest.mark.parametrize("listener", ["public", "secure"])
def test_wrk_sees_no_error(gateway, listener):
    result = subprocess.run(
        ["wrk", "-t2", "-c50", "-d3s", "-H", "Host: localhost", url(gateway, listener, "/").replace("127.0.0.1", "localhost" if listener == "secure" else "127.0.0.1")],
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    requests = int(re.search(r"(\d+) requests in", result.stdout)[1])
    assert requests > 300, result.stdout
    assert "Socket errors" not in result.stdout and "Non-2xx" not in result.stdout, result.stdout
    served = gateway.metrics().sum("portcullis_requests_total", listener=listener, status="200")
    assert served >= requests


def test_curl_speaks_to_it_in_every_plain_way(gateway):
    base = url(gateway, "public", "/")
    assert curl(base) == b"x" * 128
    assert curl("-0", base) == b"x" * 128
    assert b"200" in curl("-I", base)
    assert curl(base, base, base) == b"x" * 384
    assert curl("-d", "a=b", "-o", os.devnull, "-w", "%{http_code}", base) in (b"200", b"405")
    assert curl("-H", "Connection: close", base) == b"x" * 128
