import GateIdentity
import GatePrimitives

/// An issuer of the tests: a key, its set, and tokens that differ from good ones in what a test says.
struct TestIssuer {
    static let issuer = "https://idp.example.com"
    static let audience = "orders"
    /// 2026-01-01T00:00:00Z.
    static let now = WallInstant(milliseconds: 1_767_225_600_000)

    let key: DevelopmentKey
    let keys: KeySet

    init(_ algorithm: JWSAlgorithm = .edDSA, keyID: String = "k1") throws {
        key = try DevelopmentKey.generate(algorithm, keyID: keyID)
        keys = try TestIssuer.set([key.publicJWK()])
    }

    static func set(_ keys: [JSONNode]) throws -> KeySet {
        let text = JSONNode.object([("keys", .array(keys))]).text
        return try KeySet(text.span)
    }

    static func policy(
        audiences: [String] = [audience], algorithms: AlgorithmSet = .all, claims: [String] = [],
        skew: TimeSpan = JWTPolicy.defaultClockSkew, maxTokenBytes: Int = JWTPolicy.defaultMaxTokenBytes
    ) -> JWTPolicy {
        JWTPolicy(
            identity: "staff", issuer: issuer, audiences: audiences, algorithms: algorithms, clockSkew: skew,
            maxTokenBytes: maxTokenBytes, claims: claims)
    }

    /// Good claims, with some replaced (nil: left out).
    static func claims(_ changes: [(String, JSONNode?)] = []) -> JSONNode {
        var members: [(String, JSONNode)] = [
            ("iss", .text(issuer)), ("sub", .text("alice")), ("aud", .text(audience)),
            ("exp", .integer(now.seconds + 300)),
        ]
        for (name, value) in changes {
            members.removeAll { $0.0 == name }
            if let value { members.append((name, value)) }
        }
        return .object(members)
    }

    /// The usual header, with some members replaced (nil: left out).
    func header(_ changes: [(String, JSONNode?)] = []) -> JSONNode {
        var members: [(String, JSONNode)] = [
            ("alg", .text(key.algorithm.name)), ("typ", .text("JWT")), ("kid", .text(key.keyID)),
        ]
        for (name, value) in changes {
            members.removeAll { $0.0 == name }
            if let value { members.append((name, value)) }
        }
        return .object(members)
    }

    func token(
        header changes: [(String, JSONNode?)] = [], claims claimChanges: [(String, JSONNode?)] = []
    ) throws -> [UInt8] {
        try DevelopmentToken.sign(
            header: header(changes), payload: TestIssuer.claims(claimChanges).text, key: key)
    }

    func token(header changes: [(String, JSONNode?)] = [], payload: String) throws -> [UInt8] {
        try DevelopmentToken.sign(header: header(changes), payload: [UInt8](payload.utf8), key: key)
    }

    /// What the verifier says: `verified`, `keyUnknown`, or the word of the reason.
    func judge(
        _ token: [UInt8], policy: JWTPolicy = TestIssuer.policy(), keys: KeySet? = nil, now: WallInstant = now
    ) -> String {
        switch TokenVerifier(policy: policy).verify(token.span, keys: keys ?? self.keys, now: now) {
        case .verified: "verified"
        case .keyUnknown: "keyUnknown"
        case .refused(let fault): fault.step == .admit ? fault.reason.rawValue : "wrong step"
        }
    }

    func principal(_ token: [UInt8], policy: JWTPolicy = TestIssuer.policy()) -> Principal? {
        let verdict = TokenVerifier(policy: policy).verify(token.span, keys: keys, now: TestIssuer.now)
        if case .verified(let principal) = verdict { return principal }
        return nil
    }
}

/// The JSON of a test's text.
func json(_ text: String) throws -> JSONNode {
    let bytes = [UInt8](text.utf8)
    return try JSONReader.read(bytes.span)
}

/// The bytes of base64url text; a span cannot stand in the testing macros.
func decoded(_ text: [UInt8]) -> [UInt8]? { Base64URL.decode(text.span) }
