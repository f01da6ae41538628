import Glibc

/// An address to listen on: `192.0.2.1:443`, `[2001:db8::1]:443`, `:443` (every IPv4 address) or `unix:/path`.
///
/// Names are not looked up: an operator who listens somewhere says where.
public enum ListeningAddress: Equatable, Sendable, CustomStringConvertible {
    /// An IPv4 address in network order and a port; port 0 lets the kernel choose.
    case ipv4(UInt32, port: UInt16)
    /// An IPv6 address's 16 bytes, and a port.
    case ipv6([UInt8], port: UInt16)
    /// A socket in the file system; at most 107 bytes (unix(7)).
    case unix(String)

    /// The longest path that fits into `sockaddr_un` with its closing NUL.
    public static let longestUnixPath = 107

    /// Reads `text`, or returns nil where it is none of the three forms.
    public init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = String(text.dropFirst(5))
            guard !path.isEmpty, path.utf8.count <= Self.longestUnixPath, !path.utf8.contains(0) else { return nil }
            self = .unix(path)
            return
        }
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let portText = text[text.index(after: colon)...]
        guard !portText.isEmpty, portText.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let port = UInt16(portText)
        else { return nil }
        let host = text[..<colon]
        if host.isEmpty {
            self = .ipv4(0, port: port)
        } else if host.hasPrefix("["), host.hasSuffix("]") {
            var address = in6_addr()
            let parsed = unsafe inet_pton(AF_INET6, String(host.dropFirst().dropLast()), &address)
            guard parsed == 1 else { return nil }
            // SAFETY: in6_addr is 16 plain bytes.
            let bytes = unsafe withUnsafeBytes(of: &address) { raw in unsafe Array(raw) }
            self = .ipv6(bytes, port: port)
        } else {
            var address = in_addr()
            let parsed = unsafe inet_pton(AF_INET, String(host), &address)
            guard parsed == 1 else { return nil }
            self = .ipv4(address.s_addr, port: port)
        }
    }

    /// The text that reads back as this address.
    public var description: String {
        switch self {
        case .ipv4(let address, let port):
            let octets = [0, 8, 16, 24].map { shift in
                String((UInt32(bigEndian: address) >> UInt32(24 - shift)) & 0xff)
            }
            return octets.joined(separator: ".") + ":\(port)"
        case .ipv6(let bytes, let port):
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            // SAFETY: inet_ntop reads 16 bytes (checked by `address(_:)`'s length) and writes at most the buffer's size.
            let written = unsafe bytes.withUnsafeBytes { raw in
                unsafe raw.count == 16
                    ? inet_ntop(AF_INET6, raw.baseAddress, &text, socklen_t(INET6_ADDRSTRLEN)) != nil : false
            }
            guard written else { return "[::]:\(port)" }
            return "[\(string(fromNulTerminated: text))]:\(port)"
        case .unix(let path):
            return "unix:\(path)"
        }
    }

    /// The same address with the port that the kernel chose; a unix address as it is.
    func withPort(_ port: UInt16) -> ListeningAddress {
        switch self {
        case .ipv4(let address, _): .ipv4(address, port: port)
        case .ipv6(let bytes, _): .ipv6(bytes, port: port)
        case .unix: self
        }
    }

    /// Whether the kernel is to choose the port.
    var wantsAnyPort: Bool {
        switch self {
        case .ipv4(_, let port), .ipv6(_, let port): port == 0
        case .unix: false
        }
    }

    /// AF_INET, AF_INET6 or AF_UNIX.
    var family: Int32 {
        switch self {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        case .unix: AF_UNIX
        }
    }

    /// Calls `body` with the address in the kernel's form.
    func withSocketAddress<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        // SAFETY: in each case the pointer covers the structure whose size is passed, and lives for the call.
        switch self {
        case .ipv4(let address, let port):
            var storage = sockaddr_in()
            storage.sin_family = sa_family_t(AF_INET)
            storage.sin_port = port.bigEndian
            storage.sin_addr.s_addr = address
            return unsafe withRebound(&storage, body)
        case .ipv6(let bytes, let port):
            var storage = sockaddr_in6()
            storage.sin6_family = sa_family_t(AF_INET6)
            storage.sin6_port = port.bigEndian
            unsafe withUnsafeMutableBytes(of: &storage.sin6_addr) { raw in
                unsafe raw.copyBytes(from: bytes.prefix(raw.count))
            }
            return unsafe withRebound(&storage, body)
        case .unix(let path):
            var storage = sockaddr_un()
            storage.sun_family = sa_family_t(AF_UNIX)
            unsafe withUnsafeMutableBytes(of: &storage.sun_path) { raw in
                unsafe raw.copyBytes(from: path.utf8.prefix(Self.longestUnixPath))
            }
            return unsafe withRebound(&storage, body)
        }
    }
}

/// Calls `body` with `storage` seen as the generic socket address.
private func withRebound<Storage, R>(_ storage: inout Storage, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
    // SAFETY: every sockaddr_* begins with sockaddr's fields; the length says how much is there.
    unsafe withUnsafePointer(to: &storage) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            unsafe body(generic, socklen_t(MemoryLayout<Storage>.size))
        }
    }
}

/// The text before the first NUL of `characters`.
func string(fromNulTerminated characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
