"""The firewall's rows: Portcullis beside nginx with ModSecurity, the same rules, what inspection adds to a request."""

import glob
import json
import os
import pathlib

import measure
import proxies

DEBIAN = ["/etc/modsecurity/crs/crs-setup.conf", "/usr/share/modsecurity-crs/rules/*.conf"]
MODULE = "/usr/lib/nginx/modules/ngx_http_modsecurity_module.so"

#: What ModSecurity's recommended base file sets up, as far as requests are concerned; built in in Portcullis.
BASE = r"""
SecRuleEngine On
SecRequestBodyAccess On
SecResponseBodyAccess Off
SecRule REQUEST_HEADERS:Content-Type "(?:application(?:/soap\+|/)|text/)xml" "id:200000,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS:Content-Type "application/json" "id:200001,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRequestBodyLimit 13107200
SecRequestBodyNoFilesLimit 131072
SecRule REQBODY_ERROR "!@eq 0" "id:200002,phase:2,t:none,log,deny,status:400"
SecRule MULTIPART_STRICT_ERROR "!@eq 0" "id:200003,phase:2,t:none,log,deny,status:400"
SecPcreMatchLimit 100000
SecPcreMatchLimitRecursion 100000
SecAuditEngine Off
"""

#: The headers of a browser; with Host they are seven.
HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-US,en;q=0.5",
    "Accept-Encoding": "gzip, deflate",
    "Referer": "https://www.example.com/products",
    "Cookie": "session=0123456789abcdef0123456789abcdef",
}


def objects(count):
    """A JSON array of plain objects, about 68 bytes each."""
    return json.dumps([{"id": n, "name": f"customer number {n}", "city": "Springfield", "open": True} for n in range(count)])


def of_size(kibibytes):
    """Twelve objects of a given size in all: longer texts, not more arguments, of which there may be a thousand."""
    words = "a plain sentence about shoes and the weather of today "
    room = kibibytes * 1024 // 12 - 60
    return json.dumps([{"id": n, "name": f"customer number {n}", "text": (words * (room // len(words) + 1))[: max(room, 1)]} for n in range(12)])


ARGUMENTS = "&".join(f"field{n}=some+plain+value+{n}" for n in range(10))
FORM = "name=Alice+Example&email=alice%40example.com&comment=A+friendly+comment+about+shoes"

#: Title, method, target, content type, body, whether it is refused, and the share of ModSecurity's cost to reach.
REQUESTS = [
    ("GET, 2 arguments", "GET", "/?q=blue+shoes&page=2", None, None, False, 1 / 20),
    ("GET, 10 arguments", "GET", "/?" + ARGUMENTS, None, None, False, 1 / 20),
    ("POST form, 3 arguments", "POST", "/", "application/x-www-form-urlencoded", FORM, False, 1 / 20),
    ("POST JSON, 4 KB", "POST", "/", "application/json", objects(60), False, 1 / 50),
    ("GET with SQL injection (403)", "GET", "/?q=1%27%20OR%20%271%27%3D%271", None, None, True, 1 / 10),
]


class ModSecurity(proxies.NginxProxy):
    """nginx with the module: one name inspects, the other does not."""

    name = "modsecurity"

    def __init__(self, *arguments, rules, label):
        self.rules = rules
        self.name = f"modsecurity-{label}"
        super().__init__(*arguments)

    def start(self):
        # One listener is enough.
        self.ports[1] = self.ports[0]
        return super().start()

    def command(self):
        files = [file for rule in self.rules for file in sorted(glob.glob(str(rule)))]
        self.write("main.conf", BASE + "".join(f"Include {file}\n" for file in files))
        temporary = "".join(f"{kind}_temp_path {self.directory}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        location = """location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host; }"""
        file = self.write(
            "nginx.conf",
            f"""load_module {MODULE};
daemon off; worker_processes 1; pid {self.directory}/pid; error_log {self.directory}/error.log crit; user root;
events {{ worker_connections 1024; }}
http {{
    access_log off; server_tokens off; keepalive_requests 10000000; keepalive_timeout 900; {temporary}
    client_body_buffer_size 256k; client_max_body_size 16m;
    upstream backend {{ server {self.backend}; keepalive 64; keepalive_requests 10000000; }}
    server {{ listen 127.0.0.1:{self.ports[0]}; server_name plain.test; {location} }}
    server {{ listen 127.0.0.1:{self.ports[0]}; server_name waf.test; modsecurity on; modsecurity_rules_file {self.directory}/main.conf; {location} }}
}}
""",
        )
        return ["/usr/sbin/nginx", "-c", file, "-p", self.directory, "-e", self.directory / "error.log"]


class Firewall(proxies.Portcullis):
    """Portcullis: one name inspects, the other does not."""

    def __init__(self, *arguments, rules, label):
        self.rules = rules
        self.name = f"portcullis-waf-{label}"
        super().__init__(*arguments)

    def configuration(self):
        config = super().configuration()
        config["waf"] = {"edge": {"rules": [str(rule) for rule in self.rules]}}
        config["routes"] = [
            {"name": name, "match": {"hosts": [f"{name}.test"], "path": "/"}, "auth": "none", "waf": waf, "upstream": "backend"}
            for name, waf in (("plain", "none"), ("waf", "edge"))
        ]
        return config


def script(directory, name, host, method, target, kind, body):
    """A wrk script that makes one request again and again."""
    headers = {"Host": f"{host}.test", **HEADERS}
    if kind:
        headers["Content-Type"] = kind
    lines = [f'wrk.method = "{method}"', f"wrk.path = {json.dumps(target)}"]
    lines += [f'wrk.headers["{key}"] = {json.dumps(value)}' for key, value in headers.items()]
    if body is not None:
        file = directory / f"{name}.body"
        file.write_text(body)
        lines.append(f'wrk.body = io.open("{file}"):read("*a")')
    path = directory / f"{name}-{host}.lua"
    path.write_text("\n".join(lines) + "\n")
    return path


class Rows:
    """Measures one rule set."""

    def __init__(self, bench, rules, label, seconds, pairs):
        self.bench, self.label, self.seconds, self.pairs = bench, label, seconds, pairs
        self.other = bench.start(ModSecurity, rules=rules, label=label)
        self.own = bench.start(Firewall, rules=rules, label=label)

    def cost(self, proxy, name, request, refused):
        """What inspection adds: CPU per request with it less CPU per request without, in microseconds."""
        runs = []
        for host in ("plain", "waf"):
            path = script(self.bench.directory, name, host, *request)
            # Few connections: ModSecurity takes some 50 ms for the dearest, and a run must see answers.
            runs.append(measure.Run(proxy, self.bench.url(proxy, False), self.seconds, path, connections=4, refused=refused and host == "waf"))
        return max(runs[1].cpu - runs[0].cpu, 0.01)

    def requests(self):
        for number, (title, method, target, kind, body, refused, share) in enumerate(REQUESTS):
            self.bench.say(f"firewall, CRS {self.label}: {title}")
            row = self.bench.row(
                f"what inspection adds, CRS {self.label}: {title}", "µs CPU", "less", base=self.other.name,
                target=share, tolerance=share / 10,
            )  # fmt: skip
            name, request = f"{self.label}-{number}", (method, target, kind, body)
            for _ in range(self.pairs):
                row.add(self.own.name, self.cost(self.other, name, request, refused), self.cost(self.own, name, request, refused))

    def linearity(self):
        """CPU per KB of a JSON body, by size: a flat row is a linear cost."""
        for size in (1, 4, 16, 64):
            self.bench.say(f"firewall, CRS {self.label}: JSON of {size} KB")
            body = of_size(size)
            row = self.bench.row(f"what inspection adds per KB, CRS {self.label}: JSON, {size} KB", "µs CPU", "less", base="")
            for _ in range(max(1, self.pairs // 2)):
                cost = self.cost(self.own, f"{self.label}-size-{size}", ("POST", "/", "application/json", body), False)
                row.figure(self.own.name, cost / (len(body) / 1024))


def rows(bench, seconds, pairs):
    """All rows: Debian's rules, and version 4 where its data is."""
    first = Rows(bench, DEBIAN, "3.3.4", seconds, pairs)
    first.requests()
    first.linearity()
    data = pathlib.Path(os.environ.get("PORTCULLIS_TEST_DATA", "/nonexistent")) / "crs-4.28.0"
    if not data.is_dir():
        bench.say("skipped: no data of CRS 4")
        return
    Rows(bench, [data / "crs-setup.conf.example", data / "rules" / "*.conf"], "4.28.0", seconds, max(2, pairs // 2)).requests()
