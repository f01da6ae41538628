import GatePrimitives
import Testing

@testable import GateHTTP

@Suite struct HostAndTargetTests {
    private func host(_ value: String) -> Reason { refusal("GET / HTTP/1.1\r\nHost: \(value)\r\n\r\n") }

    // attacks 8
    @Test(arguments: [
        "", "a@b", "a/b", "a b", "a,b", "a?b", "a#b", "a%2eb", "a:", "a:0", "a:080", "a:65536", "a:123456", "a:b",
        "a:80:80",
        ":80", ".", "..", ".a", "a..b", "a..", "[::1", "[]", "[::1]x", "[::1]:", "[g::1]", "[v1.a]", "[::1%25eth0]",
        "[1:2:3]",
        "[1:2:3:4:5:6:7:8:9]", "[::1::]", "[1:::2]", "[1:2:3:4:5:6:7::8]x", "::1", "a\\b", "[::1.2.3]", "[::1.2.3.256]",
    ])
    func invalidHostsAreRefused(_ value: String) {
        #expect(host(value) == .badHost, "\(value)")
    }

    // attacks 8
    @Test func exactlyOneHostIsNeeded() {
        #expect(refusal("GET / HTTP/1.1\r\n\r\n") == .badHost)
        #expect(refusal("GET / HTTP/1.0\r\n\r\n") == .badHost)
        #expect(refusal("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n") == .badHost)
        #expect(refusal("GET http://a/ HTTP/1.1\r\n\r\n") == .badHost)
        #expect(refusal("GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") == .badHost)
    }

    // attacks 36
    @Test(
        arguments: [
            ("example.com", "example.com", nil), ("ExAmPle.COM", "example.com", nil),
            ("example.com.", "example.com", nil),
            ("EXAMPLE.com.:8443", "example.com", 8443), ("a_b-c.d", "a_b-c.d", nil), ("192.0.2.1:80", "192.0.2.1", 80),
            ("[::1]", "[::1]", nil), ("[2001:DB8::1]:65535", "[2001:db8::1]", 65535),
            ("[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]", nil),
            ("[1:2:3:4:5:6:7:8]", "[1:2:3:4:5:6:7:8]", nil), ("[::]", "[::]", nil), ("[1::]", "[1::]", nil),
            ("[1:2:3:4:5:6:7::]", "[1:2:3:4:5:6:7::]", nil), ("localhost:1", "localhost", 1),
        ] as [(String, String, UInt16?)])
    func hostsAreCanonical(_ sent: String, _ expected: String, _ port: UInt16?) throws {
        let request = try #require(try vet("GET / HTTP/1.1\r\nHost: \(sent)\r\n\r\n"))
        #expect(request.hostText == expected)
        #expect(request.port == port)
        #expect(request.authorityText == expected + (port.map { ":\($0)" } ?? ""))
    }

    @Test(arguments: [(63, Reason.ok), (64, .badHost)])
    func aLabelIsBounded(_ length: Int, _ expected: Reason) {
        #expect(host(String(repeating: "a", count: length)) == expected)
        #expect(host(String(repeating: "a", count: length) + ".b") == expected)
    }

    @Test(arguments: [(252, Reason.ok), (253, .ok), (254, .badHost)])
    func aHostIsBounded(_ length: Int, _ expected: Reason) {
        let name = String(String(repeating: "aaaaaaaaa.", count: 26).prefix(length - 1)) + "b"
        #expect(host(name) == expected)
        #expect(host(name + ".") == expected)
    }

    // attacks 8
    @Test func theAuthorityOfTheTargetWins() throws {
        let request = try #require(try vet("GET http://Target.example:81/a?b HTTP/1.1\r\nHost: other.example\r\n\r\n"))
        #expect(request.hostText == "target.example")
        #expect(request.port == 81)
        #expect(request.targetForm == .absolute)
        #expect(request.targetScheme == .http)
        #expect(request.pathText == "/a")
        #expect(request.queryText == "b")
        let head = try #require(upstreamHead(request))
        #expect(head.hasPrefix("GET /a?b HTTP/1.1\r\nhost: target.example:81\r\n"))
        #expect(!head.contains("other.example"))
    }

    @Test func anAbsoluteTargetWithoutPathIsTheRoot() throws {
        let request = try #require(try vet("GET HTTPS://a?b=/c HTTP/1.1\r\nHost: a\r\n\r\n"))
        #expect(request.pathText == "/")
        #expect(request.queryText == "b=/c")
        #expect(request.targetScheme == .https)
    }

    @Test(arguments: ["http://a@b/", "http:///", "http://?", "http://a:b/", "http://[::1/"])
    func absoluteTargetsWithInvalidHostsAreRefused(_ target: String) {
        let found = refusal("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(found == .badHost || found == .badTarget)
    }

    // attacks 9
    @Test(arguments: [
        ("GET", "*"), ("OPTIONS", "*/test"), ("GET", "admin/a/b"), ("GET", "host:80"), ("GET", "ftp://a/"),
        ("GET", "http:/a"),
        ("GET", "http://"), ("GET", "?a"), ("GET", "mailto:a@b"), ("POST", "javascript:x"),
    ])
    func targetsOfAnotherFormAreRefused(_ method: String, _ target: String) {
        #expect(refusal("\(method) \(target) HTTP/1.1", []) == .badTarget)
    }

    // attacks 9
    @Test func connectTakesAnAuthorityAlone() throws {
        #expect(refusal("CONNECT / HTTP/1.1", []) == .badHost)
        #expect(refusal("CONNECT a HTTP/1.1", []) == .badTarget)
        let request = try #require(try vet("CONNECT a:443 HTTP/1.1", []))
        #expect(request.method == .connect)
        #expect(request.pathText == "")
        #expect(request.hostText == "a")
        #expect(upstreamHead(request) == nil)
    }

    @Test func theAsteriskIsForOptions() throws {
        let request = try #require(try vet("OPTIONS * HTTP/1.1", []))
        #expect(request.pathText == "*")
        #expect(request.targetForm == .asterisk)
        #expect(upstreamHead(request)?.hasPrefix("OPTIONS * HTTP/1.1\r\n") == true)
    }

    // attacks 37
    @Test(arguments: [
        "/#/../admin", "/a#", "/a?b#c", "http://a/#", "/a\u{7F}", "/\u{E9}", "/a\tb", "/a<b", "/a\"b", "/{a}", "/`",
    ])
    func targetsWithOtherBytesAreRefused(_ target: String) {
        #expect(refusal("GET \(target) HTTP/1.1", []) == .badTarget)
    }

    // attacks 38
    @Test func everyLegalCharacterOfAPathPasses() throws {
        let path = "/AZaz09-._~!$&'()*+,=:@[]|^/x"
        #expect(try vet(target: path)?.pathText == path)
        let query = "/?AZaz09-._~!$&'()*+,;=:@/?%zz{}|\\^`\"<>[]"
        #expect(try vet(target: query)?.queryText == String(query.dropFirst(2)))
    }

    @Test func anEmptyQueryIsKeptApartFromNone() throws {
        let without = try #require(try vet(target: "/a"))
        let empty = try #require(try vet(target: "/a?"))
        #expect(!without.hasQuery)
        #expect(empty.hasQuery && empty.queryText.isEmpty)
        #expect(upstreamHead(empty)?.hasPrefix("GET /a? HTTP/1.1\r\n") == true)
    }

    @Test(arguments: [
        "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "get", "M-SEARCH", "X",
    ])
    func methodsAreCaseSensitiveTokens(_ name: String) throws {
        let request = try #require(try vet("\(name) / HTTP/1.1", []))
        #expect(request.methodText == name)
        #expect(request.method == .other ? true : request.method.text == name)
        #expect((request.method == .other) == ["PROPFIND", "get", "M-SEARCH", "X"].contains(name))
    }
}
