import GatePrimitives
import NIOCore
import Testing

@testable import GateHTTP

@Suite struct BodyDecoderTests {
    /// What a decoder made of some bytes.
    private struct Outcome: Equatable {
        var content = ""
        var trailers: String?
        var rest = ""
        var isComplete = false
        var fault: Fault?
    }

    /// Decodes `text`, given in pieces of `step` bytes.
    private func decode(_ decoder: BodyDecoder, _ text: String, step: Int = .max) -> Outcome {
        var decoder = decoder
        var outcome = Outcome()
        let bytes = Array(text.utf8)
        var buffer = ByteBuffer()
        var sent = 0
        do throws(Fault) {
            while true {
                switch try decoder.next(&buffer) {
                case .data(let data):
                    outcome.content += String(buffer: data)
                    continue
                case .end:
                    outcome.isComplete = true
                    outcome.trailers = decoder.trailers.map { String(buffer: $0.bytes) }
                case .needMore:
                    break
                }
                guard !outcome.isComplete, sent < bytes.count else { break }
                let end = sent + min(step, bytes.count - sent)
                buffer.writeBytes(bytes[sent..<end])
                sent = end
            }
        } catch {
            outcome.fault = error
        }
        if outcome.isComplete {
            outcome.rest = String(buffer: buffer) + String(decoding: bytes[sent...], as: UTF8.self)
        }
        return outcome
    }

    private func chunked(_ text: String, limits: BodyLimits = .standard) -> Outcome {
        let whole = decode(BodyDecoder(BodyFraming.chunked, limits: limits), text)
        for step in [1, 2, 3, 7] {
            #expect(
                decode(BodyDecoder(BodyFraming.chunked, limits: limits), text, step: step) == whole,
                "\(text) by \(step)")
        }
        return whole
    }

    @Test func noBodyEndsAtOnce() {
        for framing in [BodyFraming.none, .length(0)] {
            #expect(decode(BodyDecoder(framing), "GET /").isComplete)
        }
        #expect(BodyDecoder(ResponseFraming.none).isComplete)
    }

    // attacks 14
    @Test func aLengthIsTakenExactly() {
        for step in [1, 2, 100] {
            let outcome = decode(BodyDecoder(BodyFraming.length(5)), "helloGET / HTTP/1.1", step: step)
            #expect(outcome == Outcome(content: "hello", rest: "GET / HTTP/1.1", isComplete: true))
        }
        #expect(!decode(BodyDecoder(BodyFraming.length(5)), "hell").isComplete)
    }

    // attacks 14
    @Test func aBodyThatIsCutIsNeverAnEnd() {
        var request = BodyDecoder(BodyFraming.length(5))
        #expect(throws: Fault(.read, .bodyLengthMismatch)) { try request.inputClosed() }
        var response = BodyDecoder(ResponseFraming.chunked)
        #expect(throws: Fault(.relay, .upstreamReset)) { try response.inputClosed() }
        #expect(throws: Fault(.relay, .upstreamReset)) { try response.inputClosed() }
        var done = BodyDecoder(ResponseFraming.length(0))
        #expect(throws: Never.self) { try done.inputClosed() }
    }

    @Test func theEndOfTheConnectionEndsABodyThatItDelimits() throws {
        var decoder = BodyDecoder(ResponseFraming.untilClose)
        var buffer = ByteBuffer(string: "abc")
        guard case .data(let data) = try decoder.next(&buffer) else {
            Issue.record("no data")
            return
        }
        #expect(String(buffer: data) == "abc")
        #expect(!decoder.isComplete)
        try decoder.inputClosed()
        guard case .end = try decoder.next(&buffer) else {
            Issue.record("no end")
            return
        }
    }

    @Test func chunksAreJoined() {
        #expect(
            chunked("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nrest")
                == Outcome(content: "hello world", rest: "rest", isComplete: true))
        #expect(chunked("00005\r\nhello\r\nA;a=b\r\n0123456789\r\n000;x\r\n\r\n").content == "hello0123456789")
        #expect(chunked("0\r\n\r\n") == Outcome(isComplete: true))
        #expect(chunked("1;a=\"b;c\"\r\nx\r\n0\r\n\r\n").isComplete)
    }

    // attacks 5
    @Test(arguments: [
        "0x1\r\na\r\n0\r\n\r\n", "+1\r\na\r\n", "-1\r\na\r\n", " 1\r\na\r\n", "1 \r\na\r\n", "\t1\r\n", "0_2e\r\n",
        "1;\r\na\r\n", "1;\n", "1\na",
        "1\ra", "1\r\r\n", "g\r\n", "\r\n", ";a\r\n", "1\r\naX", "1\r\na\rX", "1\r\na\n", "1\r\na\r\r", "1\r\naa\r\n",
        "1;a\u{0}\r\n", "1;a\u{80}\r\n",
        "1; a\r\n", "10000000000000000\r\n", "ffffffffffffffff\r\n", "8000000000000000\r\n", "00000000000000001\r\n",
        "1,\r\n", "1\r\na\r\n\r\n",
    ])
    func malformedChunksAreRefused(_ text: String) {
        #expect(chunked(text).fault == Fault(.read, .badChunk), "\(text.debugDescription)")
        let response = decode(BodyDecoder(ResponseFraming.chunked), text)
        #expect(response.fault == Fault(.relay, .badUpstreamResponse))
    }

    @Test func aRefusalIsForEver() {
        var decoder = BodyDecoder(BodyFraming.chunked)
        var buffer = ByteBuffer(string: "x0\r\n\r\n")
        for _ in 0..<3 { #expect(throws: Fault(.read, .badChunk)) { try decoder.next(&buffer) } }
        #expect(throws: Fault(.read, .badChunk)) { try decoder.inputClosed() }
    }

    @Test(arguments: [(255, true), (256, true), (257, false)])
    func aChunkLineIsBounded(_ length: Int, _ passes: Bool) {
        let line = "0;" + String(repeating: "a", count: length - 2)
        #expect(chunked(line + "\r\n\r\n").isComplete == passes)
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func allExtensionsTogetherAreBounded(_ excess: Int, _ passes: Bool) {
        let text = String(repeating: "1;aaaa\r\nx\r\n", count: 25) + "0\r\n\r\n"
        #expect(chunked(text, limits: BodyLimits(chunkExtensions: 100 - excess)).isComplete == passes)
    }

    @Test func sizesAreExactAtTheBounds() throws {
        var decoder = BodyDecoder(BodyFraming.chunked)
        var buffer = ByteBuffer(string: "7fffffffffffffff\r\nabc")
        guard case .data(let data) = try decoder.next(&buffer) else {
            Issue.record("no data")
            return
        }
        #expect(data.readableBytes == 3)
    }

    @Test func trailersAreReadAndPassedOn() {
        let outcome = chunked("1\r\na\r\n0\r\nX-Sum:  1 \r\ngrpc-status: 0\r\netag: x\r\n\r\nrest")
        #expect(
            outcome
                == Outcome(
                    content: "a", trailers: "x-sum: 1\r\ngrpc-status: 0\r\netag: x\r\n", rest: "rest", isComplete: true)
        )
    }

    // attacks 42
    @Test(arguments: [
        ("X-Auth-Subject: root", Reason.identitySpoof), ("x_auth_subject: root", .identitySpoof),
        ("x-auth-issuer: a", .identitySpoof),
        ("Host: a", .badTrailer), ("content-length: 5", .badTrailer), ("transfer-encoding: chunked", .badTrailer),
        ("Authorization: a", .badTrailer),
        ("cookie: a", .badTrailer), ("x-forwarded-for: a", .badTrailer), ("x-forwarded-any: a", .badTrailer),
        ("x-original-url: /", .badTrailer),
        ("content-type: a", .badTrailer), ("trailer: a", .badTrailer), ("connection: a", .badTrailer),
        ("x-auth-any: a", .badTrailer),
        ("no colon", .badTrailer), ("a : b", .badTrailer), (" a: b", .badTrailer), ("a: b\u{0}", .badTrailer),
        ("a: \u{80}", .badTrailer), ("a: b\n", .badTrailer),
    ])
    func trailersThatComeTooLateAreRefused(_ line: String, _ expected: Reason) {
        #expect(chunked("0\r\n\(line)\r\n\r\n").fault == Fault(.read, expected))
    }

    @Test(arguments: [(31, true), (32, true), (33, false)])
    func theNumberOfTrailersIsBounded(_ count: Int, _ passes: Bool) {
        #expect(chunked("0\r\n" + String(repeating: "a: b\r\n", count: count) + "\r\n").isComplete == passes)
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func trailersAreBounded(_ excess: Int, _ passes: Bool) {
        // 3 + value + 2 for the line, 2 for the empty one.
        let line = "a: " + String(repeating: "b", count: 100 + excess - 7)
        let limits = BodyLimits(trailers: HeadLimits(fieldLine: 8192, head: 100, fields: 32))
        #expect(chunked("0\r\n\(line)\r\n\r\n", limits: limits).isComplete == passes)
    }

    @Test(arguments: [1, 9, 10, 15, 16, 255, 256, 4096, 65535, 1 << 40, Int.max])
    func aChunkHeadIsItsSize(_ size: Int) {
        var out = ByteBuffer()
        ChunkWriter.writeChunkHead(size: size, into: &out)
        #expect(String(buffer: out) == String(size, radix: 16) + "\r\n")
    }

    @Test func anEmptyChunkIsNeverWritten() {
        var out = ByteBuffer()
        ChunkWriter.writeChunkHead(size: 0, into: &out)
        ChunkWriter.writeChunkHead(size: -1, into: &out)
        #expect(out.readableBytes == 0)
    }

    /// What the writer writes, the decoder reads.
    @Test func writtenChunksAreRead() throws {
        var out = ByteBuffer()
        for text in ["a", String(repeating: "b", count: 300)] {
            ChunkWriter.writeChunkHead(size: text.utf8.count, into: &out)
            out.writeString(text)
            ChunkWriter.writeChunkTail(into: &out)
        }
        var trailers = FieldBlock()
        try trailers.append("x-sum", "1")
        ChunkWriter.writeEnd(trailers: trailers, into: &out)
        let outcome = chunked(String(buffer: out))
        #expect(outcome.content == "a" + String(repeating: "b", count: 300))
        #expect(outcome.trailers == "x-sum: 1\r\n")
    }
}

@Suite struct TrailerBuilderTests {
    private func build(
        _ fields: [(String, String)], limits: BodyLimits = .standard, isResponse: Bool = false
    ) throws(Fault) -> String? {
        var builder = TrailerBuilder(limits: limits, isResponse: isResponse)
        for (name, value) in fields { try builder.append(Array(name.utf8).span, Array(value.utf8).span) }
        return try builder.finish().map { String(buffer: $0.bytes) }
    }

    @Test func fieldsBehindABodyPassAsThoseOfAChunkedOne() throws {
        #expect(try build([]) == nil)
        #expect(try build([("x-sum", "1"), ("etag", "x")]) == "x-sum: 1\r\netag: x\r\n")
        #expect(
            try build([("grpc-status", ""), ("server", "x"), ("via", "x")], isResponse: true) == "grpc-status: \r\n")
        #expect(try build([("x-envoy-any", "x")], isResponse: true) == nil)
        #expect(try build([("grpc-message", "\u{e9}")], isResponse: true) == "grpc-message: \u{e9}\r\n")
    }

    // attacks 42
    @Test(arguments: [
        ("x-auth-subject", "root", Reason.identitySpoof), ("x_auth_subject", "root", .identitySpoof),
        ("host", "a", .badTrailer), ("content-length", "5", .badTrailer), ("connection", "a", .badTrailer),
        ("transfer-encoding", "chunked", .badTrailer), ("te", "trailers", .badTrailer), (":path", "/", .badTrailer),
        ("X-Sum", "1", .badTrailer), ("", "1", .badTrailer), ("a", " b", .badTrailer), ("a", "b\r", .badTrailer),
        ("a", "\u{80}", .badTrailer), ("a b", "", .badTrailer), ("server", "x", .badTrailer),
    ])
    func fieldsThatComeTooLateAreRefused(_ name: String, _ value: String, _ expected: Reason) {
        #expect(throws: Fault(.read, expected)) { try build([(name, value)]) }
    }

    @Test func aBackendsAreItsFault() {
        #expect(throws: Fault(.relay, .badUpstreamResponse)) { try build([("content-length", "5")], isResponse: true) }
        #expect(throws: Fault(.relay, .badUpstreamResponse)) { try build([("a", "\u{7f}")], isResponse: true) }
    }

    @Test(arguments: [(31, true), (32, true), (33, false)])
    func theirNumberIsBounded(_ count: Int, _ passes: Bool) {
        let built = try? build(Array(repeating: ("a", "b"), count: count))
        #expect((built != nil) == passes)
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func theirBytesAreBounded(_ excess: Int, _ passes: Bool) {
        // 3 + value + 2 for the line, 2 for the empty one.
        let value = String(repeating: "b", count: 100 + excess - 7)
        let limits = BodyLimits(trailers: HeadLimits(fieldLine: 8192, head: 100, fields: 32))
        #expect(((try? build([("a", value)], limits: limits)) != nil) == passes)
    }
}
