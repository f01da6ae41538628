/// One route: what it matches, who may use it, and where it leads.
public struct RouteSettings: Described {
    /// Its name.
    public var name = Located("")
    /// Which requests are its own.
    public var match = RouteMatchSettings()
    /// Who may use it. What a route has that could not be read: nobody.
    public var auth = AuthSettings.anyOf([])
    /// Its limits by name; nil: the defaults'.
    public var limits: [Located<String>]?
    /// Its rule set; nil: the defaults'.
    public var waf: Located<WAFChoice>?
    /// The request's body; nil: the defaults'.
    public var body: BodySettings?
    /// Its order among routes that cannot be ordered otherwise; higher goes first.
    public var priority = 0
    /// Paths that parsers read differently; nil: the defaults'.
    public var path: PathSettings?
    /// Deadlines that differ from the upstream's.
    public var timeouts: RouteTimeoutSettings?
    /// Which other origins may read the answers.
    public var cors: CORSSettings?
    /// Fields that are changed.
    public var headers = HeaderSettings()
    /// How the request's target is changed.
    public var rewrite = RewriteSettings()
    /// Whether `ratelimit` fields stand on answers that pass, too; nil: the defaults'.
    public var rateLimitHeaders: Bool?
    /// Whether it takes WebSockets, and from which pages; nil: it does not.
    public var webSocket: WebSocketSettings?
    /// Whether the backend gets the verified credential, too.
    public var forwardCredentials = false
    /// Where it leads, by name.
    public var upstream = Located("")
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// Whether anything in it could not be read, so that it is not what was meant.
    public private(set) var hasErrors = false

    /// A route that nobody may use.
    public init() {}

    static let schema = Schema<RouteSettings>(
        "routes[]",
        """
        One route. The path decides: an exact host before the longest wildcard before any host; then an exact path, then \
        the longest literal prefix, a regex before a plain prefix of equal length. Method, headers and query choose only \
        among the routes of that path, else 405 or 404. What cannot be ordered needs `priority`, else it is an error.
        """,
        [
            .required(
                "name", \.name, Shape<String>.name().located,
                "Its name: a label of metrics and a field of the access log."),
            .required("match", \.match, .object, "Which requests are its own."),
            .required("auth", \.auth, .auth, "Who may use it. There is no default: a route without it does not load."),
            .optional(
                "limits", \.limits, Shape<String>.name().located.list(0...8), absent: "those of `defaults`",
                "The limits that apply, by name. The list replaces that of `defaults`; `[]` is no limit."),
            .optional(
                "waf", \.waf, Shape<WAFChoice>.waf.located, absent: "that of `defaults`",
                "The rule set that inspects its requests, by name, or `none`."),
            .optional("body", \.body, .object, absent: "that of `defaults`", "What is taken of a request's body."),
            .defaulted(
                "priority", \.priority, .integer(-1_000...1_000), default: "0",
                "The order among routes that cannot be ordered otherwise; the higher goes first."),
            .optional(
                "path", \.path, .object, absent: "that of `defaults`",
                "What happens to spellings of a path that two parsers read differently."),
            .optional(
                "timeouts", \.timeouts, .object, absent: "those of the upstream",
                "Deadlines that differ from the upstream's."),
            .optional(
                "cors", \.cors, .object, absent: "no other origin may read the answers",
                "Cross-origin requests of browsers."),
            .defaulted("headers", \.headers, .object, default: "{}", "Fields that are set or removed."),
            .defaulted("rewrite", \.rewrite, .object, default: "{}", "How the request's target is changed on its way."),
            .optional(
                "rateLimitHeaders", \.rateLimitHeaders, .flag, absent: "that of `defaults`",
                "Whether `ratelimit` and `ratelimit-policy` stand on answers that pass, too. They stand on every 429."),
            .optional(
                "webSocket", \.webSocket, .object, absent: "an upgrade is refused with 501",
                "WebSockets (RFC 6455; RFC 8441 over HTTP/2)."),
            .defaulted(
                "forwardCredentials", \.forwardCredentials, .flag, default: "false",
                "Whether the backend gets the verified credential itself, too."),
            .required("upstream", \.upstream, Shape<String>.name().located, "The upstream it leads to, by name."),
        ])

    mutating func noteErrors() { hasErrors = true }
}

/// What routes get that do not say otherwise.
public struct DefaultSettings: Described {
    /// Limits by name.
    public var limits: [Located<String>] = []
    /// The rule set.
    public var waf: Located<WAFChoice>?
    /// The request's body.
    public var body = BodySettings()
    /// Paths that parsers read differently.
    public var path = PathSettings()
    /// Whether `ratelimit` fields stand on answers that pass, too.
    public var rateLimitHeaders = false
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// No limit.
    public init() {}

    static let schema = Schema<DefaultSettings>(
        "defaults", "What routes get that do not say otherwise. A route's own value replaces the one here.",
        [
            .defaulted(
                "limits", \.limits, Shape<String>.name().located.list(0...8), default: "[]",
                "The limits that apply, by name."),
            .optional(
                "waf", \.waf, Shape<WAFChoice>.waf.located, absent: "`none`",
                "The rule set that inspects requests, by name, or `none`."),
            .defaulted("body", \.body, .object, default: "{}", "What is taken of a request's body."),
            .defaulted(
                "path", \.path, .object, default: "{}",
                "What happens to spellings of a path that two parsers read differently."),
            .defaulted(
                "rateLimitHeaders", \.rateLimitHeaders, .flag, default: "false",
                "Whether `ratelimit` and `ratelimit-policy` stand on answers that pass, too. They stand on every 429."),
        ])
}
