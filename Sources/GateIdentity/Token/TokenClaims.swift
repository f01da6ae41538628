import GatePrimitives

/// The claims of a token, judged by a policy (RFC 7519 §4.1, attacks 49).
struct TokenClaims {
    /// LIMIT: the last second of the year 9999. A later instant is a unit mistaken (milliseconds), not a lifetime.
    static let latestInstant: Int64 = 253_402_300_799

    let validFrom: WallInstant
    let validUntil: WallInstant
    private let document: JSONValue
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
        guard TokenClaims.isAddressed(document["aud"], to: policy) else { throw Fault(.admit, .jwtClaim) }
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
    private static func isAddressed(_ audience: JSONValue?, to policy: JWTPolicy) -> Bool {
        guard !policy.audienceBytes.isEmpty else { return true }
        switch audience {
        case .string(let name): return policy.audienceBytes.contains(name)
        case .array: return audience?.strings?.contains(where: policy.audienceBytes.contains) ?? false
        default: return false
        }
    }

    /// The scopes: `scope` (RFC 8693 §4.2) as one string, else `scp` or `scopes` as a string or an array.
    ///
    /// The first of the three that is present counts alone, so that no issuer's second list widens the first.
    private static func scopes(_ document: JSONValue) throws(Fault) -> [[UInt8]] {
        guard let value = document["scope"] ?? document["scp"] ?? document["scopes"] else { return [] }
        switch value {
        case .string(let text): return text.split(separator: 0x20).map { [UInt8]($0) }
        case .array:
            guard let names = value.strings else { throw Fault(.admit, .jwtClaim) }
            return names
        default: throw Fault(.admit, .jwtClaim)
        }
    }

    private static func kept(_ value: JSONValue) -> ClaimValue? {
        if case .array(let elements) = value { return .list(elements.compactMap(\.scalarText)) }
        return value.scalarText.map { .text($0) }
    }
}

/// `exp`, `nbf` and `iat` (RFC 7519 §4.1.4 to §4.1.6) with the clock skew applied.
struct TokenTimes {
    /// `nbf`, or `iat` where it is later, less the skew; the beginning of time where neither is given.
    let validFrom: WallInstant
    /// `exp` and the skew.
    let validUntil: WallInstant

    /// Reads the three; `exp` has to be there. All are whole seconds: the standard permits fractions, but no issuer
    /// needs them and readers differ (`1e400`), so they are refused (attacks 49).
    init(_ document: JSONValue, skew: TimeSpan) throws(Fault) {
        func instant(_ name: String) throws(Fault) -> WallInstant? {
            guard let value = document[name] else { return nil }
            guard let seconds = value.wholeNumber(upTo: TokenClaims.latestInstant) else {
                throw Fault(.admit, .jwtClaim)
            }
            return WallInstant(milliseconds: seconds &* 1000)
        }
        guard let expiry = try instant("exp") else { throw Fault(.admit, .jwtClaim) }
        let beginning = WallInstant(milliseconds: .min)
        let notBefore = max(try instant("nbf") ?? beginning, try instant("iat") ?? beginning)
        let (earliest, underflow) = notBefore.milliseconds.subtractingReportingOverflow(skew.milliseconds)
        validFrom = underflow ? beginning : WallInstant(milliseconds: earliest)
        let (latest, overflow) = expiry.milliseconds.addingReportingOverflow(skew.milliseconds)
        validUntil = WallInstant(milliseconds: overflow ? .max : latest)
    }

    /// Refuses at `now` what has expired or has not begun.
    func check(_ now: WallInstant) throws(Fault) {
        guard now < validUntil else { throw Fault(.admit, .jwtExpired) }
        guard validFrom <= now else { throw Fault(.admit, .jwtNotYetValid) }
    }
}
