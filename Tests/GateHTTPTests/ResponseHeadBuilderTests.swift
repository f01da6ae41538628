import GatePrimitives
import NIOCore
import Testing

@testable import GateHTTP

/// What a backend of HTTP/2 answers, and what it gets.
@Suite struct ResponseHeadBuilderTests {
    private func build(
        _ fields: [(String, String)], to method: HTTPMethod = .get, endsStream: Bool = false,
        limits: HeadLimits = .standard
    ) throws(Fault) -> VettedResponse {
        var table = HeadTable()
        var builder = ResponseHeadBuilder(limits: limits, table: &table)
        for (name, value) in fields { try builder.append(Array(name.utf8).span, Array(value.utf8).span) }
        return try VettedResponse.vet(try builder.finish(endsStream: endsStream), to: method, upgrade: .none)
    }

    @Test func aStreamsAnswerIsTheSameResponseAsAConnections() throws {
        let response = try build([(":status", "200"), ("etag", "x"), ("server", "b"), ("x-file", "\u{e9}")])
        #expect(response.status == 200)
        #expect(response.framing == .chunked)
        #expect(response.keepAlive)
        #expect(response.text(.etag) == "x")
        #expect(try build([(":status", "103"), ("link", "x")]).isInformational)
    }

    // attacks 16
    @Test func theStreamsEndAgreesWithTheLength() throws {
        let length = [(":status", "200"), ("content-length", "5")]
        #expect(try build(length).framing == .length(5))
        #expect(throws: Fault.self) { try build(length, endsStream: true) }
        #expect(try build(length, to: .head, endsStream: true).framing == .none)
        #expect(try build([(":status", "304"), ("content-length", "5")], endsStream: true).framing == .none)
        #expect(try build([(":status", "200")], endsStream: true).framing == .length(0))
        #expect(try build([(":status", "204")], endsStream: true).framing == .none)
        #expect(throws: Fault.self) { try build([(":status", "100")], endsStream: true) }
    }

    // attacks 16
    @Test(arguments: [
        [], [("etag", "x")], [(":status", "200"), (":status", "200")], [(":status", "20")], [(":status", "2000")],
        [(":status", "2x0")], [(":status", "099")], [(":status", "600")], [(":status", "101")],
        [(":status", "200"), (":path", "/")], [(":status", "200"), ("X-Upper", "1")], [(":status", "200"), ("", "1")],
        [(":status", "200"), ("connection", "close")], [(":status", "200"), ("transfer-encoding", "chunked")],
        [(":status", "200"), ("keep-alive", "1")], [(":status", "200"), ("upgrade", "a")],
        [(":status", "200"), ("te", "trailers")], [(":status", "200"), ("a", "b\r\nc: d")],
        [(":status", "200"), ("a", " b")], [(":status", "200"), ("content-length", "1"), ("content-length", "1")],
        [(":status", "200"), ("content-length", "+1")],
    ])
    func whatIsNoAnswerIsRefused(_ fields: [(String, String)]) {
        #expect(throws: Fault(.relay, .badUpstreamResponse)) { try build(fields) }
    }

    @Test(arguments: [(99, true), (100, true), (101, false)])
    func theNumberOfFieldsIsBounded(_ count: Int, _ passes: Bool) {
        let fields = [(":status", "200")] + Array(repeating: ("a", "b"), count: count)
        #expect(((try? build(fields)) != nil) == passes)
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func aHeadIsBounded(_ excess: Int, _ passes: Bool) {
        // 14 for the status line, 3 + value + 2 for the line, 2 for the empty one.
        let fields = [(":status", "200"), ("a", String(repeating: "b", count: 200 + excess - 21))]
        let limits = HeadLimits(fieldLine: 8192, head: 200, fields: 100)
        #expect(((try? build(fields, limits: limits)) != nil) == passes)
    }

    @Test func anAnswerWithoutABodyHasALengthForHTTP1() throws {
        let request = try #require(try vet("GET / HTTP/1.1", []))
        let fields = DownstreamFields(
            scheme: .https, requestID: ByteBuffer(string: "id"), own: FieldBlock(), replaced: [], edits: .none,
            backends: BackendAuthorities([]), close: false)
        var out = ByteBuffer()
        let response = try build([(":status", "200")], endsStream: true)
        _ = try response.writeDownstreamHead(into: &out, answering: request, fields: fields)
        #expect(String(buffer: out).hasSuffix("\r\ncontent-length: 0\r\n\r\n"))
        var lines = ByteBuffer()
        #expect(try !response.writeStreamFields(into: &lines, answering: request, fields: fields))
        #expect(!String(buffer: lines).contains("content-length"))
    }

    @Test func aBackendGetsTheSameFieldsInEitherProtocol() throws {
        let request = try #require(
            try vet(
                "POST /orders/7?full=1 HTTP/1.1",
                [
                    "X-A: b", "Connection: x-c", "X-C: d", "TE: trailers", "Transfer-Encoding: chunked",
                    "x-auth-subject: me",
                ]))
        var identity = FieldBlock()
        try identity.append("x-auth-subject", "anna")
        var out = ByteBuffer()
        try request.writeUpstreamFields(
            into: &out, scheme: .https, rewrite: UpstreamRewrite(),
            connection: ForwardingFacts(peer: "203.0.113.7", scheme: .https, peerIsTrusted: false, pseudonym: "gate-1"),
            fields: UpstreamFields(
                requestID: ByteBuffer(string: "id-1"), identity: identity, removal: .none, framing: .chunked,
                forwardExpect: false, forwardUpgrade: false))
        #expect(
            String(buffer: out) == """
                :method: POST\r
                :scheme: https\r
                :authority: example.com\r
                :path: /orders/7?full=1\r
                X-A: b\r
                x-forwarded-for: 203.0.113.7\r
                x-forwarded-proto: https\r
                x-forwarded-host: example.com\r
                forwarded: for=203.0.113.7;proto=https;host="example.com"\r
                x-auth-subject: anna\r
                x-request-id: id-1\r
                via: 1.1 gate-1\r
                te: trailers\r

                """)
    }
}
