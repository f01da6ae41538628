import GateIdentity
import Testing

/// attacks 53
@Suite struct KeySetURLTests {
    private func read(_ text: String) -> String? {
        guard let address = try? KeySetURL(text) else { return nil }
        return "\(address.isSecure) \(address.host) \(address.port) \(address.target)"
    }

    @Test func anAddressIsTakenApart() {
        #expect(read("https://idp.example.com/jwks") == "true idp.example.com 443 /jwks")
        #expect(read("HTTPS://IdP.Example.com") == "true idp.example.com 443 /")
        #expect(read("https://idp.example.com:8443?a=b/c") == "true idp.example.com 8443 /?a=b/c")
        #expect(read("https://[2001:DB8::1]:444/x") == "true 2001:db8::1 444 /x")
        #expect((try? KeySetURL("https://[::1]:444/x"))?.authority == "[::1]:444")
        #expect((try? KeySetURL("https://a.example:443/x?y"))?.text == "https://a.example/x?y")
    }

    @Test func plainHTTPReachesThisHostAlone() {
        for text in ["http://127.0.0.1:9000/jwks", "http://127.1.2.3/", "http://localhost:80/", "http://[::1]/"] {
            #expect(read(text) != nil)
        }
        for text in [
            "http://idp.example.com/", "http://10.0.0.1/", "http://169.254.169.254/", "http://127.0.0.1.example.com/",
            "http://localhost.example.com/", "http://127.0.0/", "http://127.0.0.256/", "http://[::2]/",
            "http://0x7f.0.0.1/",
        ] {
            #expect(throws: KeySetURL.Problem.notSecure) { try KeySetURL(text) }
        }
    }

    @Test(arguments: [
        "", "file:///etc/passwd", "ftp://a/", "//a/", "a", "https:/a", "https://", "https:///x", "https://user@a/",
        "https://a:b@c/", "https://a/#x", "https://a\\b/", "https://a b/", "https://a/\r\nx", "https://\u{E9}/",
        "https://a:0/",
        "https://a:65536/", "https://a:/", "https://a:+1/", "https://a:1x/", "https://.a/", "https://a..b/",
        "https://a_b/",
        "https://[::1/", "https://[::1]x/", "https://[v1.x]/", "https://%61/", "gopher://a", "data:,x",
        "https://a/\u{0}",
    ])
    func whatIsNotUnderstoodIsNotFetched(text: String) {
        #expect(throws: KeySetURL.Problem.malformed) { try KeySetURL(text) }
    }

    @Test func theLengthIsBounded() {
        func address(_ length: Int) -> String {
            let start = "https://a/"
            return start + String(repeating: "x", count: length - start.utf8.count)
        }
        #expect(read(address(KeySetURL.maxBytes)) != nil)
        #expect(read(address(KeySetURL.maxBytes + 1)) == nil)
    }
}
