/// What a rule set of the web application firewall said of one exchange; empty where none inspected it.
///
/// A request on which no rule matched costs no allocation here.
public struct InspectionRecord: Sendable {
    /// The rule set's index, or -1 where none inspected.
    public var ruleSet = NameTable.none
    /// How the inspection ended.
    public var verdict = InspectionResult.passed
    /// The inbound anomaly score.
    public var score = 0
    /// How much of the request's body the rules saw.
    public var body = InspectedPart.none
    /// The rules that matched, in their order.
    public var matches: [InspectionMatch] = []

    // LIMIT: matches that one record keeps; what a rule set lists beyond them is counted, not shown.
    static let maximumMatches = 64
    /// Matches beyond the limit.
    public private(set) var omitted = 0

    /// Nothing inspected.
    public init() {}

    /// Whether further matches are only counted.
    public var isFull: Bool { matches.count >= Self.maximumMatches }

    /// Adds a match, as far as there is room.
    public mutating func add(_ match: InspectionMatch) {
        if isFull { omit() } else { matches.append(match) }
    }

    /// Counts a match for which there is no room.
    public mutating func omit() { omitted &+= 1 }
}

/// How an inspection ended: the label `verdict`.
public enum InspectionResult: UInt8, Sendable, CaseIterable {
    /// Nothing refuses.
    case passed
    /// Rules would have refused, and the rule set only detects.
    case detected
    /// Rules refused.
    case blocked
    /// There was no answer, which refuses unless the rule set only detects.
    case failed

    var literal: StaticString {
        switch self {
        case .passed: "passed"
        case .detected: "detected"
        case .blocked: "blocked"
        case .failed: "failed"
        }
    }

    /// The word in labels and decisions.
    public var word: String { literal.description }
}

/// How much of a body the rules saw.
public enum InspectedPart: UInt8, Sendable {
    /// There was no body, or none of it was asked for.
    case none
    /// All of it.
    case whole
    /// Its beginning: the rest passed as the configuration says.
    case beginning
    /// None, although there was one: it could not be read, and the rule set only detects.
    case unread

    var literal: StaticString {
        switch self {
        case .none: "none"
        case .whole: "whole"
        case .beginning: "beginning"
        case .unread: "unread"
        }
    }
}

/// One rule that matched, as logs and decisions show it: redacted when it was made.
public struct InspectionMatch: Sendable {
    /// The rule's id.
    public var rule: Int
    /// The phase, 1 to 5.
    public var phase: Int
    /// The word of its severity; empty without one.
    public var severity: String
    /// Its message.
    public var message: String
    /// The variable that matched, such as `ARGS`.
    public var variable: String
    /// The name within it; empty for a variable of one value.
    public var name: String
    /// The beginning of the transformed value, or the mark of redaction.
    public var value: String

    /// A match.
    public init(
        rule: Int, phase: Int, severity: String, message: String, variable: String, name: String, value: String
    ) {
        self.rule = rule
        self.phase = phase
        self.severity = severity
        self.message = message
        self.variable = variable
        self.name = name
        self.value = value
    }

    /// The match in one line, for people: ``rule 942100 (CRITICAL) at ARGS:q: message: `value` ``.
    public var sentence: String {
        let grade = severity.isEmpty ? "" : " (\(severity))"
        let at = variable.isEmpty ? "" : " at \(place)"
        let text = message.isEmpty ? "" : ": \(message)"
        let found = value.isEmpty ? "" : ": `\(value)`"
        return "rule \(rule)\(grade)\(at)\(text)\(found)"
    }

    /// `VARIABLE` or `VARIABLE:name`.
    public var place: String { name.isEmpty ? variable : "\(variable):\(name)" }
}

extension InspectionRecord {
    /// How many bytes of each text a decision shows.
    private enum Limits {
        static let message = 160
        static let name = 80
        static let value = 200
    }

    /// Appends the members `waf_rules` and `waf_score` of a log line, each with a comma before it.
    func appendMembers(to output: inout TextBuffer) {
        guard ruleSet >= 0 else { return }
        if !matches.isEmpty {
            output.append(literal: ",\"waf_rules\":[")
            for index in matches.indices {
                if index > 0 { output.append(literal: ",") }
                output.append(matches[index].rule)
            }
            output.append(literal: "]")
        }
        output.append(literal: ",\"waf_score\":")
        output.append(score)
    }

    /// Appends what a decision says of the inspection, as a JSON object.
    func append(to output: inout TextBuffer, _ names: NameTable) {
        output.append(literal: "{\"rule_set\":")
        output.append(JSONText.quoted(names.ruleSets.at(ruleSet) ?? ""))
        output.append(literal: ",\"verdict\":\"")
        output.append(literal: verdict.literal)
        output.append(literal: "\",\"score\":")
        output.append(score)
        output.append(literal: ",\"body\":\"")
        output.append(literal: body.literal)
        output.append(literal: "\",\"rules\":[")
        for index in matches.indices {
            if index > 0 { output.append(literal: ",") }
            Self.append(matches[index], to: &output)
        }
        output.append(literal: "]")
        if omitted > 0 {
            output.append(literal: ",\"omitted\":")
            output.append(omitted)
        }
        output.append(literal: "}")
    }

    private static func append(_ match: InspectionMatch, to output: inout TextBuffer) {
        output.append(literal: "{\"rule\":")
        output.append(match.rule)
        output.append(literal: ",\"phase\":")
        output.append(match.phase)
        if !match.severity.isEmpty {
            output.append(literal: ",\"severity\":")
            JSONText.append(match.severity, limit: 16, to: &output)
        }
        output.append(literal: ",\"message\":")
        JSONText.append(match.message, limit: Limits.message, to: &output)
        output.append(literal: ",\"where\":")
        JSONText.append(match.place, limit: Limits.name, to: &output)
        output.append(literal: ",\"value\":")
        JSONText.append(match.value, limit: Limits.value, to: &output)
        output.append(literal: "}")
    }
}
