"""What others have to say about the firewall: texts and browsers that are no attack (attacks 62), the Core Rule Set's own
tests as bytes on the wire, and gRPC-Web in all its content types.
"""

import base64
import collections
import concurrent.futures
import glob
import json
import os
import pathlib
import random
import re
import subprocess
import urllib.parse

import pytest
import yaml

from peers import http1
from peers.gateway import configuration, tls
from peers.processes import Nginx
from peers.upstream import echo, reply

DEBIAN = ["/etc/modsecurity/crs/crs-setup.conf", "/usr/share/modsecurity-crs/rules/*.conf"]
MODULE = "/usr/lib/nginx/modules/ngx_http_modsecurity_module.so"
NAME = "api.example.test"
SEED = 20_261_125

# Attacks 62: what is none.

#: What ModSecurity's recommended base file sets up; built in in the gateway.
BASE = r"""
SecRuleEngine On
SecRequestBodyAccess On
SecResponseBodyAccess Off
SecRequestBodyLimit 13107200
SecRequestBodyNoFilesLimit 131072
SecRule REQBODY_ERROR "!@eq 0" "id:200002,phase:2,t:none,log,deny,status:400"
SecPcreMatchLimit 100000
SecPcreMatchLimitRecursion 100000
SecAuditEngine Off
"""
TEXTS = 1500


def fortunes():
    """Debian's fortunes, drawn with a fixed seed."""
    files = [path for path in glob.glob("/usr/share/games/fortunes/*") if "." not in os.path.basename(path)]
    texts = set()
    for file in files:
        texts.update(text.strip() for text in pathlib.Path(file).read_text("utf-8", "replace").split("\n%\n"))
    return random.Random(SEED).sample(sorted(texts - {""}), TEXTS)


def posted(address, texts):
    """The texts that are refused as a field of a form, all sent over one connection."""
    refused = set()
    wire = http1.connect(address)
    for text in texts:
        body = b"comment=" + urllib.parse.quote_plus(text).encode()
        fields = ["User-Agent: Mozilla/5.0", "Accept: */*", "Content-Type: application/x-www-form-urlencoded"]
        head = "\r\n".join([f"POST /comments HTTP/1.1\r\nHost: {NAME}", *fields, f"Content-Length: {len(body)}"])
        wire.send(head.encode() + b"\r\n\r\n" + body)
        response = wire.read_response()
        assert response.status in (200, 403), (text, response)
        if response.status == 403:
            refused.add(text)
        if response.get("connection") == "close":
            wire.close()
            wire = http1.connect(address)
    wire.close()
    return refused


def test_no_more_texts_are_refused_than_by_modsecurity(gateways, nginx, tmp_path):
    """attacks 62."""
    texts = fortunes()
    config = configuration(nginx.address, waf={"edge": {"rules": DEBIAN, "paranoia": 1}})
    config["routes"][0]["waf"] = "edge"
    ours = posted(gateways(config).address(), texts)
    rules = tmp_path / "modsecurity.conf"
    rules.write_text(BASE + "".join(f"Include {file}\n" for pattern in DEBIAN for file in sorted(glob.glob(pattern))))
    server = f"modsecurity on; modsecurity_rules_file {rules}; location / {{ proxy_pass http://{nginx.address}; }}"
    other = Nginx(server, tmp_path / "other", modules=[MODULE])
    try:
        theirs = posted(other.address, texts)
    finally:
        other.stop()
    print(f"{len(texts)} texts: {len(ours)} refused, {len(theirs)} by nginx with ModSecurity")
    # A comparison in which nothing is inspected would say nothing.
    assert theirs, "ModSecurity refuses nothing"
    assert len(ours) <= len(theirs), sorted(ours - theirs)[:5]


CHROMES = [
    ("Windows NT 10.0; Win64; x64", "Windows", 131), ("Macintosh; Intel Mac OS X 10_15_7", "macOS", 130),
    ("X11; Linux x86_64", "Linux", 129), ("X11; CrOS x86_64 14541.0.0", "Chrome OS", 128), ("Linux; Android 10; K", "Android", 131),
]  # fmt: skip
FIREFOXES = ["Windows NT 10.0; Win64; x64", "X11; Ubuntu; Linux x86_64", "Macintosh; Intel Mac OS X 10.15", "Android 14; Mobile"]
SAFARIS = [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.7 Mobile/15E148 Safari/604.1",
]  # fmt: skip
OTHERS = ["curl/7.88.1", "curl/8.11.0", "okhttp/4.12.0", "Dart/3.5 (dart:io)", "kube-probe/1.31", "PostmanRuntime/7.42.0"]
LANGUAGES = ["en-US,en;q=0.9", "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7", "fr;q=0.9, en-GB;q=0.8, *;q=0.5", "zh-CN,zh;q=0.9", "pt-BR"]
COOKIES = [
    "session=5f2b8c1e-77aa-4f0e-9c55-0a1b2c3d4e5f", "_ga=GA1.2.1234567890.1700000000; _gid=GA1.2.987654321.1700000000",
    "token=eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl; theme=dark", "csrftoken=Zk3x9QmP0aB7; lang=de; consent=1",
]  # fmt: skip
REFERERS = [
    "https://www.google.com/", f"https://{NAME}/orders?page=2&sort=price", "https://duckduckgo.com/?q=blue+shoes",
    "https://news.example.org/2026/11/25/a-day-in-november.html",
]  # fmt: skip


def browsers():
    """Header sets as browsers and tools send them, each with languages, cookies and referers in turn."""
    document = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8"
    page = ["Upgrade-Insecure-Requests: 1", "Sec-Fetch-Dest: document", "Sec-Fetch-Mode: navigate"]
    page += ["Sec-Fetch-Site: same-origin", "Sec-Fetch-User: ?1"]
    script = ["Sec-Fetch-Dest: empty", "Sec-Fetch-Mode: cors", "Sec-Fetch-Site: same-origin"]
    bases = []
    for system, platform, version in CHROMES:
        agent = f"User-Agent: Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"
        hints = [
            f'sec-ch-ua: "Chromium";v="{version}", "Google Chrome";v="{version}", "Not?A_Brand";v="24"',
            "sec-ch-ua-mobile: ?0", f'sec-ch-ua-platform: "{platform}"',
        ]  # fmt: skip
        bases.append([*hints, agent, f"Accept: {document}", *page, "Accept-Encoding: gzip, deflate, br, zstd"])
        bases.append([*hints, agent, "Accept: application/json, text/plain, */*", *script, "Accept-Encoding: gzip, deflate, br, zstd"])
    for system in FIREFOXES:
        agent = f"User-Agent: Mozilla/5.0 ({system}; rv:132.0) Gecko/20100101 Firefox/132.0"
        bases.append([agent, f"Accept: {document}", "Accept-Encoding: gzip, deflate, br", "DNT: 1", "Priority: u=0, i", *page])
        bases.append([agent, "Accept: */*", "Accept-Encoding: gzip, deflate, br", "TE: trailers", "Cache-Control: no-cache", *script])
    for agent in SAFARIS:
        bases.append([f"User-Agent: {agent}", f"Accept: {document}", "Accept-Encoding: gzip, deflate, br", *page[1:]])
        bases.append([f"User-Agent: {agent}", "Accept: */*", "If-None-Match: \"5f2b-1a\"", "Accept-Encoding: gzip, deflate, br"])
    bases += [[f"User-Agent: {agent}", "Accept: */*"] for agent in OTHERS]
    for number, base in enumerate(bases):
        fields = [f"Accept-Language: {LANGUAGES[number % 5]}", f"Cookie: {COOKIES[number % 4]}", f"Referer: {REFERERS[number % 4]}"]
        yield base if base[0].removeprefix("User-Agent: ") in OTHERS else base + fields


def test_no_browser_is_refused(gateways, nginx):
    """attacks 62."""
    config = configuration(nginx.address, waf={"edge": {"rules": DEBIAN, "paranoia": 1}})
    config["routes"][0]["waf"] = "edge"
    gateway = gateways(config)
    sets = list(browsers())
    refused = []
    for fields in sets:
        head = "\r\n".join(["GET /orders?page=2&sort=price HTTP/1.1", f"Host: {NAME}", *fields]) + "\r\n\r\n"
        if http1.exchange(gateway.address(), head.encode()).status != 200:
            refused.append(fields)
    print(f"{len(sets)} header sets, {len(refused)} refused")
    assert len(sets) >= 30 and refused == []


# The Core Rule Set's own tests.

#: What the suite asks for beyond the set's own setup: limits that its tests exceed.
SETUP = """
SecAction "id:900005,phase:1,nolog,pass,ctl:ruleRemoveById=910000,setvar:tx.crs_validate_utf8_encoding=1,\\
    setvar:tx.arg_name_length=100,setvar:tx.arg_length=400,setvar:tx.total_arg_length=64000,\\
    setvar:tx.max_num_args=255,setvar:tx.max_file_size=64100,setvar:tx.combined_file_sizes=65535"
"""
DATA = pathlib.Path(os.environ.get("PORTCULLIS_TEST_DATA", "/nonexistent"))
SUITES = {
    "crs-3.3.4": DEBIAN,
    "crs-4.28.0": [str(DATA / "crs-4.28.0/crs-setup.conf.example"), str(DATA / "crs-4.28.0/rules/*.conf")],
}

APACHE = "the rule doubles its backslashes for Apache's parser; ModSecurity 3 reads them as we do"
#: Tests whose rule does not fire, and why.
KNOWN = {
    "crs-3.3.4": {
        **{f"920460-{number}": APACHE for number in (1, 2, 3)}, "941330-1": APACHE,
    },
    "crs-4.28.0": {
        "920100-16": "an absolute target without a path has the path / (RFC 9110, 4.2.3), and that is what the rules see",
    },
}  # fmt: skip


def ids(output):
    """The rules that a stage's log must name."""
    log = output.get("log") or {}
    found = {int(number) for number in log.get("expect_ids") or []}
    text = output.get("log_contains") or log.get("log_contains") or ""
    number = re.search(r"\d{6}", text)
    return found | ({int(number[0])} if number else set())


#: The one template of go-ftw's that the suites use in data: a text, so many times.
REPEATED = re.compile(r'\{\{ *"([^"]*)" *\| *repeat +(\d+) *\}\}')


def request(stage, is_old):
    """The bytes of a stage as go-ftw sends them; the older suite gives no length to a request without data."""
    if stage.get("encoded_request"):
        return base64.b64decode(stage["encoded_request"])
    fields = {name: str(value) for name, value in (stage.get("headers") or {}).items()}
    method = stage.get("method", "GET")
    data = stage.get("data") or ""
    data = REPEATED.sub(lambda found: found[1] * int(found[2]), "\r\n".join(data) if isinstance(data, list) else data).encode()
    completes = stage.get("autocomplete_headers") != "false" and stage.get("stop_magic") != "true"
    if completes and data:
        kind = fields.setdefault("Content-Type", "application/x-www-form-urlencoded")
        if kind == "application/x-www-form-urlencoded" and b"+" not in data and b"%" not in data:
            pairs = [pair.split(b"=", 1) for pair in data.split(b"&")]
            data = "&".join("=".join(map(urllib.parse.quote_plus, pair)) for pair in pairs).encode()
    if fields.get("Content-Type", "").startswith("multipart/form-data;"):
        data = re.sub(rb"(?<!\r)\n", b"\r\n", data)
    if completes:
        fields.setdefault("Connection", "close")
        if data or (not is_old and method in ("POST", "PUT", "PATCH", "DELETE")):
            fields.setdefault("Content-Length", str(len(data)))
    head = [f"{method} {stage.get('uri', '/')} {stage.get('version', 'HTTP/1.1')}", *(f"{name}: {fields[name]}" for name in sorted(fields))]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + data


def suite(folder, is_old):
    """Name, request and expected rules of each stage that expects some."""
    for file in sorted(pathlib.Path(folder).rglob("*.yaml")):
        # Words stay words: a version is no number.
        document = yaml.load(file.read_text("utf-8"), Loader=yaml.BaseLoader)
        for test in (document or {}).get("tests", []):
            name = test.get("test_title") or f"{document['rule_id']}-{test['test_id']}"
            for stage in test["stages"]:
                stage = stage.get("stage", stage)
                expected = ids(stage.get("output") or {})
                if expected:
                    yield name, request(stage["input"], is_old), expected


def reflect(wire, request, backend):
    """What the suite's server answers to /reflect: what the body says."""
    answer = {}
    if request.target.startswith("/reflect") and request.body:
        answer = json.loads(request.body)
    body = base64.b64decode(answer["encodedBody"]) if "encodedBody" in answer else answer.get("body", "").encode()
    fields = list((answer.get("headers") or {}).items())
    if not any(name.lower() == "content-type" for name, _ in fields):
        fields.append(("Content-Type", "text/plain; charset=utf-8"))
    if request.method == "HEAD":
        body = b""
    wire.send(reply(answer.get("status", 200), body, fields))


def asked(address, data):
    """Status and decision id of the answer to one request; no status where none came."""
    wire = http1.connect(address)
    try:
        wire.send(data)
        while True:
            response = wire.read_response(to_head=data.startswith(b"HEAD "))
            if response.status >= 200:
                return response.status, response.get("x-request-id")
    except (http1.Cut, http1.TimedOut, http1.Malformed, OSError) as error:
        return type(error).__name__, None
    finally:
        wire.close()


@pytest.mark.parametrize("version", SUITES)
def test_the_rule_sets_own_tests_on_the_wire(gateways, backends, tmp_path, version):
    """The rule fired, or vetting refused the request before."""
    folder = DATA / version / "tests"
    if not folder.is_dir():
        pytest.skip("skipped: no data")
    setup = tmp_path / "setup.conf"
    setup.write_text(SETUP)
    rules = {"rules": [str(setup), *SUITES[version]], "mode": "detect", "paranoia": 4, "responses": {"inspect": True}}
    config = configuration(backends(reflect).address, waf={"edge": rules})
    config["routes"][0]["waf"] = "edge"
    gateway = gateways(config)
    stages = list(suite(folder, version.startswith("crs-3")))
    assert len(stages) > 1000, "the suite is not all there"
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda stage: asked(gateway.address(), stage[1]), stages))
    answered = {decision for _, decision in answers if decision}
    gateway.log.wait(len(answered))
    lines = {line["id"]: line for line in gateway.log.lines()}
    fired, refused, failing = 0, collections.Counter(), {}
    for (name, data, expected), (status, decision) in zip(stages, answers):
        line = lines.get(decision, {})
        if expected <= set(line.get("waf_rules", [])):
            fired += 1
        elif line.get("reason", "ok") != "ok" and isinstance(status, int) and 400 <= status < 500:
            refused[line["reason"]] += 1
        else:
            failing[name] = (status, line.get("reason"), expected, line.get("waf_rules"), data[:400])
    known = KNOWN[version]
    print(f"{version}: {len(stages)} requests: {fired} fired, {refused.total()} refused before {dict(refused)}, {len(failing)} neither")
    new = "\n".join(f"{name}: {what}" for name, what in failing.items() if name not in known)
    assert not new, new
    stale = set(known) - set(failing)
    assert not stale, f"known not to fire, but these do: {sorted(stale)}"


# gRPC-Web.


@pytest.mark.parametrize("protocol", ["--http1.1", "--http2"])
@pytest.mark.parametrize("kind", ["application/grpc-web", "application/grpc-web+proto", "application/grpc-web-text"])
def test_grpc_web_is_inspected(gateways, backends, server_certificate, authority, protocol, kind):
    """An attack in the query or a field is a 403, and nothing of it reaches the backend."""
    backend = backends(echo)
    config = configuration(backend.address, waf={"edge": {"rules": DEBIAN}})
    config["listeners"] = {"public": tls(server_certificate)}
    config["routes"][0]["waf"] = "edge"
    gateway = gateways(config)
    message = b"\0\0\0\0\2\x08\1"
    body = base64.b64encode(message) if kind.endswith("text") else message
    port = gateway.address().rsplit(":", 1)[1]

    def ask(path, *fields):
        gateway.log.skip()
        command = ["curl", "-s", protocol, "--cacert", authority.file, "--resolve", f"{NAME}:{port}:127.0.0.1", "-o", os.devnull]
        command += ["-w", "%{http_code} %{http_version}", "-H", f"content-type: {kind}", "-H", "x-grpc-web: 1", "--data-binary", "@-"]
        command += [argument for field in fields for argument in ("-H", field)]
        done = subprocess.run([*command, f"https://{NAME}:{port}{path}"], input=body, capture_output=True, timeout=20)
        status, spoken = done.stdout.decode().split()
        assert spoken == ("2" if protocol == "--http2" else "1.1")
        return int(status), gateway.log.wait()[0]

    status, line = ask("/pkg.Service/Method?page=2", "x-note: hello world")
    assert (status, line["reason"]) == (200, "ok") and backend.requests[-1].body == body
    count = len(backend.requests)
    attacks = {"query": ("/pkg.Service/Method?q=1%27%20OR%20%271%27%3D%271",), "field": ("/pkg.Service/Method", "referer: <script>alert(1)</script>")}
    for attack in attacks.values():
        status, line = ask(*attack)
        assert (status, line["reason"]) == (403, "waf_blocked") and line["waf_rules"]
    assert len(backend.requests) == count
