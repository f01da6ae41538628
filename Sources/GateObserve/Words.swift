import GatePrimitives

/// The fixed words of outcomes as bytes, made once: a raw value longer than fifteen bytes would be a string each time.
enum Words {
    private static let reasons = Reason.allCases.map { Array($0.rawValue.utf8) }
    private static let reasonIndices = Dictionary(uniqueKeysWithValues: zip(Reason.allCases, 0...))
    private static let codes = RefusalCode.allCases.map { Array($0.word.utf8) }
    private static let steps = Step.allCases.map { Array($0.word.utf8) }
    private static let blames = Blame.allCases.map { Array($0.word.utf8) }

    /// The place of `reason` in `Reason.allCases`.
    static func index(_ reason: Reason) -> Int? { reasonIndices[reason] }

    /// The word of `reason`.
    static func reason(_ reason: Reason) -> [UInt8] {
        guard let index = index(reason) else { return [] }
        return reasons.at(index) ?? []
    }

    /// The word of `code`.
    static func code(_ code: RefusalCode) -> [UInt8] { codes.at(Int(code.rawValue)) ?? [] }

    /// The word of `step`.
    static func step(_ step: Step) -> [UInt8] { steps.at(Int(step.rawValue)) ?? [] }

    /// The word of `blame`.
    static func blame(_ blame: Blame) -> [UInt8] { blames.at(Int(blame.rawValue)) ?? [] }
}
