import GatePrimitives
import NIOCore
import Testing

@testable import GateHTTP

@Suite struct ResponseTests {
    private func response(
        _ text: String, to method: HTTPMethod = .get, upgrade: UpgradeKind = .none
    ) throws(Fault) -> VettedResponse? {
        var reader = ResponseHeadReader()
        var table = HeadTable()
        var buffer = ByteBuffer(string: text)
        guard let raw = try reader.read(&buffer, into: &table) else { return nil }
        return try VettedResponse.vet(raw, to: method, upgrade: upgrade)
    }

    private func response(_ status: String, _ lines: [String], to method: HTTPMethod = .get) throws(Fault)
        -> VettedResponse?
    {
        try response((["HTTP/1.1 " + status] + lines).joined(separator: "\r\n") + "\r\n\r\n", to: method)
    }

    private func refused(_ text: String, to method: HTTPMethod = .get, upgrade: UpgradeKind = .none) -> Bool {
        do throws(Fault) {
            _ = try response(text, to: method, upgrade: upgrade)
            return false
        } catch {
            return error == Fault(.relay, .badUpstreamResponse)
        }
    }

    @Test(
        arguments: [
            ("200 OK", [], HTTPMethod.get, ResponseFraming.untilClose),
            ("200 OK", ["content-length: 5"], .get, .length(5)),
            ("200 OK", ["transfer-encoding: chunked"], .get, .chunked), ("200 OK", ["content-length: 5"], .head, .none),
            ("200 OK", ["transfer-encoding: chunked"], .head, .none), ("200", [], .head, .none),
            ("204 No Content", [], .get, .none),
            ("204 No Content", ["content-length: 0"], .get, .none),
            ("304 Not Modified", ["content-length: 9"], .get, .none),
            ("100 Continue", [], .post, .none), ("103 Early Hints", ["link: x"], .get, .none),
            ("404 ", ["content-length: 0"], .get, .length(0)),
        ] as [(String, [String], HTTPMethod, ResponseFraming)])
    func framingFollowsStatusMethodAndFields(
        _ status: String, _ lines: [String], _ method: HTTPMethod, _ expected: ResponseFraming
    ) throws {
        #expect(try response(status, lines, to: method)?.framing == expected)
    }

    // attacks 16
    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\nY: b\r\n\r\n",
        "HTTP/1.1 200 OK\nX: a\n\n",
        "HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\u{0}\r\n\r\n",
        "HTTP/1.1 200 O\u{0}K\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 99 OK\r\n\r\n",
        "HTTP/1.1 600 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.2 200 OK\r\n\r\n",
        "http/1.1 200 OK\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    ])
    func responsesThatCannotBeReadOneWayAreRefused(_ text: String) {
        #expect(refused(text))
    }

    // attacks 16
    @Test func anUpgradeIsAcceptedOnlyAsAsked() throws {
        let head =
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Accept: x\r\n\r\n"
        let accepted = try #require(try response(head, upgrade: .webSocket))
        #expect(!accepted.isInformational)
        #expect(!accepted.keepAlive)
        #expect(refused("HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", upgrade: .webSocket))
        #expect(refused("HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n", upgrade: .webSocket))
        #expect(refused(head, upgrade: .other))
        let text = try downstream(accepted)
        #expect(text.hasPrefix("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\n"))
        #expect(text.hasSuffix("\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"))
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", false),
        ("HTTP/1.1 200 OK\r\n\r\n", false), ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", true),
    ])
    func anUpstreamConnectionIsKeptOnlyWhereItCanBe(_ text: String, _ expected: Bool) throws {
        #expect(try response(text)?.keepAlive == expected)
    }

    /// Split anywhere, a head gives the same result.
    @Test func aHeadCanArriveByteByByte() throws {
        let text = "HTTP/1.1 200 \r\nA: b\r\nContent-Length:  7\r\n\r\n"
        var reader = ResponseHeadReader()
        var table = HeadTable()
        var buffer = ByteBuffer()
        for (index, byte) in text.utf8.enumerated() {
            buffer.writeInteger(byte)
            let raw = try reader.read(&buffer, into: &table)
            #expect((raw != nil) == (index == text.utf8.count - 1))
            if let raw { #expect(try VettedResponse.vet(raw, to: .get, upgrade: .none).framing == .length(7)) }
        }
    }

    @Test func bytesAboveASCIIPassInValues() throws {
        let found = try #require(try response("200 OK", ["content-disposition: a=\u{E9}"]))
        #expect(found.text(.contentDisposition) == "a=\u{E9}")
    }

    private func downstream(
        _ response: VettedResponse, client: String = "GET / HTTP/1.1", close: Bool = false,
        own: FieldBlock = FieldBlock(),
        replaced: FieldSet = [], edits: HeaderEdits = .none, backends: [String] = [],
        host: String = "public.example:8443"
    ) throws -> String {
        let request = try #require(try vet("\(client)\r\nHost: \(host)\r\n\r\n"))
        let fields = DownstreamFields(
            scheme: .https, requestID: ByteBuffer(string: "id-1"), own: own, replaced: replaced, edits: edits,
            backends: BackendAuthorities(backends), close: close)
        var out = ByteBuffer()
        _ = try response.writeDownstreamHead(into: &out, answering: request, fields: fields)
        return String(buffer: out)
    }

    @Test func nothingOfTheBackendLeaks() throws {
        let found = try #require(
            try response(
                "200 Fine by me",
                [
                    "Server: nginx", "Date: x", "X-Powered-By: PHP", "Via: 1.1 inner", "Alt-Svc: h3",
                    "X-Request-ID: inner",
                    "Connection: keep-alive, x-hop", "Keep-Alive: timeout=5", "X-Hop: a", "X-Accel-Redirect: /secret",
                    "X-End:to-end",
                    "Content-Length: 2", "Proxy-Authenticate: Basic",
                ]))
        #expect(
            try downstream(found)
                == "HTTP/1.1 200 OK\r\nDate: x\r\nX-End: to-end\r\nx-request-id: id-1\r\ncontent-length: 2\r\n\r\n")
    }

    @Test(
        arguments: [
            ("GET / HTTP/1.1", ["transfer-encoding: chunked"], false, "transfer-encoding: chunked\r\n"),
            ("GET / HTTP/1.1", [], false, "transfer-encoding: chunked\r\n"),
            ("GET / HTTP/1.0", [], false, "connection: close\r\n"),
            ("GET / HTTP/1.0", ["transfer-encoding: chunked"], false, "connection: close\r\n"),
            ("GET / HTTP/1.0", ["content-length: 5"], false, "content-length: 5\r\nconnection: keep-alive\r\n"),
            ("GET / HTTP/1.1", ["content-length: 5"], true, "content-length: 5\r\nconnection: close\r\n"),
        ] as [(String, [String], Bool, String)])
    func framingFitsTheClient(_ client: String, _ lines: [String], _ close: Bool, _ expected: String) throws {
        let found = try #require(try response("200 OK", lines))
        #expect(
            try downstream(found, client: client, close: close)
                == "HTTP/1.1 200 OK\r\nx-request-id: id-1\r\n" + expected + "\r\n")
    }

    @Test func answersWithoutBodySayHowLongItWouldBe() throws {
        let head = try #require(try response("200 OK", ["content-length: 5"], to: .head))
        #expect(try downstream(head, client: "HEAD / HTTP/1.1").hasSuffix("\r\ncontent-length: 5\r\n\r\n"))
        let unmodified = try #require(try response("304 Not Modified", ["content-length: 5", "etag: x"]))
        #expect(try downstream(unmodified).contains("\r\ncontent-length: 5\r\n"))
        let none = try #require(try response("204 No Content", ["content-length: 0"]))
        #expect(try downstream(none) == "HTTP/1.1 204 No Content\r\nx-request-id: id-1\r\n\r\n")
        let chunked = try #require(try response("200 OK", ["transfer-encoding: chunked"], to: .head))
        #expect(try downstream(chunked, client: "HEAD / HTTP/1.1") == "HTTP/1.1 200 OK\r\nx-request-id: id-1\r\n\r\n")
    }

    @Test func anInterimResponseGetsNothingOfOurs() throws {
        let hints = try #require(try response("103 Early Hints", ["link: </a>", "server: x"]))
        #expect(hints.isInformational)
        #expect(try downstream(hints, close: true) == "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n")
        let proceed = try #require(try response("100 Continue", []))
        #expect(try downstream(proceed) == "HTTP/1.1 100 Continue\r\n\r\n")
    }

    @Test func ourLinesAndEditsReplaceTheBackends() throws {
        var own = FieldBlock()
        try own.append(.accessControlAllowOrigin, "https://app.example.com")
        let edits = try HeaderEdits(set: [("x-frame-options", "DENY")], remove: ["x-debug"])
        let found = try #require(
            try response(
                "200 OK",
                ["access-control-allow-origin: *", "X-Debug: 1", "X-Frame-Options: ALLOW", "content-length: 0"]))
        #expect(
            try downstream(found, own: own, replaced: [.accessControlAllowOrigin], edits: edits) == """
                HTTP/1.1 200 OK\r
                access-control-allow-origin: https://app.example.com\r
                x-request-id: id-1\r
                x-frame-options: DENY\r
                content-length: 0\r
                \r

                """)
    }

    @Test(arguments: [
        ("http://10.0.1.5:8080/login?a=b", "https://public.example:8443/login?a=b"),
        ("HTTP://10.0.1.5:8080", "https://public.example:8443"),
        ("https://10.0.1.5:8080/a", "https://public.example:8443/a"), ("//10.0.1.5:8080/a", "//public.example:8443/a"),
        ("http://user@10.0.1.5:8080/a", "https://public.example:8443/a"),
        ("http://10.0.1.5/a", "https://public.example:8443/a"),
        ("http://Orders.Internal/a", "https://public.example:8443/a"),
        ("http://orders.internal.:80/a", "https://public.example:8443/a"),
        ("https://orders.internal:443?x", "https://public.example:8443?x"),
        ("http://10.0.1.5:8080#x", "https://public.example:8443#x"),
        ("http://[fd00::1]:80/", "https://public.example:8443/"),
        ("/login", "/login"), ("login", "login"), ("http://10.0.1.5:9090/a", "http://10.0.1.5:9090/a"),
        ("https://other.example/a", "https://other.example/a"),
        ("http://10.0.1.50:8080/", "http://10.0.1.50:8080/"),
        ("http://a/?u=http://10.0.1.5:8080/", "http://a/?u=http://10.0.1.5:8080/"), ("", ""),
        ("http://", "http://"), ("http://orders.internal:81/", "http://orders.internal:81/"),
    ])
    func locationsThatNameABackendAreRewritten(_ sent: String, _ expected: String) throws {
        let backends = ["10.0.1.5:8080", "orders.internal", "[FD00::1]:80"]
        for name in ["location", "Content-Location"] {
            let found = try #require(try response("302 Found", ["a: b", "\(name): \(sent)", "content-length: 0"]))
            #expect(try downstream(found, backends: backends).contains("\r\n\(name): \(expected)\r\n"))
        }
    }

    @Test(arguments: [
        ("a=b; Domain=orders.internal; Path=/", "a=b; Domain=public.example; Path=/"),
        ("a=b;domain=.Orders.Internal", "a=b;domain=public.example"),
        ("a=b; DOMAIN = 10.0.1.5 ;Secure", "a=b; DOMAIN = public.example ;Secure"),
        ("a=b; domain=orders.internal; domain=orders.internal", "a=b; domain=public.example; domain=public.example"),
        ("a=domain=orders.internal", "a=domain=orders.internal"), ("domain=orders.internal", "domain=orders.internal"),
        ("a=b; Domain=internal", "a=b; Domain=internal"), ("a=b; Domain=", "a=b; Domain="),
        ("a=b; Domain", "a=b; Domain"), ("a=b", "a=b"), ("", ""),
    ])
    func cookieDomainsThatNameABackendAreRewritten(_ sent: String, _ expected: String) throws {
        let found = try #require(
            try response("200 OK", ["set-cookie: \(sent)", "set-cookie: second=1", "content-length: 0"]))
        let head = try downstream(found, backends: ["10.0.1.5:8080", "orders.internal"])
        #expect(head.contains("\r\nset-cookie: \(expected)\r\nset-cookie: second=1\r\n"))
    }

    @Test func aRemovedLocationStaysRemoved() throws {
        let edits = try HeaderEdits(set: [], remove: ["location"])
        let found = try #require(try response("302 Found", ["location: http://a/", "content-length: 0"]))
        #expect(try !downstream(found, edits: edits, backends: ["a"]).contains("location"))
    }

    /// More growth than is planned for ends in an error of our own, never in a trap.
    @Test func aCookieThatGrowsWithoutBoundIsAnError() throws {
        let cookie = "a" + String(repeating: ";domain=b", count: 800)
        let found = try #require(try response("200 OK", ["set-cookie: \(cookie)", "content-length: 0"]))
        let host = String(repeating: "long.", count: 40) + "example"
        #expect(throws: Fault(.relay, .internalError)) { try downstream(found, backends: ["b"], host: host) }
    }

    @Test func everyStatusHasALine() {
        for status in 100...999 {
            var out = ByteBuffer()
            StatusLine.write(status, into: &out)
            let line = String(buffer: out)
            #expect(line.hasPrefix("HTTP/1.1 \(status) ") && line.hasSuffix("\r\n"))
        }
        var out = ByteBuffer()
        StatusLine.write(-1, into: &out)
        #expect(String(buffer: out) == "HTTP/1.1 100 Continue\r\n" || String(buffer: out) == "HTTP/1.1 100 \r\n")
    }
}
