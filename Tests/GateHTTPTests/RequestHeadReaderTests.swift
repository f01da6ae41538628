import GatePrimitives
import NIOCore
import Testing

@testable import GateHTTP

@Suite struct RequestHeadReaderTests {
    @Test func aHeadIsReadAndItsBytesAreConsumed() throws {
        var reader = RequestHeadReader()
        var table = HeadTable()
        var buffer = ByteBuffer(string: "GET /a HTTP/1.1\r\nHost: b\r\n\r\nrest")
        let raw = try #require(try reader.read(&buffer, into: &table))
        #expect(String(buffer: buffer) == "rest")
        #expect(String(buffer: raw.bytes) == "GET /a HTTP/1.1\r\nHost: b\r\n\r\n")
        #expect(raw.table.lines.slots.count == 1)
        #expect(raw.table.lines.slots.first?.name == .host)
        #expect(!reader.hasStarted)
    }

    @Test func anIncompleteHeadAsksForMore() throws {
        let text = "GET / HTTP/1.1\r\nHost: b\r\n\r\n"
        for length in 0..<text.utf8.count {
            #expect(try readHead(String(decoding: text.utf8.prefix(length), as: UTF8.self)) == nil)
        }
    }

    /// The next head must not change what an exchange still holds.
    @Test func aTableThatIsStillUsedIsReplaced() throws {
        var reader = RequestHeadReader()
        var table = HeadTable()
        var buffer = ByteBuffer(string: "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\nX: y\r\n\r\n")
        let first = try VettedRequest.vet(try #require(try reader.read(&buffer, into: &table)))
        let second = try VettedRequest.vet(try #require(try reader.read(&buffer, into: &table)))
        #expect(first.hostText == "a")
        #expect(first.fieldCount == 1)
        #expect(second.fieldCount == 2)
    }

    @Test func aTableThatIsFreeIsUsedAgain() throws {
        var reader = RequestHeadReader()
        var table = HeadTable()
        let before = ObjectIdentifier(table)
        for _ in 0..<3 {
            var buffer = ByteBuffer(string: "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try VettedRequest.vet(try #require(try reader.read(&buffer, into: &table)))
        }
        #expect(ObjectIdentifier(table) == before)
    }

    // attacks 6
    @Test(arguments: [
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\rx",
        "GET / HTTP/1.1\r\nHost: a\u{0}b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\u{7F}b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: \u{E9}\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX\u{E9}: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: a\u{B}chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX\u{1}: a\r\n\r\n",
        "\rGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\u{16}\u{3}\u{1}",
    ])
    func bytesThatNoHeadHoldsAreRefused(_ text: String) {
        #expect(refusal(text) == .badHeaderByte)
    }

    // attacks 6: each control character and each byte of 0x80 and above, in a name and in a value
    @Test func everyByteIsEitherAllowedOrRefused() throws {
        for byte in UInt8.min...UInt8.max {
            for (head, isValue) in [
                ("GET / HTTP/1.1\r\nHost: a\r\nX: b", true), ("GET / HTTP/1.1\r\nHost: a\r\nX", false),
            ] {
                var buffer = ByteBuffer(string: head)
                buffer.writeInteger(byte)
                buffer.writeString(isValue ? "c\r\n\r\n" : ": c\r\n\r\n")
                var reader = RequestHeadReader()
                var table = HeadTable()
                let found = reason { () throws(Fault) in _ = try reader.read(&buffer, into: &table) }
                let isText = byte >= 0x20 && byte < 0x7F
                if isValue {
                    #expect(found == (isText || byte == 9 ? .ok : .badHeaderByte), "byte \(byte)")
                } else if byte == UInt8(ascii: ":") || "!#$%&'*+-.^_`|~".utf8.contains(byte) || isAlphanumeric(byte) {
                    #expect(found == .ok, "byte \(byte)")
                } else {
                    let isLayout = isText || byte == 9 || byte == 13
                    #expect(found == (isLayout ? .badHeader : .badHeaderByte), "byte \(byte)")
                }
            }
        }
    }

    private func isAlphanumeric(_ byte: UInt8) -> Bool {
        UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
    }

    // attacks 7
    @Test(arguments: [
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX\t: a\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\tfolded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nnocolon\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n: empty name\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX(y: z\r\n\r\n",
    ])
    func linesThatAreNoFieldsAreRefused(_ text: String) {
        #expect(refusal(text) == .badHeader)
    }

    @Test(arguments: [
        "GET /\r\nHost: a\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /  HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        "GET / http/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1\r\n\r\n",
        "GET / HTTP/11.1\r\n\r\n",
        "GET / \r\n\r\n",
        " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ])
    func malformedRequestLinesAreRefused(_ text: String) {
        #expect(refusal(text) == .badRequestLine)
    }

    @Test(arguments: ["HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/3.1"])
    func otherVersionsAreRefused(_ version: String) {
        #expect(refusal("GET / \(version)\r\nHost: a\r\n\r\n") == .badVersion)
        #expect(refusal("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") == .badVersion)
    }

    /// RFC 9112 §2.2
    @Test func oneEmptyLineBeforeTheRequestLineIsSkipped() throws {
        let request = try #require(try vet("\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n"))
        #expect(request.pathText == "/a")
        #expect(request.methodText == "GET")
    }

    // attacks 17
    @Test func pipelinedHeadsAreReadInOrderUpToTheBadOne() throws {
        var reader = RequestHeadReader()
        var table = HeadTable()
        var text = ""
        for index in 0..<50 {
            text += index == 25 ? "GET /x HTTP/1.1\r\nHost : a\r\n\r\n" : "GET /\(index) HTTP/1.1\r\nHost: a\r\n\r\n"
        }
        var buffer = ByteBuffer(string: text)
        for index in 0..<25 {
            let request = try VettedRequest.vet(try #require(try reader.read(&buffer, into: &table)))
            #expect(request.pathText == "/\(index)")
        }
        #expect(throws: Fault(.read, .badHeader)) { try reader.read(&buffer, into: &table) }
    }
}

@Suite struct HeadLimitTests {
    private func head(line: Int, field: Int) -> String {
        "GET /" + String(repeating: "a", count: line - 14) + " HTTP/1.1\r\nHost: a\r\nX: "
            + String(repeating: "b", count: field - 3) + "\r\n\r\n"
    }

    // attacks 64
    @Test(arguments: [(8191, Reason.ok), (8192, .ok), (8193, .requestLineTooLong)])
    func aRequestLineIsBounded(_ length: Int, _ expected: Reason) {
        #expect(refusal(head(line: length, field: 10)) == expected)
    }

    @Test(arguments: [(8191, Reason.ok), (8192, .ok), (8193, .headTooLarge)])
    func aFieldLineIsBounded(_ length: Int, _ expected: Reason) {
        #expect(refusal(head(line: 14, field: length)) == expected)
    }

    @Test(arguments: [(99, Reason.ok), (100, .ok), (101, .headTooLarge)])
    func theNumberOfFieldsIsBounded(_ count: Int, _ expected: Reason) {
        let lines = (1..<count).map { "x-\($0): y" }
        #expect(refusal("GET / HTTP/1.1", lines) == expected)
    }

    @Test(arguments: [(-1, Reason.ok), (0, .ok), (1, .headTooLarge)])
    func aHeadIsBounded(_ excess: Int, _ expected: Reason) {
        let text = "GET / HTTP/1.1\r\nHost: a\r\nX: yyyyyyyyyyyyyyyy\r\n\r\n"
        let limits = HeadLimits(head: text.utf8.count - excess)
        #expect(refusal(text, limits: limits) == expected)
    }

    @Test func anEmptyLineBeforeTheHeadCountsAgainstIt() {
        let text = "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"
        #expect(refusal(text, limits: HeadLimits(head: text.utf8.count)) == .ok)
        #expect(refusal(text, limits: HeadLimits(head: text.utf8.count - 1)) == .headTooLarge)
    }

    /// A line that never ends is refused as soon as it is too long, not when it ends.
    @Test func limitsAreEnforcedBeforeTheLineEnds() {
        let line = "GET /" + String(repeating: "a", count: 8188)
        #expect(refusal(line) == .requestLineTooLong)
        let field = "GET / HTTP/1.1\r\nX: " + String(repeating: "a", count: 8190)
        #expect(refusal(field) == .headTooLarge)
        let name = "GET / HTTP/1.1\r\n" + String(repeating: "a", count: 8193)
        #expect(refusal(name) == .headTooLarge)
    }
}
