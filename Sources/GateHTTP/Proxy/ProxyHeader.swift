public import GatePrimitives

/// The header of the PROXY protocol, versions 1 and 2, as HAProxy's specification has it: what a load balancer writes
/// ahead of everything else to say whose connection it passes on.
///
/// Read by us from the first bytes of a connection, before TLS and HTTP. Strict: one spelling of each address and port,
/// lengths that agree, nothing unassigned (attacks 43).
public struct ProxyHeader: Equatable, Sendable {
    /// Whose connection it is; nil where the sender says that it is its own (LOCAL, as for health checks) or does not know
    /// (UNKNOWN, UNSPEC): then the socket's own address stands.
    public var source: Source?
    /// The bytes of the header, after which TLS or HTTP begins.
    public var length: Int

    /// Address and port of a client.
    public struct Source: Equatable, Sendable {
        /// The address.
        public var address: IPAddress
        /// The port.
        public var port: UInt16

        /// A client's address and port.
        public init(address: IPAddress, port: UInt16) {
            self.address = address
            self.port = port
        }
    }

    /// What is known after some bytes of the connection.
    public enum Reading: Equatable, Sendable {
        /// The bytes may become a header, and are none yet.
        case needsMore
        /// The header.
        case header(ProxyHeader)
        /// The connection does not begin with a header.
        case absent
        /// A header that is malformed, of a kind that no TCP connection has, or too long.
        case invalid
    }

    // LIMIT: a header of version 2 with its TLVs has at most 4 KiB; those of load balancers stay below 1 KiB, and the
    // format would allow 64 KiB from each connection before anything is known of it (attacks 43).
    static let maximumLength = 4096
    // LIMIT: a header of version 1 has at most 107 bytes, its CRLF included (specification §2.1).
    static let maximumLineLength = 107

    /// The signature of version 2 (specification §2.2).
    private static let signature: [UInt8] = [13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10]
    /// The start of version 1 (specification §2.1).
    private static let word = [UInt8]("PROXY ".utf8)

    /// Reads the header from the first bytes of a connection; called again with each arrival.
    public static func read(_ bytes: Span<UInt8>) -> Reading {
        guard bytes.count > 0 else { return .needsMore }
        switch bytes[0] {
        case signature[0]: return begins(bytes, signature) ?? readBinary(bytes)
        case word[0]: return begins(bytes, word) ?? readLine(bytes)
        default: return .absent
        }
    }

    /// Whether the bytes that are there agree with `start`; nil once all of it is.
    private static func begins(_ bytes: Span<UInt8>, _ start: [UInt8]) -> Reading? {
        for index in 0..<min(bytes.count, start.count) where bytes[index] != start[index] { return .absent }
        return bytes.count < start.count ? .needsMore : nil
    }

    // MARK: Version 1

    private static func readLine(_ bytes: Span<UInt8>) -> Reading {
        var end = word.count
        while end < min(bytes.count, maximumLineLength), bytes[end] != 10 { end += 1 }
        guard end < bytes.count, end < maximumLineLength else {
            return end < maximumLineLength ? .needsMore : .invalid
        }
        guard bytes[end] == 10, bytes[end - 1] == 13 else { return .invalid }
        var line = ""
        for index in word.count..<end - 1 {
            guard bytes[index] >= 0x20, bytes[index] < 0x7f else { return .invalid }
            line.unicodeScalars.append(Unicode.Scalar(bytes[index]))
        }
        let parts = line.split(separator: " ", omittingEmptySubsequences: false)
        let family: IPAddress.Family
        switch parts.first {
        case "TCP4": family = .v4
        case "TCP6": family = .v6
        // Specification §2.1: what follows UNKNOWN is ignored.
        case "UNKNOWN": return .header(ProxyHeader(source: nil, length: end + 1))
        default: return .invalid
        }
        guard parts.count == 5, let source = address(parts[1], family), address(parts[2], family) != nil,
            let number = port(parts[3]), port(parts[4]) != nil
        else { return .invalid }
        return .header(ProxyHeader(source: Source(address: source, port: number), length: end + 1))
    }

    private static func address(_ text: Substring, _ family: IPAddress.Family) -> IPAddress? {
        // A mapped address is spelled as IPv6 and is IPv4: the spelling decides.
        guard text.utf8.contains(UInt8(ascii: ":")) == (family == .v6) else { return nil }
        return IPAddress(String(text))
    }

    /// Digits without a leading zero, up to 65535.
    private static func port(_ text: Substring) -> UInt16? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            text.utf8.count == 1 || text.utf8.first != 0x30
        else { return nil }
        return UInt16(text)
    }

    // MARK: Version 2

    private static func readBinary(_ bytes: Span<UInt8>) -> Reading {
        // Specification §2.2: version and command, family and protocol, then the length of what follows.
        let start = signature.count + 4
        guard bytes.count > signature.count else { return .needsMore }
        let isLocal: Bool
        switch bytes[signature.count] {
        case 0x20: isLocal = true
        case 0x21: isLocal = false
        default: return .invalid
        }
        guard bytes.count >= start else { return .needsMore }
        let end = start + (Int(bytes[start - 2]) << 8 | Int(bytes[start - 1]))
        guard end <= maximumLength else { return .invalid }
        // Each family has a fixed size of addresses: 4 or 16 bytes twice, then two ports.
        let width: Int
        switch bytes[start - 3] {
        case 0x00: width = 0
        case 0x11: width = 4
        case 0x21: width = 16
        // Unix sockets and datagrams: no TCP client comes from there. Only LOCAL ignores the family.
        default:
            guard isLocal else { return .invalid }
            width = 0
        }
        let addresses = width == 0 ? 0 : 2 * width + 4
        guard isLocal || end - start >= addresses else { return .invalid }
        guard bytes.count >= end else { return .needsMore }
        // LOCAL, and UNSPEC, whose receiver must skip addresses of any kind.
        guard !isLocal, width > 0 else { return .header(ProxyHeader(source: nil, length: end)) }
        guard isWhole(bytes, from: start + addresses, to: end),
            let address = IPAddress(bytes: bytes.extracting(start..<start + width))
        else { return .invalid }
        let place = start + 2 * width
        let port = UInt16(bytes[place]) << 8 | UInt16(bytes[place + 1])
        return .header(ProxyHeader(source: Source(address: address, port: port), length: end))
    }

    /// Whether the type-length-value records fill the rest exactly; what they say is not used.
    private static func isWhole(_ bytes: Span<UInt8>, from start: Int, to end: Int) -> Bool {
        var position = start
        while position < end {
            guard end - position >= 3 else { return false }
            position += 3 + (Int(bytes[position + 1]) << 8 | Int(bytes[position + 2]))
        }
        return position == end
    }
}
