/// When a rule runs; the numbers are SecLang's.
public enum RulePhase: UInt8, CaseIterable, Sendable {
    /// On the head of the request.
    case requestHeaders = 1
    /// On the request with its body.
    case requestBody = 2
    /// On the head of the response.
    case responseHeaders = 3
    /// On the response with its body.
    case responseBody = 4
    /// After the response.
    case logging = 5
}

/// What the rules of a phase say.
public enum InspectionVerdict: Equatable, Sendable {
    /// Nothing refuses.
    case pass
    /// Rule `rule` refuses, with an HTTP status.
    case block(rule: Int, status: Int)
    /// There is no answer; callers refuse.
    case failed(InspectionFailure)
}

/// Why the rules have no answer.
public struct InspectionFailure: Error, Equatable, Sendable {
    /// What happened.
    public enum Cause: String, Sendable {
        /// An expression needed more steps than the match limit.
        case matchLimit = "match_limit"
        /// An expression needed more stack than the machine code's stack holds.
        case stackLimit = "stack_limit"
        /// An expression needed more memory than the limit.
        case memoryLimit = "memory_limit"
        /// Transformed values and collections need more memory than the limit of one transaction.
        case valueLimit = "value_limit"
        /// PCRE2 reports an error that input alone cannot cause.
        case unexpected
    }

    /// The rule that was running; 0 where none was.
    public let rule: Int
    /// What happened.
    public let cause: Cause

    /// A failure of a rule.
    public init(rule: Int, cause: Cause) {
        self.rule = rule
        self.cause = cause
    }
}

/// The rule that refuses, or in detect mode would have refused.
public struct InspectionRefusal: Equatable, Sendable {
    /// The rule's id.
    public let rule: Int
    /// The HTTP status it asks for.
    public let status: Int
    /// The phase in which it matched.
    public let phase: RulePhase

    /// A refusal of a rule.
    public init(rule: Int, status: Int, phase: RulePhase) {
        self.rule = rule
        self.status = status
        self.phase = phase
    }
}
