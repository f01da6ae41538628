import NIOSSL

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
    /// What is asked of clients' certificates.
    public let clients: ClientRules
    private let contexts: [[ObjectIdentifier: NIOSSLContext]]
    private let exact: [String: Int]
    private let wildcards: [String: Int]

    /// A table over `certificates`; of two that cover the same name the first wins. Makes the library's contexts: not for
    /// a loop.
    public init(
        certificates: [ServerCertificate], defaultIndex: Int?, protocols: [String], clients: ClientRules = .off
    ) throws(ServerCertificate.Problem) {
        var contexts: [[ObjectIdentifier: NIOSSLContext]] = []
        for certificate in certificates {
            var made: [ObjectIdentifier: NIOSSLContext] = [:]
            for rule in clients.all { made[ObjectIdentifier(rule)] = try certificate.context(under: rule) }
            contexts.append(made)
        }
        self.contexts = contexts
        self.clients = clients
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
        // Which rule a client without a name would fall under, nobody can tell: the strictest is to refuse it.
        guard let serverName else { return clients.hasNames ? nil : defaultIndex }
        if let index = exact[serverName] { return index }
        guard let dot = serverName.utf8.firstIndex(of: UInt8(ascii: ".")), dot != serverName.utf8.startIndex else {
            return nil
        }
        return wildcards[String(serverName[serverName.index(after: dot)...])]
    }

    /// The context for a certificate, by its index, and a rule.
    func context(certificate index: Int, _ rule: ClientVerification) -> NIOSSLContext? {
        index < contexts.count ? contexts[index][ObjectIdentifier(rule)] : nil
    }

    /// Whether a connection that was made under `rule`, with `certificate`, may serve `host` (lower-case, without port).
    ///
    /// Connections are coalesced by clients (RFC 9113 §9.1.1); a host whose rule for client certificates is another one
    /// needs a connection of its own (attacks 39).
    public func mayServe(_ host: String, certificate: ServerCertificate, _ rule: ClientVerification) -> Bool {
        certificate.covers(host) && clients.rule(for: host) === rule
    }

    /// Whether a client that offers `protocols` shares one with us; without ALPN the client speaks HTTP/1.1.
    public func accepts(_ offered: [String]?) -> Bool {
        guard let offered else { return protocols.contains("http/1.1") }
        return offered.contains(where: protocols.contains)
    }
}
