public import GateHTTP

/// One route as configuration states it: which requests are its own. What becomes of them is not the table's matter.
public struct RouteRule: Sendable {
    /// The name in diagnostics; unique, which the caller sees to.
    public var name: String
    /// The hosts; empty means any.
    public var hosts: [HostPattern]
    /// The path.
    public var path: PathPattern
    /// Method names, case-sensitive; nil means all but CONNECT and TRACE. GET implies HEAD.
    public var methods: Set<String>?
    /// What header fields must be; all of them.
    public var headers: [FieldConstraint]
    /// What query parameters must be; all of them.
    public var query: [FieldConstraint]
    /// Orders what host, path, method, headers and query cannot order: the higher number is asked first.
    public var priority: Int
    /// What the route says about dot segments, `//`, `%2F` and `;` in a path.
    public var policy: PathPolicy
    /// Whether the route answers CORS preflights, in which case it is found by the method that they ask for.
    public var answersPreflights: Bool

    /// A rule for `path` on any host and with any method.
    public init(
        name: String, hosts: [HostPattern] = [], path: PathPattern, methods: Set<String>? = nil,
        headers: [FieldConstraint] = [], query: [FieldConstraint] = [], priority: Int = 0,
        policy: PathPolicy = PathPolicy(), answersPreflights: Bool = false
    ) {
        self.name = name
        self.hosts = hosts
        self.path = path
        self.methods = methods
        self.headers = headers
        self.query = query
        self.priority = priority
        self.policy = policy
        self.answersPreflights = answersPreflights
    }
}

/// Which paths a route answers. Paths are case-sensitive, and each legal character stands for itself
/// (attacks 36, 38); only an expression has characters with a meaning.
public enum PathPattern: Hashable, Sendable {
    /// This path and no other; a trailing slash makes another path.
    case exact(String)
    /// Paths that begin with these whole segments: `/a` answers `/a` and `/a/b`, not `/ab`;
    /// `/a/` answers `/a/` and `/a/b`, not `/a`.
    case prefix(String)
    /// Paths that begin with these whole segments and that the expression matches from first to last byte.
    /// The path stands in it as a whole, `/users/[0-9]+`, not what follows the prefix.
    case regex(prefix: String, expression: String)

    /// The literal part: what decides between two paths.
    public var literal: String {
        switch self {
        case .exact(let path), .prefix(let path), .regex(let path, _): path
        }
    }
}

/// What one header field or query parameter must be for a route to match.
///
/// A name that occurs more than once satisfies `present` alone: backends disagree on which one counts.
public struct FieldConstraint: Hashable, Sendable {
    /// The name: lower case for headers, as decoded for query parameters.
    public var name: String
    /// What must hold for it.
    public var value: Value

    /// What must hold for a field.
    public enum Value: Hashable, Sendable {
        /// It occurs once and has this value, byte by byte.
        case exact(String)
        /// It occurs, with whatever value.
        case present
        /// It does not occur.
        case absent
        /// It occurs once and the expression matches the whole value; not for query parameters.
        case regex(String)
    }

    /// A constraint on the field `name`.
    public init(_ name: String, _ value: Value) {
        self.name = name
        self.value = value
    }
}
