/// The hosts that a route answers: one host, every host below a name, or any host.
///
/// Hosts are compared without regard to case (attacks 36): a pattern is lowercased here, a request's host by vetting.
public enum HostPattern: Hashable, Sendable {
    /// Every host that no other pattern of the table answers.
    case any
    /// This host, lowercased, without a port: `api.example.com`, `192.0.2.1`, `[2001:db8::1]`.
    case exact(String)
    /// Every host with one or more labels before this suffix, which begins with its dot: `.example.com`.
    case wildcard(suffix: String)

    /// Reads `*`, `*.example.com` or a host; anything else says what to write instead.
    public init(_ text: String) throws(HostPatternError) {
        if text == "*" {
            self = .any
            return
        }
        let isWildcard = text.hasPrefix("*.")
        let name = try HostPattern.lowercasedName(isWildcard ? text.dropFirst(2) : text[...])
        if isWildcard, HostPattern.isAddress(name) {
            throw HostPatternError("a wildcard stands before a name, not before an address")
        }
        self = isWildcard ? .wildcard(suffix: "." + name) : .exact(name)
    }

    /// What stands in the table: the host, the suffix with its dot, or nil for any. The two cannot be equal,
    /// because no host begins with a dot.
    var key: String? {
        switch self {
        case .any: nil
        case .exact(let host): host
        case .wildcard(let suffix): suffix
        }
    }

    /// As it is written in configuration.
    public var text: String {
        switch self {
        case .any: "*"
        case .exact(let host): host
        case .wildcard(let suffix): "*" + suffix
        }
    }

    private static func lowercasedName(_ text: Substring) throws(HostPatternError) -> String {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, let last = bytes.last else { throw HostPatternError("a host is not empty") }
        // RFC 1035 §2.3.4: 255 octets on the wire are 253 characters of text.
        guard bytes.count <= 253 else { throw HostPatternError("a host has at most 253 characters") }
        if first == UInt8(ascii: "[") { return try bracketed(bytes) }
        guard last != UInt8(ascii: ".") else { throw HostPatternError("write the host without its final dot") }
        var labelLength = 0
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "."):
                guard labelLength > 0 else { throw HostPatternError("a label of a host is not empty") }
                labelLength = 0
                continue
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                labelLength &+= 1
            case UInt8(ascii: "*"):
                throw HostPatternError("a wildcard is the whole first label: `*.example.com`")
            case UInt8(ascii: ":"):
                throw HostPatternError("write the host without a port, and an IPv6 address in brackets")
            case 0x80...:
                throw HostPatternError("write an international name in its `xn--` form")
            default:
                throw HostPatternError("a host consists of letters, digits, `-`, `_` and dots")
            }
            guard labelLength <= 63 else { throw HostPatternError("a label of a host has at most 63 characters") }
        }
        return lowercased(bytes)
    }

    private static func bracketed(_ bytes: [UInt8]) throws(HostPatternError) -> String {
        let inner = bytes.dropFirst().dropLast()
        let isAddress = inner.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
                UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: ":"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        guard bytes.last == UInt8(ascii: "]"), inner.count >= 2, inner.contains(UInt8(ascii: ":")), isAddress else {
            throw HostPatternError("brackets hold an IPv6 address and nothing follows them")
        }
        return lowercased(bytes)
    }

    private static func isAddress(_ name: String) -> Bool {
        name.hasPrefix("[") || name.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) }
    }

    private static func lowercased(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}

/// What is wrong with a host pattern, and what to write instead.
public struct HostPatternError: Error, Equatable, Sendable {
    /// One phrase for the diagnostic.
    public let message: String

    init(_ message: String) { self.message = message }
}
