/// One rule set of the web application firewall.
public struct WAFSettings: NamedSettings, Described {
    /// What becomes of what the rules say.
    public enum Mode: String, Sendable, CaseIterable {
        /// A request that they refuse is refused.
        case block
        /// It passes, and the log says what would have been.
        case detect
        /// No request is inspected.
        case disabled
    }

    /// Its name.
    public var name = ""
    /// Where its name stands.
    public var position = SourcePosition.unknown
    /// Rule files, or patterns of them, in the order in which they are read.
    public var rules: [Located<FilePath>] = []
    /// What becomes of what the rules say.
    public var mode = Located(Mode.block)
    /// How much the Core Rule Set suspects; nil: what its files say.
    public var paranoia: Int?
    /// From which scores on it refuses.
    public var thresholds = WAFThresholdSettings()
    /// Methods that the Core Rule Set allows; nil: what each route declares.
    public var methods: [String]?
    /// Media types that the Core Rule Set allows; nil: its own and those of gRPC.
    public var contentTypes: [String]?
    /// What is left out of the rules.
    public var exclusions: [WAFExclusionSettings] = []
    /// How much of a request's body is inspected.
    public var body = WAFBodySettings()
    /// Whether and how much of answers is inspected.
    public var responses = WAFResponseSettings()
    /// Which values decisions do not show.
    public var redact = WAFRedaction.credentials

    /// A set without rules.
    public init() {}

    static let schema = Schema<WAFSettings>(
        "waf.NAME",
        """
        One rule set of the web application firewall: SecLang, such as the OWASP Core Rule Set (CRS), compiled when the \
        configuration loads. A rule that is not understood is an error with its file and line, never ignored. Routes \
        name the set; sets of equal settings share one compiled copy. What ModSecurity's recommended base file sets up is built in.
        """,
        [
            .required(
                "rules", \.rules, Shape<FilePath>.file.located.list(1...256),
                """
                Rule files in the order in which they are read; `*` and `?` in the last part of a path match any name, in \
                the order of the names. Debian's: `[/etc/modsecurity/crs/crs-setup.conf, \
                "/usr/share/modsecurity-crs/rules/*.conf"]`.
                """),
            .defaulted(
                "mode", \.mode, Shape<Mode>.wafMode.located, default: "block",
                "`block` refuses; `detect` lets everything pass and logs what would have been refused (a waiver); `disabled` (or `off`) inspects nothing (a waiver)."
            ),
            .optional(
                "paranoia", \.paranoia, .integer(1...4), absent: "what the rule files say, in CRS 1",
                "CRS's paranoia level: higher finds more, and refuses more that is harmless."),
            .defaulted(
                "thresholds", \.thresholds, .object, default: "{}", "From which anomaly scores on CRS refuses."),
            .optional(
                "methods", \.methods, Shape<String>.method.list(1...64),
                absent: "the `match.methods` of each route, and where it has none CRS's own",
                "The methods that CRS's method rules allow."),
            .optional(
                "contentTypes", \.contentTypes, Shape<String>.text("a media type", most: 128).list(1...64),
                absent: "CRS's own and those of gRPC and gRPC-Web",
                "The media types of request bodies that CRS's content type rules allow."),
            .defaulted(
                "exclusions", \.exclusions, Shape<WAFExclusionSettings>.object.list(0...1_000), default: "[]",
                "What is left out, for requests that are refused for nothing. Each is a waiver."),
            .defaulted("body", \.body, .object, default: "{}", "How much of a request's body is inspected."),
            .defaulted(
                "responses", \.responses, .object, default: "{}", "Whether and how much of answers is inspected."),
            .defaulted(
                "redact", \.redact, .word, default: "credentials",
                "What decisions do not show of the values that rules matched: `credentials` hides those of fields, cookies and arguments that carry credentials; `values` hides all. Clients never see any."
            ),
        ])
}

/// From which anomaly scores on the Core Rule Set refuses.
public struct WAFThresholdSettings: Described {
    /// For requests; nil: what the rule files say.
    public var inbound: Int?
    /// For answers; nil: what the rule files say.
    public var outbound: Int?
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// What the rule files say.
    public init() {}

    static let schema = Schema<WAFThresholdSettings>(
        "waf.NAME.thresholds", "From which anomaly scores on CRS refuses; one critical rule counts 5.",
        [
            .optional(
                "inbound", \.inbound, .integer(1...100_000), absent: "what the rule files say, in CRS 5",
                "For requests."),
            .optional(
                "outbound", \.outbound, .integer(1...100_000), absent: "what the rule files say, in CRS 4",
                "For answers."),
        ])
}

/// One exclusion: rules that are left out altogether, or for one argument.
public struct WAFExclusionSettings: Described {
    /// The rules.
    public var rule = Located(WAFRuleIDs(0...0))
    /// The argument they do not look at; nil: they are left out altogether.
    public var argument: Located<String>?
    /// Another target they do not look at, as SecLang writes it.
    public var target: Located<String>?
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// An exclusion of no rule.
    public init() {}

    static let schema = Schema<WAFExclusionSettings>(
        "waf.NAME.exclusions[]", "Rules that are left out altogether, or for one argument or target alone.",
        [
            .required("rule", \.rule, Shape<WAFRuleIDs>.ruleIDs.located, "The rule's id, or a range: `942100-942199`."),
            .optional(
                "argument", \.argument, Shape<String>.wafSelector.located, absent: "the rules are left out altogether",
                "The name of an argument, of the query or the body, whose value the rules do not look at."),
            .optional(
                "target", \.target, Shape<String>.wafTarget.located, absent: "no other target",
                "Another target that the rules do not look at, as SecLang writes it: `REQUEST_COOKIES:session`."),
        ])
}

/// How much of a request's body is inspected.
public struct WAFBodySettings: Described {
    /// What becomes of a body beyond the limit.
    public enum Oversize: String, Word {
        /// It is refused.
        case refuse
        /// It passes; what lies beyond the limit is not inspected.
        case pass
    }

    /// The most bytes of a body.
    public var limit = ByteCount.mebibytes(1)
    /// The most bytes of a compressed body once it is inflated.
    public var inflated = ByteCount.mebibytes(4)
    /// What becomes of a body beyond the limit.
    public var oversize = Located(Oversize.refuse)
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// The defaults.
    public init() {}

    static let schema = Schema<WAFBodySettings>(
        "waf.NAME.body",
        "How much of a request's body is inspected. The whole body is held while it is; the bytes that were inspected are the bytes that are forwarded.",
        [
            .defaulted(
                "limit", \.limit, .size(.kibibytes(1) ... .mebibytes(32)), default: "1MiB",
                "The most bytes of a body; beyond: `oversize`. The route's `body.max` holds, too."
            ),
            .defaulted(
                "inflated", \.inflated, .size(.kibibytes(1) ... .mebibytes(64)), default: "4MiB",
                "The most bytes that a compressed body inflates to; beyond it the request is a 413. gzip and deflate are inflated, any other coding is a 415."
            ),
            .defaulted(
                "oversize", \.oversize, Shape<Oversize>.word.located, default: "refuse",
                "What becomes of a body beyond `limit`: `refuse` is a 413; `pass` inspects as far as the limit and lets the rest through (a waiver)."
            ),
        ])
}

/// Whether and how much of answers is inspected.
public struct WAFResponseSettings: Described {
    /// Whether phases 3 and 4 run.
    public var inspect = false
    /// The most bytes of an answer's body.
    public var limit = ByteCount.kibibytes(512)
    /// The media types whose bodies are inspected.
    public var contentTypes = WAFResponseSettings.inspectedTypes
    /// What becomes of a body beyond the limit.
    public var oversize = Located(WAFBodySettings.Oversize.refuse)
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// ModSecurity's text types, and JSON.
    static let inspectedTypes = ["text/plain", "text/html", "text/xml", "application/json"]

    /// None.
    public init() {}

    static let schema = Schema<WAFResponseSettings>(
        "waf.NAME.responses",
        "Inspection of answers, for data that must not get out. It holds each inspected body until the rules have seen it, and asks backends for uncompressed answers.",
        [
            .defaulted(
                "inspect", \.inspect, .flag, default: "false",
                "Whether the phases for answers run: heads, and bodies of `contentTypes`."),
            .defaulted(
                "limit", \.limit, .size(.kibibytes(1) ... .mebibytes(32)), default: "512KiB",
                "The most bytes of an answer's body; beyond: `oversize`."),
            .defaulted(
                "contentTypes", \.contentTypes, Shape<String>.text("a media type", most: 128).list(1...64),
                default: "[\(inspectedTypes.joined(separator: ", "))]",
                "The media types whose bodies are inspected; others are passed on as they come."),
            .defaulted(
                "oversize", \.oversize, Shape<WAFBodySettings.Oversize>.word.located, default: "refuse",
                "What becomes of a body beyond `limit`: `refuse` is a 503; `pass` inspects as far as the limit and lets the rest through (a waiver)."
            ),
        ])
}
