/// What a configuration says about a rule set without editing its files.
///
/// A value that is nil is left to the files. One that is set replaces what the files' unconditional actions set, such
/// as those of `crs-setup.conf`.
public struct RuleSetOptions: Sendable, Equatable {
    /// The paranoia level of the Core Rule Set, 1 to 4; it sets the blocking, detection and executing levels alike.
    public var paranoiaLevel: Int?
    /// The inbound anomaly score from which a request is refused.
    public var inboundThreshold: Int?
    /// The outbound anomaly score from which a response is refused.
    public var outboundThreshold: Int?
    /// The methods that the Core Rule Set lets pass; `Inspection.begin(_:)` may replace them for one transaction.
    public var allowedMethods: [String]?
    /// The content types that the Core Rule Set lets pass; `Inspection.begin(_:)` may replace them as well.
    public var allowedContentTypes: [String]?
    /// Rules, or targets of rules, that are left out.
    public var exclusions: [RuleExclusion]
    /// Whether a rule that refuses ends the transaction, or is remembered as what would have ended it.
    public var mode: RuleSetMode

    /// Options that change nothing and refuse what the rules refuse.
    public init() {
        paranoiaLevel = nil
        inboundThreshold = nil
        outboundThreshold = nil
        allowedMethods = nil
        allowedContentTypes = nil
        exclusions = []
        mode = .block
    }
}

/// What becomes of a rule that refuses.
public enum RuleSetMode: Sendable, Equatable {
    /// It ends the transaction.
    case block
    /// The transaction goes on; `Inspection.refusal` names the first rule that would have ended it.
    case detect
}

/// A rule, or one target of it, that a configuration leaves out.
public struct RuleExclusion: Sendable, Equatable {
    /// The ids of the rules.
    public let rules: ClosedRange<Int>
    /// The target as SecLang writes it, such as `ARGS:comment`; nil leaves out the whole rules.
    public let target: String?

    /// Leaves out the rules `rules`, or their target `target`.
    public init(rules: ClosedRange<Int>, target: String? = nil) {
        self.rules = rules
        self.target = target
    }
}

/// What one route lets pass, prepared once: replaces the allowed methods and content types of a rule set for the
/// transactions of this route.
public struct RouteAllowances: Sendable, Equatable {
    /// The value of `tx.allowed_methods`, or nil to leave it to the rule set.
    let methods: [UInt8]?
    /// The value of `tx.allowed_request_content_type`, or nil to leave it to the rule set.
    let contentTypes: [UInt8]?

    /// The methods, such as `GET`, and the content types without parameters, such as `application/json`.
    public init(methods: [String]?, contentTypes: [String]?) {
        self.methods = methods.map { Array($0.joined(separator: " ").utf8) }
        self.contentTypes = contentTypes.map { types in
            // The rules look for the type between bars, so that one type is never part of another.
            Array(types.map { "|\($0.lowercased())|" }.joined(separator: " ").utf8)
        }
    }
}
