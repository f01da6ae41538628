public import GatePrimitives

/// Verifies single tokens outside a plan: for `portcullis token verify`.
public enum SignedPayload {
    /// The payload of a token of any content, if its signature is one by a key of the set.
    ///
    /// Header, key and signature are judged as the gateway does; `typ` and the payload are not looked at.
    public static func verify(
        _ token: Span<UInt8>, keys: KeySet, algorithms: AlgorithmSet = .all, maxBytes: Int = 1 << 20
    ) throws(Fault) -> [UInt8] {
        let parts = try CompactJWS(token, maxBytes: maxBytes, algorithms: algorithms, types: .any)
        guard let payload = try parts.verifiedPayload(token, keys: keys) else { throw Fault(.admit, .jwtKid) }
        return payload
    }

    /// The claims of an access token, if signature, `typ` and times are in order, and issuer and audience are the
    /// wanted ones where any are wanted.
    public static func verifyClaims(
        _ token: Span<UInt8>, keys: KeySet, issuer: String?, audiences: [String], now: WallInstant,
        skew: TimeSpan = JWTPolicy.defaultClockSkew, maxBytes: Int = JWTPolicy.defaultMaxTokenBytes
    ) throws(Fault) -> [UInt8] {
        let parts = try CompactJWS(token, maxBytes: maxBytes, algorithms: .all, types: .accessToken)
        guard let payload = try parts.verifiedPayload(token, keys: keys) else { throw Fault(.admit, .jwtKid) }
        guard let document = try? JSONReader.read(payload.span), document.isObject else {
            throw Fault(.admit, .jwtMalformed)
        }
        if let issuer {
            guard document["iss"]?.string == [UInt8](issuer.utf8) else { throw Fault(.admit, .jwtClaim) }
        }
        guard TokenClaims.isAddressed(document["aud"], to: audiences.map { [UInt8]($0.utf8) }) else {
            throw Fault(.admit, .jwtClaim)
        }
        try TokenTimes(document, skew: skew).check(now)
        return payload
    }
}
