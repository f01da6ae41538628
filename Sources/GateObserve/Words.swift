import GatePrimitives

/// The fixed words of outcomes as bytes, made once: a raw value longer than fifteen bytes would be a string each time.
enum Words {
    private static let reasons: [Reason: [UInt8]] = Dictionary(
        uniqueKeysWithValues: Reason.allCases.map { ($0, Array($0.rawValue.utf8)) })
    private static let codes: [[UInt8]] = RefusalCode.allCases.map { Array($0.word.utf8) }
    private static let steps: [[UInt8]] = Step.allCases.map { Array($0.word.utf8) }
    private static let blames: [[UInt8]] = Blame.allCases.map { Array($0.word.utf8) }

    /// The word of `reason`.
    static func reason(_ reason: Reason) -> [UInt8] { reasons[reason] ?? [] }

    /// The word of `code`.
    static func code(_ code: RefusalCode) -> [UInt8] { codes.at(Int(code.rawValue)) ?? [] }

    /// The word of `step`.
    static func step(_ step: Step) -> [UInt8] { steps.at(Int(step.rawValue)) ?? [] }

    /// The word of `blame`.
    static func blame(_ blame: Blame) -> [UInt8] { blames.at(Int(blame.rawValue)) ?? [] }
}
