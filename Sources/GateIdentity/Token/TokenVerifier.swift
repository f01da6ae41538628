public import GatePrimitives

/// What became of a token.
public enum TokenVerdict: Sendable {
    /// It is what the policy asks for.
    case verified(Principal)
    /// It is not; the reason is one of the `jwt_` words.
    case refused(Fault)
    /// Its key is in no set at hand, and nothing else is wrong with it as far as can be told without the key: ask
    /// `KeySetStateMachine` for a newer set, and refuse with what it answers if it has none.
    case keyUnknown
}

/// Verifies the tokens of one identity: a signed token in, a principal or the reason out.
///
/// ORDER: size and parts, header, key, signature, and only then claims. What costs little comes first, and nothing
/// of the payload is believed before the signature is. No I/O, no clock of its own.
public struct TokenVerifier: Sendable {
    /// What tokens have to satisfy.
    public let policy: JWTPolicy

    /// A verifier of tokens under `policy`.
    public init(policy: JWTPolicy) { self.policy = policy }

    /// Judges `token` with the keys at hand (nil: none were ever fetched).
    public func verify(_ token: Span<UInt8>, keys: KeySet?, now: WallInstant) -> TokenVerdict {
        do {
            let parts = try CompactJWS(
                token, maxBytes: policy.maxTokenBytes, algorithms: policy.algorithms, types: .accessToken)
            if let keys, let payload = try parts.verifiedPayload(token, keys: keys) {
                let claims = try TokenClaims(payload.span, policy: policy, now: now)
                return .verified(try claims.principal())
            }
            // Refusing on what is not verified is safe, and it saves the issuer a fetch for each expired token
            // after a change of keys.
            let unverified = try parts.decodedPayload(token)
            _ = try TokenClaims(unverified.span, policy: policy, now: now)
            return .keyUnknown
        } catch {
            return .refused(error)
        }
    }

    /// Which of several identities a token is meant for: the index of the first policy whose issuer and audience stand
    /// in it, else of the first whose issuer does.
    ///
    /// Unverified: it chooses whose keys are tried, nothing else. Nil where no issuer fits or the token is unreadable;
    /// then verify with any of them, which refuses it with the right reason.
    public static func candidate(for token: Span<UInt8>, among policies: [JWTPolicy]) -> Int? {
        guard policies.count > 1 else { return policies.isEmpty ? nil : 0 }
        let maxBytes = policies.reduce(0) { max($0, $1.maxTokenBytes) }
        guard
            let parts = try? CompactJWS(token, maxBytes: maxBytes, algorithms: .all, types: .any),
            let payload = try? parts.decodedPayload(token), let claims = try? JSONReader.read(payload.span),
            let issuer = claims["iss"]?.string
        else { return nil }
        let audience = claims["aud"]
        return policies.firstIndex {
            $0.issuerBytes == issuer && TokenClaims.isAddressed(audience, to: $0.audienceBytes)
        } ?? policies.firstIndex { $0.issuerBytes == issuer }
    }
}
