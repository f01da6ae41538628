"""Portcullis beside nginx, HAProxy, Envoy and Caddy. See README.md beside this file."""

import datetime
import json
import os
import pathlib
import platform
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests"))

import firewall  # noqa: E402
import measure  # noqa: E402
import proxies  # noqa: E402
from peers import tokens  # noqa: E402
from peers.certificates import Authority  # noqa: E402
from report import Row, plot  # noqa: E402

PAIRS = int(os.environ.get("BENCH_PAIRS", "12"))
SECONDS = int(os.environ.get("BENCH_SECONDS", "2"))
RATE = int(os.environ.get("BENCH_RATE", "1000"))
QUICK = PAIRS < 12
ROWS = os.environ.get("BENCH_ROWS", "cpu,http2,latency,handshake,idle,chain,waf").split(",")
OUT = pathlib.Path(os.environ.get("BENCH_OUT", ROOT / "docs" / "bench"))


def say(text):
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def pairs(base, other, count=PAIRS):
    """A B, B A, A B …: (the base's result, the other's) of each pair."""
    for index in range(count):
        if index % 2:
            second = other()
            yield base(), second
        else:
            first = base()
            yield first, other()


class Bench:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.authority = Authority(self.directory / "authority")
        self.certificate = self.authority.issue("localhost", "127.0.0.1")
        self.context = measure.client_context(self.authority)
        self.wanted = os.environ.get("BENCH_ONLY", ",".join(proxies.PEERS)).split(",")
        self.started = []
        self.rows = []
        self.backend = proxies.Backend(self.directory / "backend")

    def begin(self):
        self.nginx = self.start(proxies.NginxProxy)
        self.peers = [self.start(kind) for name, kind in proxies.PEERS.items() if name in self.wanted]

    def start(self, kind, **options):
        proxy = kind(self.backend, self.certificate, self.directory, **options)
        self.started.append(proxy)
        return proxy.start()

    def stop(self):
        for proxy in self.started:
            proxy.stop()
        self.backend.stop()

    def row(self, *arguments, **options):
        row = Row(*arguments, **options)
        self.rows.append(row)
        return row

    # CPU and throughput.

    def url(self, proxy, secure):
        """By name, since a server name that is an address is none."""
        return f"https://localhost:{proxy.ports[1]}/" if secure else f"http://localhost:{proxy.ports[0]}/"

    def load(self, proxy, secure, script=None):
        return measure.Run(proxy, self.url(proxy, secure), SECONDS, script)

    def cpu(self):
        for secure in (False, True):
            kind = "TLS 1.3" if secure else "plain"
            cpu = self.row(f"CPU per request, {kind}", "µs", "less", target=1.0 if secure else 1.05)
            user = self.row(f"of it in user space, {kind}", "µs", "less")
            throughput = self.row(f"throughput, {kind}", "requests/s", "more", digits=0)
            for proxy in [self.nginx, *self.peers]:
                self.load(proxy, secure)  # warm
            for peer in self.peers:
                say(f"CPU per request, {kind}: {peer.name}")
                for a, b in pairs(lambda: self.load(self.nginx, secure), lambda: self.load(peer, secure)):
                    cpu.add(peer.name, a.cpu, b.cpu)
                    user.add(peer.name, a.user or 0.01, b.user)
                    throughput.add(peer.name, a.throughput, b.throughput)

    def http2(self):
        for streams, target in ((10, 0.6), (1, 1.0)):
            kind = f"HTTP/2, {streams} stream{'s' if streams > 1 else ''} a connection"
            cpu = self.row(f"CPU per request, {kind}", "µs", "less", target=target)
            user = self.row(f"of it in user space, {kind}", "µs", "less")
            beside = self.row(f"CPU per request, {kind}, to HAProxy", "µs", "less", base="haproxy", target=0.8 if streams > 1 else None)

            def take(proxy):
                return measure.Streams(proxy, self.url(proxy, True), SECONDS, streams)

            for proxy in [self.nginx, *self.peers]:
                take(proxy)  # warm
            for peer in self.peers:
                say(f"CPU per request, {kind}: {peer.name}")
                for a, b in pairs(lambda: take(self.nginx), lambda: take(peer)):
                    cpu.add(peer.name, a.cpu, b.cpu)
                    user.add(peer.name, a.user or 0.01, b.user)
            named = {peer.name: peer for peer in self.peers}
            if {"haproxy", "portcullis"} <= named.keys():
                for a, b in pairs(lambda: take(named["haproxy"]), lambda: take(named["portcullis"])):
                    beside.add("portcullis", a.cpu, b.cpu)

    def latency(self):
        for secure in (False, True):
            kind = "TLS 1.3" if secure else "plain"
            median = self.row(f"p50 at {RATE}/s, {kind}", "µs", "less", digits=0)
            tail = self.row(f"p99 at {RATE}/s, {kind}", "µs", "less", digits=0)

            def take(proxy):
                return measure.latency(proxy, self.url(proxy, secure), SECONDS, RATE)

            for peer in self.peers:
                say(f"latency, {kind}: {peer.name}")
                for a, b in pairs(lambda: take(self.nginx), lambda: take(peer)):
                    median.add(peer.name, a[0], b[0])
                    tail.add(peer.name, a[1], b[1])

    def handshake(self):
        row = self.row("new TLS connections per CPU second", "1/s", "more", digits=0, target=1.0)
        count = 100 if QUICK else 300
        for peer in self.peers:
            say(f"new TLS connections: {peer.name}")
            for proxy in (self.nginx, peer):
                measure.handshakes(proxy, 20, self.context)
            for a, b in pairs(
                lambda: measure.handshakes(self.nginx, count, self.context),
                lambda: measure.handshakes(peer, count, self.context),
            ):
                row.add(peer.name, a, b)

    def idle(self):
        # Memory is no matter of noise: one slope each.
        counts = (200, 1000) if QUICK else (2000, proxies.CONNECTIONS - 400)
        rest = 2 if QUICK else 30
        for secure in (False, True):
            title = f"memory per idle connection, {'TLS' if secure else 'plain'}"
            row = self.row(title, "bytes", "less", digits=0, absolute=20 * 1024 if secure else 6 * 1024)
            figures = {}
            for proxy in [self.nginx, *self.peers]:
                say(f"idle connections, {'TLS' if secure else 'plain'}: {proxy.name}")
                address = proxy.secure if secure else proxy.plain
                figures[proxy.name] = measure.idle(proxy, address, counts, self.context if secure else None, rest)
            for peer in self.peers:
                # nginx sets memory aside for its connections at start: below a page of growth each there is no ratio.
                row.add(peer.name, figures["nginx"], figures[peer.name], least=1024)

    # WebSocket.

    def websocket(self):
        echo = proxies.WebSocketEcho(self.directory)
        self.started.append(echo)
        title = "CPU per WebSocket message of 1 KiB and its echo, plain, to HAProxy's"
        row = self.row(title, "µs", "less", base="haproxy-websocket", target=1.2)
        peer, gateway = (
            kind(echo, self.certificate, self.directory) for kind in (proxies.HAProxyWebSocket, proxies.PortcullisWebSocket)
        )
        for proxy in (peer, gateway):
            self.started.append(proxy)
            measure.websocket(proxy.start(), echo.program, 1)  # warm
        say(title)
        for a, b in pairs(
            lambda: measure.websocket(peer, echo.program, SECONDS), lambda: measure.websocket(gateway, echo.program, SECONDS)
        ):
            row.add(gateway.name, a, b)

    # The whole chain.

    def chain(self):
        key = tokens.key("ES256")
        keys = tokens.key_set(key)
        claims = {"iss": "https://idp.example.test", "aud": "orders", "exp": int(time.time()) + 86400}
        one = self.script("cached", [tokens.mint(key, sub="alice", **claims)])
        say("tokens for the uncached rows")
        many = self.script("uncached", [tokens.mint(key, sub=f"user-{n}", **claims) for n in range(4000 if QUICK else 30000)])
        gateway = self.start(proxies.PortcullisChain, key_set=keys) if "portcullis" in self.wanted else None
        for title, script, cached in (("token found in the cache", one, True), ("token not in the cache", many, False)):
            unit = "µs CPU per request"
            beside = self.row(f"chain, {title}, to nginx's TLS proxying", unit, "less", target=1.2 if cached else None)
            envoy = self.start(proxies.EnvoyChain, key_set=keys, cache=cached) if "envoy" in self.wanted else None
            members = [proxy for proxy in (envoy, gateway) if proxy]
            for proxy in members:
                say(f"chain, {title}: {proxy.name}")
                self.load(proxy, True, script)
                for a, b in pairs(lambda: self.load(self.nginx, True), lambda: self.load(proxy, True, script)):
                    beside.add(proxy.name, a.cpu, b.cpu)
            if len(members) == 2:
                say(f"chain, {title}: {gateway.name} beside {envoy.name}")
                row = self.row(f"chain, {title}, to Envoy's", unit, "less", base=envoy.name, target=0.4 if cached else 0.7)
                for a, b in pairs(lambda: self.load(envoy, True, script), lambda: self.load(gateway, True, script)):
                    row.add(gateway.name, a.cpu, b.cpu)

    def script(self, name, texts):
        """A wrk script that sends these tokens in turn."""
        path = self.directory / f"{name}.txt"
        path.write_text("\n".join(texts) + "\n")
        script = self.directory / f"{name}.lua"
        script.write_text(
            f"""local requests, index = {{}}, 0
function init(args)
    for token in io.lines("{path}") do
        requests[#requests + 1] = wrk.format("GET", "/", {{ ["Host"] = "localhost", ["Authorization"] = "Bearer " .. token }})
    end
end
function request()
    index = index % #requests + 1
    return requests[index]
end
"""
        )
        return script

    # The firewall.

    say = staticmethod(say)

    def waf(self):
        firewall.rows(self, SECONDS, PAIRS)

    def report(self):
        versions = ", ".join(proxy.version() for proxy in [self.nginx, *self.peers])
        model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
        caption = f"{datetime.date.today()}, {os.cpu_count()} cores of {model}, Linux {platform.release().split('-')[0]}, {PAIRS} pairs of {SECONDS} s"
        lines = [caption, versions, ""]
        for row in self.rows:
            lines += [*row.lines(), ""]
        text = "\n".join(lines)
        OUT.mkdir(parents=True, exist_ok=True)
        (OUT / "results.txt").write_text(text)
        (OUT / "results.json").write_text(json.dumps({"about": caption, "versions": versions, "rows": [row.data() for row in self.rows]}, indent=1, ensure_ascii=False) + "\n")
        (OUT / "results.svg").write_text(plot([row for row in self.rows if row.ratios], caption))
        print("\n" + text)
        print(f"written to {OUT}")


def main():
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        bench = Bench(directory)
        try:
            bench.begin()
            for name in ROWS:
                getattr(bench, name)()
            bench.report()
        finally:
            bench.stop()


if __name__ == "__main__":
    main()
