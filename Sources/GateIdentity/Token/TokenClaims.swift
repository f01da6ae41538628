import GatePrimitives

/// The claims of a token, judged by a policy (RFC 7519 §4.1, attacks 49).
struct TokenClaims {
    let validFrom: WallInstant
    let validUntil: WallInstant
    private let document: JSONNode
    private let policy: JWTPolicy

    /// Reads a payload and checks issuer, audience and times.
    init(_ payload: Span<UInt8>, policy: JWTPolicy, now: WallInstant) throws(Fault) {
        guard let document = try? JSONReader.read(payload), document.isObject else {
            throw Fault(.admit, .jwtMalformed)
        }
        self.document = document
        self.policy = policy
        // RFC 7519 §4.1.1: case-sensitive; a trailing slash is another issuer.
        guard document["iss"]?.string == policy.issuerBytes else { throw Fault(.admit, .jwtClaim) }
        guard TokenClaims.isAddressed(document["aud"], to: policy.audienceBytes) else { throw Fault(.admit, .jwtClaim) }
        let times = try TokenTimes(document, skew: policy.clockSkew)
        validFrom = times.validFrom
        validUntil = times.validUntil
        try times.check(now)
    }

    /// The principal that these claims describe. To be called for a verified payload alone.
    func principal() throws(Fault) -> Principal {
        var claims: [Principal.Claim] = []
        for (index, name) in policy.claims.enumerated() {
            if let value = document[name], let kept = TokenClaims.kept(value) {
                claims.append(Principal.Claim(name: policy.claims[index], value: kept))
            }
        }
        guard let subject = document["sub"]?.string,
            let principal = Principal(
                identity: policy.identity, subject: subject, issuer: policy.issuerBytes,
                scopes: try TokenClaims.scopes(document), claims: claims, validFrom: validFrom,
                validUntil: validUntil)
        else { throw Fault(.admit, .jwtClaim) }
        return principal
    }

    /// RFC 7519 §4.1.3: a string or an array of strings, one of which is ours.
    static func isAddressed(_ audience: JSONNode?, to wanted: [[UInt8]]) -> Bool {
        guard !wanted.isEmpty else { return true }
        switch audience {
        case .string(let name): return wanted.contains(name)
        case .array: return audience?.strings?.contains(where: wanted.contains) ?? false
        default: return false
        }
    }

    /// The scopes: `scope` (RFC 8693 §4.2) as one string, else `scp` or `scopes` as a string or an array.
    ///
    /// The first of the three that is present counts alone, so that no issuer's second list widens the first.
    private static func scopes(_ document: JSONNode) throws(Fault) -> [[UInt8]] {
        guard let value = document["scope"] ?? document["scp"] ?? document["scopes"] else { return [] }
        switch value {
        case .string(let text): return text.split(separator: 0x20).map { [UInt8]($0) }
        case .array:
            guard let names = value.strings else { throw Fault(.admit, .jwtClaim) }
            return names
        default: throw Fault(.admit, .jwtClaim)
        }
    }

    private static func kept(_ value: JSONNode) -> ClaimValue? {
        if case .array(let elements) = value { return .list(elements.compactMap(\.scalarText)) }
        return value.scalarText.map { .text($0) }
    }
}
