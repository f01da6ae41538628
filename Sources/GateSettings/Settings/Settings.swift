/// The whole configuration as plain values, as the files say it and with the defaults filled in.
public struct Settings: Described {
    /// The version of the configuration's language.
    public var version = 1
    /// Patterns of the files that were read, too.
    public var include: [Located<String>] = []
    /// Where the gateway listens.
    public var listeners: [ListenerSettings] = []
    /// The admin interface; nil for none.
    public var admin: AdminSettings? = AdminSettings()
    /// The telemetry interface.
    public var telemetry: TelemetrySettings?
    /// Where the logs go.
    public var logs = LogSettings()
    /// Who may call.
    public var identities: [IdentitySettings] = []
    /// The limits that routes name.
    public var limits: [LimitSettings] = []
    /// The rule sets that routes name.
    public var waf: [WAFSettings] = []
    /// The backends that routes name.
    public var upstreams: [UpstreamSettings] = []
    /// Loops, connections, privileges.
    public var process = ProcessSettings()
    /// For routes that do not say otherwise.
    public var defaults = DefaultSettings()
    /// What is served.
    public var routes: [RouteSettings] = []
    /// The start of the main file.
    public var position = SourcePosition.unknown

    /// Every default; no listener, no route.
    public init() {}

    static let schema = Schema<Settings>(
        "",
        """
        One YAML file and the files it includes. The file is strict: an unknown key, a key that stands twice, an anchor, \
        an alias and a tag are errors, and `portcullis check` prints all errors at once. Scalars are typed by their key: \
        `off`, `no` and `1:30` are text where text is expected and errors elsewhere. Durations, sizes and rates carry \
        units: `250ms`, `5s`, `1m`, `1h`, `1d`; `64KiB`, `10MiB`, `1GiB` or plain bytes; `10/s`, `600/min`, `100/h`. \
        A path is relative to the file it is written in. Secrets are references, `file:PATH` or `env:NAME`, never \
        written out. An included file may hold listeners, identities, limits, rule sets, upstreams and routes.
        """,
        [
            .required("version", \.version, .version, "The version of this language: `1`."),
            .defaulted(
                "include", \.include, Shape<String>.text("a path or pattern", most: 4096).located.list(0...256),
                default: "[]",
                mainFileOnly: true,
                """
                Files to read, too; `*` and `?` in the last part of a path match any name that does not begin with a \
                dot. Matches are read in the order of their names, a file once. A pattern may match nothing; a path \
                without wildcard must exist. A name that two files define is an error.
                """),
            .defaulted("listeners", \.listeners, .named(), default: "{}", "Where the gateway listens, by name."),
            .defaulted(
                "admin", \.admin, Shape<AdminSettings>.object.orNone, default: "{}", mainFileOnly: true,
                "The admin interface: state, decisions, reload. `none` switches it off."),
            .optional(
                "telemetry", \.telemetry, .object, absent: "no telemetry interface", mainFileOnly: true,
                "The read-only interface for metrics and health."),
            .defaulted("logs", \.logs, .object, default: "{}", mainFileOnly: true, "Where the logs go."),
            .planned("stores", "Shared state of several nodes."),
            .defaulted(
                "identities", \.identities, .named(), default: "{}",
                "Who may call, by name; routes name which they accept."),
            .defaulted(
                "limits", \.limits, .named(), default: "{}", "Request limits, by name; routes name which apply."),
            .defaulted("waf", \.waf, .named(), default: "{}", "Rule sets of the web application firewall, by name."),
            .defaulted("upstreams", \.upstreams, .named(), default: "{}", "Backends, by name."),
            .defaulted(
                "process", \.process, .object, default: "{}", mainFileOnly: true, "Loops, connections, privileges."),
            .defaulted(
                "defaults", \.defaults, .object, default: "{}", mainFileOnly: true,
                "What routes get that do not say otherwise."),
            .defaulted(
                "routes", \.routes, Shape<RouteSettings>.object.list(0...1_000_000), default: "[]", "What is served."),
        ])

    /// The canonical form: the same whatever the comments, the spacing and the order of keys.
    public var rendered: Rendered { Self.schema.render(self) }
}

extension Shape where Value == Int {
    /// The one version of the language.
    static let version: Shape = .scalar("1") { text in
        text == "1" ? .value(1) : .problem("version \(Quantity.quoted(text)) is not known", instead: "write version: 1")
    } render: {
        "\($0)"
    }
}
