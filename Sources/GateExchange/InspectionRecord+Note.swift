import GateAdmission
import GateObserve
import GateWAF

extension InspectionRecord {
    /// Notes what an inspection found, values redacted as the rule set says.
    mutating func note(_ inspected: RequestInspection) {
        ruleSet = inspected.plan.index
        score = inspected.inspection.score
        verdict =
            switch inspected.result {
            case .passed: .passed
            case .detected: .detected
            case .blocked: .blocked
            case .failed: .failed
            }
        body =
            switch inspected.part {
            case .none: .none
            case .whole: .whole
            case .beginning: .beginning
            case .unread: .unread
            }
        for match in inspected.inspection.matches {
            if isFull { omit() } else { add(InspectionMatch(match, hidesValue: inspected.plan.hidesValues)) }
        }
    }
}

extension InspectionMatch {
    /// A rule's match as it may be shown.
    init(_ match: RuleMatch, hidesValue: Bool) {
        self.init(
            rule: match.rule, phase: Int(match.phase.rawValue), severity: match.severity?.word ?? "",
            message: match.message, variable: match.variable, name: match.name,
            value: hidesValue && !match.excerpt.isEmpty
                ? Redaction.mark : Redaction.inspected(match.excerpt, variable: match.variable, name: match.name))
    }
}
