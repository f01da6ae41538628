/// What each kind of row is looked at for, so that one scan of its value tells which rules it concerns.
///
/// A class is a variable, or a variable with a name that rules select. For each phase a class lists the chains of
/// transformations that rules look at its rows through, with the rules of each as bits of the scanner.
struct PlanClasses: Sendable {
    /// A chain of transformations and where the bits of its rules begin in `masks`.
    struct Entry: Sendable {
        let chain: Int32
        let mask: Int32
    }

    /// What one phase looks for in one class.
    struct Interest: Sendable {
        /// Its part of `entries`.
        let entries: PlanRange
    }

    /// The class of each variable.
    var ofVariable: [Int32] = Array(repeating: 0, count: Variable.allCases.count)
    /// The class of a name of a variable, by variable and number of the name; -1 for that of the variable.
    var ofName: [Int32] = []
    /// How many names each variable has in `ofName`.
    var nameCount = 0
    /// By phase and class; nil where the phase looks for nothing.
    var interests: [[Interest?]] = []
    var entries: [Entry] = []
    var masks: [UInt64] = []

    /// The class of a row.
    @inline(__always)
    func of(_ variable: Variable, name: Int32) -> Int32 {
        if name >= 0, nameCount > 0 {
            let named = ofName[variable.index &* nameCount &+ Int(name)]
            if named >= 0 { return named }
        }
        return ofVariable[variable.index]
    }
}

extension RulePhase {
    /// Requests and responses are scanned for their own rules.
    var scanner: Int { rawValue <= RulePhase.requestBody.rawValue ? 0 : 1 }
}
