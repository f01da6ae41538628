/// The address of a key set or a discovery document: https, or http to this host (attacks 53).
///
/// Stricter than RFC 3986: visible ASCII, no user information, no fragment, a host of letters, digits, dots and
/// hyphens or an IP address. What is not understood is not fetched.
public struct KeySetURL: Hashable, Sendable {
    /// Why a text is no address to fetch from.
    public enum Problem: String, Error, Sendable {
        /// Neither `https://` nor `http://`, or not an address at all.
        case malformed
        /// `http` to another host than this one: whoever sits between could hand out keys.
        case notSecure = "not_secure"
    }

    /// LIMIT: bytes of an address.
    public static let maxBytes = 2048

    /// Whether the scheme is https.
    public let isSecure: Bool
    /// The host in lower case; an IPv6 address without its brackets.
    public let host: String
    /// The port, the scheme's own where none was written.
    public let port: UInt16
    /// The path and query of the request, at least `/`.
    public let target: String

    /// The address that `text` writes.
    public init(_ text: String) throws(Problem) {
        guard text.utf8.count <= KeySetURL.maxBytes, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            !text.contains("\\"), !text.contains("#")
        else { throw .malformed }
        let lowered = text.lowercased()
        let rest: Substring
        if lowered.hasPrefix("https://") {
            isSecure = true
            rest = text.dropFirst(8)
        } else if lowered.hasPrefix("http://") {
            isSecure = false
            rest = text.dropFirst(7)
        } else {
            throw .malformed
        }
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let remainder = rest.dropFirst(authority.count)
        target = remainder.hasPrefix("/") ? String(remainder) : "/" + remainder
        guard let (host, port) = KeySetURL.split(authority) else { throw .malformed }
        self.host = host
        if let port {
            guard let number = UInt16(port), number > 0, port.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
                throw .malformed
            }
            self.port = number
        } else {
            self.port = isSecure ? 443 : 80
        }
        // What goes to this host itself crosses no network that another could sit on.
        guard isSecure || KeySetURL.isLoopback(host) else { throw .notSecure }
    }

    /// The address as text, with the port where it is not the scheme's own.
    public var text: String { (isSecure ? "https://" : "http://") + authority + target }

    /// What stands in `Host`.
    public var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }

    /// Whether both have the same scheme, host and port.
    public func hasSameOrigin(as other: KeySetURL) -> Bool {
        isSecure == other.isSecure && host == other.host && port == other.port
    }

    private static func split(_ authority: Substring) -> (host: String, port: Substring?)? {
        guard !authority.contains("@") else { return nil }
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            let host = authority[authority.index(after: authority.startIndex)..<end].lowercased()
            let after = authority[authority.index(after: end)...]
            guard host.contains(":"), host.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else { return nil }
            if after.isEmpty { return (host, nil) }
            return after.hasPrefix(":") ? (host, after.dropFirst()) : nil
        }
        let host = authority.prefix { $0 != ":" }.lowercased()
        let after = authority.dropFirst(host.count)
        let isName = host.utf8.allSatisfy {
            ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2D || $0 == 0x2E
        }
        guard !host.isEmpty, isName, host.first != ".", !host.contains("..") else { return nil }
        return (host, after.isEmpty ? nil : after.dropFirst())
    }

    private static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
