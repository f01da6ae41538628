"""Processes that a test starts: each is ended by its own id, whatever happens."""

import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def free_port(family=socket.AF_INET, host="127.0.0.1"):
    """A port that was free a moment ago, for servers that cannot report the one they took."""
    with socket.socket(family) as sock:
        sock.bind((host, 0))
        return sock.getsockname()[1]


def eventually(question, patience=10.0, every=0.02, what="a condition"):
    """Asks until the answer is true, and returns it."""
    deadline = time.monotonic() + patience
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true in {patience} s (last: {answer!r})")
        time.sleep(every)


def listens(port, host="127.0.0.1"):
    try:
        with socket.create_connection((host, port), timeout=0.5):
            return True
    except OSError:
        return False


class Process:
    """A child in a session of its own, ended with all that it started."""

    def __init__(self, arguments, **options):
        options.setdefault("start_new_session", True)
        self.process = subprocess.Popen([str(argument) for argument in arguments], **options)

    @property
    def pid(self):
        return self.process.pid

    def send_signal(self, number):
        self.process.send_signal(number)

    def wait(self, patience=15.0):
        return self.process.wait(patience)

    def stop(self, number=signal.SIGTERM, patience=10.0):
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(5)
        return self.process.returncode


class Nginx(Process):
    """Debian's nginx in the foreground, with one server block and all its files in a directory of its own."""

    def __init__(self, server, directory=None, http="", workers=1, modules=()):
        self.directory = pathlib.Path(directory or tempfile.mkdtemp(prefix="peer-nginx-"))
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        temporary = "".join(
            f"    {kind}_temp_path {self.directory}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        self.configuration = self.directory / "nginx.conf"
        self.configuration.write_text(
            "".join(f"load_module {module};\n" for module in modules)
            + f"daemon off; worker_processes {workers}; pid {self.directory}/pid; error_log {self.directory}/error.log notice;\n"
            + ("user root;\n" if os.geteuid() == 0 else "")
            + "events { worker_connections 4096; }\n"
            + "http {\n    access_log off; keepalive_requests 10000000; client_max_body_size 0;\n"
            + "    default_type application/octet-stream;\n"
            + temporary
            + f"    {http}\n    server {{\n        listen 127.0.0.1:{self.port};\n{server}\n    }}\n}}\n"
        )
        super().__init__(
            ["/usr/sbin/nginx", "-c", self.configuration, "-p", self.directory, "-e", self.directory / "error.log"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        eventually(lambda: self.process.poll() is not None or listens(self.port), what="nginx listening")
        if self.process.poll() is not None:
            raise AssertionError((self.directory / "error.log").read_text())

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def stop(self, number=signal.SIGQUIT, patience=5.0):
        return super().stop(number, patience)


def children(pid):
    """The ids of the direct children of a process."""
    found = set()
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found.update(int(child) for child in task.read_text().split())
        except OSError:
            pass
    return sorted(found)


def family(pid):
    """A process and everything below it."""
    members = [pid]
    for child in children(pid):
        members += family(child)
    return members


def resident_bytes(pid):
    """Resident memory of one process."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def descriptors(pid):
    """How many descriptors one process holds."""
    return len(os.listdir(f"/proc/{pid}/fd"))
