import GateWAF
import Testing

@Suite struct RequestVariablesTests {
    /// The variables of a request line.
    private func line(_ target: String, method: String = "GET", limits: InspectionLimits = .init()) -> VariableTable {
        var table = VariableTable()
        let isComplete = table.addRequestLine(
            method: bytes(method).span, target: bytes(target).span, protocolName: bytes("HTTP/2.0").span, limits: limits
        )
        #expect(isComplete)
        return table
    }

    @Test func theLineAndItsParts() {
        let table = line("/a/b.php?x=1&y=2", method: "POST")
        #expect(table.value(.requestLine) == "POST /a/b.php?x=1&y=2 HTTP/2.0")
        #expect(table.value(.requestMethod) == "POST")
        #expect(table.value(.requestURI) == "/a/b.php?x=1&y=2")
        #expect(table.value(.requestURIRaw) == "/a/b.php?x=1&y=2")
        #expect(table.value(.requestFilename) == "/a/b.php")
        #expect(table.value(.requestBasename) == "b.php")
        #expect(table.value(.requestProtocol) == "HTTP/2.0")
        #expect(table.value(.queryString) == "x=1&y=2")
        #expect(table.value(.argsCombinedSize) == "4")
    }

    @Test func whatIsNotEscapedLiesInTheArenaOnce() {
        let table = line("/a/b?x=1&y=2")
        // The line, and the number of ARGS_COMBINED_SIZE.
        #expect(table.bytes.count == "GET /a/b?x=1&y=2 HTTP/2.0".utf8.count + 1)
    }

    @Test func anEscapedQuestionMarkDoesNotEndThePath() {
        // CVE-2024-1019: 3.0.9 decoded first and then cut, so that rules saw `/a` alone.
        let table = line("/a%3F/../b'c?q")
        #expect(table.value(.requestFilename) == "/a?/../b'c")
        #expect(table.value(.requestBasename) == "b'c")
        #expect(table.value(.queryString) == "q")
    }

    @Test func theFragmentIsKeptInTheRawFormsAlone() {
        let table = line("/a?x=1#y=<script>")
        #expect(table.value(.requestURIRaw) == "/a?x=1#y=<script>")
        #expect(table.value(.requestURI) == "/a?x=1")
        #expect(table.pairs(.args) == ["x=1"])
    }

    @Test func anAbsoluteURIIsCutToItsPath() {
        let table = line("http://h.example/a%20b?x")
        #expect(table.value(.requestURI) == "/a b?x")
        #expect(table.value(.requestFilename) == "http://h.example/a b")
        #expect(line("http://h.example").value(.requestURI) == "http://h.example")
        #expect(line("*").value(.requestURI) == "*")
    }

    @Test func aPathWithoutABasename() {
        #expect(line("/a/").value(.requestBasename) == "")
        #expect(line("a").value(.requestBasename) == "")
        #expect(line("/a\\b").value(.requestBasename) == "b")
        #expect(line("").value(.requestFilename) == "")
    }

    @Test func argumentsAreDecodedOnceAndInvalidEscapesStay() {
        let table = line("/?a%3D=%41+%2B&b=%zz%4&%&=v&&n")
        #expect(table.pairs(.args) == ["a==A +", "b=%zz%4", "%=", "=v", "=", "n="])
        #expect(table.pairs(.argsGet) == table.pairs(.args))
        #expect(table.values(.argsNames) == ["a=", "b", "%", "", "", "n"])
        #expect(table.values(.argsGetNames) == table.values(.argsNames))
        #expect(table.pairs(.argsPost).isEmpty)
    }

    @Test(arguments: [(2, true), (3, true), (4, false)])
    func argumentsBeyondTheLimitAreRefused(count: Int, isComplete: Bool) {
        // Row 61: 10 000 arguments. The limit here is 3.
        var limits = InspectionLimits()
        limits.arguments = 3
        var table = VariableTable()
        let target = "/?" + Array(repeating: "a=b", count: count).joined(separator: "&")
        let result = table.addRequestLine(
            method: bytes("GET").span, target: bytes(target).span, protocolName: bytes("HTTP/1.1").span, limits: limits)
        #expect(result == isComplete)
        #expect(table.values(.args).count == min(count, 3))
    }

    @Test func headerFieldsAndTheirNames() {
        var table = VariableTable()
        table.addRequestHeader(name: bytes("Host").span, value: bytes("h.example:8443").span)
        table.addRequestHeader(name: bytes("X-A").span, value: bytes("1").span)
        table.addRequestHeader(name: bytes("X-A").span, value: bytes("").span)
        #expect(table.pairs(.requestHeaders) == ["Host=h.example:8443", "X-A=1", "X-A="])
        #expect(table.values(.requestHeadersNames) == ["Host", "X-A", "X-A"])
        #expect(table.value(.serverName) == "h.example")
    }

    @Test(arguments: [("[::1]:80", "[::1]"), ("[::1", "[::1"), ("", ""), (":80", ""), ("h", "h")])
    func theServerNameHasNoPort(host: String, name: String) {
        var table = VariableTable()
        table.addRequestHeader(name: bytes("hOST").span, value: bytes(host).span)
        #expect(table.value(.serverName) == name)
    }

    @Test(arguments: [
        ("a=b; c=d", ["a=b", "c=d"]),
        ("a=b=c;d", ["a=b=c", "d="]),
        (" ;;=x; \t a = b ; ", ["a = b "]),
        ("a=b ;", ["a=b"]),
        ("a=%41+", ["a=%41+"]),
        (";", []), ("", []), ("   ", []),
    ])
    func cookiesAreSplitAndNotDecoded(field: String, pairs: [String]) {
        var table = VariableTable()
        table.addRequestHeader(name: bytes("cookie").span, value: bytes(field).span)
        #expect(table.pairs(.requestCookies) == pairs)
        #expect(table.values(.requestCookiesNames).count == pairs.count)
    }

    @Test(arguments: [
        ("multipart/form-data; boundary=x", "MULTIPART"),
        ("APPLICATION/x-www-form-urlencoded", "URLENCODED"),
        ("application/json", ""), ("text/plain", ""), ("", ""),
    ])
    func theContentTypeNamesTheProcessorOfAForm(type: String, processor: String) {
        var table = VariableTable()
        table.addRequestHeader(name: bytes("Content-Type").span, value: bytes(type).span)
        #expect(table.value(.reqbodyProcessor) == processor)
    }

    @Test func theConnection() {
        var table = VariableTable()
        table.addConnection(remoteAddress: bytes("192.0.2.1").span, uniqueID: bytes("id-1").span)
        #expect(table.value(.remoteAddr) == "192.0.2.1")
        #expect(table.value(.uniqueID) == "id-1")
    }

    @Test func aTableThatIsEmptiedCountsFromTheBeginning() {
        var table = line("/?a=b")
        table.removeAll()
        let isComplete = table.addRequestLine(
            method: bytes("GET").span, target: bytes("/").span, protocolName: bytes("HTTP/1.1").span)
        #expect(isComplete)
        #expect(table.value(.argsCombinedSize) == "0")
        #expect(table.values(.args).isEmpty)
    }

    @Test func theResponse() {
        var table = VariableTable()
        table.addResponseLine(status: 404, protocolName: bytes("HTTP/1.1").span)
        table.addResponseHeader(name: bytes("Content-Type").span, value: bytes("text/html; charset=utf-8").span)
        table.addResponseHeader(name: bytes("Server").span, value: bytes("x").span)
        table.addResponseBody(bytes("<html>").span)
        #expect(table.value(.responseStatus) == "404")
        #expect(table.value(.responseProtocol) == "HTTP/1.1")
        #expect(table.value(.responseContentType) == "text/html")
        #expect(table.pairs(.responseHeaders) == ["Content-Type=text/html; charset=utf-8", "Server=x"])
        #expect(table.values(.responseHeadersNames) == ["Content-Type", "Server"])
        #expect(table.value(.responseBody) == "<html>")
        #expect(table.value(.responseContentLength) == "6")
    }
}
