import GatePrimitives
import Testing

@testable import GateHTTP

/// The PROXY protocol's header: attacks 43.
struct ProxyHeaderTests {
    private static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]
    private static let v4: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 1, 0xC0, 0x00, 0x01, 0xBB]
    private static let v6: [UInt8] =
        [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1] + [0x20, 0x01, 0x0D, 0xB8]
        + [UInt8](repeating: 0, count: 11) + [2] + [0xC0, 0x00, 0x01, 0xBB]

    private func read(_ bytes: [UInt8]) -> ProxyHeader.Reading { ProxyHeader.read(bytes.span) }
    private func read(_ text: String) -> ProxyHeader.Reading { read([UInt8](text.utf8)) }

    /// A header of version 2 with a length of its own, or the true one.
    private func binary(_ command: UInt8, _ family: UInt8, _ rest: [UInt8], length: Int? = nil) -> [UInt8] {
        let length = length ?? rest.count
        return Self.signature + [command, family, UInt8(length >> 8 & 255), UInt8(length & 255)] + rest
    }

    private func source(_ text: String, _ port: UInt16) throws -> ProxyHeader.Source {
        ProxyHeader.Source(address: try #require(IPAddress(text)), port: port)
    }

    @Test func `version 1 names an address of either family`() throws {
        let four = "PROXY TCP4 192.0.2.1 198.51.100.1 49152 443\r\n"
        #expect(read(four) == .header(ProxyHeader(source: try source("192.0.2.1", 49152), length: four.utf8.count)))
        let six = "PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n"
        #expect(read(six) == .header(ProxyHeader(source: try source("2001:db8::1", 1), length: six.utf8.count)))
        #expect(
            read(six + "\u{16}rest")
                == .header(ProxyHeader(source: try source("2001:db8::1", 1), length: six.utf8.count)))
    }

    @Test func `a mapped address of version 1 is the IPv4 address that a deny list knows`() throws {
        guard case .header(let header) = read("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 1 2\r\n") else {
            Issue.record("not read")
            return
        }
        #expect(header.source == (try source("192.0.2.1", 1)))
    }

    @Test func `what version 1 does not know keeps the socket's address`() {
        for line in ["PROXY UNKNOWN\r\n", "PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", "PROXY UNKNOWN x y\r\n"] {
            #expect(read(line) == .header(ProxyHeader(source: nil, length: line.utf8.count)), "\(line)")
        }
    }

    @Test(arguments: [
        "PROXY TCP4 192.0.2.1 198.51.100.1 49152\r\n", "PROXY TCP4 192.0.2.1 198.51.100.1 49152 443 1\r\n",
        "PROXY TCP4  192.0.2.1 198.51.100.1 49152 443\r\n", "PROXY TCP4 192.0.2.1 198.51.100.1 49152 443 \r\n",
        "PROXY TCP4 192.0.2.01 198.51.100.1 49152 443\r\n", "PROXY TCP4 192.0.2.1 198.51.100.256 49152 443\r\n",
        "PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n", "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 65536 443\r\n", "PROXY TCP4 192.0.2.1 198.51.100.1 049152 443\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.1 +1 443\r\n", "PROXY TCP4 192.0.2.1 198.51.100.1 1 44x\r\n",
        "PROXY UDP4 192.0.2.1 198.51.100.1 1 2\r\n", "PROXY tcp4 192.0.2.1 198.51.100.1 1 2\r\n", "PROXY \r\n",
        "PROXY \n", "PROXY UNKNOWN\n", "PROXY UNKNOWN\r\r\n\n", "PROXY TCP4 192.0.2.1 198.51.100.1 1 2\t\r\n",
        "PROXY UNKNOWN \u{7f}\r\n",
    ])
    func `version 1 has one spelling`(line: String) { #expect(read(line) == .invalid) }

    @Test func `a line of 106 or 107 bytes passes, of 108 it is refused`() {
        for (count, passes) in [(106, true), (107, true), (108, false)] {
            let start = "PROXY UNKNOWN "
            let line = start + String(repeating: "x", count: count - start.utf8.count - 2) + "\r\n"
            #expect(
                read(line) == (passes ? .header(ProxyHeader(source: nil, length: count)) : .invalid), "\(count)")
        }
        #expect(read("PROXY UNKNOWN " + String(repeating: "x", count: 92)) == .needsMore)
        #expect(read("PROXY UNKNOWN " + String(repeating: "x", count: 93)) == .invalid)
    }

    @Test func `version 2 names an address of either family`() throws {
        let four = binary(0x21, 0x11, Self.v4)
        #expect(read(four) == .header(ProxyHeader(source: try source("192.0.2.1", 0xC000), length: 28)))
        let six = binary(0x21, 0x21, Self.v6)
        #expect(read(six + [22, 3, 1]) == .header(ProxyHeader(source: try source("2001:db8::1", 0xC000), length: 52)))
    }

    @Test func `LOCAL and UNSPEC keep the socket's address, whatever they carry`() {
        for (command, family, rest) in [
            (0x20, 0x00, []), (0x20, 0x11, Self.v4), (0x20, 0x31, [1, 2, 3]), (0x20, 0xFF, []), (0x21, 0x00, []),
            (0x21, 0x00, [9, 9]),
        ] as [(UInt8, UInt8, [UInt8])] {
            let header = binary(command, family, rest)
            #expect(read(header) == .header(ProxyHeader(source: nil, length: header.count)), "\(command) \(family)")
        }
    }

    @Test func `version 2 refuses what no TCP client has and what is not assigned`() {
        for command: UInt8 in [0x11, 0x22, 0x2F, 0x01, 0x31, 0xFF] {
            #expect(read(binary(command, 0x11, Self.v4)) == .invalid, "command \(command)")
        }
        for family: UInt8 in [0x01, 0x10, 0x12, 0x13, 0x22, 0x31, 0x32, 0x41, 0xFF] {
            #expect(read(binary(0x21, family, [UInt8](repeating: 1, count: 216))) == .invalid, "family \(family)")
        }
    }

    @Test func `lengths that are too small for the addresses are refused`() {
        #expect(read(binary(0x21, 0x11, Self.v4, length: 11)) == .invalid)
        #expect(read(binary(0x21, 0x21, Self.v6, length: 35)) == .invalid)
        #expect(read(binary(0x21, 0x21, Self.v4)) == .invalid)
    }

    @Test func `TLVs are skipped where they fill the rest exactly`() throws {
        let expected = ProxyHeader.Reading.header(
            ProxyHeader(source: try source("192.0.2.1", 0xC000), length: 28 + 5 + 3))
        #expect(read(binary(0x21, 0x11, Self.v4 + [1, 0, 2, 9, 9] + [4, 0, 0])) == expected)
        for broken: [UInt8] in [[1], [1, 0], [1, 0, 1], [1, 0, 2, 9], [1, 255, 255, 9, 9], [1, 0, 2, 9, 9, 4]] {
            #expect(read(binary(0x21, 0x11, Self.v4 + broken)) == .invalid, "\(broken)")
        }
    }

    @Test func `a header of 4095 or 4096 bytes passes, of 4097 it is refused before it is read`() throws {
        for (count, passes) in [(4095, true), (4096, true), (4097, false)] {
            let tlv = count - 28 - 3
            let padding: [UInt8] = [4, UInt8(tlv >> 8), UInt8(tlv & 255)] + [UInt8](repeating: 0, count: tlv)
            let header = binary(0x21, 0x11, Self.v4 + padding)
            #expect(header.count == count)
            let expected = ProxyHeader(source: try source("192.0.2.1", 0xC000), length: count)
            #expect(read(header) == (passes ? .header(expected) : .invalid), "\(count)")
            #expect(read(Array(header[..<20])) == (passes ? .needsMore : .invalid), "\(count)")
        }
        #expect(read(binary(0x21, 0x11, Self.v4, length: 65_535)) == .invalid)
    }

    @Test func `each start of a header needs more`() {
        for header in [
            [UInt8]("PROXY TCP4 192.0.2.1 198.51.100.1 49152 443\r\n".utf8),
            binary(0x21, 0x21, Self.v6 + [1, 0, 1, 7]),
            binary(0x20, 0x00, []),
        ] {
            for count in 0..<header.count { #expect(read(Array(header[..<count])) == .needsMore, "\(count)") }
        }
    }

    @Test func `what TLS and HTTP begin with is no header`() {
        for text in ["GET / HTTP/1.1\r\n", "\u{16}\u{3}\u{1}", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "POST /", "PROXYX"] {
            #expect(read(text) == .absent, "\(text)")
        }
        #expect(read("\r\n\r\nGET / HTTP/1.1") == .absent)
        #expect(read("P") == .needsMore)
    }
}
