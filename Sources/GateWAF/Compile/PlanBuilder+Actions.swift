extension PlanBuilder {
    /// `setvar`.
    mutating func assignment(_ syntax: AssignmentSyntax, in rule: RuleSyntax) -> PlanAssignment {
        var slot: Int32 = -1
        var name: Int32 = -1
        if let constant = syntax.name.constant {
            let written = String(decoding: constant, as: UTF8.self)
            slot = Int32(self.slot(SlotName(syntax.collection, written), written: written))
        } else {
            name = Int32(template(syntax.name, in: nil))
        }
        let chain = RuleChain(links: [rule], id: rule.actions.id ?? 0, phase: .requestBody)
        let operation: PlanAssignment.Operation
        var value: Int32 = -1
        switch syntax.operation {
        case .remove: operation = .remove
        case .set(let template):
            operation = .set
            value = Int32(self.template(template, in: chain))
        case .add(let template):
            operation = .add
            value = Int32(self.template(template, in: chain))
        case .subtract(let template):
            operation = .subtract
            value = Int32(self.template(template, in: chain))
        }
        return PlanAssignment(
            collection: syntax.collection, slot: slot, name: name, operation: operation, value: value)
    }

    /// `ctl`; the rules that it means are marked when all rules are built.
    mutating func control(_ syntax: ControlSyntax) -> PlanControl? {
        switch syntax {
        case .ruleEngine(let state): return .engine(state)
        case .bodyProcessor(let processor): return .bodyProcessor(processor)
        case .forceRequestBody(let value): return .forceRequestBody(value)
        case .bodyAccess(let value): return .bodyAccess(value)
        case .removeRules, .removeTag: return .removeRules(mask: mask(for: syntax))
        case .removeTargetByID(_, let target), .removeTargetByTag(_, let target):
            guard let exclusion = exclusion(target, isExact: true) else {
                report("ctl removes a target that is not supported", "leave it out")
                return nil
            }
            plan.exclusions.append(exclusion)
            return .removeTarget(mask: mask(for: syntax), exclusion: Int32(plan.exclusions.count - 1))
        }
    }

    private mutating func mask(for control: ControlSyntax) -> Int32 {
        pendingMasks.append(control)
        return Int32(pendingMasks.count - 1)
    }

    /// Marks the rules that controls mean.
    mutating func masks(_ program: RuleProgram) {
        var chains: [Int: RuleChain] = [:]
        for case .chain(let chain) in program.items { chains[chain.id] = chain }
        for control in pendingMasks {
            var mask = [UInt64](repeating: 0, count: (plan.rules.count + 63) / 64)
            for (index, rule) in plan.rules.enumerated() {
                guard let chain = chains[rule.id], control.means(chain) else { continue }
                mask[index / 64] |= 1 << UInt64(index % 64)
            }
            plan.ruleMasks.append(mask)
        }
        completeSlotLists()
    }
}

extension ControlSyntax {
    /// Whether it removes `chain` or one of its targets.
    func means(_ chain: RuleChain) -> Bool {
        switch self {
        case .removeTargetByID(let range, _): range.contains(chain.id)
        case .removeTargetByTag(let tag, _): chain.hasTag(tag)
        default: removes(chain)
        }
    }
}
