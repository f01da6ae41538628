public import GatePrimitives

/// One alternative of a route's `auth.anyOf`: the identity, and what its principal needs.
public struct IdentityRequirement: Sendable {
    /// The name of the identity.
    public let identity: String
    /// All of these scopes.
    public let scopes: [String]
    /// All of these claims, each with this value (`ClaimValue.matches`).
    public let claims: [(name: String, value: [UInt8])]

    /// A requirement; without scopes and claims any principal of the identity passes.
    public init(identity: String, scopes: [String] = [], claims: [(name: String, value: String)] = []) {
        self.identity = identity
        self.scopes = scopes
        self.claims = claims.map { ($0.name, [UInt8]($0.value.utf8)) }
    }
}

/// What a route asks of a principal: one of several requirements.
public struct AccessRule: Sendable {
    /// The alternatives; one is enough.
    public let anyOf: [IdentityRequirement]

    /// What a refused client is told to bring.
    public let challenge: BearerChallenge

    /// A rule. Without an alternative nobody passes: default deny. `takesTokens` is false where certificates alone do.
    public init(anyOf: [IdentityRequirement], takesTokens: Bool = true) {
        self.anyOf = anyOf
        challenge = BearerChallenge(anyOf, takesTokens: takesTokens)
    }

    /// Lets `principal` pass, or says what is missing: `scope_missing` if a scope alone would have been enough,
    /// else `claim_mismatch`.
    public func evaluate(_ principal: Principal) throws(Fault) {
        var reason = Reason.claimMismatch
        for requirement in anyOf where requirement.identity == principal.identity {
            guard requirement.claims.allSatisfy({ principal.claim($0.name)?.matches($0.value) ?? false }) else {
                continue
            }
            guard requirement.scopes.allSatisfy(principal.scopes.contains) else {
                reason = .scopeMissing
                continue
            }
            return
        }
        throw Fault(.admit, reason)
    }
}
