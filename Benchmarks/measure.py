"""What is read from the kernel and from the load generators."""

import os
import pathlib
import re
import socket
import ssl
import statistics
import subprocess
import tempfile
import time

from peers.processes import family

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")

CORES = sorted(os.sched_getaffinity(0))
PROXY_CORE = {CORES[0]}
#: The client and the backend; with one core they share it with the proxy, and the figures say little.
OTHER_CORES = set(CORES[1:]) or PROXY_CORE


def cpu_seconds(pid):
    """(user, system) seconds that a process and everything below it have used, threads and reaped children included."""
    user = system = 0
    for member in family(pid):
        try:
            fields = pathlib.Path(f"/proc/{member}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        user += int(fields[11]) + int(fields[13])
        system += int(fields[12]) + int(fields[14])
    return user / TICKS, system / TICKS


def cpu_nanoseconds(pid):
    """CPU time in nanoseconds by the scheduler's own count, finer than the ticks of `stat`."""
    total = 0
    for member in family(pid):
        for task in pathlib.Path(f"/proc/{member}/task").glob("*/schedstat"):
            try:
                total += int(task.read_text().split()[0])
            except OSError:
                pass
    return total


def resident(pid):
    """Resident bytes of a process and everything below it."""
    total = 0
    for member in family(pid):
        try:
            total += int(pathlib.Path(f"/proc/{member}/statm").read_text().split()[1]) * PAGE
        except OSError:
            pass
    return total


def others(arguments, **options):
    """Runs a command away from the proxy's core."""
    return subprocess.run(
        [str(argument) for argument in arguments],
        capture_output=True, text=True, preexec_fn=lambda: os.sched_setaffinity(0, OTHER_CORES), **options,
    )  # fmt: skip


class Load:
    """One run of a load generator against one proxy, and what the proxy spent on it."""

    def __init__(self, proxy, arguments, seconds):
        user, system = cpu_seconds(proxy.pid)
        exact = cpu_nanoseconds(proxy.pid)
        output = others(arguments, timeout=seconds + 30).stdout
        exact = cpu_nanoseconds(proxy.pid) - exact
        now_user, now_system = cpu_seconds(proxy.pid)
        self.requests, took = self.read(output) or (0, 1)
        if self.requests == 0:
            raise RuntimeError(f"{proxy.name}: {output}")
        self.throughput = self.requests / took
        # The split is of ticks, the sum is exact.
        user, system = now_user - user, now_system - system
        self.cpu = exact / 1000 / self.requests
        self.user = self.cpu * user / (user + system) if user + system else 0.0

    def read(self, output):
        """(requests, seconds) as the generator counted them, or None where an answer was not a good one."""
        raise NotImplementedError


class Run(Load):
    """wrk over HTTP/1.1."""

    def __init__(self, proxy, url, seconds, script=None, connections=32, refused=False):
        arguments = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s"]
        if script:
            arguments += ["-s", script]
        self.refused = refused
        super().__init__(proxy, [*arguments, url], seconds)

    def read(self, output):
        match = re.search(r"(\d+) requests in ([\d.]+)s", output)
        if match and ("Non-2xx" in output) == self.refused:
            return int(match[1]), float(match[2])


class Streams(Load):
    """h2load over HTTP/2: so many streams at a time on each connection."""

    def __init__(self, proxy, url, seconds, streams, connections=32):
        super().__init__(
            proxy,
            ["h2load", "-t1", f"-c{connections}", f"-m{streams}", f"-D{seconds}",
             f"--connect-to=127.0.0.1:{url.rsplit(':', 1)[1].rstrip('/')}", url],
            seconds,
        )  # fmt: skip

    def read(self, output):
        took = re.search(r"finished in ([\d.]+)s", output)
        good = re.search(r"status codes: (\d+) 2xx, 0 3xx, 0 4xx, 0 5xx", output)
        if took and good and "Application protocol: h2" in output:
            return int(good[1]), float(took[1])


def websocket(proxy, program, seconds, connections=32, size=1024):
    """CPU time of the proxy in microseconds per message that went to the echo server and came back."""
    before = cpu_nanoseconds(proxy.pid)
    result = others([program, "load", proxy.ports[0], connections, seconds, size], timeout=seconds + 30)
    used = cpu_nanoseconds(proxy.pid) - before
    if result.returncode != 0 or int(result.stdout) == 0:
        raise RuntimeError(f"{proxy.name}: {result.stdout}{result.stderr}")
    return used / 1000 / int(result.stdout)


def latency(proxy, url, seconds, rate, connections=20):
    """(p50, p99) in microseconds at a fixed rate."""
    with tempfile.NamedTemporaryFile() as log:
        others(
            ["h2load", "--h1", "-t1", f"-c{connections}", f"--rps={rate // connections}", f"-D{seconds}",
             f"--connect-to=127.0.0.1:{url.rsplit(':', 1)[1].rstrip('/')}", f"--log-file={log.name}", url],
            timeout=seconds + 30,
        )  # fmt: skip
        rows = [line.split("\t") for line in pathlib.Path(log.name).read_text().splitlines()]
    times = sorted(int(row[2]) for row in rows if row[1] == "200")
    if len(times) < rate * seconds * 0.5 or len(times) < len(rows):
        raise RuntimeError(f"{proxy.name}: {len(times)} of {len(rows)} good answers at {rate}/s")
    return statistics.median(times), times[int(len(times) * 0.99)]


REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


def connect(address, context=None):
    """A connection that has had one request and its answer."""
    host, port = address.rsplit(":", 1)
    sock = socket.create_connection((host, int(port)), timeout=20)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if context is not None:
        sock = context.wrap_socket(sock, server_hostname="localhost")
    sock.sendall(REQUEST)
    data = b""
    while not data.endswith(b"x" * 128):
        part = sock.recv(65536)
        if not part:
            raise RuntimeError(f"closed after {data!r}")
        data += part
    return sock


def handshakes(proxy, count, context):
    """New TLS connections per CPU second of the proxy, one request each."""
    before = cpu_nanoseconds(proxy.pid)
    for _ in range(count):
        connect(proxy.secure, context).close()
    # What is left to do after the last close.
    time.sleep(0.05)
    return count / ((cpu_nanoseconds(proxy.pid) - before) / 1e9)


def idle(proxy, address, counts, context, rest):
    """Bytes of resident memory per idle connection: the slope between two numbers of connections."""
    sockets, sizes = [], []
    try:
        for count in counts:
            while len(sockets) < count:
                sockets.append(connect(address, context))
            time.sleep(rest)
            sizes.append(resident(proxy.pid))
        return (sizes[1] - sizes[0]) / (counts[1] - counts[0])
    finally:
        for sock in sockets:
            sock.close()


def client_context(authority):
    """TLS 1.3, HTTP/1.1, never a resumed session."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority.file)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["http/1.1"])
    return context
