public import GatePrimitives

/// The value of `WWW-Authenticate` for a route that takes tokens (RFC 6750 §3), prepared once.
public struct BearerChallenge: Sendable {
    /// To a request without a credential: no error code, since nothing was wrong with one.
    public let missing: [UInt8]
    /// To a request whose credential was refused.
    public let invalid: [UInt8]
    /// To a request whose principal lacks a scope; names the scopes of the first requirement that has any.
    public let insufficientScope: [UInt8]

    /// The challenges of a route with these requirements.
    init(_ requirements: [IdentityRequirement], takesTokens: Bool) {
        guard takesTokens else {
            // RFC 9110 §11.6.1: a 401 has a challenge, and no scheme is registered for a certificate of the TLS client.
            missing = [UInt8](#"ClientCertificate realm="api""#.utf8)
            (invalid, insufficientScope) = (missing, missing)
            return
        }
        // RFC 6750 §3: at least one parameter. The realm is the same everywhere: it must not name what is inside.
        missing = [UInt8](#"Bearer realm="api""#.utf8)
        invalid = [UInt8](#"Bearer error="invalid_token""#.utf8)
        let scopes = requirements.first { !$0.scopes.isEmpty }?.scopes ?? []
        // A scope that RFC 6749 does not allow could end the quoted string.
        let shown = scopes.filter { Principal.isScope([UInt8]($0.utf8)) }.joined(separator: " ")
        insufficientScope = [UInt8](
            (#"Bearer error="insufficient_scope""# + (shown.isEmpty ? "" : #", scope="\#(shown)""#)).utf8)
    }

    /// The value that goes with a refusal, or nil where it carries none.
    public func value(for reason: Reason) -> [UInt8]? {
        switch reason.code {
        case .credentialsMissing: missing
        case .credentialsInvalid, .credentialsExpired: invalid
        case .scopeMissing: insufficientScope
        default: nil
        }
    }
}
