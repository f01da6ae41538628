public import GateWAF

/// How the requests of one route are inspected; compiled once, part of the plan.
public final class InspectionPlan: Sendable {
    /// What becomes of a body that is longer than what is inspected.
    public enum Oversize: Sendable {
        /// It is refused.
        case refuse
        /// It passes, inspected as far as the limit.
        case pass
    }

    /// How much of requests is inspected.
    public struct Requests: Sendable {
        /// Whether bodies are inspected; otherwise they are streamed.
        public var readsBody: Bool
        /// The most bytes of a body.
        public var limit: Int
        /// The most bytes of a compressed body once it is inflated.
        public var inflatedLimit: Int
        /// What becomes of a longer body.
        public var oversize: Oversize

        /// These bounds.
        public init(readsBody: Bool, limit: Int, inflatedLimit: Int, oversize: Oversize) {
            self.readsBody = readsBody
            self.limit = limit
            self.inflatedLimit = inflatedLimit
            self.oversize = oversize
        }
    }

    /// How much of answers is inspected.
    public struct Responses: Sendable {
        /// The most bytes of a body.
        public var limit: Int
        /// The media types whose bodies are inspected, in lower case.
        public var contentTypes: [[UInt8]]
        /// What becomes of a longer body.
        public var oversize: Oversize

        /// These bounds.
        public init(limit: Int, contentTypes: [String], oversize: Oversize) {
            self.limit = limit
            self.contentTypes = contentTypes.map { Array($0.lowercased().utf8) }
            self.oversize = oversize
        }
    }

    /// The index of the rule set among the plan's names.
    public let index: Int
    /// The rules.
    public let ruleSet: RuleSet
    /// What the route allows, in place of what the rules would.
    public let allowances: RouteAllowances?
    /// How much of requests is inspected.
    public let requests: Requests
    /// How much of answers is inspected; nil for nothing.
    public let responses: Responses?
    /// Whether decisions show no value at all; otherwise credentials alone are hidden.
    public let hidesValues: Bool

    /// A route's inspection.
    public init(
        index: Int, ruleSet: RuleSet, allowances: RouteAllowances? = nil, requests: Requests,
        responses: Responses? = nil, hidesValues: Bool = false
    ) {
        self.index = index
        self.ruleSet = ruleSet
        self.allowances = allowances
        self.requests = requests
        self.responses = responses
        self.hidesValues = hidesValues
    }

    /// Whether what the rules refuse is refused; otherwise it is logged.
    public var refuses: Bool { ruleSet.options.mode == .block }
}
