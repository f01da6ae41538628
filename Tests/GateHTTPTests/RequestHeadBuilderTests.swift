import GatePrimitives
import NIOCore
import Testing

@testable import GateHTTP

@Suite struct RequestHeadBuilderTests {
    /// A request of HTTP/2 with these fields.
    private func build(
        _ method: String = "GET", scheme: Scheme? = .https, authority: String = "example.com", path: String = "/a?b",
        _ fields: [(String, String)] = [], limits: HeadLimits = .standard, endsStream: Bool = true,
        protocol: String = ""
    ) throws(Fault) -> VettedRequest {
        var table = HeadTable()
        var builder = try RequestHeadBuilder(
            method: Array(method.utf8).span, scheme: scheme, authority: Array(authority.utf8).span,
            path: Array(path.utf8).span, protocol: Array(`protocol`.utf8).span, limits: limits, table: &table)
        for (name, value) in fields { try builder.append(Array(name.utf8).span, Array(value.utf8).span) }
        return try VettedRequest.vet(try builder.finish(endsStream: endsStream))
    }

    private func refusal(_ fields: [(String, String)], limits: HeadLimits = .standard) -> Reason {
        reason { () throws(Fault) in _ = try build("GET", fields, limits: limits) }
    }

    @Test func aStreamIsTheSameRequestAsAConnectionsHead() throws {
        let request = try build(fields: [
            ("accept", "*/*"), ("cookie", "a=b"), ("x-one", "1"), ("cookie", "c=d"), ("te", "trailers"),
        ])
        #expect(request.version == .http2)
        #expect(request.targetScheme == .https)
        #expect(request.hostText == "example.com")
        #expect(request.pathText == "/a")
        #expect(request.queryText == "b")
        #expect(request.framing == .none)
        #expect(request.text(.cookie) == "a=b; c=d")
        let head = try #require(upstreamHead(request))
        #expect(
            head.hasPrefix("GET /a?b HTTP/1.1\r\nhost: example.com\r\naccept: */*\r\nx-one: 1\r\ncookie: a=b; c=d\r\n"))
        #expect(head.contains("\r\nvia: 2.0 gate-1\r\n"))
    }

    private func build(fields: [(String, String)]) throws(Fault) -> VettedRequest { try build("GET", fields) }

    // RFC 8441
    @Test func extendedConnectIsTheGetOfAWebSocket() throws {
        func socket(
            _ method: String = "CONNECT", scheme: Scheme? = .https, path: String = "/a?b",
            protocol: String = "websocket",
            fields: [(String, String)] = [], endsStream: Bool = false
        ) -> Reason {
            reason { () throws(Fault) in
                _ = try build(
                    method, scheme: scheme, path: path, fields, endsStream: endsStream, protocol: `protocol`)
            }
        }
        let fields = [("sec-websocket-version", "13"), ("sec-websocket-key", "forged")]
        let request = try build("CONNECT", fields, endsStream: false, protocol: "WebSocket")
        #expect(request.upgrade == .webSocket)
        #expect(request.method == .get && request.methodText == "GET")
        #expect(request.framing == .none)
        #expect(request.pathText == "/a" && request.queryText == "b")
        #expect(request.text(.secWebSocketKey) == nil, "the key that the backend gets is the gateway's own")
        #expect(WebSocketHandshake.isValid(request))
        #expect(socket() == .ok)
        #expect(socket(protocol: "connect-udp") == .upgradeUnsupported)
        #expect(socket("GET") == .badRequestLine)
        #expect(socket(scheme: nil) == .badRequestLine)
        #expect(socket(path: "") == .badRequestLine)
        #expect(socket(protocol: "") == .badRequestLine)
        #expect(socket(fields: [("content-length", "5")]) == .upgradeWithBody)
        #expect(socket(endsStream: true) == .webSocketHandshake)
    }

    // attacks 26
    @Test func theStreamsEndAgreesWithTheLength() throws {
        #expect(try build("POST", [("content-length", "5")], endsStream: false).framing == .length(5))
        #expect(try build("POST", endsStream: false).framing == .chunked)
        #expect(try build("POST", [("content-length", "0")]).framing == .length(0))
        #expect(refusal([("content-length", "5")]) == .bodyLengthMismatch)
    }

    // attacks 24
    @Test func theHostRepeatsTheAuthority() throws {
        #expect(try build("GET", [("host", "EXAMPLE.com")]).hostText == "example.com")
        #expect(refusal([("host", "other.example")]) == .badHost)
        #expect(try build("GET", authority: "", [("host", "other.example")]).hostText == "other.example")
        #expect(reason { () throws(Fault) in _ = try build("GET", authority: "") } == .badHost)
        #expect(
            reason { () throws(Fault) in _ = try build("GET", authority: "", [("host", "a"), ("host", "a")]) }
                == .badHost)
    }

    // attacks 25
    @Test(arguments: [
        ("Accept", "a", Reason.badHeader), ("connection", "close", .badHeader), ("keep-alive", "5", .badHeader),
        ("proxy-connection", "a", .badHeader), ("transfer-encoding", "chunked", .badHeader),
        ("upgrade", "h2c", .badHeader),
        ("te", "gzip", .badHeader), ("a b", "c", .badHeader), ("", "c", .badHeader), (":path", "/", .badHeader),
        ("a", " b", .badHeader),
        ("a", "b\t", .badHeader), ("a", "b\r\nc: d", .badHeaderByte), ("a", "b\u{0}", .badHeaderByte),
        ("a", "\u{E9}", .badHeaderByte),
        ("x_auth_subject", "a", .identitySpoof), ("te", "trailers", .ok), ("a", "", .ok), ("a", "b c\td", .ok),
    ])
    func fieldsThatHTTP2ForbidsAreRefused(_ name: String, _ value: String, _ expected: Reason) {
        #expect(refusal([(name, value)]) == expected)
    }

    // attacks 25
    @Test func pseudoHeadersAreJudged() {
        for (method, scheme, path, expected) in [
            ("G ET", Scheme.https, "/", Reason.badRequestLine), ("", .https, "/", .badRequestLine),
            ("GET", .https, "", .badRequestLine),
            ("GET", .https, "/a b", .badTarget), ("GET", .https, "/\r\n", .badTarget), ("GET", .https, "a", .badTarget),
            ("CONNECT", .https, "/", .badRequestLine), ("GET", .https, "/#", .badTarget),
        ] {
            #expect(
                reason { () throws(Fault) in _ = try build(method, scheme: scheme, path: path) } == expected,
                "\(method) \(path)")
        }
        let tunnel = reason { () throws(Fault) in _ = try build("CONNECT", scheme: nil, authority: "a:443", path: "") }
        #expect(tunnel == .ok)
    }

    // attacks 22
    @Test func theHeadIsBoundedInDecodedBytes() {
        #expect(refusal([("a", String(repeating: "b", count: 8189))]) == .ok)
        #expect(refusal([("a", String(repeating: "b", count: 8190))]) == .headTooLarge)
        #expect(refusal((0..<99).map { ("x-\($0)", "a") }) == .ok)
        #expect(refusal((0..<100).map { ("x-\($0)", "a") }) == .headTooLarge)
        let limits = HeadLimits(head: 200)
        #expect(refusal([("a", String(repeating: "b", count: 155))], limits: limits) == .ok)
        #expect(refusal([("a", String(repeating: "b", count: 156))], limits: limits) == .headTooLarge)
    }

    // attacks 23
    @Test func cookiePiecesAreBounded() {
        #expect(refusal((0..<256).map { ("cookie", "a\($0)=b") }) == .ok)
        #expect(refusal((0..<257).map { ("cookie", "a\($0)=b") }) == .headTooLarge)
        #expect(refusal((0..<3).map { _ in ("cookie", String(repeating: "a", count: 4000)) }) == .headTooLarge)
    }
}
