"""Counts what one request costs, fails where it is more than thresholds.json says; see README.md beside this file."""

import argparse
import json
import math
import mmap
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "Tests"))

from peers.certificates import Authority  # noqa: E402
from peers.processes import Nginx  # noqa: E402
from worker import ANSWER, Client, Worker, configuration, stripped  # noqa: E402

THRESHOLDS = HERE / "thresholds.json"

#: Requests before the first that counts: pools are filled, caches warm, dictionaries grown.
WARM = 1000
#: Requests that count. strace and valgrind slow a request down 10 to 100 times.
REQUESTS, TRACED_REQUESTS, SIMULATED_REQUESTS = 10_000, 2_000, 2_000

#: Calls that wait: how often depends on how fast the others are, not on the request.
WAITS = ("epoll_wait", "epoll_pwait", "epoll_pwait2", "futex", "restart_syscall")

CALLGRIND = ["valgrind", "--tool=callgrind"]

#: What `--update` allows over the measured value, and where it stops (issue 2, "How fast").
CEILING = {"allocations": 8, "system calls": 4.5}


def allowed(measure, value):
    """The threshold for a measured value."""
    if measure == "instructions":
        return math.ceil(value * 1.03)
    more = value + (1 if measure == "allocations" else 0.3)
    return min(CEILING[measure], math.ceil(more * 10) / 10)


class Skipped(Exception):
    """This machine cannot count it; the text says why."""


class Rig:
    """The backend, and workers before it; everything in one scratch directory."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.backend = Nginx(
            f'location / {{ return 200 "{ANSWER.decode()}"; }}', self.directory / "nginx", http="keepalive_timeout 900;"
        )
        self.authority = Authority(self.directory / "authority")
        self.certificate = self.authority.issue("localhost")
        self.counter = self.directory / "malloc-count.so"
        self.binary = None
        self.number = 0

    def worker(self, secure, **options):
        """A worker that serves, and a client of it that has sent nothing."""
        self.number += 1
        directory = self.directory / f"worker-{self.number}"
        config = configuration(self.backend.address, directory, self.certificate if secure else None)
        worker = Worker(config, directory, **options)
        if not worker.is_ready:
            worker.stop()
            raise SystemExit(f"the worker does not start: {worker.why() or worker.process.returncode}")
        return worker, Client(worker.port, self.authority.file if secure else None)

    # The three counts.

    def allocations(self, secure):
        """(calls, bytes) a request, of the whole process."""
        compiler = shutil.which("gcc") or shutil.which("cc") or shutil.which("clang")
        if not compiler:
            raise Skipped("no C compiler")
        if not self.counter.exists():
            source = HERE / "malloc-count.c"
            subprocess.run([compiler, "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-fno-builtin", "-o", self.counter, source], check=True)
        file = self.directory / "malloc-count"
        file.write_bytes(bytes(16))
        worker, client = self.worker(secure, environment={"LD_PRELOAD": str(self.counter), "MALLOC_COUNT_FILE": str(file)})
        try:
            with file.open("r+b") as opened, mmap.mmap(opened.fileno(), 16) as counters:
                client.send(WARM)
                before = struct.unpack("QQ", counters)
                if before[0] == 0:
                    raise SystemExit("the allocation counter was not loaded: a static libc?")
                client.send(REQUESTS)
                after = struct.unpack("QQ", counters)
        finally:
            client.close()
            worker.stop()
        return tuple((now - then) / REQUESTS for now, then in zip(after, before))

    def system_calls(self, secure):
        """{name: calls a request} of all threads."""
        if not shutil.which("strace"):
            raise Skipped("no strace")
        worker, client = self.worker(secure)
        report = self.directory / f"strace-{self.number}"
        try:
            client.send(WARM)
            tracer = subprocess.Popen(
                ["strace", "-f", "-c", "-o", report, "-p", str(worker.pid)], stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
            )
            said = tracer.stderr.readline().decode()
            if "attached" not in said:
                tracer.wait(10)
                raise Skipped(said.strip())
            client.send(TRACED_REQUESTS)
            # What the log's thread has still to write.
            time.sleep(0.2)
            tracer.send_signal(signal.SIGINT)
            tracer.communicate(timeout=20)
        finally:
            client.close()
            worker.stop()
        # "% time, seconds, usecs/call, calls, errors (or nothing), syscall", in columns.
        rows = re.findall(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?([a-z_]\w*)$", report.read_text(), re.MULTILINE)
        return {name: int(calls) / TRACED_REQUESTS for calls, name in rows if name != "total"}

    def instructions(self, secure):
        """Instructions a request in user space: two runs under callgrind, so that start and end cancel out."""
        if not shutil.which("valgrind"):
            raise Skipped("no valgrind")
        if not self.binary:
            self.binary = stripped(self.directory)
            trial = subprocess.run([*CALLGRIND, "--callgrind-out-file=/dev/null", self.binary, "version"], capture_output=True, text=True)
            if trial.returncode:
                raise Skipped(" / ".join(trial.stderr.strip().splitlines()[-3:]))
        one, two = (self.simulated(secure, requests) for requests in (0, SIMULATED_REQUESTS))
        return (two - one) / SIMULATED_REQUESTS

    def simulated(self, secure, requests):
        """The instructions of one whole run."""
        result = self.directory / f"callgrind-{self.number}"
        worker, client = self.worker(
            secure, binary=self.binary, wrap=[*CALLGRIND, f"--callgrind-out-file={result}"]
        )
        try:
            client.send(200 + requests)
        finally:
            client.close()
            worker.stop(patience=30)
        match = re.search(r"^totals: (\d+)", result.read_text(), re.MULTILINE) if result.exists() else None
        if not match:
            raise SystemExit(f"callgrind did not finish: {worker.why()}")
        return int(match[1])


class Report:
    """A line for each count, and what it says in the end."""

    def __init__(self, thresholds):
        self.thresholds = thresholds
        self.found = {}
        self.failed = False

    def line(self, variant, measure, count, show=lambda value: f"{value:.2f}"):
        """Counts, prints, compares. `count` returns the value and what else to print."""
        try:
            value, remark = count()
        except Skipped as reason:
            print(f"skipped  {variant:5}  {measure:13} {reason}", flush=True)
            return
        self.found.setdefault(variant, {})[measure] = allowed(measure, value)
        limit = self.thresholds.get(variant, {}).get(measure)
        good = limit is not None and value <= limit
        self.failed |= not good
        print(f"{'ok' if good else 'FAILED':7}  {variant:5}  {measure:13} {show(value):>9} at most {limit}   {remark}", flush=True)


def measure(rig, report, variants):
    for variant in variants:
        secure = variant == "tls"

        def allocations():
            calls, size = rig.allocations(secure)
            return calls, f"{size:.0f} bytes"

        def system_calls():
            calls = rig.system_calls(secure)
            working = sorted(((count, name) for name, count in calls.items() if name not in WAITS), reverse=True)
            waits = sum(calls.get(name, 0) for name in WAITS)
            names = ", ".join(f"{name} {count:.2f}" for count, name in working if count >= 0.005)
            return sum(count for count, _ in working), f"{names}; not counted: {waits:.2f} waits"

        report.line(variant, "allocations", allocations)
        report.line(variant, "system calls", system_calls)
        report.line(variant, "instructions", lambda: (rig.instructions(secure), "in user space"), show=lambda value: f"{value:.0f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--update", action="store_true", help="rewrite thresholds.json from what was measured")
    parser.add_argument("variants", nargs="*", default=["plain", "tls"], metavar="plain|tls")
    arguments = parser.parse_args()
    thresholds = json.loads(THRESHOLDS.read_text()) if THRESHOLDS.exists() else {}
    report = Report(thresholds)
    with tempfile.TemporaryDirectory(prefix="counts-") as directory:
        rig = Rig(directory)
        try:
            measure(rig, report, arguments.variants)
        finally:
            rig.backend.stop()
    if arguments.update:
        for variant, found in report.found.items():
            thresholds.setdefault(variant, {}).update(found)
        THRESHOLDS.write_text(json.dumps(thresholds, indent=2) + "\n")
        return 0
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
