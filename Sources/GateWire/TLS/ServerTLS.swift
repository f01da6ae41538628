/// How one listener terminates TLS: which certificate stands for which server name.
///
/// The contract's SNI rules: an unknown name is refused; no name takes the certificate marked default, or the only one.
public final class ServerTLS: Sendable {
    /// The certificates in the configuration's order.
    public let certificates: [ServerCertificate]
    /// Index of the certificate for a client without SNI; nil refuses such a client.
    public let defaultIndex: Int?
    /// The ALPN protocols offered, by preference.
    public let protocols: [String]
    private let exact: [String: Int]
    private let wildcards: [String: Int]

    /// A table over `certificates`; of two that cover the same name the first wins.
    public init(certificates: [ServerCertificate], defaultIndex: Int?, protocols: [String]) {
        self.certificates = certificates
        self.defaultIndex = defaultIndex ?? (certificates.count == 1 ? 0 : nil)
        self.protocols = protocols
        var exact: [String: Int] = [:]
        var wildcards: [String: Int] = [:]
        for (index, certificate) in certificates.enumerated() {
            for name in certificate.names {
                if name.hasPrefix("*.") {
                    let parent = String(name.dropFirst(2))
                    wildcards[parent] = wildcards[parent] ?? index
                } else {
                    exact[name] = exact[name] ?? index
                }
            }
        }
        self.exact = exact
        self.wildcards = wildcards
    }

    /// The index of the certificate for a client's server name; nil refuses the handshake.
    public func certificate(for serverName: String?) -> Int? {
        guard let serverName else { return defaultIndex }
        if let index = exact[serverName] { return index }
        guard let dot = serverName.utf8.firstIndex(of: UInt8(ascii: ".")), dot != serverName.utf8.startIndex else {
            return nil
        }
        return wildcards[String(serverName[serverName.index(after: dot)...])]
    }

    /// Whether a client that offers `protocols` shares one with us; without ALPN the client speaks HTTP/1.1.
    public func accepts(_ offered: [String]?) -> Bool {
        guard let offered else { return protocols.contains("http/1.1") }
        return offered.contains(where: protocols.contains)
    }
}
