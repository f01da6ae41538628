public import GatePrimitives

/// What is taken of a request's body.
public struct BodySettings: Described {
    /// How much of a body the rule set sees.
    public enum Inspection: String, Word {
        /// All of it: it is held until the rules have judged it.
        case full
        /// None: it is streamed.
        case headOnly
    }

    /// The most bytes.
    public var max = ByteCount.mebibytes(10)
    /// How much of it the rule set sees.
    public var inspect = Located(Inspection.full)
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// The defaults.
    public init() {}

    static let schema = Schema<BodySettings>(
        "routes[].body", "What is taken of a request's body; in `defaults.body`, too.",
        [
            .defaulted(
                "max", \.max, .size(ByteCount(0)...(.gibibytes(1_048_576))), default: "10MiB",
                "The most bytes of a request's body; more is a 413. Bodies that no rule set inspects are streamed: the limit is the backend's to bear, not the gateway's."
            ),
            .defaulted(
                "inspect", \.inspect, Shape<Inspection>.word.located, default: "full",
                "How much of a body the route's rule set sees: `full` holds it until the rules have judged it; `headOnly` streams it (a waiver), which streaming calls of gRPC need."
            ),
        ])
}

/// Spellings of a path that two parsers read differently.
public struct PathSettings: Described {
    /// What happens to such a spelling.
    public enum Choice: String, Word {
        /// The request is a 400.
        case refuse
        /// It stays as it is.
        case keep
        /// It is resolved, once, before anything is matched.
        case resolve
    }

    /// `.` and `..` segments.
    public var dotSegments = Choice.refuse
    /// `//`.
    public var duplicateSlashes = Choice.refuse
    /// `%2F`, `%5C` and `\`.
    public var encodedSlash = Choice.refuse
    /// `;…`.
    public var parameters = Choice.refuse
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// Everything is refused.
    public init() {}

    static let schema = Schema<PathSettings>(
        "routes[].path",
        """
        Spellings of a path that two parsers read differently; in `defaults.path`, too. What remains is what is matched, \
        inspected and forwarded, so that the backend sees what was authorised.
        """,
        [
            .defaulted(
                "dotSegments", \.dotSegments, .word, default: "refuse", "Segments `.` and `..`, percent-encoded, too."),
            .defaulted("duplicateSlashes", \.duplicateSlashes, .word, default: "refuse", "Empty segments, `//`."),
            .defaulted("encodedSlash", \.encodedSlash, .word, default: "refuse", "`%2F`, `%5C` and `\\`."),
            .defaulted(
                "parameters", \.parameters, .word, default: "refuse", "Parameters, `;…`; `resolve` strips them."),
        ])
}

/// Deadlines of a route that differ from its upstream's.
public struct RouteTimeoutSettings: Described {
    /// Between two pieces of the answer.
    public var read: TimeSpan?
    /// For one exchange in all.
    public var total: TimeSpan?
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// None differs.
    public init() {}

    static let schema = Schema<RouteTimeoutSettings>(
        "routes[].timeouts", "Deadlines of a route.",
        [
            .optional(
                "read", \.read, .duration(), absent: "the upstream's", "Between two pieces of the answer; then 504."),
            .optional(
                "total", \.total, .duration(), absent: "no bound",
                "From the end of the head to the end of the answer; then 504, or a cut once the answer has begun. Off by default: downloads may last."
            ),
        ])
}

/// Which other origins may read a route's answers.
public struct CORSSettings: Described {
    /// The origins granted.
    public var origins: [Located<String>] = []
    /// The methods granted.
    public var methods = ["GET", "HEAD", "POST"]
    /// The request fields granted.
    public var headers: [String] = []
    /// The answer's fields that pages may read.
    public var exposedHeaders: [String] = []
    /// Whether browsers send cookies and credentials along.
    public var credentials = Located(false)
    /// How long a browser remembers the answer to a preflight.
    public var maxAge: Located<TimeSpan>?
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// No origin.
    public init() {}

    static let schema = Schema<CORSSettings>(
        "routes[].cors", "Cross-origin requests of browsers (Fetch). Preflights are answered before identity.",
        [
            .required(
                "origins", \.origins, Shape<String>.text("an origin").located.list(1...256),
                "The origins granted: `https://app.example.com`, with a port where it is not the default; or `[\"*\"]`, never with `credentials`."
            ),
            .defaulted(
                "methods", \.methods, Shape<String>.method.list(1...32), default: "[GET, HEAD, POST]",
                "The methods granted."),
            .defaulted(
                "headers", \.headers, Shape<String>.fieldName.list(0...64), default: "[]", "The request fields granted."
            ),
            .defaulted(
                "exposedHeaders", \.exposedHeaders, Shape<String>.fieldName.list(0...64), default: "[]",
                "The answer's fields that pages may read."),
            .defaulted(
                "credentials", \.credentials, Shape<Bool>.flag.located, default: "false",
                "Whether browsers send cookies and credentials along."),
            .optional(
                "maxAge", \.maxAge, Shape<TimeSpan>.duration(.zero ... .seconds(86_400)).located,
                absent: "the browser's own 5 seconds",
                "How long a browser remembers the answer to a preflight."),
        ])
}

/// Fields that are changed on their way.
public struct HeaderSettings: Described {
    /// Towards the backend.
    public var request = HeaderEditSettings()
    /// Towards the client.
    public var response = HeaderEditSettings()
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// None is changed.
    public init() {}

    static let schema = Schema<HeaderSettings>(
        "routes[].headers", "Fields that are set or removed on their way.",
        [
            .defaulted("request", \.request, .object, default: "{}", "Of the request, towards the backend."),
            .defaulted("response", \.response, .object, default: "{}", "Of the answer, towards the client."),
        ])
}

/// Fields to set and to remove.
public struct HeaderEditSettings: Described {
    /// Fields to set, each instead of those of its name.
    public var set: [Pair<String>] = []
    /// Names of fields to remove.
    public var remove: [Located<String>] = []
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// None.
    public init() {}

    static let schema = Schema<HeaderEditSettings>(
        "routes[].headers.request", "Fields to set and to remove; `routes[].headers.response` has the same keys.",
        [
            .defaulted(
                "set", \.set, Shape<String>.fieldValue.pairs("a mapping from header names to values", key: .fieldName),
                default: "{}",
                "Fields to set, each instead of those of its name. Fields that delimit messages or carry identity are the gateway's own."
            ),
            .defaulted(
                "remove", \.remove, Shape<String>.fieldName.located.list(0...64), default: "[]", "Fields to remove."),
        ])
}

/// How a request's target is changed on its way.
public struct RewriteSettings: Described {
    /// Which host the backend sees.
    public enum Host: Hashable, Sendable {
        /// The client's.
        case client
        /// The endpoint's own.
        case upstream
        /// This one.
        case name(String)
    }

    /// What stands in the place of the matched prefix; nil: the path stays.
    public var prefix: Located<String>?
    /// Which host the backend sees.
    public var host = Host.client
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// Nothing is changed.
    public init() {}

    static let schema = Schema<RewriteSettings>(
        "routes[].rewrite", "How a request's target is changed on its way.",
        [
            .optional(
                "prefix", \.prefix, Shape<String>.text("a path").located, absent: "the path stays",
                "What stands in the place of the prefix (or exact path) that the route matched."),
            .defaulted(
                "host", \.host, .hostRewrite, default: "client",
                "Which host the backend sees: `client` (as sent), `upstream` (the endpoint's name or address, or `tls.name`), or a host written out."
            ),
        ])
}

extension Shape where Value == RewriteSettings.Host {
    /// `client`, `upstream`, or a host.
    static let hostRewrite: Shape = .scalar("`client`, `upstream` or a host") { text in
        switch text {
        case "client": return .value(.client)
        case "upstream": return .value(.upstream)
        default:
            let isHost =
                (1...255).contains(text.utf8.count)
                && text.utf8.allSatisfy { byte in
                    switch byte {
                    case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x3a, 0x5b, 0x5d, 0x5f: true
                    default: false
                    }
                }
            return isHost
                ? .value(.name(text.lowercased()))
                : .problem("\(Quantity.quoted(text)) is not a host", instead: "write client, upstream or a host")
        }
    } render: { host in
        switch host {
        case .client: "client"
        case .upstream: "upstream"
        case .name(let name): name
        }
    }
}
