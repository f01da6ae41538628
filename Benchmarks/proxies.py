"""The proxies, each with a plain and a TLS listener before the same backend, one worker each."""

import json
import os
import pathlib
import re
import resource
import subprocess

from measure import OTHER_CORES, PROXY_CORE
from peers import yaml
from peers.gateway import BINARY
from peers.processes import ROOT, Nginx, Process, children, eventually, free_port, listens

VENV = ROOT / ".venv" / "bin"

#: Client connections that every proxy is set up for: each may need a descriptor for its backend, too.
CONNECTIONS = min(10000, (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 600) // 2)

#: Idle connections to the backend that nginx and Portcullis keep: enough for 32 connections of 10 streams, since the
#: other proxies keep as many as they opened.
IDLE = 512


class Backend(Nginx):
    """The backend of all: nginx, 128 bytes, keep-alive, off the proxy's core."""

    def __init__(self, directory):
        super().__init__(f'location / {{ return 200 "{"x" * 128}"; }}', directory, http="keepalive_timeout 900;")
        for pid in [self.pid, *self.workers()]:
            os.sched_setaffinity(pid, OTHER_CORES)

    def workers(self):
        return eventually(lambda: children(self.pid), what="nginx's worker")


class Proxy:
    """One proxy: files in a directory of its own, a process pinned to the proxy's core."""

    name = "?"

    def __init__(self, backend, certificate, directory):
        self.directory = pathlib.Path(directory) / self.name
        self.directory.mkdir(parents=True)
        self.backend = backend.address
        self.chain, self.key = certificate
        self.ports = [free_port() for _ in range(2)]
        self.plain, self.secure = (f"127.0.0.1:{port}" for port in self.ports)
        self.process = None

    def start(self):
        with (self.directory / "output").open("wb") as output:
            self.process = Process(
                self.command(), stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=self.directory,
                env={**os.environ, **self.environment()}, preexec_fn=lambda: os.sched_setaffinity(0, PROXY_CORE),
            )  # fmt: skip
        eventually(
            lambda: self.process.process.poll() is not None or all(listens(port) for port in self.ports),
            patience=20, what=f"{self.name} listening",
        )  # fmt: skip
        if self.process.process.poll() is not None:
            raise RuntimeError(f"{self.name}: {(self.directory / 'output').read_text()[-2000:]}")
        return self

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        if self.process:
            self.process.stop()

    def environment(self):
        return {}

    def write(self, name, text):
        path = self.directory / name
        path.write_text(text)
        return path

    def command(self):
        raise NotImplementedError

    def version(self):
        raise NotImplementedError


def first_line(*command):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=20)
    return (result.stdout + result.stderr).strip().splitlines()[0]


class NginxProxy(Proxy):
    name = "nginx"

    def command(self):
        temporary = "".join(f"{kind}_temp_path {self.directory}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        file = self.write(
            "nginx.conf",
            f"""daemon off; worker_processes 1; pid {self.directory}/pid; error_log {self.directory}/error.log error;
events {{ worker_connections {2 * CONNECTIONS}; }}
http {{
    access_log off; server_tokens off; keepalive_requests 10000000; keepalive_timeout 900; {temporary}
    upstream backend {{ server {self.backend}; keepalive {IDLE}; keepalive_requests 10000000; }}
    server {{
        listen 127.0.0.1:{self.ports[0]} backlog=4096;
        listen 127.0.0.1:{self.ports[1]} ssl http2 backlog=4096;
        ssl_certificate {self.chain}; ssl_certificate_key {self.key}; ssl_protocols TLSv1.3;
        location / {{
            proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;
        }}
    }}
}}
""",
        )
        return ["/usr/sbin/nginx", "-c", file, "-p", self.directory, "-e", self.directory / "error.log"]

    def version(self):
        return first_line("/usr/sbin/nginx", "-v").removeprefix("nginx version: ")


class HAProxy(Proxy):
    name = "haproxy"

    def command(self):
        pem = self.write("server.pem", pathlib.Path(self.chain).read_text() + pathlib.Path(self.key).read_text())
        file = self.write(
            "haproxy.cfg",
            f"""global
    nbthread 1
    maxconn {CONNECTIONS}
    ssl-default-bind-options ssl-min-ver TLSv1.3
defaults
    mode http
    timeout connect 5s
    timeout client 900s
    timeout server 900s
    timeout http-keep-alive 900s
    option forwardfor
    http-reuse always
frontend all
    bind 127.0.0.1:{self.ports[0]}
    bind 127.0.0.1:{self.ports[1]} ssl crt {pem} alpn h2,http/1.1
    http-request set-header x-forwarded-proto https if {{ ssl_fc }}
    default_backend backend
backend backend
    server one {self.backend}
""",
        )
        return ["/usr/sbin/haproxy", "-db", "-f", file]

    def version(self):
        return " ".join(first_line("/usr/sbin/haproxy", "-v").split()[:3])


class Caddy(Proxy):
    name = "caddy"

    def command(self):
        file = self.write(
            "Caddyfile",
            f"""{{
    admin off
    auto_https off
    servers {{
        protocols h1 h2
        timeouts {{
            idle 15m
        }}
    }}
}}
http://127.0.0.1:{self.ports[0]}, http://localhost:{self.ports[0]} {{
    bind 127.0.0.1
    reverse_proxy {self.backend}
}}
https://localhost:{self.ports[1]} {{
    bind 127.0.0.1
    tls {self.chain} {self.key} {{
        protocols tls1.3
    }}
    reverse_proxy {self.backend}
}}
""",
        )
        return [VENV / "caddy", "run", "--adapter", "caddyfile", "--config", file]

    def environment(self):
        home = str(self.directory)
        return {"GOMAXPROCS": "1", "HOME": home, "XDG_CONFIG_HOME": home, "XDG_DATA_HOME": home}

    def version(self):
        return "Caddy " + first_line(VENV / "caddy", "version").split()[0]


class Envoy(Proxy):
    """Envoy with the filters of `chain` (None: none) before its router."""

    name = "envoy"
    chain_key_set = None
    cache = None

    def filters(self):
        return []

    def access_log(self):
        return []

    def manager(self, name):
        return {
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
                "stat_prefix": name,
                "codec_type": "AUTO",
                "use_remote_address": True,
                "common_http_protocol_options": {"idle_timeout": "900s"},
                "access_log": self.access_log(),
                "route_config": {
                    "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "backend"}}]}]
                },
                "http_filters": self.filters()
                + [{"name": "envoy.filters.http.router", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}}],
            },
        }

    def listener(self, name, port, secure):
        chain = {"filters": [self.manager(name)]}
        if secure:
            chain["transport_socket"] = {
                "name": "envoy.transport_sockets.tls",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
                    "common_tls_context": {
                        "tls_params": {"tls_minimum_protocol_version": "TLSv1_3", "tls_maximum_protocol_version": "TLSv1_3"},
                        "alpn_protocols": ["h2", "http/1.1"],
                        "tls_certificates": [
                            {"certificate_chain": {"filename": str(self.chain)}, "private_key": {"filename": str(self.key)}}
                        ],
                    },
                },
            }
        return {
            "name": name,
            "address": {"socket_address": {"address": "127.0.0.1", "port_value": port}},
            "filter_chains": [chain],
        }

    def command(self):
        host, port = self.backend.split(":")
        endpoint = {"endpoint": {"address": {"socket_address": {"address": host, "port_value": int(port)}}}}
        config = {
            "static_resources": {
                "listeners": [self.listener("plain", self.ports[0], False), self.listener("secure", self.ports[1], True)],
                "clusters": [
                    {
                        "name": "backend",
                        "type": "STATIC",
                        "connect_timeout": "5s",
                        "load_assignment": {"cluster_name": "backend", "endpoints": [{"lb_endpoints": [endpoint]}]},
                    }
                ],
            }
        }
        file = self.write("envoy.json", json.dumps(config, indent=1))
        return [VENV / "envoy", "-c", file, "--concurrency", "1", "--log-level", "error", "--disable-hot-restart"]

    def version(self):
        return "Envoy " + re.search(r"/(\d+\.\d+\.\d+)/", first_line(VENV / "envoy", "--version"))[1]


class EnvoyChain(Envoy):
    name = "envoy-chain"

    def __init__(self, *arguments, key_set, cache):
        self.key_set, self.cache = key_set, cache
        self.name = f"envoy-chain-{'cached' if cache else 'uncached'}"
        super().__init__(*arguments)

    def access_log(self):
        format = {"log_format": {"json_format": {"time": "%START_TIME%", "status": "%RESPONSE_CODE%", "path": "%REQ(:PATH)%", "method": "%REQ(:METHOD)%", "ms": "%DURATION%", "client": "%DOWNSTREAM_REMOTE_ADDRESS%", "upstream": "%UPSTREAM_HOST%"}}}  # fmt: skip
        path = str(self.directory / "access.log")
        return [{"name": "envoy.access_loggers.file", "typed_config": {"@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog", "path": path, **format}}]  # fmt: skip

    def filters(self):
        provider = {"issuer": "https://idp.example.test", "audiences": ["orders"], "local_jwks": {"inline_string": self.key_set}, "forward": False}
        if self.cache:
            provider["jwt_cache_config"] = {"jwt_cache_size": 1000}
        return [
            {
                "name": "envoy.filters.http.jwt_authn",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
                    "providers": {"idp": provider},
                    "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "idp"}}],
                },
            },
            {
                "name": "envoy.filters.http.local_ratelimit",
                "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
                    "stat_prefix": "limit",
                    "token_bucket": {"max_tokens": 1000000000, "tokens_per_fill": 1000000000, "fill_interval": "1s"},
                    "filter_enabled": {"default_value": {"numerator": 100, "denominator": "HUNDRED"}},
                    "filter_enforced": {"default_value": {"numerator": 100, "denominator": "HUNDRED"}},
                },
            },
        ]


class Portcullis(Proxy):
    name = "portcullis"

    def configuration(self):
        return {
            "version": 1,
            "listeners": {
                "plain": {"address": self.plain, "timeouts": {"idle": "15m"}},
                "secure": {
                    "address": self.secure,
                    "tls": {"certificates": [{"chain": str(self.chain), "key": str(self.key)}]},
                    "timeouts": {"idle": "15m"},
                },
            },
            "admin": {"address": f"unix:{self.directory}/admin.sock"},
            "logs": {"access": "none", "events": f"file:{self.directory}/events.log"},
            "process": {"loops": 1, "maxConnections": CONNECTIONS},
            "upstreams": {"backend": {"endpoints": [self.backend], "keepAlive": {"maxIdle": IDLE}}},
            "routes": [{"name": "all", "match": {"path": "/"}, "auth": "none", "upstream": "backend"}],
        }

    def command(self):
        return [BINARY, "run", "--config", self.write("gateway.yaml", yaml.dump(self.configuration()) + "\n")]

    def version(self):
        return first_line(BINARY, "version").replace("portcullis", "Portcullis")


class PortcullisChain(Portcullis):
    name = "portcullis-chain"

    def __init__(self, *arguments, key_set):
        super().__init__(*arguments)
        self.write("jwks.json", key_set)

    def configuration(self):
        config = super().configuration()
        config["logs"]["access"] = f"file:{self.directory}/access.log"
        config["telemetry"] = {"address": f"127.0.0.1:{free_port()}"}
        config["identities"] = {"staff": {"jwt": {"issuer": "https://idp.example.test", "audiences": ["orders"], "jwks": "file:jwks.json"}}}
        config["limits"] = {"one": {"key": "client.address", "rate": "1000000/s", "burst": 1000000}}
        config["routes"][0].update(auth={"anyOf": ["staff"]}, limits=["one"])
        return config


class WebSocketEcho:
    """An echo server of our own in C, off the proxy's core, and the client that loads it through a proxy."""

    def __init__(self, directory):
        self.program = pathlib.Path(directory) / "websocket"
        source = pathlib.Path(__file__).parent / "websocket" / "websocket.c"
        subprocess.run(["gcc", "-O2", "-D_GNU_SOURCE", "-o", self.program, source], check=True)
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        self.process = Process([self.program, "serve", str(port)], preexec_fn=lambda: os.sched_setaffinity(0, OTHER_CORES))
        eventually(lambda: listens(port), what="the echo server")

    def stop(self):
        self.process.stop()


class HAProxyWebSocket(HAProxy):
    name = "haproxy-websocket"


class PortcullisWebSocket(Portcullis):
    name = "portcullis-websocket"

    def configuration(self):
        config = super().configuration()
        config["routes"][0]["webSocket"] = {"origins": ["https://app.example.test"], "idleTimeout": "15m"}
        return config


PEERS = {"haproxy": HAProxy, "envoy": Envoy, "caddy": Caddy, "portcullis": Portcullis}
