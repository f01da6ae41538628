import GatePrimitives
import NIOCore
import Testing

@testable import GateHTTP

@Suite struct UpstreamHeadTests {
    @Test func theHeadIsBuiltAnew() throws {
        let request = try #require(
            try vet(
                "POST /orders/7?full=1 HTTP/1.1\r\nHost: API.example.com\r\nUser-Agent: curl/8\r\nAccept: */*\r\n"
                    + "Connection: keep-alive, te\r\nTE: trailers\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nX-A:b\r\nX-C:  d \r\n"
                    + "Content-Length: 3\r\nx-request-id: mine\r\nvia: 1.0 other\r\nX-E: f\r\n\r\n"))
        #expect(
            try writeUpstream(request) == """
                POST /orders/7?full=1 HTTP/1.1\r
                host: api.example.com\r
                User-Agent: curl/8\r
                Accept: */*\r
                X-A: b\r
                X-C: d\r
                via: 1.0 other\r
                X-E: f\r
                x-forwarded-for: 203.0.113.7\r
                x-forwarded-proto: https\r
                x-forwarded-host: api.example.com\r
                forwarded: for=203.0.113.7;proto=https;host="api.example.com"\r
                x-request-id: id-1\r
                via: 1.1 gate-1\r
                content-length: 3\r
                te: trailers\r
                connection: te\r
                \r

                """)
    }

    // attacks 41
    @Test func forwardingFieldsOfStrangersAreReplaced() throws {
        let request = try #require(
            try vet(
                "GET / HTTP/1.1",
                [
                    "X-Forwarded-For: 1.1.1.1", "x-forwarded-proto: http", "x-forwarded-host: evil",
                    "forwarded: for=2.2.2.2",
                    "x-real-ip: 3.3.3.3", "x-forwarded-port: 1", "x-forwarded-prefix: /evil", "x-forwarded-user: root",
                ]))
        let head = try writeUpstream(request)
        for evil in ["1.1.1.1", "2.2.2.2", "3.3.3.3", "evil", "root", "x-forwarded-port"] {
            #expect(!head.contains(evil))
        }
        #expect(head.contains("\r\nx-forwarded-for: 203.0.113.7\r\n"))
        #expect(request.text(.xForwardedFor) == "1.1.1.1")
    }

    // attacks 41
    @Test func theChainOfATrustedPeerIsKept() throws {
        let request = try #require(
            try vet(
                "GET / HTTP/1.1",
                [
                    "X-Forwarded-For: 1.1.1.1", "x-forwarded-for:  2.2.2.2", "x-forwarded-proto: HTTPS",
                    "x-forwarded-host: public.example", "forwarded: for=1.1.1.1", "x-real-ip: 1.1.1.1",
                    "x-forwarded-port: 443",
                ]))
        let head = try writeUpstream(request, connection: hop)
        #expect(head.contains("\r\nx-forwarded-for: 1.1.1.1, 2.2.2.2, 10.0.0.9\r\n"))
        #expect(head.contains("\r\nx-forwarded-proto: https\r\n"))
        #expect(head.contains("\r\nx-forwarded-host: public.example\r\n"))
        #expect(head.contains("\r\nforwarded: for=1.1.1.1, for=10.0.0.9;proto=http;host=\"example.com\"\r\n"))
        #expect(head.contains("\r\nx-real-ip: 1.1.1.1\r\n"))
        #expect(head.contains("\r\nx-forwarded-port: 443\r\n"))
        #expect(head.components(separatedBy: "orwarded-").count == 5)
    }

    @Test func whatATrustedPeerLeavesOutIsOurs() throws {
        let plain = try #require(try vet(target: "/"))
        let head = try writeUpstream(plain, connection: hop)
        #expect(
            head.contains(
                "\r\nx-forwarded-for: 10.0.0.9\r\nx-forwarded-proto: http\r\nx-forwarded-host: example.com\r\n"))
        let odd = try #require(
            try vet("GET / HTTP/1.1", ["x-forwarded-proto: gopher", "x-forwarded-host: a@b", "x-forwarded-host: c"]))
        let other = try writeUpstream(odd, connection: hop)
        #expect(other.contains("\r\nx-forwarded-proto: http\r\nx-forwarded-host: example.com\r\n"))
    }

    @Test func anIPv6PeerIsQuotedInForwarded() throws {
        let facts = ForwardingFacts(peer: "2001:db8::1", scheme: .https, peerIsTrusted: false, pseudonym: "g")
        let head = try writeUpstream(try #require(try vet(target: "/")), connection: facts)
        #expect(head.contains("\r\nx-forwarded-for: 2001:db8::1\r\n"))
        #expect(head.contains("\r\nforwarded: for=\"[2001:db8::1]\";proto=https;host=\"example.com\"\r\n"))
    }

    @Test func factsThatAreNoValuesAreUnknown() throws {
        let facts = ForwardingFacts(peer: "a\r\nb: c", scheme: .http, peerIsTrusted: false, pseudonym: "a b")
        let head = try writeUpstream(try #require(try vet(target: "/")), connection: facts)
        #expect(head.contains("\r\nx-forwarded-for: unknown\r\n"))
        #expect(head.contains("\r\nvia: 1.1 unknown\r\n"))
    }

    @Test(arguments: [
        ("1.1 gate-1", true), ("1.0 a, 1.1 GATE-1 (x)", true), ("1.1\tgate-1", true), ("1.1  gate-1", true),
        ("HTTP/1.1 gate-1", true),
        ("1.1 gate-10", false), ("1.1 xgate-1", false), ("gate-1", false), ("1.1 other (gate-1)", false), ("", false),
    ])
    func aLoopIsFoundInVia(_ value: String, _ isLoop: Bool) throws {
        let request = try #require(try vet("GET / HTTP/1.1", ["via: x y", "via: \(value)"]))
        let found = reason { () throws(Fault) in _ = try writeUpstream(request) }
        #expect(found == (isLoop ? .loop : .ok))
    }

    @Test func viaNamesTheVersionThatWasReceived() throws {
        #expect(upstreamHead(try #require(try vet("GET / HTTP/1.0", [])))?.contains("\r\nvia: 1.0 gate-1\r\n") == true)
    }

    @Test(arguments: [
        ("/orders", "/orders", "/v2/orders", "/v2/orders"), ("/orders/7", "/orders", "/v2/orders", "/v2/orders/7"),
        ("/orders/", "/orders", "/v2", "/v2/"), ("/orders/7", "/orders/", "/v2/", "/v2/7"),
        ("/orders", "/orders", "/", "/"),
        ("/orders/7", "/orders", "/", "/7"), ("/a/b", "/", "/v2", "/v2/a/b"), ("/", "/", "/v2", "/v2/"),
    ])
    func aPrefixIsReplaced(_ path: String, _ matched: String, _ replacement: String, _ expected: String) throws {
        let request = try #require(try vet(target: path + "?q"))
        let rewrite = UpstreamRewrite(prefix: .init(matched: matched, replacement: replacement))
        #expect(try writeUpstream(request, rewrite: rewrite).hasPrefix("GET \(expected)?q HTTP/1.1\r\n"))
    }

    // attacks 32
    @Test(arguments: ["/api", "/api../admin", "/apis", "/b", "/"])
    func aPathThatTheRewriteDoesNotFitIsNotForwarded(_ path: String) throws {
        var request = try #require(try vet(target: path))
        try request.canonicalisePath(under: PathPolicy(dotSegments: .keep))
        let rewrite = UpstreamRewrite(prefix: .init(matched: "/api", replacement: "/x"))
        let found = reason { () throws(Fault) in _ = try writeUpstream(request, rewrite: rewrite) }
        #expect(found == (path == "/api" ? .ok : .internalError))
    }

    @Test func theHostIsRewritten() throws {
        let request = try #require(try vet(target: "/"))
        let head = try writeUpstream(
            request, rewrite: UpstreamRewrite(host: ByteBuffer(string: "orders.internal:8080")))
        #expect(head.contains("\r\nhost: orders.internal:8080\r\n"))
        #expect(head.contains("\r\nx-forwarded-host: example.com\r\n"))
    }

    @Test func editsRemoveAndSet() throws {
        let edits = try HeaderEdits(
            set: [("X-Set", "1"), ("Accept", "text/plain")], remove: ["Referer", "x_odd", "X-Gone"])
        let request = try #require(
            try vet(
                "GET / HTTP/1.1",
                ["accept: a", "referer: b", "x_odd: c", "x-gone: d", "x-set: e", "x-kept: f", "accept: g"]))
        let head = try writeUpstream(request, rewrite: UpstreamRewrite(edits: edits))
        #expect(head.contains("\r\nx-kept: f\r\n"))
        #expect(head.hasSuffix("\r\nx-set: 1\r\naccept: text/plain\r\n\r\n"))
        for gone in ["accept: a", "accept: g", "referer", "x_odd", "x-gone", "x-set: e"] {
            #expect(!head.contains(gone))
        }
    }

    @Test func identityFieldsComeFromTheGatewayAlone() throws {
        var identity = FieldBlock()
        try identity.append(.xAuthSubject, "alice")
        let request = try #require(try vet("GET / HTTP/1.1", ["X-Auth-Subject: root"]))
        let head = try writeUpstream(request, identity: identity)
        #expect(head.contains("\r\nx-auth-subject: alice\r\n"))
        #expect(!head.contains("root"))
    }

    @Test func verifiedCredentialsAreTakenOut() throws {
        let lines = ["authorization: Bearer t", "x-api-key: k", "X-Other-Key: o", "x-kept: y"]
        let request = try #require(try vet("GET / HTTP/1.1", lines))
        #expect(try writeUpstream(request).contains("authorization: Bearer t\r\n"))
        let removal = CredentialRemoval(fields: [.authorization, .xAPIKey], otherFields: ["x-other-key"])
        let head = try writeUpstream(request, removal: removal)
        for gone in ["Bearer", "x-api-key", "X-Other-Key"] { #expect(!head.contains(gone)) }
        #expect(head.contains("x-kept: y\r\n"))
    }

    @Test(
        arguments: [
            ("t=1", nil), ("a=b; t=1", "a=b"), ("t=1; a=b", "a=b"), ("a=b;t=1;c=d", "a=b; c=d"),
            ("a=b; t=1; t=2; c", "a=b; c"),
            ("tt=1; T=2", "tt=1; T=2"), ("a=t=1", "a=t=1"), (" t =1", nil), ("t", nil), ("", nil), (";;", nil),
            ("a=b;", "a=b"),
        ] as [(String, String?)])
    func oneCookieIsTakenOut(_ sent: String, _ expected: String?) throws {
        let request = try #require(try vet("GET / HTTP/1.1", ["cookie: \(sent)"]))
        let head = try writeUpstream(request, removal: CredentialRemoval(cookies: ["t"]))
        if let expected {
            #expect(head.contains("\r\ncookie: \(expected)\r\n"))
        } else {
            #expect(!head.contains("cookie"))
        }
    }

    @Test func aRemovedCookieFieldStaysRemoved() throws {
        let request = try #require(try vet("GET / HTTP/1.1", ["cookie: a=b; t=1"]))
        let edits = try HeaderEdits(set: [], remove: ["cookie"])
        let head = try writeUpstream(
            request, rewrite: UpstreamRewrite(edits: edits), removal: CredentialRemoval(cookies: ["t"]))
        #expect(!head.contains("cookie"))
    }

    @Test(arguments: [
        ("t=1", ""), ("a=b&t=1", "?a=b"), ("t=1&a=b", "?a=b"), ("a&t&b", "?a&b"), ("t=1&t=2", ""),
        ("tt=1&T=2", "?tt=1&T=2"),
        ("a=t&b=&t=", "?a=t&b="), ("&t=1&", "?&"), ("%74=1&a=b", "?a=b"),
        ("a=b&%7=1&t%=2&%74t=3", "?a=b&%7=1&t%=2&%74t=3"),
    ])
    func oneQueryParameterIsTakenOut(_ sent: String, _ expected: String) throws {
        let request = try #require(try vet(target: "/p?" + sent))
        let head = try writeUpstream(request, removal: CredentialRemoval(queryParameters: ["t"]))
        #expect(head.hasPrefix("GET /p\(expected) HTTP/1.1\r\n"))
    }

    @Test func framingExpectationAndUpgradeAreOurs() throws {
        let chunked = try #require(
            try vet("PUT / HTTP/1.1", ["transfer-encoding: chunked", "expect: 100-continue", "trailer: x-sum"]))
        let head = try writeUpstream(chunked, expect: true)
        #expect(head.hasSuffix("\r\ntransfer-encoding: chunked\r\nexpect: 100-continue\r\n\r\n"))
        #expect(head.contains("\r\ntrailer: x-sum\r\n"))
        #expect(try !writeUpstream(chunked).contains("expect"))
        let empty = try #require(try vet("PUT / HTTP/1.1", ["content-length: 0", "trailer: x-sum"]))
        #expect(try writeUpstream(empty).hasSuffix("\r\ncontent-length: 0\r\n\r\n"))
        #expect(try !writeUpstream(empty).contains("trailer"))
        let socket = try #require(try vet("GET / HTTP/1.1", ["connection: upgrade", "upgrade: websocket"]))
        #expect(
            try writeUpstream(socket, upgrade: true).hasSuffix("\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"))
        #expect(try !writeUpstream(socket).contains("upgrade"))
    }

    @Test(arguments: [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true),
        ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x", true),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x", false),
        ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false),
        ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false),
        ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01", false),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0", false),
        ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x", false), ("", false),
    ])
    func onlyAValidTraceIsPassedOn(_ value: String, _ isValid: Bool) throws {
        let request = try #require(try vet("GET / HTTP/1.1", ["tracestate: a=b", "traceparent: \(value)"]))
        #expect((request.first(.traceparent) != nil) == isValid)
        let head = try writeUpstream(request)
        #expect(head.contains("traceparent: ") == isValid)
        #expect(head.contains("tracestate: ") == isValid)
    }

    @Test func twoTracesAreNone() throws {
        let line = "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let request = try #require(try vet("GET / HTTP/1.1", [line, line]))
        #expect(try !writeUpstream(request).contains("traceparent"))
    }

    @Test func aRefusalLeavesTheBufferAsItWas() throws {
        let request = try #require(try vet("GET / HTTP/1.1", ["via: 1.1 gate-1"]))
        var out = ByteBuffer(string: "before")
        let fields = UpstreamFields(
            requestID: ByteBuffer(string: "id"), identity: FieldBlock(), removal: .none, framing: .none,
            forwardExpect: false,
            forwardUpgrade: false)
        #expect(throws: Fault(.vet, .loop)) {
            try request.writeUpstreamHead(into: &out, rewrite: UpstreamRewrite(), connection: stranger, fields: fields)
        }
        #expect(String(buffer: out) == "before")
    }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
        }
        return parts + [rest]
    }
}
