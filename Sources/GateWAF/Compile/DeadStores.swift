import GatePattern

/// Leaves out rules whose only effect is to set values that nothing reads, such as the hash of a name for a collection
/// that this engine does not keep.
enum DeadStores {
    /// Clears `isKept` of such rules.
    static func remove(from program: RuleProgram, isKept: inout [Bool]) {
        var effects: [Int: RuleEffects] = [:]
        for index in program.items.indices where isKept[index] {
            guard case .chain(let chain) = program.items[index] else { continue }
            effects[index] = RuleEffects(chain, defaults: program.defaults[chain.phase])
        }
        var changed = true
        while changed {
            changed = false
            for (index, effect) in effects where isOnlySetting(program.items[index], effect) {
                let others = effects.filter { $0.key != index }.values
                let isRead = effect.assignedSlots.contains { slot in
                    scores.contains(slot) || others.contains { $0.reads(slot) }
                }
                if !isRead {
                    isKept[index] = false
                    effects[index] = nil
                    changed = true
                    break
                }
            }
        }
    }

    /// What the caller of an inspection asks for.
    static let scores: [SlotName] = [.tx("blocking_inbound_anomaly_score"), .tx("anomaly_score")]

    private static func isOnlySetting(_ item: ProgramItem, _ effects: RuleEffects) -> Bool {
        guard case .chain(let chain) = item else { return false }
        return effects.areSilent && chain.links[0].actions.skipAfter == nil && effects.assignedPrefixes.isEmpty
            && !effects.assignedSlots.contains(where: \.isCapture)
    }
}

extension RuleEffects {
    /// Whether the rule reads `slot`, by name or by a pattern that its name matches.
    func reads(_ slot: SlotName) -> Bool {
        if readSlots.contains(slot) { return true }
        return readPatterns.contains { variable, source in
            guard variable == slot.collection else { return false }
            guard let source, let pattern = try? Pattern(source, subject: .bytes, options: SelectorPattern.options)
            else { return true }
            return pattern.matches(Array(slot.name.utf8).span, in: MatchScratch()) != .noMatch
        }
    }
}

/// How expressions that select names are read, as ModSecurity does.
enum SelectorPattern {
    static let options: Pattern.Options = [.caseInsensitive, .dotMatchesNewline, .multiline]
}
