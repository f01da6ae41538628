public import GatePrimitives
public import NIOSSL

/// One certificate chain with its key, ready to terminate TLS, and the names that it covers.
///
/// Built off the loops (it reads the disk), immutable afterwards and shared by all of them.
public final class ServerCertificate: Sendable {
    /// The library's context where no certificate is asked of clients: chain, key, versions and protocols.
    public let context: NIOSSLContext
    private let configuration: TLSConfiguration
    /// The DNS names of the leaf, lower-cased; a leading `*.` is a wildcard for one label (RFC 6125 §6.4.3).
    public let names: [String]
    /// When the leaf expires.
    public let notAfter: WallInstant
    /// The path of the chain, for messages and metrics.
    public let chainPath: String

    /// What keeps a certificate from being used.
    public enum Problem: Error, Equatable, Sendable {
        /// The chain cannot be read or holds no certificate.
        case unreadableChain(String)
        /// The key cannot be read or is of a kind that is not supported.
        case unreadableKey(String)
        /// The key does not belong to the leaf.
        case keyMismatch
        /// The leaf has expired.
        case expired
        /// The leaf carries no DNS name or address in its subjectAltName.
        case noNames
    }

    /// The lowest TLS version a listener speaks; 1.3 unless the configuration waives it.
    public enum MinimumVersion: Sendable { case tls12, tls13 }

    /// Loads chain and key from PEM files.
    ///
    /// - Throws: `Problem`, in the words that `check` prints.
    public init(
        chainPath: String, keyPath: String, minimumVersion: MinimumVersion, protocols: [String], now: WallInstant
    ) throws(Problem) {
        let chain: [NIOSSLCertificate]
        do { chain = try NIOSSLCertificate.fromPEMFile(chainPath) } catch { throw .unreadableChain(chainPath) }
        guard let leaf = chain.first else { throw .unreadableChain(chainPath) }
        let key: NIOSSLPrivateKey
        do { key = try NIOSSLPrivateKey(file: keyPath, format: .pem) } catch { throw .unreadableKey(keyPath) }
        let names = Self.names(of: leaf)
        guard !names.isEmpty else { throw .noNames }
        let notAfter = WallInstant(milliseconds: Int64(leaf.notValidAfter).multipliedReportingOverflow(by: 1000).0)
        guard now < notAfter else { throw .expired }

        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = minimumVersion == .tls13 ? .tlsv13 : .tlsv12
        configuration.applicationProtocols = protocols
        configuration.renegotiationSupport = .none
        do { self.context = try NIOSSLContext(configuration: configuration) } catch { throw .keyMismatch }
        self.configuration = configuration
        self.names = names
        self.notAfter = notAfter
        self.chainPath = chainPath
    }

    /// The context under a rule for client certificates.
    ///
    /// Each has ticket keys of its own, so that a session of one rule is never resumed under another (attacks 39).
    func context(under rule: ClientVerification) throws(Problem) -> NIOSSLContext {
        guard rule.mode != .off else { return context }
        var configuration = configuration
        configuration.trustRoots = .certificates(rule.roots)
        configuration.sendCANameList = true
        configuration.certificateVerification =
            rule.mode == .require ? .noHostnameVerification : .optionalVerification
        do { return try NIOSSLContext(configuration: configuration) } catch { throw .keyMismatch }
    }

    /// Whether the certificate may stand for `host` (lower-case, without port): exact, or a wildcard of one label.
    public func covers(_ host: String) -> Bool {
        // RFC 3986 §3.2.2: an IPv6 address stands in brackets in a host, and without in a certificate.
        if host.hasPrefix("["), host.hasSuffix("]") {
            guard let address = IPAddress(String(host.dropFirst().dropLast())) else { return false }
            return names.contains(address.description)
        }
        return names.contains { name in
            if name == host { return true }
            guard name.hasPrefix("*."), let dot = host.utf8.firstIndex(of: UInt8(ascii: ".")) else { return false }
            return dot != host.utf8.startIndex && host[dot...] == name.dropFirst()
        }
    }

    private static func names(of leaf: NIOSSLCertificate) -> [String] {
        let alternatives = leaf._subjectAlternativeNames()
        var names: [String] = []
        for alternative in alternatives {
            // SAFETY: the pointer is read only inside the closure, while `alternatives` lives.
            let bytes = unsafe alternative.contents.withUnsafeBufferPointer { unsafe [UInt8]($0) }
            switch alternative.nameType {
            case .dnsName: names.append(String(decoding: bytes, as: UTF8.self).lowercased())
            case .ipAddress: if let address = IPAddress(bytes: bytes.span) { names.append(address.description) }
            default: break
            }
        }
        return names
    }
}
