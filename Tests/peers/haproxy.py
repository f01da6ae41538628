"""Debian's HAProxy as a load balancer in front of the gateway: one TCP frontend, one server."""

import os
import pathlib
import subprocess
import tempfile

from peers.processes import Process, eventually, free_port, listens


class HAProxy(Process):
    """Passes bytes on to `server` (`host:port`) with the options of HAProxy's `server` line, such as `send-proxy-v2`."""

    def __init__(self, server, options="", backend="", directory=None):
        self.directory = pathlib.Path(directory or tempfile.mkdtemp(prefix="peer-haproxy-"))
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.log = self.directory / "haproxy.log"
        configuration = self.directory / "haproxy.cfg"
        lines = [
            "global",
            f"    {'user root' if os.geteuid() == 0 else 'maxconn 100'}",
            "defaults",
            "    mode tcp",
            "    timeout connect 5s",
            "    timeout client 20s",
            "    timeout server 20s",
            "frontend front",
            f"    bind 127.0.0.1:{self.port}",
            f"    bind [::1]:{self.port}",
            "    default_backend gateway",
            "backend gateway",
            *[f"    {line}" for line in backend.splitlines()],
            f"    server gateway {server} {options}",
        ]
        configuration.write_text("\n".join(lines) + "\n")
        with self.log.open("wb") as log:
            super().__init__(
                ["/usr/sbin/haproxy", "-db", "-f", configuration],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        eventually(lambda: self.process.poll() is not None or listens(self.port), what="HAProxy listening")
        if self.process.poll() is not None:
            raise AssertionError(self.log.read_text())

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"
