import GateWAF
import Testing

@Suite struct RawRequestTests {
    private func text(_ range: Range<Int>, of request: RawRequest) -> String {
        String(decoding: request.bytes[range], as: UTF8.self)
    }

    @Test func aWellFormedRequest() {
        let request = RawRequest(bytes("POST /a?b HTTP/1.1\r\nHost: h\r\nX:  y \r\n\r\nbody\r\n"))
        #expect(text(request.method, of: request) == "POST")
        #expect(text(request.target, of: request) == "/a?b")
        #expect(text(request.protocolName, of: request) == "HTTP/1.1")
        #expect(request.fields.map { text($0.name, of: request) } == ["Host", "X"])
        #expect(request.fields.map { text($0.value, of: request) } == ["h", "y"])
        #expect(request.body == bytes("body\r\n"))
    }

    @Test(arguments: [
        ("GET /", "GET", "/", ""),
        ("GET", "GET", "", ""),
        ("", "", "", ""),
        ("\r\n\r\nGET / HTTP/1.0", "GET", "/", "HTTP/1.0"),
        ("GET /a b c HTTP/1.1", "GET", "/a b c", "HTTP/1.1"),
        ("GET / JUNK/1.0", "GET", "/", "JUNK/1.0"),
        ("GET /a b c", "GET", "/a b c", ""),
        ("NONSENSE  /x HTTP/9.9", "NONSENSE", " /x", "HTTP/9.9"),
    ])
    func everyLineIsSomeRequestLine(line: String, method: String, target: String, protocolName: String) {
        let request = RawRequest(bytes(line))
        #expect(text(request.method, of: request) == method)
        #expect(text(request.target, of: request) == target)
        #expect(text(request.protocolName, of: request) == protocolName)
    }

    @Test func linesMayEndInLineFeedsAndFieldsMayLackAColonOrBeFolded() {
        let request = RawRequest(bytes("GET / HTTP/1.1\nHost\nA : b\n c\n\nbody"))
        #expect(request.fields.map { text($0.name, of: request) } == ["Host", "A"])
        #expect(request.fields.map { text($0.value, of: request) } == ["", "b\n c"])
        #expect(request.body == bytes("body"))
    }

    @Test(arguments: [
        ("Content-Length: 3", "abcdef", "abc"),
        ("Content-Length: 9", "abc", "abc"),
        ("Content-Length: x", "abc", "abc"),
        ("Content-Length: 99999999999999999999", "abc", "abc"),
        ("Transfer-Encoding: chunked", "3\r\nabc\r\n2;x\r\nde\r\n0\r\n\r\n", "abcde"),
        ("Transfer-Encoding: chunked", "abc=def", "abc=def"),
        ("Transfer-Encoding: chunked", "fffffffff\r\nabc", "fffffffff\r\nabc"),
        ("Transfer-Encoding: chunked", "3\r\nabcX\r\n0\r\n", "3\r\nabcX\r\n0\r\n"),
    ])
    func theBodyIsWhatAServerWouldTake(field: String, sent: String, body: String) {
        let request = RawRequest(bytes("POST / HTTP/1.1\r\n\(field)\r\n\r\n\(sent)"))
        #expect(request.body == bytes(body))
    }

    @Test func itsHeadFillsATable() {
        let request = RawRequest(bytes("GET /?a=b\r\nCookie: c=d\r\n\r\n"))
        var table = VariableTable()
        let isComplete = request.addHead(to: &table, remoteAddress: bytes("::1").span, uniqueID: bytes("u").span)
        #expect(isComplete)
        #expect(table.value(.requestLine) == "GET /?a=b HTTP/0.9")
        #expect(table.pairs(.argsGet) == ["a=b"])
        #expect(table.pairs(.requestCookies) == ["c=d"])
        #expect(table.value(.remoteAddr) == "::1")
    }
}
