/// A rule that matched and is logged: what ModSecurity's audit log would list.
public struct RuleMatch: Equatable, Sendable {
    /// The rule's id; of a chain that of its first rule.
    public let rule: Int
    /// The phase in which it matched.
    public let phase: RulePhase
    /// Its `msg` with macros filled in; empty without one.
    public let message: String
    /// Its `logdata` with macros filled in; empty without one. Holds bytes of the request: redact it as a value.
    public let logData: String
    /// Its severity; nil without one.
    public let severity: RuleSeverity?
    /// Its tags, in the order of the rule.
    public let tags: [String]
    /// The variable that matched last, such as `ARGS`; empty for an action without condition.
    public let variable: String
    /// The name within that variable, such as that of an argument; empty for a variable of one value.
    public let name: String
    /// The beginning of the value that matched, after its transformations. LIMIT: 200 bytes.
    public let excerpt: String
    /// Where the rule stands: its file.
    public let path: String
    /// Where the rule stands: its line.
    public let line: Int
}

/// How grave a match is; the numbers are syslog's, as SecLang uses them.
public enum RuleSeverity: UInt8, CaseIterable, Sendable {
    /// 0.
    case emergency = 0
    /// 1.
    case alert = 1
    /// 2.
    case critical = 2
    /// 3.
    case error = 3
    /// 4.
    case warning = 4
    /// 5.
    case notice = 5
    /// 6.
    case info = 6
    /// 7.
    case debug = 7

    /// The word of SecLang, such as `CRITICAL`.
    public var word: String {
        switch self {
        case .emergency: "EMERGENCY"
        case .alert: "ALERT"
        case .critical: "CRITICAL"
        case .error: "ERROR"
        case .warning: "WARNING"
        case .notice: "NOTICE"
        case .info: "INFO"
        case .debug: "DEBUG"
        }
    }
}
