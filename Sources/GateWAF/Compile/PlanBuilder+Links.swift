import GatePattern

extension PlanBuilder {
    /// One condition with its targets, test and actions.
    mutating func link(_ syntax: RuleSyntax, phase: RulePhase, _ files: some RuleFiles) -> PlanLink {
        let targets = targets(syntax)
        let exclusions = exclusions(syntax.targets)
        let (test, argument, number) = test(syntax, files)
        let steps = transformations(syntax.actions, phase: phase)
        let assignmentStart = plan.assignments.count
        let assignments = syntax.actions.assignments.map { assignment($0, in: syntax) }
        plan.assignments += assignments
        let controlStart = plan.controls.count
        let controls = syntax.actions.controls.compactMap { control($0) }
        plan.controls += controls
        return PlanLink(
            targets: targets, exclusions: exclusions, test: test, isNegated: syntax.operation?.isNegated ?? false,
            argument: argument, number: number, chain: chain(steps),
            scanChain: chain(PlanBuilder.withoutCase(steps)), captures: syntax.actions.captures,
            multiMatch: syntax.actions.multiMatch,
            assignments: PlanRange(assignmentStart..<plan.assignments.count),
            controls: PlanRange(controlStart..<plan.controls.count))
    }

    /// The steps without the changes of case at their end, which a scan does not see.
    private static func withoutCase(_ steps: [Transformation]) -> [Transformation] {
        var steps = steps
        while let last = steps.last, last == .lowercase || last == .uppercase { steps.removeLast() }
        return steps
    }

    /// The steps after the last `none`; the defaults of the phase where the rule has no `none`.
    private mutating func transformations(_ actions: ActionsSyntax, phase: RulePhase) -> [Transformation] {
        var names = actions.transformations
        if !names.contains(where: { $0.lowercased() == "none" }) {
            names = (defaults[phase]?.transformations ?? []) + names
        }
        if let last = names.lastIndex(where: { $0.lowercased() == "none" }) { names = Array(names[(last + 1)...]) }
        var steps: [Transformation] = []
        for name in names {
            if let step = Transformation(secLangName: name) {
                steps.append(step)
            } else {
                report("the transformation \(name) is not known", "write one of ModSecurity's transformations")
            }
        }
        return steps
    }

    private mutating func targets(_ syntax: RuleSyntax) -> PlanRange {
        var targets: [PlanTarget] = []
        for target in syntax.targets where !target.isExclusion {
            guard let source = source(of: target) else { continue }
            targets.append(PlanTarget(source: source, isCount: target.isCount))
        }
        let start = plan.targets.count
        plan.targets += targets
        return PlanRange(start..<plan.targets.count)
    }

    private mutating func source(of target: TargetSyntax) -> PlanTarget.Source? {
        guard case .known(let variable) = target.variable else {
            if case .unsupported(let name) = target.variable {
                report("the variable \(name) is not supported", "leave the rule out by its id")
            }
            return nil
        }
        switch variable {
        case .matchedVar: return .matchedVar
        case .matchedVarName: return .matchedVarName
        case .matchedVars, .matchedVarsNames:
            guard target.selector == .all else {
                report("\(variable.rawValue) is read as a whole", "leave out what follows the colon")
                return nil
            }
            return variable == .matchedVars ? .matchedVars : .matchedVarsNames
        case .reqbodyProcessor: return .processor
        case .tx, .ip, .global: return slots(variable, target.selector)
        default:
            guard variable.isCollection else { return .scalar(variable) }
            return .rows(variable, selector(target.selector, of: variable))
        }
    }

    private mutating func selector(_ selector: TargetSyntax.Selector, of variable: Variable) -> PlanSelector {
        switch selector {
        case .all: return .all
        case .name(let name): return .name(self.name(name, of: variable))
        case .pattern(let source): return .pattern(pattern(source, SelectorPattern.options))
        }
    }

    /// Slots by name, or by a list that is completed when all rules are built.
    private mutating func slots(_ variable: Variable, _ selector: TargetSyntax.Selector) -> PlanTarget.Source {
        switch selector {
        case .name(let name): return .slot(Int32(slot(SlotName(variable, name), written: name)))
        case .all: return .slots(variable, PlanRange(0..<0), pattern: -1)
        case .pattern(let source):
            return .slots(variable, PlanRange(0..<0), pattern: pattern(source, SelectorPattern.options))
        }
    }

    /// Lists the slots that targets read by pattern, now that all slots are known.
    mutating func completeSlotLists() {
        let scratch = MatchScratch()
        for index in plan.targets.indices {
            guard case .slots(let variable, _, let pattern) = plan.targets[index].source else { continue }
            let start = plan.slotLists.count
            for slot in plan.slotNames.indices where plan.slotCollections[slot] == variable {
                let name = plan.constants[plan.slotNames[slot].range]
                if pattern >= 0, plan.patterns[Int(pattern)].matches(Array(name).span, in: scratch) != .match {
                    continue
                }
                plan.slotLists.append(Int32(slot))
            }
            plan.targets[index] = PlanTarget(
                source: .slots(variable, PlanRange(start..<plan.slotLists.count), pattern: pattern),
                isCount: plan.targets[index].isCount)
        }
    }

    private mutating func exclusions(_ targets: [TargetSyntax]) -> PlanRange {
        let exclusions = targets.filter(\.isExclusion).compactMap { exclusion($0, isExact: false) }
        let start = plan.exclusions.count
        plan.exclusions += exclusions
        return PlanRange(start..<plan.exclusions.count)
    }

    /// What a target with `!`, or one that a control removes, leaves out.
    mutating func exclusion(_ target: TargetSyntax, isExact: Bool) -> PlanExclusion? {
        guard case .known(let variable) = target.variable else { return nil }
        var slot: Int32 = -1
        if variable.isWritable, case .name(let name) = target.selector {
            slot = Int32(self.slot(SlotName(variable, name), written: name))
        }
        var exactName: Blob?
        if isExact, variable != .requestHeaders, variable != .responseHeaders, case .name(let name) = target.selector {
            exactName = text(Array(name.utf8))
        }
        return PlanExclusion(
            variable: variable, selector: selector(target.selector, of: variable), slot: slot, exactName: exactName)
    }
}
