"""One worker of the gateway, started without its supervisor, and the client whose requests are counted."""

import os
import shutil
import socket
import ssl
import subprocess

from peers import yaml
from peers.gateway import BINARY
from peers.processes import Process

ANSWER = b"x" * 128
REQUEST = b"GET /orders/1042 HTTP/1.1\r\nHost: localhost\r\nUser-Agent: counts/1\r\nAccept: */*\r\n\r\n"


def configuration(backend, directory, certificate=None):
    """One loop, one listener, one local limit that lets everything pass, the access log in a file."""
    listener = {"address": "127.0.0.1:0", "timeouts": {"idle": "15m"}}
    if certificate:
        chain, key = certificate
        listener["tls"] = {"certificates": [{"chain": str(chain), "key": str(key)}]}
    return {
        "version": 1,
        "listeners": {"public": listener},
        "logs": {"access": f"file:{directory}/access.log", "events": f"file:{directory}/events.log"},
        "process": {"loops": 1},
        "upstreams": {"backend": {"endpoints": [backend]}},
        "limits": {"one": {"key": "client.address", "rate": "1000000/s", "burst": 1000000}},
        "routes": [{"name": "all", "match": {"path": "/"}, "auth": "none", "limits": ["one"], "upstream": "backend"}],
    }


class Worker(Process):
    """`portcullis worker` on a socket made here, so that `wrap` and `environment` reach this process alone."""

    def __init__(self, config, directory, binary=BINARY, wrap=(), environment=None):
        directory.mkdir(parents=True)
        file = directory / "gateway.yaml"
        file.write_text(yaml.dump(config) + "\n")
        self.output = directory / "output"
        reader, writer = os.pipe()
        with socket.create_server(("127.0.0.1", 0), backlog=64) as listening, self.output.open("wb") as output:
            self.port = listening.getsockname()[1]
            name = f"{listening.fileno()}:0:public:127.0.0.1:{self.port}"
            super().__init__(
                [*wrap, binary, "worker", "--config", file, "--supervisor", os.getpid(), "--readiness", writer, "--socket", name],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, pass_fds=[listening.fileno(), writer],
                env={**os.environ, "SWIFT_BACKTRACE": "enable=no", **(environment or {})},
            )  # fmt: skip
        os.close(writer)
        with os.fdopen(reader, "rb") as readiness:
            # One byte when it serves; the end of the pipe when it has ended.
            self.is_ready = readiness.read(1) != b""

    def why(self):
        """The last lines that it, or what it runs under, wrote."""
        return " / ".join(self.output.read_text("utf-8", "replace").split("\n")[-4:]).strip(" /")


class Client:
    """One keep-alive connection; each request waits for the whole answer to the one before."""

    def __init__(self, port, authority=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if authority:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(authority)
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")

    def send(self, count):
        for _ in range(count):
            self.socket.sendall(REQUEST)
            data = b""
            while not data.endswith(ANSWER):
                part = self.socket.recv(65536)
                if not part:
                    raise SystemExit(f"the gateway closed the connection after {data!r}")
                data += part
            if not data.startswith(b"HTTP/1.1 200 "):
                raise SystemExit(f"not a good answer: {data[:300]!r}")

    def close(self):
        self.socket.close()


def stripped(directory):
    """A copy without debugging information, which is too large for valgrind's reader; symbols stay."""
    copy = directory / "portcullis"
    if shutil.which("objcopy"):
        subprocess.run(["objcopy", "--strip-debug", BINARY, copy], check=True)
    else:
        shutil.copy(BINARY, copy)
    return copy
