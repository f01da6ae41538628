public import GatePrimitives

/// Who may call: how a credential is verified.
public struct IdentitySettings: NamedSettings, Described {
    /// Its name.
    public var name = ""
    /// Where its name stands.
    public var position = SourcePosition.unknown
    /// Bearer tokens; nil for an identity by another credential.
    public var jwt: JWTSettings?
    /// The certificate of the TLS client; nil for an identity by another credential.
    public var clientCertificate: CertificateIdentitySettings?

    /// Whether something of it could not be read, which was reported.
    public private(set) var hasErrors = false

    /// An identity that nobody has.
    public init() {}

    mutating func noteErrors() { hasErrors = true }

    static let schema = Schema<IdentitySettings>(
        "identities.NAME",
        """
        Who may call. A credential that is presented and invalid refuses the request, whatever else would pass; a \
        verified one is removed before the backend, which gets `x-auth-subject`, `x-auth-issuer`, `x-auth-scopes` and \
        `x-auth-identity` instead.
        """,
        [
            .optional(
                "jwt", \.jwt, .object, absent: "another credential is named",
                "Tokens that an issuer has signed (RFC 7519)."),
            .planned("apiKeys", "Keys from a file."),
            .optional(
                "clientCertificate", \.clientCertificate, .object, absent: "another credential is named",
                "The certificate of the TLS client."),
        ])
}

/// Tokens of one issuer.
public struct JWTSettings: Described {
    /// An algorithm of RFC 7518 §3 or RFC 8037; only those with a public key.
    public enum Algorithm: String, Word {
        case ES256, ES384, RS256, RS384, RS512, PS256, PS384, PS512, EdDSA

        static let planned = ["ES512"]
    }

    /// The value of `iss`.
    public var issuer = Located("")
    /// Values of `aud`, one of which is needed.
    public var audiences: [String] = []
    /// Where the keys are; nil: the issuer's discovery document says.
    public var jwks: Located<KeySetSource>?
    /// The algorithms accepted.
    public var algorithms: [Algorithm] = Algorithm.allCases
    /// Where a token may stand.
    public var from: [CredentialPlace] = [.header]
    /// How far clocks may differ.
    public var clockSkew = TimeSpan.seconds(30)
    /// The longest token.
    public var maxTokenSize = ByteCount.kibibytes(8)
    /// How often keys are fetched anew.
    public var refreshInterval = TimeSpan.seconds(300)
    /// The shortest time between two fetches.
    public var refreshCooldown = TimeSpan.seconds(30)
    /// For how long keys are used that could not be fetched anew.
    public var maxStale = TimeSpan.seconds(86_400)
    /// Who vouches for the issuer's server; nil: the system's authorities.
    public var ca: Located<FilePath>?
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// No issuer.
    public init() {}

    static let schema = Schema<JWTSettings>(
        "identities.NAME.jwt",
        """
        Tokens of one issuer. Keys come from `jwks` or, with the issuer alone, from the document at \
        `ISSUER/.well-known/openid-configuration`. Keys fetched are cached; when they cannot be had the answer is 503.
        """,
        [
            .required(
                "issuer", \.issuer, Shape<String>.text("the text of `iss`").located,
                "The value of `iss`, compared byte by byte."),
            .defaulted(
                "audiences", \.audiences, Shape<String>.text().list(0...64), default: "[]",
                "Values of `aud`, one of which a token must have. Without any, tokens for other services pass: that is listed as a waiver."
            ),
            .optional(
                "jwks", \.jwks, Shape<KeySetSource>.keySet.located, absent: "found by discovery",
                "Where the key set is: `https://…`, or `file:PATH`. Plain `http` is for loopback addresses alone."),
            .defaulted(
                "algorithms", \.algorithms, Shape<JWTSettings.Algorithm>.word.list(1...9),
                default: "[ES256, ES384, RS256, RS384, RS512, PS256, PS384, PS512, EdDSA]",
                "The algorithms accepted; a key's own narrows them. None with a shared secret, and never `none`."),
            .defaulted(
                "from", \.from, Shape<CredentialPlace>.credentialPlace.list(1...8), default: "[header]",
                "Where a token may stand: `header` (`authorization: Bearer`), `cookie:NAME`, `query:NAME`. Two tokens in a request are a refusal."
            ),
            .defaulted(
                "clockSkew", \.clockSkew, .duration(.zero ... .seconds(600)), default: "30s",
                "How far the issuer's clock may differ; each second keeps an expired token alive a second longer."),
            .defaulted(
                "maxTokenSize", \.maxTokenSize, .size(ByteCount(256)...(.kibibytes(64))), default: "8KiB",
                "The longest token that is looked at; those of real issuers stay below 4 KiB."),
            .defaulted(
                "refreshInterval", \.refreshInterval, .duration(.seconds(1) ... .seconds(2_592_000)), default: "5m",
                "How often a fetched key set is fetched anew: a key that the issuer withdrew is believed this long."),
            .defaulted(
                "refreshCooldown", \.refreshCooldown, .duration(.seconds(1) ... .seconds(86_400)), default: "30s",
                "The shortest time between two fetches, so that tokens with invented key ids cannot make the gateway attack the issuer."
            ),
            .defaulted(
                "maxStale", \.maxStale, .duration(.zero ... .seconds(2_592_000)), default: "1d",
                "For how long the last keys are used when fetching fails; then 503."),
            .optional(
                "ca", \.ca, Shape<FilePath>.file.located, absent: "the system's authorities",
                "The authorities in PEM that vouch for the server of the keys."),
        ])
}

/// Where a key set is.
public enum KeySetSource: Hashable, Sendable, CustomStringConvertible {
    /// In a file.
    case file(FilePath)
    /// Behind a URL.
    case url(String)

    /// The spelling that the configuration reads.
    public var description: String {
        switch self {
        case .file(let path): "file:\(path.written)"
        case .url(let url): url
        }
    }
}

extension Shape where Value == KeySetSource {
    /// Where a key set is.
    static let keySet: Shape = Shape("a URL or `file:PATH`") { node, decoding in
        guard let text = Shape<String>.text("a URL or file:PATH", most: 4096).decode(node, &decoding) else {
            return nil
        }
        if text.hasPrefix("https://") || text.hasPrefix("http://") { return .url(text) }
        if text.hasPrefix("file:"), text.utf8.count > 5 {
            return .file(.resolve(String(text.dropFirst(5)), directory: decoding.directory, root: decoding.root))
        }
        decoding.error(
            at: node.position, "\(Quantity.quoted(text)) is no place of a key set",
            instead: "write https://… or file:PATH")
        return nil
    } render: {
        .text($0.description)
    }
}

/// Where a credential may stand in a request.
public enum CredentialPlace: Hashable, Sendable, CustomStringConvertible {
    /// `authorization: Bearer …` (RFC 6750 §2.1).
    case header
    /// A cookie of this name.
    case cookie(String)
    /// A query parameter of this name.
    case query(String)

    /// The spelling that the configuration reads.
    public var description: String {
        switch self {
        case .header: "header"
        case .cookie(let name): "cookie:\(name)"
        case .query(let name): "query:\(name)"
        }
    }
}

extension Shape where Value == CredentialPlace {
    /// Where a credential may stand.
    static let credentialPlace: Shape = .scalar("`header`, `cookie:NAME` or `query:NAME`") { text in
        if text == "header" { return .value(.header) }
        for (prefix, make) in [("cookie:", CredentialPlace.cookie), ("query:", CredentialPlace.query)]
        where text.hasPrefix(prefix) {
            let name = String(text.dropFirst(prefix.count))
            return Names.problem(with: name).map { .problem($0, instead: Names.rule) } ?? .value(make(name))
        }
        return .problem(
            "\(Quantity.quoted(text)) is no place of a credential", instead: "write header, cookie:NAME or query:NAME")
    } render: {
        $0.description
    }
}
