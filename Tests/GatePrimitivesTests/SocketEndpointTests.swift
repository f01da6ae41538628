import GatePrimitives
import Testing

@Suite struct SocketEndpointTests {
    @Test(arguments: [
        "1.2.3.4:80", "[::1]:80", "127.0.0.1:0", "[2001:db8::1]:65535", "unix:/run/a.sock", "unix:a:b", "a.example:443",
        "host:1", "my_service:8080", "a-b.c3:9", "3com.com:80", "cafe:80", "beef.x:80",
    ])
    func anEndpointPrintsAsItIsWritten(text: String) throws {
        #expect(try SocketEndpoint(text).description == text)
    }

    @Test func anEndpointIsOneOfThreeKinds() throws {
        #expect(try SocketEndpoint("1.2.3.4:80") == .ip(IPAddress(v4: 0x0102_0304), port: 80))
        #expect(try SocketEndpoint("[::ffff:1.2.3.4]:80") == .ip(IPAddress(v4: 0x0102_0304), port: 80))
        #expect(try SocketEndpoint("API.example:80") == .name("api.example", port: 80))
        #expect(try SocketEndpoint("unix:/a") == .unix(path: "/a"))
    }

    @Test(arguments: ["", "host", "1.2.3.4", "[::1]"])
    func aMissingPortIsRefused(text: String) {
        #expect(throws: SocketEndpoint.ParseError.missingPort) { try SocketEndpoint(text) }
    }

    @Test(arguments: ["a:", "a:65536", "a:080", "a:+1", "a:99999999", "a:1 ", "1.2.3.4:x", "[::1]:-1"])
    func aBadPortIsRefused(text: String) {
        #expect(throws: SocketEndpoint.ParseError.badPort) { try SocketEndpoint(text) }
    }

    @Test(arguments: ["::1:80", "2001:db8::1:443", "a:b:80", "1.2.3.4:80:80"])
    func anAddressWithoutBracketsIsRefused(text: String) {
        #expect(throws: SocketEndpoint.ParseError.unbracketedAddress) { try SocketEndpoint(text) }
    }

    /// What the C library's resolver would read as an octal, hexadecimal or short IPv4 address is no name.
    @Test(arguments: [
        ":80", "[]:80", "[1.2.3.4]:80", "[::1:80", "127.1:80", "010.0.0.1:80", "0x7f000001:80", "2130706433:80",
        "a.1:80",
        "a..b:80", ".a:80", "a.:80", "-a:80", "a-:80", "a b:80", "a/b:80", "é:80", "a@b:80",
    ])
    func whatIsNeitherAddressNorNameIsRefused(text: String) {
        #expect(throws: SocketEndpoint.ParseError.badHost) { try SocketEndpoint(text) }
    }

    @Test func namesAndPathsHaveALimit() throws {
        let label = String(repeating: "a", count: 63)
        #expect(try SocketEndpoint("\(label):1").port == 1)
        #expect(throws: SocketEndpoint.ParseError.badHost) { try SocketEndpoint("\(label)a:1") }
        let name = [label, label, label, String(repeating: "b", count: 61)].joined(separator: ".")
        #expect(name.utf8.count == 253)
        #expect(try SocketEndpoint("\(name):1").address == nil)
        #expect(throws: SocketEndpoint.ParseError.badHost) { try SocketEndpoint("\(name)b:1") }
        let path = String(repeating: "p", count: 107)
        #expect(try SocketEndpoint("unix:\(path)").port == nil)
        #expect(throws: SocketEndpoint.ParseError.badPath) { try SocketEndpoint("unix:\(path)p") }
        #expect(throws: SocketEndpoint.ParseError.badPath) { try SocketEndpoint("unix:") }
        #expect(throws: SocketEndpoint.ParseError.badPath) { try SocketEndpoint("unix:a\0b") }
    }
}
