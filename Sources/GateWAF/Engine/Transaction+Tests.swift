import GatePattern

extension Transaction {
    /// Whether a test holds for a value, before its negation.
    func holds(
        _ link: borrowing PlanLink, _ rule: Int, value: Blob, argument: Blob, number: Int, _ scratch: MatchScratch
    ) throws(InspectionFailure) -> TestOutcome {
        let value = bytes(value)
        switch link.test {
        case .always: return .holds
        case .never: return .fails
        case .expression(let index):
            switch plan.patterns[Int(index)].matches(value, in: scratch) {
            case .match: return .captured
            case .noMatch: return .fails
            case .failed(let failure):
                throw InspectionFailure(rule: plan.rules[rule].id, cause: InspectionFailure.Cause(failure))
            }
        case .phrases(let index):
            guard let range = plan.phraseSets[Int(index)].firstMatch(in: value) else { return .fails }
            return .range(range)
        case .text(let test): return test.firstMatch(in: value, parameter: bytes(argument)) == nil ? .fails : .holds
        case .number(let test): return test.matches(test.number(in: value), parameter: number) ? .holds : .fails
        case .encoding(let test): return test.firstOffence(in: value) == nil ? .fails : .holds
        case .byteRange(let index): return plan.byteSets[Int(index)].firstOffence(in: value) == nil ? .fails : .holds
        case .address(let index): return plan.addressSets[Int(index)].contains(value) ? .holds : .fails
        case .sqlInjection:
            guard let fingerprint = SQLInjection.detect(value) else { return .fails }
            return .fingerprint(fingerprint)
        case .scriptInjection: return ScriptInjection.detect(value) ? .range(0..<value.count) : .fails
        }
    }
}

/// What a test found.
enum TestOutcome {
    /// Nothing.
    case fails
    /// It holds.
    case holds
    /// An expression matched; its groups are in the scratch.
    case captured
    /// A part of the value.
    case range(Range<Int>)
    /// The shape of an SQL injection.
    case fingerprint(Fingerprint)
}

extension InspectionFailure.Cause {
    init(_ failure: PatternFailure) {
        switch failure {
        case .matchLimit: self = .matchLimit
        case .stackLimit: self = .stackLimit
        case .memoryLimit: self = .memoryLimit
        case .invalidUTF8, .unexpected: self = .unexpected
        }
    }
}
