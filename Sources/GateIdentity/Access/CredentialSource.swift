/// Where an identity's token may stand in a request.
public enum CredentialSource: Hashable, Sendable {
    /// `Authorization: Bearer …` (RFC 6750 §2.1).
    case header
    /// The cookie of that exact name.
    case cookie(String)
    /// The query parameter of that exact name; spelled with percent-encoding it is refused.
    case query(String)
}

/// The sources of all token identities of a route, compiled.
public struct CredentialSources: Sendable {
    /// The sources, each once.
    public let all: [CredentialSource]
    let readsHeader: Bool
    let cookies: [(index: Int, name: [UInt8])]
    let parameters: [(index: Int, name: [UInt8])]

    /// The union of `sources`.
    public init(_ sources: [CredentialSource]) {
        var all: [CredentialSource] = []
        for source in sources where !all.contains(source) { all.append(source) }
        self.all = all
        readsHeader = all.contains(.header)
        cookies = all.enumerated().compactMap { index, source in
            if case .cookie(let name) = source { (index, [UInt8](name.utf8)) } else { nil }
        }
        parameters = all.enumerated().compactMap { index, source in
            if case .query(let name) = source { (index, [UInt8](name.utf8)) } else { nil }
        }
    }

    /// Whether cookie fields have to be shown to the finder.
    public var readsCookies: Bool { !cookies.isEmpty }
    /// Whether the query has to be shown to the finder.
    public var readsQuery: Bool { !parameters.isEmpty }
}
