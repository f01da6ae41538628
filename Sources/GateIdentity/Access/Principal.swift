public import GatePrimitives

/// Who is calling, as a verifier established it; immutable, made once per credential and shared by its requests.
///
/// Only the verifiers of this module make one. Everything rendered for the backend is prepared here, so that a
/// request with a cached token copies bytes and does nothing else.
public final class Principal: Sendable {
    /// The name of the identity in the configuration that accepted the credential.
    public let identity: String
    /// The caller: `sub` of a token. Visible ASCII and inner spaces, never empty.
    public let subject: String
    /// Who vouches for it: `iss` of a token; empty where there is no issuer.
    public let issuer: String
    /// The granted scopes (RFC 6749 §3.3), in the order of the credential.
    public let scopes: [String]
    /// The claims that the policy asked for and the credential has.
    public let claims: [Claim]
    /// Not valid before this instant; the clock skew is already taken off.
    public let validFrom: WallInstant
    /// Not valid from this instant on; the clock skew is already added.
    public let validUntil: WallInstant
    /// The subject's bytes, for keys of limits and for logs.
    public let subjectBytes: [UInt8]
    /// The issuer's bytes, for keys of limits.
    public let issuerBytes: [UInt8]
    /// The scopes, separated by one space.
    public let scopesBytes: [UInt8]
    /// The field lines `x-auth-subject`, `-issuer`, `-scopes` and `-identity`, each with its CRLF; one whose value
    /// would be empty is left out.
    public let upstreamFields: [UInt8]

    /// One claim of a credential, kept because a rule or a limit reads it.
    public struct Claim: Sendable, Equatable {
        /// The name as in the credential.
        public let name: String
        /// The value.
        public let value: ClaimValue
    }

    /// A principal, or nil where a value could not be carried to the backend unchanged.
    ///
    /// A subject with a control character, a byte beyond ASCII, or a space at an end would not reach the backend as
    /// the issuer meant it, or would break out of its field; a scope with a space would arrive as two.
    init?(
        identity: String, subject: [UInt8], issuer: [UInt8], scopes: [[UInt8]], claims: [Claim],
        validFrom: WallInstant, validUntil: WallInstant
    ) {
        guard !subject.isEmpty, Principal.isFieldSafe(subject), Principal.isFieldSafe(issuer),
            Principal.isFieldSafe([UInt8](identity.utf8)), scopes.allSatisfy(Principal.isScope)
        else { return nil }
        self.identity = identity
        self.subject = String(decoding: subject, as: UTF8.self)
        self.issuer = String(decoding: issuer, as: UTF8.self)
        self.scopes = scopes.map { String(decoding: $0, as: UTF8.self) }
        self.claims = claims
        self.validFrom = validFrom
        self.validUntil = validUntil
        subjectBytes = subject
        issuerBytes = issuer
        scopesBytes = [UInt8](scopes.joined(separator: [0x20]))
        var fields: [UInt8] = []
        for (name, value) in [
            ("x-auth-subject", subject), ("x-auth-issuer", issuer), ("x-auth-scopes", scopesBytes),
            ("x-auth-identity", [UInt8](identity.utf8)),
        ] where !value.isEmpty {
            fields += name.utf8
            fields += [0x3A, 0x20]
            fields += value
            fields += [0x0D, 0x0A]
        }
        upstreamFields = fields
    }

    /// Whether the principal may be used at `now`.
    @inlinable public func isValid(at now: WallInstant) -> Bool { validFrom <= now && now < validUntil }

    /// The value of a kept claim, or nil.
    public func claim(_ name: String) -> ClaimValue? { claims.first { $0.name == name }?.value }

    /// A principal that no credential stands behind, for tests and `explain`.
    package static func unchecked(
        identity: String, subject: String, issuer: String = "", scopes: [String] = [],
        claims: [(String, ClaimValue)] = [], validUntil: WallInstant = WallInstant(milliseconds: .max)
    ) -> Principal? {
        Principal(
            identity: identity, subject: [UInt8](subject.utf8), issuer: [UInt8](issuer.utf8),
            scopes: scopes.map { [UInt8]($0.utf8) }, claims: claims.map { Claim(name: $0.0, value: $0.1) },
            validFrom: WallInstant(milliseconds: .min), validUntil: validUntil)
    }

    /// Printable ASCII without a space at either end: what a field value carries unchanged (RFC 9110 §5.5).
    static func isFieldSafe(_ bytes: [UInt8]) -> Bool {
        bytes.first != 0x20 && bytes.last != 0x20 && bytes.allSatisfy { $0 >= 0x20 && $0 <= 0x7E }
    }

    /// RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E ).
    static func isScope(_ bytes: [UInt8]) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }
    }
}

/// The value of a claim, as rules and limits read it.
public enum ClaimValue: Sendable, Equatable {
    /// A string's bytes (UTF-8), a number's text as it stood, or `true` or `false`.
    case text([UInt8])
    /// The strings, numbers and booleans of an array, in order.
    case list([[UInt8]])

    /// Whether a rule that asks for `wanted` is met: the same bytes, or an element of the list with the same bytes.
    public func matches(_ wanted: [UInt8]) -> Bool {
        switch self {
        case .text(let value): value == wanted
        case .list(let values): values.contains(wanted)
        }
    }
}
