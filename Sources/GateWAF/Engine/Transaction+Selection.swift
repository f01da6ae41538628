import GatePattern

extension Transaction {
    /// Whether a target selects a row, and neither the rule nor a control leaves it out.
    mutating func isSelected(
        _ row: Int, _ selector: PlanSelector, _ link: PlanLink, _ rule: Int, _ scratch: MatchScratch
    ) throws(InspectionFailure) -> Bool {
        guard try isNamed(row, selector, rule, scratch) else { return false }
        if link.exclusions.isEmpty, removedTargets.isEmpty { return true }
        for index in link.exclusions.indices {
            if try isExcluded(row, plan.exclusions[index], rule, scratch) { return false }
        }
        for removed in removedTargets where means(removed, rule) {
            if try isExcluded(row, plan.exclusions[Int(removed.exclusion)], rule, scratch) { return false }
        }
        return true
    }

    private func isNamed(
        _ row: Int, _ selector: PlanSelector, _ rule: Int, _ scratch: MatchScratch
    ) throws(InspectionFailure) -> Bool {
        switch selector {
        case .all: true
        case .name(let name): rows.rows[row].name == name
        case .pattern(let pattern): try matches(pattern, Blob(.message, table.rows[row].name), rule, scratch)
        }
    }

    private func isExcluded(
        _ row: Int, _ exclusion: PlanExclusion, _ rule: Int, _ scratch: MatchScratch
    ) throws(InspectionFailure) -> Bool {
        guard exclusion.variable == table.rows[row].variable else { return false }
        guard try isNamed(row, exclusion.selector, rule, scratch) else { return false }
        guard let exact = exclusion.exactName else { return true }
        let name = table.span(table.rows[row].name)
        let wanted = bytes(exact)
        guard name.count == wanted.count else { return false }
        for index in 0..<name.count where name[index] != wanted[index] { return false }
        return true
    }

    /// Whether a rule or a control leaves out a slot; those that come with the request are named by no exclusion.
    func isExcluded(slot: Int32, _ link: PlanLink, _ rule: Int) -> Bool {
        for index in link.exclusions.indices where plan.exclusions[index].means(slot, in: plan) { return true }
        for removed in removedTargets
        where means(removed, rule) && plan.exclusions[Int(removed.exclusion)].means(slot, in: plan) {
            return true
        }
        return false
    }

    /// Whether a control left out a variable of one value.
    func removesScalar(_ variable: Variable, _ rule: Int) -> Bool {
        removedTargets.contains { means($0, rule) && plan.exclusions[Int($0.exclusion)].variable == variable }
    }

    private func means(_ removed: RemovedTarget, _ rule: Int) -> Bool {
        plan.ruleMasks[Int(removed.mask)][rule &>> 6] &>> UInt64(rule & 63) & 1 != 0
    }

    /// Whether an expression matches a name.
    func matches(
        _ pattern: Int32, _ name: Blob, _ rule: Int, _ scratch: MatchScratch
    ) throws(InspectionFailure) -> Bool {
        switch plan.patterns[Int(pattern)].matches(bytes(name), in: scratch) {
        case .match: return true
        case .noMatch: return false
        case .failed(let failure):
            throw InspectionFailure(rule: plan.rules[rule].id, cause: InspectionFailure.Cause(failure))
        }
    }

    /// Puts the number of a target's values to the test; what is left out counts all the same, as in ModSecurity 3.
    mutating func evaluateCount(
        _ source: PlanTarget.Source, _ link: PlanLink, _ rule: Int, _ argument: LinkArgument, _ scratch: MatchScratch
    ) throws(InspectionFailure) -> Bool {
        let (variable, name, count) = try count(source, rule, scratch)
        // A number compared with a number needs no text, unless it matches.
        if case .number(let test) = link.test, plan.chains[Int(link.chain)].steps.isEmpty,
            test.matches(count, parameter: argument.number) == link.isNegated
        {
            return false
        }
        let candidate = Candidate(
            variable: variable, name: name, isCount: true, value: values.add(append(Array(String(count).utf8))))
        return try test(candidate, link, rule, argument, scratch)
    }

    private mutating func count(
        _ source: PlanTarget.Source, _ rule: Int, _ scratch: MatchScratch
    ) throws(InspectionFailure) -> (Variable, Blob, Int) {
        switch source {
        case .rows(let variable, .all): return (variable, .empty, rows.count(of: variable))
        case .rows(let variable, let selector):
            var count = 0
            var row = rows.first(of: variable)
            while row >= 0 {
                if try isNamed(Int(row), selector, rule, scratch) { count &+= 1 }
                row = rows.rows[Int(row)].next
            }
            return (variable, .empty, count)
        case .scalar(let variable): return (variable, .empty, 1)
        case .slot(let slot):
            let isSet = collections[Int(slot)] != nil
            return (plan.slotCollections[Int(slot)], plan.slotNames[Int(slot)], isSet ? 1 : 0)
        case .slots(let variable, let list, let pattern):
            var count = 0
            for index in list.indices where collections[Int(plan.slotLists[index])] != nil { count &+= 1 }
            for entry in collections.entries where entry.collection == variable && entry.value != nil {
                if pattern >= 0, try !matches(pattern, entry.name, rule, scratch) { continue }
                count &+= 1
            }
            return (variable, .empty, count)
        case .matchedVar: return (.matchedVar, .empty, 1)
        case .matchedVarName: return (.matchedVarName, .empty, 1)
        case .matchedVars: return (.matchedVars, .empty, matched.count)
        case .matchedVarsNames: return (.matchedVarsNames, .empty, matched.count)
        case .processor: return (.reqbodyProcessor, .empty, 1)
        }
    }
}

extension PlanExclusion {
    /// Whether the exclusion means a slot.
    func means(_ slot: Int32, in plan: Plan) -> Bool {
        guard plan.slotCollections[Int(slot)] == variable else { return false }
        if case .all = selector { return true }
        return self.slot == slot
    }
}
