public import GatePrimitives

/// What a token has to satisfy to become a principal of one identity: the compiled form of an `identities.NAME.jwt` entry.
public struct JWTPolicy: Sendable {
    /// The longest token that is looked at, in bytes.
    ///
    /// LIMIT: 8 KiB, the limit of a header field; tokens of real issuers stay under 4 KiB. Longer: `jwt_malformed`.
    public static let defaultMaxTokenBytes = 8192

    /// By how much the issuer's clock and ours may differ.
    ///
    /// 30 s: hosts with NTP agree within a second; every second more keeps an expired token alive a second longer.
    public static let defaultClockSkew = TimeSpan.seconds(30)

    /// The identity's name in the configuration.
    public let identity: String
    /// The only accepted `iss`, compared byte for byte.
    public let issuer: String
    /// One of these has to stand in `aud`; if empty, `aud` is not looked at.
    public let audiences: [String]
    /// The accepted algorithms; what a key itself allows narrows them further.
    public let algorithms: AlgorithmSet
    /// The allowance at `exp`, `nbf` and `iat`, in both directions.
    public let clockSkew: TimeSpan
    /// The longest token that is looked at, in bytes.
    public let maxTokenBytes: Int
    /// Names of the top-level claims that authorisation rules or limits of the plan read.
    public let claims: [String]
    /// Changes with any field above.
    public let fingerprint: Fingerprint

    let issuerBytes: [UInt8]
    let audienceBytes: [[UInt8]]
    let claimNames: [[UInt8]]

    /// The policy of one identity. A negative skew counts as none.
    public init(
        identity: String, issuer: String, audiences: [String], algorithms: AlgorithmSet = .all,
        clockSkew: TimeSpan = JWTPolicy.defaultClockSkew, maxTokenBytes: Int = JWTPolicy.defaultMaxTokenBytes,
        claims: [String] = []
    ) {
        self.identity = identity
        self.issuer = issuer
        self.audiences = audiences
        self.algorithms = algorithms
        self.clockSkew = max(clockSkew, .zero)
        self.maxTokenBytes = maxTokenBytes
        self.claims = claims
        issuerBytes = [UInt8](issuer.utf8)
        audienceBytes = audiences.map { [UInt8]($0.utf8) }
        claimNames = claims.map { [UInt8]($0.utf8) }
        let numbers = "\(algorithms.rawValue) \(self.clockSkew.nanoseconds) \(maxTokenBytes) \(audiences.count)"
        fingerprint = Fingerprint(
            ofFields: [[UInt8](identity.utf8), issuerBytes, [UInt8](numbers.utf8)] + audienceBytes + claimNames)
    }
}
