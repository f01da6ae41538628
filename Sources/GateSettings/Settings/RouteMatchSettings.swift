/// Which requests are a route's own.
public struct RouteMatchSettings: Described {
    /// Hosts; empty: any.
    public var hosts: [Located<String>] = []
    /// The key `path` as written.
    var writtenPath: PathMatch?
    /// An exact path, as a key beside `path`.
    var exact: Located<String>?
    /// An expression, as a key beside `path`.
    var regex: Located<String>?
    /// Methods; empty: any.
    public var methods: [String] = []
    /// Fields that a request must have, each with this value.
    public var headers: [Pair<String>] = []
    /// Query parameters that a request must have, each with this value.
    public var query: [Pair<String>] = []
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// Every request.
    public init() {}

    /// What the path must be, from whichever keys say it; nil: any path.
    public var path: PathMatch? {
        if let exact { return .exact(exact) }
        guard let regex else { return writtenPath }
        if case .prefix(let prefix)? = writtenPath { return .regex(prefix: prefix, regex) }
        return .regex(prefix: Located("/", at: regex.position), regex)
    }

    static let schema = Schema<RouteMatchSettings>(
        "routes[].match", "Which requests are a route's own. All that is written must hold.",
        [
            .defaulted(
                "hosts", \.hosts, Shape<String>.text("a host", most: 255).located.list(0...10_000), default: "[]",
                "Hosts: `api.example.com`, `*.example.com` (one or more labels), `*`. Case does not count, nor does the port. Empty: any host."
            ),
            .optional(
                "path", \.writtenPath, .pathMatch, absent: "any path",
                """
                The path: a prefix of whole segments (`/orders` matches `/orders` and `/orders/1`, not `/ordersX`). Or a \
                mapping: `{ exact: /orders }`, or `{ path: /users, regex: "/users/[0-9]+" }`, whose prefix must hold and \
                whose expression must match the whole path.
                """),
            .optional(
                "exact", \.exact, Shape<String>.text("a path").located, absent: "see `path`",
                "This path and no other; instead of `path`."),
            .optional(
                "regex", \.regex, Shape<String>.text("an expression", most: 8_192).located, absent: "see `path`",
                "An expression (PCRE2) that the whole path must match, below the prefix in `path`."),
            .defaulted(
                "methods", \.methods, Shape<String>.method.list(0...32), default: "[]",
                "Methods; `GET` implies `HEAD`. Empty: any method."),
            .defaulted(
                "headers", \.headers,
                Shape<String>.fieldValue.pairs("a mapping from header names to values", key: .fieldName),
                default: "{}", "Fields that a request must have, each with exactly this value."),
            .defaulted(
                "query", \.query,
                Shape<String>.text().pairs("a mapping from parameters to values", key: .text("a parameter", most: 256)),
                default: "{}", "Query parameters that a request must have, each with exactly this value."),
        ])
}

/// What a path must be.
public enum PathMatch: Sendable, Equatable {
    /// This path and what is below it, by whole segments.
    case prefix(Located<String>)
    /// This path alone.
    case exact(Located<String>)
    /// Below this prefix, and matched by this expression.
    case regex(prefix: Located<String>, Located<String>)
}

extension Shape where Value == PathMatch {
    /// A prefix, or a mapping with `exact`, or with `path` and `regex`.
    static let pathMatch: Shape = Shape("a prefix, or a mapping", sections: { PathMatchKeys.schema.sections }) {
        node, decoding in
        guard case .mapping = node.content else {
            return Shape<String>.text("a path").located.decode(node, &decoding).map { .prefix($0) }
        }
        guard let keys = PathMatchKeys.schema.decode(node, &decoding) else { return nil }
        switch (keys.path, keys.exact, keys.regex) {
        case (nil, let exact?, nil): return .exact(exact)
        case (let path?, nil, nil): return .prefix(path)
        case (let path, nil, let regex?):
            return .regex(prefix: path ?? Located("/", at: regex.position), regex)
        default:
            decoding.error(
                at: node.position, "a path has either 'exact', or 'path' with or without 'regex'",
                instead: "write { exact: /orders } or { path: /users, regex: … }")
            return nil
        }
    } render: { match in
        var keys = PathMatchKeys()
        switch match {
        case .prefix(let path): return .text(path.value)
        case .exact(let exact): keys.exact = exact
        case .regex(let path, let regex):
            keys.path = path
            keys.regex = regex
        }
        return PathMatchKeys.schema.render(keys)
    }
}

/// The keys of a path written as a mapping.
struct PathMatchKeys: Described {
    var path: Located<String>?
    var exact: Located<String>?
    var regex: Located<String>?
    var position = SourcePosition.unknown

    static let schema = Schema<PathMatchKeys>(
        "routes[].match.path", "A path written as a mapping: `exact`, or `path` with or without `regex`.",
        [
            .optional(
                "path", \.path, Shape<String>.text("a path").located, absent: "`/`", "A prefix of whole segments."),
            .optional(
                "exact", \.exact, Shape<String>.text("a path").located, absent: "a prefix", "This path and no other."),
            .optional(
                "regex", \.regex, Shape<String>.text("an expression", most: 8_192).located,
                absent: "the prefix is enough",
                "An expression (PCRE2) that the whole path must match."),
        ])
}
