import Testing

@testable import GateSupervisor

struct ListeningAddressTests {
    @Test(arguments: [
        "127.0.0.1:8080", "0.0.0.0:0", "255.1.2.3:65535", "[::1]:443", "[2001:db8::a]:1", "unix:/run/x.sock",
    ])
    func anAddressReadsBackAsItIsWritten(text: String) throws {
        let address = try #require(ListeningAddress(text))
        #expect(address.description == text)
    }

    @Test func aPortAloneMeansEveryIPv4Address() {
        #expect(ListeningAddress(":8443")?.description == "0.0.0.0:8443")
    }

    @Test(arguments: [
        "", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "localhost:80",
        "1.2.3:80", "01.2.3.4:80", "::1:443", "[::1]", "[::1:443", "[::g]:1", "unix:", "127.0.0.1:８０",
    ])
    func whatIsNoAddressIsNil(text: String) {
        #expect(ListeningAddress(text) == nil)
    }

    @Test func aUnixPathOf107BytesFitsAndOneOf108DoesNot() {
        let fits = "/" + String(repeating: "a", count: 106)
        #expect(ListeningAddress("unix:" + fits) == .unix(fits))
        #expect(ListeningAddress("unix:" + fits + "a") == nil)
    }

    @Test func aSocketsArgumentReadsBack() throws {
        for text in ["127.0.0.1:1", "[::1]:2", "unix:/a:b"] {
            let socket = ListeningSocket(
                name: "public", loop: 3, address: try #require(ListeningAddress(text)), descriptor: 12)
            #expect(ListeningSocket(argument: socket.argument) == socket)
        }
        for text in ["", "1:0:a:127.0.0.1:1", "5:-1:a:127.0.0.1:1", "5:0::127.0.0.1:1", "5:0:a:nowhere", "5:0:a"] {
            #expect(ListeningSocket(argument: text) == nil)
        }
    }
}
