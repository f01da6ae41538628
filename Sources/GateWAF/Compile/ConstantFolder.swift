/// Decides, before any request, what does not depend on one: goes through the rules in the order of their running with
/// what is known of the collections.
///
/// A rule that can never match vanishes. A rule that always matches and only sets values becomes part of the state in
/// which a transaction begins, where nothing before it reads or sets them. A `skipAfter` that is always taken removes the
/// rules it passes over. So the hundreds of rules on paranoia levels and defaults cost nothing.
struct ConstantFolder {
    /// What is left.
    struct Result {
        /// For each item of the program whether it is left to run.
        var isKept: [Bool]
        /// What collections hold when a transaction begins.
        var initial: [SlotName: [UInt8]]
    }

    private var items: [ProgramItem]
    private let defaults: [RulePhase: ActionsSyntax]
    private let paths: [String]
    private var isKept: [Bool]
    private var state = ConstantState()
    private var initial: [SlotName: [UInt8]]
    /// What a rule that is left reads or sets before the point that is looked at.
    private var touched = TouchedSlots()
    /// Controls of rules that are left, which may remove rules from here on.
    private var removals: [ControlSyntax] = []
    /// Markers up to which it depends on the request whether a rule is reached.
    private var conditions: Set<String> = []
    private var isConditional = false

    init(_ program: RuleProgram, overrides: [SlotName: [UInt8]], paths: [String]) {
        items = program.items
        defaults = program.defaults
        self.paths = paths
        isKept = program.items.map { if case .chain = $0 { true } else { false } }
        initial = overrides
        for (slot, value) in overrides { state[slot] = .bytes(value) }
    }

    /// Folds all phases. A rule that refuses every request is a problem: it was written to be met by a setting.
    mutating func fold(problems: inout [RuleProblem]) -> Result {
        for phase in RulePhase.allCases {
            conditions = []
            isConditional = false
            fold(phase, &problems)
        }
        return Result(isKept: isKept, initial: initial)
    }

    private mutating func fold(_ phase: RulePhase, _ problems: inout [RuleProblem]) {
        var jump: String?
        for index in items.indices {
            switch items[index] {
            case .marker(let name):
                if jump == name { jump = nil }
                conditions.remove(name)
            case .chain(let chain) where chain.phase == phase:
                if jump == nil {
                    jump = fold(chain, at: index, &problems)
                } else {
                    isKept[index] = false
                }
            case .chain: break
            }
        }
    }

    /// Folds one rule; yields the marker to go on at, where that is always so.
    private mutating func fold(_ chain: RuleChain, at index: Int, _ problems: inout [RuleProblem]) -> String? {
        let effects = RuleEffects(chain, defaults: defaults[chain.phase])
        var (outcome, after) = outcome(of: chain)
        if outcome == false {
            isKept[index] = false
            return nil
        }
        let isReached = outcome == true && !isConditional && conditions.isEmpty
        let isCertain = isReached && !removals.contains { $0.removes(chain) }
        if isCertain, let refusal = effects.refusal, chain.links[0].operation != nil {
            problems.append(
                RuleProblem(
                    path: paths[chain.links[0].source], line: chain.links[0].line,
                    message: "rule \(chain.id) refuses every request with \(refusal)",
                    remedy: "set what it asks for, such as by loading crs-setup.conf before the rules"))
        }
        // Phases of the response do not run for every request: what they set is not known after them.
        let isAlwaysRun = chain.phase.rawValue <= RulePhase.requestBody.rawValue
        let jump = chain.links[0].actions.skipAfter
        let isSilentlyMet = effects.areSilent && (jump == nil || passes(over: index, to: jump))
        if isReached, isSilentlyMet, effects.assignments.isEmpty {
            isKept[index] = false
            return jump
        }
        if isCertain, isSilentlyMet, isAlwaysRun, let values = foldable(effects) {
            for (slot, value) in values {
                initial[slot] = value
                state[slot] = .bytes(value)
            }
            isKept[index] = false
            return jump
        }
        if !(isCertain && isAlwaysRun) {
            after = state
            for slot in effects.assignedSlots { after[slot] = .unknown }
        }
        state = after
        for prefix in effects.assignedPrefixes { state.forget(prefix: prefix) }
        touched.add(effects)
        removals += effects.removals
        if let marker = chain.links[0].actions.skipAfter { conditions.insert(marker) }
        if effects.mayEndPhase { isConditional = true }
        return nil
    }

    /// Whether the chain matches, with the state after its assignments.
    private func outcome(of chain: RuleChain) -> (Bool?, ConstantState) {
        var state = state
        var outcome: Bool? = true
        var hasEffect = false
        for link in chain.links {
            switch ConstantTest.outcome(of: link, in: state) {
            case false:
                // The links before it may match and set values all the same.
                return (hasEffect ? nil : false, state)
            case nil: outcome = nil
            default: break
            }
            if !link.actions.assignments.isEmpty { hasEffect = true }
            for assignment in link.actions.assignments {
                guard let name = assignment.name.constant else { continue }
                let slot = SlotName(assignment.collection, String(decoding: name, as: UTF8.self))
                state[slot] = outcome == true ? state.result(of: assignment, slot: slot) : .unknown
            }
        }
        return (outcome, state)
    }

    /// The values a rule sets, where all are known and no rule before it could see them change.
    private func foldable(_ effects: RuleEffects) -> [SlotName: [UInt8]]? {
        guard effects.assignedPrefixes.isEmpty else { return nil }
        var values: [SlotName: [UInt8]] = [:]
        var state = state
        for assignment in effects.assignments {
            guard let name = assignment.name.constant else { return nil }
            let slot = SlotName(assignment.collection, String(decoding: name, as: UTF8.self))
            guard !touched.contains(slot), !slot.isCapture,
                case .bytes(let value) = state.result(of: assignment, slot: slot)
            else { return nil }
            state[slot] = .bytes(value)
            values[slot] = value
        }
        return values
    }

    /// Whether the rules between `index` and the marker can be left out: not where a control could remove the rule that
    /// skips them and leave one of them to run.
    private func passes(over index: Int, to marker: String?) -> Bool {
        guard let marker, case .chain(let skipping) = items[index] else { return false }
        let relevant = removals.filter { $0.removes(skipping) }
        for later in items[(index + 1)...] {
            if case .marker(marker) = later { return true }
            if case .chain(let chain) = later, chain.phase == skipping.phase,
                relevant.contains(where: { !$0.removes(chain) })
            {
                return false
            }
        }
        return true
    }
}
