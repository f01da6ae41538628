import GatePattern

/// Makes a plan of the rules that are left to run.
struct PlanBuilder {
    var plan = Plan()
    var problems: [RuleProblem] = []
    let sources: [RuleSource]
    let defaults: [RulePhase: ActionsSyntax]
    /// What slots that no rule sets hold for good; nil for nothing.
    private var constants: [SlotName: [UInt8]] = [:]
    private var assigned = TouchedSlots()
    private var patternIndex: [String: Int] = [:]
    private var chainIndex: [[Transformation]: Int] = [:]
    private var textIndex: [[UInt8]: Blob] = [:]
    var phraseIndex: [String: Int] = [:]
    /// Controls whose rules are marked at the end.
    var pendingMasks: [ControlSyntax] = []
    /// The rule that is being built, for problems.
    var current: RuleSyntax?

    init(sources: [RuleSource], defaults: [RulePhase: ActionsSyntax]) {
        self.sources = sources
        self.defaults = defaults
        plan.paths = sources.map(\.path)
        // The slots of captures come first, so that group n is slot n.
        for group in 0..<Plan.captureSlots { _ = slot(SlotName(.tx, String(group)), written: String(group)) }
    }

    /// Builds the plan of the kept items.
    mutating func build(_ program: RuleProgram, _ folded: ConstantFolder.Result, files: some RuleFiles) {
        note(program, folded)
        plan.processors = RequestBodyProcessor.allCases.map { text(Array($0.rawValue.utf8)) }
        plan.methodsSlot = slot(RouteAllowances.methodsSlot, written: "allowed_methods")
        plan.contentTypesSlot = slot(RouteAllowances.contentTypesSlot, written: "allowed_request_content_type")
        for phase in RulePhase.allCases { build(phase, program, folded, files) }
        masks(program)
        filter()
        // Slots are known now that all rules are built.
        for (slot, value) in folded.initial {
            let index = self.slot(slot, written: slot.name)
            plan.initialSlots[index] = text(value)
        }
        let used = DeadStores.scores.first { isAssigned($0) }
        plan.scoreSlot = used.flatMap { plan.slots.find(Array($0.name.utf8).span, space: $0.collection.slotSpace) }
    }

    private func isAssigned(_ slot: SlotName) -> Bool { assigned.contains(slot) }

    /// Takes note of what rules set while they run; the rest is constant.
    private mutating func note(_ program: RuleProgram, _ folded: ConstantFolder.Result) {
        constants = folded.initial
        for index in program.items.indices where folded.isKept[index] {
            guard case .chain(let chain) = program.items[index] else { continue }
            assigned.addAssigned(RuleEffects(chain, defaults: defaults[chain.phase]))
        }
    }

    private mutating func build(
        _ phase: RulePhase, _ program: RuleProgram, _ folded: ConstantFolder.Result, _ files: some RuleFiles
    ) {
        var places: [Int32] = []
        var markers: [(name: String, place: Int)] = []
        var count = 0
        for item in program.items {
            switch item {
            case .marker(let name): markers.append((name, count))
            case .chain(let chain) where chain.phase == phase: count += 1
            case .chain: break
            }
        }
        for (index, item) in program.items.enumerated() {
            guard case .chain(let chain) = item, chain.phase == phase else { continue }
            guard folded.isKept[index] else {
                places.append(-1)
                continue
            }
            let place = places.count
            places.append(Int32(plan.rules.count))
            add(chain, place: place, markers: markers, files)
        }
        var always = [UInt64](repeating: 0, count: (places.count + 63) / 64)
        for (place, rule) in places.enumerated() where rule >= 0 { always[place / 64] |= 1 << UInt64(place % 64) }
        plan.phases.append(PlanPhase(rules: places, always: always))
    }

    private mutating func add(
        _ chain: RuleChain, place: Int, markers: [(name: String, place: Int)], _ files: some RuleFiles
    ) {
        let firstLink = plan.links.count
        var links: [PlanLink] = []
        for link in chain.links {
            current = link
            links.append(self.link(link, phase: chain.phase, files))
        }
        plan.links += links
        current = chain.links[0]
        let actions = chain.links[0].actions
        let defaults = defaults[chain.phase]
        var jump = -1
        if let skip = actions.skip { jump = place + 1 + skip }
        if let name = actions.skipAfter {
            if let marker = markers.first(where: { $0.name == name && $0.place > place }) {
                jump = marker.place
            } else {
                report("no marker \(name) follows", "write SecMarker \"\(name)\" after the rule")
            }
        }
        let message = chain.links.lazy.compactMap(\.actions.message).first
        let logData = chain.links.lazy.compactMap(\.actions.logData).first
        let tags = (defaults?.tags ?? []) + chain.links.flatMap(\.actions.tags)
        let tagStart = plan.tags.count
        plan.tags += tags.map { Int32(template($0, in: chain)) }
        plan.rules.append(
            PlanRule(
                id: chain.id, phase: chain.phase, source: Int32(chain.links[0].source),
                line: Int32(chain.links[0].line), links: PlanRange(firstLink..<plan.links.count), place: Int32(place),
                disposition: disposition(actions, defaults), jump: Int32(jump),
                isReported: isReported(chain, defaults),
                message: message.map { Int32(template($0, in: chain)) } ?? -1,
                logData: logData.map { Int32(template($0, in: chain)) } ?? -1,
                severity: chain.links.lazy.compactMap(\.actions.severity).first,
                tags: PlanRange(tagStart..<plan.tags.count)))
    }

    /// Whether a match is reported: the last of `log` and `nolog` says so. An action without condition is reported for its
    /// message alone, as in ModSecurity.
    private func isReported(_ chain: RuleChain, _ defaults: ActionsSyntax?) -> Bool {
        let actions = chain.links[0].actions
        guard (actions.reports.last ?? defaults?.reports.last) ?? true else { return false }
        return chain.links[0].operation != nil || actions.message != nil || actions.disruptive == .block
    }

    private func disposition(_ actions: ActionsSyntax, _ defaults: ActionsSyntax?) -> PlanRule.Disposition {
        let disruptive: DisruptiveSyntax? =
            switch actions.disruptive {
            case nil, .block: defaults?.disruptive
            default: actions.disruptive
            }
        switch disruptive {
        case .deny, .drop: return .deny(status: Int16(actions.status ?? defaults?.status ?? 403))
        case .allow(let scope): return .allow(scope)
        case .pass, .block, nil: return .pass
        }
    }

    /// A problem of the rule that is being built.
    mutating func report(_ message: String, _ remedy: String) {
        guard let current else { return }
        problems.append(
            RuleProblem(
                path: sources[current.source].path, line: current.line, message: message, remedy: remedy))
    }

    // MARK: - Tables

    /// The number of a slot, new ones empty.
    mutating func slot(_ name: SlotName, written: String) -> Int {
        let index = plan.slots.intern(Array(name.name.utf8), space: name.collection.slotSpace)
        if index == plan.slotNames.count {
            plan.slotNames.append(text(Array(written.utf8)))
            plan.slotCollections.append(name.collection)
            plan.initialSlots.append(nil)
        }
        return index
    }

    /// The number of a name by which rules select values of `variable`.
    mutating func name(_ name: String, of variable: Variable) -> Int32 {
        plan.selectsNames[variable.index] = true
        return Int32(plan.names.intern(Array(name.utf8), space: 0))
    }

    /// Constant bytes, equal ones once.
    mutating func text(_ bytes: [UInt8]) -> Blob {
        if let blob = textIndex[bytes] { return blob }
        let start = plan.constants.count
        plan.constants += bytes
        let blob = Blob(.constants, start..<plan.constants.count)
        textIndex[bytes] = blob
        return blob
    }

    /// The number of an expression, equal ones once; -1 after a problem.
    mutating func pattern(_ source: String, _ options: Pattern.Options) -> Int32 {
        let key = "\(options.rawValue) \(source)"
        if let index = patternIndex[key] { return Int32(index) }
        do throws(PatternError) {
            plan.patterns.append(try Pattern(source, subject: .bytes, options: options))
        } catch {
            report(
                "the expression does not compile: \(error.message) at byte \(error.offset)",
                "write an expression of PCRE2")
            return -1
        }
        patternIndex[key] = plan.patterns.count - 1
        return Int32(plan.patterns.count - 1)
    }

    /// The number of a chain of transformations.
    mutating func chain(_ steps: [Transformation]) -> Int32 {
        if let index = chainIndex[steps] { return Int32(index) }
        let start = plan.steps.count
        plan.steps += steps.map(PlanStep.init)
        var triggers: ByteTraits = []
        for step in steps { triggers.formUnion(step.triggers) }
        plan.chains.append(
            PlanChain(steps: PlanRange(start..<plan.steps.count), triggers: triggers))
        chainIndex[steps] = plan.chains.count - 1
        return Int32(plan.chains.count - 1)
    }

    /// The value of a slot that no rule sets: nil where one does.
    func constant(_ slot: SlotName) -> [UInt8]?? {
        if slot == RouteAllowances.methodsSlot || slot == RouteAllowances.contentTypesSlot { return nil }
        if slot.isCapture || isAssigned(slot) { return nil }
        return .some(constants[slot])
    }
}

extension Plan {
    /// The slots of what expressions capture: TX.0 to TX.9.
    static let captureSlots = 10
}

extension TouchedSlots {
    /// Adds the slots that a rule sets, without those it reads.
    mutating func addAssigned(_ effects: RuleEffects) {
        add(slots: effects.assignedSlots, prefixes: effects.assignedPrefixes)
    }
}
