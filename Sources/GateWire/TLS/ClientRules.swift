/// Which rule for client certificates holds for which server name of a listener.
public struct ClientRules: Sendable {
    /// One name's rule.
    public struct Named: Sendable {
        /// The host in lower case; `*.` before it stands for one label.
        public var name: String
        /// Its rule.
        public var rule: ClientVerification

        /// A name with its rule.
        public init(name: String, rule: ClientVerification) {
            self.name = name
            self.rule = rule
        }
    }

    /// The rule of every name without one of its own.
    public let standard: ClientVerification
    private let exact: [String: ClientVerification]
    private let wildcards: [String: ClientVerification]

    /// Nobody is asked for a certificate.
    public static let off = ClientRules(standard: .off, named: [])

    /// The rules of a listener.
    public init(standard: ClientVerification, named: [Named]) {
        self.standard = standard
        var exact: [String: ClientVerification] = [:]
        var wildcards: [String: ClientVerification] = [:]
        for entry in named {
            if entry.name.hasPrefix("*.") {
                wildcards[String(entry.name.dropFirst(2))] = entry.rule
            } else {
                exact[entry.name] = entry.rule
            }
        }
        self.exact = exact
        self.wildcards = wildcards
    }

    /// Whether some name has a rule of its own: then a client without a name cannot be told which is meant.
    public var hasNames: Bool { !exact.isEmpty || !wildcards.isEmpty }

    /// The rule for a host (lower-case, without port): its own, that of the wildcard above it, else the listener's.
    public func rule(for host: String?) -> ClientVerification {
        guard hasNames, let host else { return standard }
        if let rule = exact[host] { return rule }
        guard let dot = host.utf8.firstIndex(of: UInt8(ascii: ".")) else { return standard }
        return wildcards[String(host[host.index(after: dot)...])] ?? standard
    }

    /// Every rule, each once, the listener's first.
    var all: [ClientVerification] {
        var all = [standard]
        for rule in Array(exact.values) + Array(wildcards.values) where !all.contains(where: { $0 === rule }) {
            all.append(rule)
        }
        return all
    }
}
