/// Where a socket listens or connects: an address and port, a host name and port, or the path of a Unix socket.
public enum SocketEndpoint: Hashable, Sendable {
    /// An address and a port.
    case ip(IPAddress, port: UInt16)
    /// A host name, in lower case, that is still to be resolved, and a port.
    case name(String, port: UInt16)
    /// The path of a Unix-domain socket.
    case unix(path: String)

    /// Why a text is no endpoint.
    public enum ParseError: Error, Equatable, Sendable {
        /// No `:port` at the end.
        case missingPort
        /// The port is no plain decimal number from 0 to 65535.
        case badPort
        /// An IPv6 address stands without brackets.
        case unbracketedAddress
        /// Neither an address nor a host name of letters, digits, `-`, `_` and dots.
        case badHost
        /// The path is empty, holds a NUL, or is longer than 107 bytes (`sun_path` less its NUL).
        case badPath
    }

    /// The endpoint that `text` spells: `192.0.2.1:80`, `[2001:db8::1]:80`, `host.example:80` or `unix:/run/a.sock`.
    public init(_ text: String) throws(ParseError) {
        if text.hasPrefix("unix:") {
            let path = text.dropFirst(5)
            // LIMIT: sockaddr_un.sun_path has 108 bytes.
            guard !path.isEmpty, path.utf8.count <= 107, !path.utf8.contains(0) else { throw .badPath }
            self = .unix(path: String(path))
            return
        }
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")) else { throw .missingPort }
        let host = text[..<colon]
        guard !host.utf8.contains(UInt8(ascii: ":")) || host.hasPrefix("[") else { throw .unbracketedAddress }
        guard !text.hasSuffix("]") else { throw .missingPort }
        guard let port = Self.port(text[text.utf8.index(after: colon)...]) else { throw .badPort }
        if host.hasPrefix("[") {
            guard host.hasSuffix("]"), host.utf8.contains(UInt8(ascii: ":")),
                let address = IPAddress(String(host.dropFirst().dropLast()))
            else { throw .badHost }
            self = .ip(address, port: port)
        } else if let address = IPAddress(String(host)) {
            self = .ip(address, port: port)
        } else {
            guard Self.isHostName(host) else { throw .badHost }
            self = .name(host.lowercased(), port: port)
        }
    }

    /// The address, where it is known.
    public var address: IPAddress? {
        if case .ip(let address, _) = self { address } else { nil }
    }

    /// The port; nil for a Unix socket.
    public var port: UInt16? {
        switch self {
        case .ip(_, let port), .name(_, let port): port
        case .unix: nil
        }
    }

    private static func port(_ text: Substring) -> UInt16? {
        let digits = text.utf8
        guard digits.count >= 1, digits.count <= 5, digits.count == 1 || digits.first != UInt8(ascii: "0"),
            digits.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") })
        else { return nil }
        return UInt16(text)
    }

    /// Labels of 1 to 63 letters, digits, `-` and `_`, 253 bytes in all (RFC 1035 §2.3.4); the last is no number.
    private static func isHostName(_ host: Substring) -> Bool {
        guard !host.isEmpty, host.utf8.count <= 253 else { return false }
        let labels = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        for label in labels {
            guard label.count >= 1, label.count <= 63, label.first != UInt8(ascii: "-"),
                label.last != UInt8(ascii: "-")
            else { return false }
            for byte in label {
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                    continue
                default: return false
                }
            }
        }
        // The C library reads `10.1` and `0x7f.1` as IPv4 addresses: a name never ends in a number.
        return labels.last.map { label in
            let first = label.first.map { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") } ?? true
            return !first || !label.allSatisfy(isNumeric)
        } ?? false
    }

    /// A byte of a decimal or hexadecimal number as the C library reads them.
    private static func isNumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "x"), UInt8(ascii: "X"):
            true
        default: false
        }
    }
}

extension SocketEndpoint: CustomStringConvertible {
    /// The spelling that ``init(_:)`` reads.
    public var description: String {
        switch self {
        case .ip(let address, let port): address.family == .v4 ? "\(address):\(port)" : "[\(address)]:\(port)"
        case .name(let name, let port): "\(name):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
