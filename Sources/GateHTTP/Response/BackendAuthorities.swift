/// The authorities by which responses may name a backend; compiled once per upstream.
public struct BackendAuthorities: Sendable {
    private struct Entry {
        let host: [UInt8]
        let port: UInt16?
    }

    private let entries: [Entry]

    /// The authorities `names`: `host:port`, or `host` for its default ports; what is neither is left out.
    public init(_ names: [String]) {
        var entries: [Entry] = []
        for name in names {
            let bytes = Array(name.utf8)
            guard let authority = try? Authority.parse(bytes.span, 0..<bytes.count) else { continue }
            entries.append(Entry(host: Array(bytes[authority.host]), port: authority.port))
        }
        self.entries = entries
    }

    /// Whether nothing names a backend.
    public var isEmpty: Bool { entries.isEmpty }

    /// Whether the authority `bytes`, user information apart, names a backend: its host with its port, or without any.
    func contains(_ bytes: Span<UInt8>) -> Bool {
        guard !entries.isEmpty else { return false }
        var start = bytes.count
        while start > 0, bytes[start &- 1] != Ascii.at { start &-= 1 }
        guard let authority = try? Authority.parse(bytes, start..<bytes.count) else { return false }
        for entry in entries where bytes.extracting(authority.host).equalsIgnoringCase(entry.host.span) {
            guard let port = authority.port else { return true }
            if entry.port == port || entry.port == nil && (port == 80 || port == 443) { return true }
        }
        return false
    }

    /// Whether the host `bytes` is a backend's.
    func containsHost(_ bytes: Span<UInt8>) -> Bool {
        for entry in entries where bytes.equalsIgnoringCase(entry.host.span) { return true }
        return false
    }
}
