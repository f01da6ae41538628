/// Who may use a route.
public enum AuthSettings: Sendable {
    /// Everybody: written out, never a default.
    case everybody
    /// A principal that meets one of these; without any, nobody.
    case anyOf([IdentityUseSettings])
}

/// An identity that a route accepts, and what it asks of its principals.
public struct IdentityUseSettings: Described {
    /// The identity, by name.
    public var identity = Located("")
    /// Scopes, all of which are needed.
    public var scopes: [String] = []
    /// Claims, all of which are needed, each with this value.
    public var claims: [Pair<String>] = []
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// No identity.
    public init() {}

    static let schema = Schema<IdentityUseSettings>(
        "routes[].auth.anyOf[]", "An identity that a route accepts, and what it asks of its principals.",
        [
            .required("identity", \.identity, Shape<String>.name().located, "The identity, by name."),
            .defaulted(
                "scopes", \.scopes, Shape<String>.scope.list(0...64), default: "[]",
                "Scopes, all of which the principal needs; else 403 `scope_missing`."),
            .defaulted(
                "claims", \.claims,
                Shape<String>.text().pairs("a mapping from claims to values", key: .text("a claim", most: 256)),
                default: "{}",
                "Claims, all of which the principal needs, each with this value or, where the claim is a list, with this value in it."
            ),
        ])
}

extension Shape where Value == AuthSettings {
    /// `none`, or a mapping with `anyOf`.
    static let auth: Shape = Shape("`none`, or `{ anyOf: […] }`", sections: { AuthKeys.schema.sections }) {
        node, decoding in
        if case .scalar("none", _) = node.content { return .everybody }
        guard case .mapping = node.content else {
            return decoding.mismatch(node, expected: "none or { anyOf: [NAME] }")
        }
        return AuthKeys.schema.decode(node, &decoding).map { .anyOf($0.anyOf) }
    } render: { auth in
        switch auth {
        case .everybody: .text("none")
        case .anyOf(let uses):
            AuthKeys.schema.render(AuthKeys(anyOf: uses))
        }
    }
}

/// The keys of `auth`.
struct AuthKeys: Described {
    var anyOf: [IdentityUseSettings] = []
    var position = SourcePosition.unknown

    init() {}

    init(anyOf: [IdentityUseSettings]) { self.anyOf = anyOf }

    static let schema = Schema<AuthKeys>(
        "routes[].auth", "Who may use a route: `none` for everybody, or one of several identities.",
        [
            .required(
                "anyOf", \.anyOf, Shape<IdentityUseSettings>.identityUse.list(1...16),
                "The identities accepted, one of which is enough: names, or mappings with scopes and claims.")
        ])
}

extension Shape where Value == IdentityUseSettings {
    /// An identity's name alone, or a mapping.
    static let identityUse: Shape = Shape(
        "a name, or a mapping with `identity`", sections: { IdentityUseSettings.schema.sections }
    ) { node, decoding in
        guard case .scalar = node.content else { return IdentityUseSettings.schema.decode(node, &decoding) }
        guard let name = Shape<String>.name().located.decode(node, &decoding) else { return nil }
        var use = IdentityUseSettings()
        use.identity = name
        use.position = node.position
        return use
    } render: { use in
        use.scopes.isEmpty && use.claims.isEmpty
            ? .text(use.identity.value) : IdentityUseSettings.schema.render(use)
    }
}

extension Shape where Value == String {
    /// A scope (RFC 6749 §3.3): visible ASCII without space, quote and backslash.
    static let scope: Shape = .scalar("a scope") { text in
        (1...256).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }
            ? .value(text)
            : .problem("\(Quantity.quoted(text)) is not a scope", instead: "a scope has no space; list several")
    } render: {
        $0
    }
}
