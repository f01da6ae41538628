import GatePattern

extension PlanBuilder {
    /// Finds the rules that a scan of the values can leave out, and makes the scanners and the classes of rows for them.
    mutating func filter() {
        for scanner in 0..<2 {
            var requirements: [RequiredLiterals] = []
            for phase in RulePhase.allCases where phase.scanner == scanner {
                filter(phase, &requirements)
            }
            plan.scanners.append(LiteralScanner(requirements))
        }
        makeClasses()
    }

    private mutating func filter(_ phase: RulePhase, _ requirements: inout [RequiredLiterals]) {
        let index = Int(phase.rawValue) - 1
        plan.phases[index].firstFilter = requirements.count
        for place in plan.phases[index].rules.indices {
            let rule = Int(plan.phases[index].rules[place])
            guard rule >= 0, let literals = literals(of: rule) else { continue }
            plan.links[plan.rules[rule].links.indices.lowerBound].filter = Int32(requirements.count)
            requirements.append(literals)
            plan.phases[index].filteredPlaces.append(Int32(place))
            plan.phases[index].always[place / 64] &= ~(1 << UInt64(place % 64))
        }
    }

    /// What a rule's first link needs to find in a value; nil where a scan of the message's values does not tell.
    private func literals(of rule: Int) -> RequiredLiterals? {
        let link = plan.links[plan.rules[rule].links.indices.lowerBound]
        guard !link.isNegated, !link.targets.isEmpty else { return nil }
        for target in link.targets.indices {
            guard !plan.targets[target].isCount else { return nil }
            switch plan.targets[target].source {
            case .rows: continue
            // Where nothing set it, it is one empty value that no scan sees: its transformations must leave it empty.
            case .scalar: if !leavesEmpty(link.chain) { return nil }
            default: return nil
            }
        }
        let literals: RequiredLiterals
        switch link.test {
        case .expression(let index): literals = RequiredLiterals(expression: plan.patterns[Int(index)].source)
        case .phrases(let index): literals = RequiredLiterals(phrases: plan.phraseSets[Int(index)].phrases)
        case .text(let test) where test != .within:
            guard case .constant(let blob) = link.argument, blob.count > 0 else { return nil }
            literals = RequiredLiterals(phrases: [Array(plan.constants[blob.range])])
        default: return nil
        }
        return literals.isUnknown ? nil : literals
    }

    /// Whether an empty value passes a chain of transformations as it is.
    private func leavesEmpty(_ chain: Int32) -> Bool {
        var output: [UInt8] = []
        return plan.chains[Int(chain)].steps.indices.allSatisfy { step in
            !plan.steps[step].transformation.apply(to: [UInt8]().span, into: &output)
        }
    }

    // MARK: - Classes

    private mutating func makeClasses() {
        var classes = PlanClasses()
        classes.nameCount = plan.names.count
        classes.ofName = Array(repeating: -1, count: plan.names.count * Variable.allCases.count)
        var members: [(variable: Variable, name: Int32)] = []
        for variable in Variable.allCases {
            classes.ofVariable[variable.index] = Int32(members.count)
            members.append((variable, -1))
        }
        for target in plan.targets {
            guard case .rows(let variable, .name(let name)) = target.source else { continue }
            let place = variable.index * plan.names.count + Int(name)
            guard classes.ofName[place] < 0 else { continue }
            classes.ofName[place] = Int32(members.count)
            members.append((variable, name))
        }
        for phase in RulePhase.allCases {
            classes.interests.append(members.map { interest(of: $0.variable, $0.name, phase, &classes) })
        }
        plan.classes = classes
    }

    private mutating func interest(
        of variable: Variable, _ name: Int32, _ phase: RulePhase, _ classes: inout PlanClasses
    ) -> PlanClasses.Interest? {
        let words = plan.scanners[phase.scanner].wordCount
        var masks: [Int32: [UInt64]] = [:]
        for place in plan.phases[Int(phase.rawValue) - 1].filteredPlaces {
            let rule = Int(plan.phases[Int(phase.rawValue) - 1].rules[Int(place)])
            let link = plan.links[plan.rules[rule].links.indices.lowerBound]
            guard mayLook(link, at: variable, name) else { continue }
            for chain in scanChains(of: link) {
                masks[chain, default: [UInt64](repeating: 0, count: words)][Int(link.filter) / 64] |=
                    1 << UInt64(link.filter % 64)
            }
        }
        guard !masks.isEmpty else { return nil }
        let start = classes.entries.count
        for (chain, mask) in masks.sorted(by: { $0.key < $1.key }) {
            classes.entries.append(PlanClasses.Entry(chain: chain, mask: Int32(classes.masks.count)))
            classes.masks += mask
        }
        return PlanClasses.Interest(entries: PlanRange(start..<classes.entries.count))
    }

    /// Whether a link may look at a row: which rows a pattern selects, and which are left out, only running it tells.
    private func mayLook(_ link: PlanLink, at variable: Variable, _ name: Int32) -> Bool {
        link.targets.indices.contains { target in
            switch plan.targets[target].source {
            case .rows(variable, .name(let selected)): selected == name
            case .rows(variable, _), .scalar(variable): true
            default: false
            }
        }
    }

    /// The chains through which a link looks at values: with `multiMatch` each beginning of its chain.
    private mutating func scanChains(of link: PlanLink) -> [Int32] {
        guard link.multiMatch else { return [link.scanChain] }
        let steps = plan.chains[Int(link.chain)].steps.indices.map { plan.steps[$0].transformation }
        return (0...steps.count).map { chain(Array(steps[..<$0])) }
    }
}
