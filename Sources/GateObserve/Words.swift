import GatePrimitives

/// The fixed words of outcomes as bytes, made once: a raw value longer than fifteen bytes would be a string each time.
enum Words {
    private static let reasons = Reason.allCases.map { Array($0.rawValue.utf8) }
    private static let reasonIndices = Dictionary(uniqueKeysWithValues: zip(Reason.allCases, 0...))
    private static let steps = Step.allCases.map { Array($0.word.utf8) }
    /// By reason and step: the members `code`, `reason`, `step` and `blame` of a log line.
    private static let outcomes = Reason.allCases.flatMap { reason in
        Step.allCases.map { step in
            var text: [UInt8] = []
            if let code = reason.code { text += NameTable.member("code", code.word) }
            text += NameTable.member("reason", reason.rawValue)
            text += NameTable.member("step", step.word)
            if reason.blame != .nobody { text += NameTable.member("blame", reason.blame.word) }
            return text
        }
    }
    private static let served = outcome(index: reasonIndices[.ok], .finish)

    /// The place of `reason` in `Reason.allCases`.
    static func index(_ reason: Reason) -> Int? { reasonIndices[reason] }

    /// The members of a log line that say how an exchange ended, each with a comma before it.
    static func outcome(_ reason: Reason, _ step: Step) -> [UInt8] {
        if case .ok = reason, step == .finish { return served }
        return outcome(index: index(reason), step)
    }

    private static func outcome(index: Int?, _ step: Step) -> [UInt8] {
        guard let index else { return [] }
        return outcomes.at(index &* Step.allCases.count &+ Int(step.rawValue)) ?? []
    }

    /// The word of `reason`.
    static func reason(_ reason: Reason) -> [UInt8] {
        guard let index = index(reason) else { return [] }
        return reasons.at(index) ?? []
    }

    /// The word of `step`.
    static func step(_ step: Step) -> [UInt8] { steps.at(Int(step.rawValue)) ?? [] }
}
