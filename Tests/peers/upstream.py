"""Backends that do as they are told: scripted by the test step by step, or by a function per request."""

import queue
import socket
import threading

from peers.http1 import Cut, Malformed, PATIENCE, TimedOut, Wire


class Listener:
    """A listening socket whose accepted connections are counted and handed to `accepted`."""

    def __init__(self, path=None, backlog=512, host="127.0.0.1", tls=None):
        self.tls = tls
        if path:
            self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.socket.bind(path)
            self.address = f"unix:{path}"
        else:
            self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind((host, 0))
            self.port = self.socket.getsockname()[1]
            self.address = f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"
        self.socket.listen(backlog)
        self.connections = 0
        self.wires = []
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                sock, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._begin, args=(sock,), daemon=True).start()

    def _begin(self, sock):
        try:
            if self.tls is not None:
                sock.settimeout(PATIENCE)
                sock = self.tls.wrap_socket(sock, server_side=True)
        except (OSError, ValueError):
            sock.close()
            return
        wire = Wire(sock)
        self.wires.append(wire)
        self.accepted(wire)

    def accepted(self, wire):
        raise NotImplementedError

    def close(self):
        # Shutting down first wakes the thread that waits in accept.
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
        for wire in self.wires:
            wire.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Scripted(Listener):
    """A backend that the test plays itself: it takes connections one by one and speaks on them."""

    def __init__(self, **options):
        self.waiting = queue.Queue()
        super().__init__(**options)

    def accepted(self, wire):
        self.waiting.put(wire)

    def take(self, patience=PATIENCE):
        """The next connection that the gateway opened."""
        try:
            return self.waiting.get(timeout=patience)
        except queue.Empty:
            raise TimedOut("the gateway opened no upstream connection") from None

    def forget(self):
        """Closes every connection and waits until the gateway has noticed, so that no later request meets a stale one."""
        while not self.waiting.empty():
            self.waiting.get()
        for wire in self.wires:
            try:
                wire.socket.shutdown(socket.SHUT_WR)
                while wire.fill(1.0):
                    wire.buffer.clear()
            except (OSError, TimedOut):
                pass
            wire.close()
        self.wires.clear()


class Backend(Listener):
    """A backend with one function for every request: `handle(wire, request, backend)`.

    The function writes the answer; returning False ends the connection. Requests are kept in `requests`.
    """

    def __init__(self, handle=None, **options):
        self.handle = handle or ok
        self.requests = []
        self.lock = threading.Lock()
        super().__init__(**options)

    def accepted(self, wire):
        try:
            while wire.arrived(60):
                request = wire.read_request()
                with self.lock:
                    self.requests.append(request)
                if self.handle(wire, request, self) is False:
                    break
        except (Cut, Malformed, TimedOut, OSError):
            pass
        wire.close()


def reply(status=200, body=b"", fields=(), reason="OK"):
    """The bytes of a response with its length."""
    head = [f"HTTP/1.1 {status} {reason}", f"Content-Length: {len(body)}"]
    head += [f"{name}: {value}" for name, value in fields]
    return ("\r\n".join(head) + "\r\n\r\n").encode("latin-1") + body


def ok(wire, request, backend):
    """200 and a short body."""
    wire.send(reply(body=b"hello", fields=[("Content-Type", "text/plain")]))


def echo(wire, request, backend):
    """The request as the backend saw it: its head as text, then the body."""
    head = [request.start_line] + [f"{name}: {value}" for name, value in request.fields]
    wire.send(reply(body=("\n".join(head) + "\n\n").encode("latin-1") + request.body))
