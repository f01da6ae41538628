import GatePrimitives
import Testing

@testable import GateHTTP

@Suite struct FramingTests {
    @Test func aRequestWithoutFramingFieldsHasNoBody() throws {
        let request = try #require(try vet(target: "/"))
        #expect(request.framing == .none)
    }

    // attacks 1
    @Test func bothLengthsAreRefused() {
        #expect(refusal("POST / HTTP/1.1", ["content-length: 5", "transfer-encoding: chunked"]) == .clAndTe)
        #expect(refusal("POST / HTTP/1.1", ["transfer-encoding: cow", "content-length: 5"]) == .clAndTe)
        #expect(refusal("POST / HTTP/1.0", ["transfer-encoding: chunked", "content-length: 5"]) == .clAndTe)
    }

    // attacks 2
    @Test(arguments: [
        ("chunked", Reason.ok), ("Chunked", .ok), ("CHUNKED", .ok), ("\tchunked ", .ok),
        ("chunked, cow", .badTe), ("chunked, chunked", .badTe), ("chunked,", .badTe), (",chunked", .badTe),
        ("", .badTe),
        ("\"chunked\"", .badTe), ("chunked;q=1", .badTe), ("chunked x", .badTe), ("chunked, identity", .badTe),
        ("cow", .unknownTe), ("cow, chunked", .unknownTe), ("gzip, chunked", .unknownTe), ("identity", .unknownTe),
        ("xchunked", .unknownTe), ("\u{B}chunked", .badHeaderByte), ("chunked\u{0}", .badHeaderByte),
        ("\u{80}chunked", .badHeaderByte),
    ])
    func onlyChunkedIsATransferCoding(_ value: String, _ expected: Reason) {
        #expect(refusal("POST / HTTP/1.1", ["transfer-encoding: \(value)"]) == expected)
    }

    // attacks 2
    @Test func aSecondTransferEncodingLineIsRefused() {
        let line = "transfer-encoding: chunked"
        #expect(refusal("POST / HTTP/1.1", [line, line]) == .badTe)
        #expect(refusal("POST / HTTP/1.1", [line, "transfer-encoding: identity"]) == .badTe)
    }

    // attacks 2: spellings that fold to the name are never forwarded
    @Test(arguments: ["Transfer_Encoding", "transfer.encoding", "Content_Length", "content~length", "HOST_"])
    func spellingsThatFoldToFramingFieldsAreRefused(_ name: String) {
        let expected: Reason = name == "HOST_" ? .ok : .identitySpoof
        #expect(refusal("POST / HTTP/1.1", ["\(name): 5"]) == expected)
    }

    // attacks 4
    @Test func chunkedInHTTP10IsRefused() {
        #expect(refusal("POST / HTTP/1.0", ["transfer-encoding: chunked"]) == .teHttp10)
    }

    // attacks 3
    @Test(arguments: [
        ("5", Reason.ok), ("0", .ok), ("9223372036854775807", .ok),
        ("", .badCl), ("+5", .badCl), ("-48", .badCl), ("0x10", .badCl), ("1_0", .badCl), ("5, 5", .badCl),
        ("5,5", .badCl), ("5 5", .badCl), ("010", .badCl), ("00", .badCl), ("5.0", .badCl), ("1e3", .badCl),
        ("9223372036854775808", .badCl), ("18446744073709551616", .badCl), ("99999999999999999999999", .badCl),
    ])
    func contentLengthIsANumberAndNothingElse(_ value: String, _ expected: Reason) {
        #expect(refusal("POST / HTTP/1.1", ["content-length: \(value)"]) == expected)
    }

    // attacks 3
    @Test func aRepeatedContentLengthIsRefused() {
        #expect(refusal("POST / HTTP/1.1", ["content-length: 5", "content-length: 6"]) == .badCl)
        #expect(refusal("POST / HTTP/1.1", ["content-length: 5", "Content-Length: 5"]) == .badCl)
    }

    @Test func framingIsWhatTheFieldsSay() throws {
        #expect(try vet("POST / HTTP/1.1", ["content-length: 42"])?.framing == .length(42))
        #expect(try vet("POST / HTTP/1.1", ["transfer-encoding: chunked"])?.framing == .chunked)
        #expect(BodyFraming.length(0).hasBody == false)
        #expect(BodyFraming.length(1).hasBody)
    }

    @Test(
        arguments: [
            ("GET / HTTP/1.1", [], true),
            ("GET / HTTP/1.1", ["connection: close"], false),
            ("GET / HTTP/1.1", ["connection: Close, x"], false),
            ("GET / HTTP/1.1", ["connection: keep-alive", "connection: close"], false),
            ("GET / HTTP/1.0", [], false),
            ("GET / HTTP/1.0", ["connection: Keep-Alive"], true),
            ("GET / HTTP/1.0", ["connection: keep-alive, close"], false),
        ] as [(String, [String], Bool)])
    func keepAliveFollowsVersionAndOptions(_ start: String, _ lines: [String], _ expected: Bool) throws {
        #expect(try vet(start, lines)?.keepAlive == expected)
    }

    @Test func onlyAHundredContinueIsExpected() throws {
        let length = "content-length: 5"
        #expect(try vet("PUT / HTTP/1.1", [length, "expect: 100-Continue"])?.expectsContinue == true)
        #expect(try vet("PUT / HTTP/1.1", ["expect: 100-continue"])?.expectsContinue == false)
        #expect(try vet("PUT / HTTP/1.0", [length, "expect: 100-continue"])?.expectsContinue == false)
        #expect(refusal("PUT / HTTP/1.1", [length, "expect: 200-ok"]) == .badExpect)
        #expect(refusal("PUT / HTTP/1.1", [length, "expect: 100-continue, x"]) == .badExpect)
        #expect(refusal("PUT / HTTP/1.1", [length, "expect: 100-continue", "expect: 100-continue"]) == .badExpect)
    }

    // attacks 11
    @Test func anUpgradeWithABodyIsRefused() {
        let upgrade = ["connection: upgrade", "upgrade: websocket"]
        #expect(refusal("GET / HTTP/1.1", upgrade + ["content-length: 5"]) == .upgradeWithBody)
        #expect(refusal("GET / HTTP/1.1", upgrade + ["transfer-encoding: chunked"]) == .upgradeWithBody)
        #expect(refusal("GET / HTTP/1.1", upgrade + ["content-length: 0"]) == .ok)
    }

    // attacks 12
    @Test func anUpgradeToH2CIsDropped() throws {
        let request = try #require(
            try vet(
                "GET / HTTP/1.1", ["connection: Upgrade, HTTP2-Settings", "upgrade: h2c", "http2-settings: AAMAAABk"]))
        #expect(request.upgrade == .none)
        #expect(request.h2cStripped)
        #expect(request.first(.http2Settings) == nil)
        #expect(upstreamHead(request)?.contains("h2c") == false)
        #expect(upstreamHead(request)?.contains("http2-settings") == false)
    }

    @Test func anUpgradeNeedsItsConnectionOption() throws {
        #expect(try vet("GET / HTTP/1.1", ["upgrade: websocket"])?.upgrade == UpgradeKind.none)
        #expect(try vet("GET / HTTP/1.0", ["upgrade: websocket", "connection: upgrade"])?.upgrade == UpgradeKind.none)
        #expect(try vet("GET / HTTP/1.1", ["upgrade: WebSocket", "connection: upgrade"])?.upgrade == .webSocket)
        #expect(try vet("POST / HTTP/1.1", ["upgrade: websocket", "connection: upgrade"])?.upgrade == .other)
        #expect(try vet("GET / HTTP/1.1", ["upgrade: tls/1.0", "connection: upgrade"])?.upgrade == .other)
    }
}
