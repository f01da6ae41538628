import GatePattern

/// A value on its way through a test: what it is, and what the test compares it with.
struct Candidate {
    let variable: Variable
    let name: Blob
    let isCount: Bool
    let value: Int32
}

/// What a link compares with, worked out once for all its values.
struct LinkArgument {
    let bytes: Blob
    let number: Int
}

extension Transaction {
    /// Whether a link matches any of its values. Each value that matches is noted and its assignments are made, as in
    /// ModSecurity, whether or not the rest of the chain matches.
    mutating func evaluate(_ index: Int, of rule: Int, _ scratch: MatchScratch) throws(InspectionFailure) -> Bool {
        let link = plan.links[index]
        if link.targets.isEmpty, case .always = link.test {
            try assign(link)
            return true
        }
        let argument = argument(of: link)
        var isMatched = false
        for target in link.targets.indices {
            let target = plan.targets[target]
            let found =
                target.isCount
                ? try evaluateCount(target.source, link, rule, argument, scratch)
                : try evaluate(target.source, link, rule, argument, scratch)
            if found { isMatched = true }
        }
        return isMatched
    }

    private mutating func argument(of link: PlanLink) -> LinkArgument {
        switch link.argument {
        case .constant(let blob): return LinkArgument(bytes: blob, number: link.number)
        case .template(let template):
            let blob = expand(template)
            guard case .number(let test) = link.test else { return LinkArgument(bytes: blob, number: 0) }
            return LinkArgument(bytes: blob, number: test.number(in: bytes(blob)))
        }
    }

    private mutating func evaluate(
        _ source: PlanTarget.Source, _ link: PlanLink, _ rule: Int, _ argument: LinkArgument, _ scratch: MatchScratch
    ) throws(InspectionFailure) -> Bool {
        switch source {
        case .rows(let variable, let selector):
            var isMatched = false
            var row = rows.first(of: variable)
            while row >= 0 {
                let entry = rows.rows[Int(row)]
                if try isSelected(Int(row), selector, link, rule, scratch) {
                    let mark = mark
                    let candidate = Candidate(
                        variable: variable, name: Blob(.message, table.rows[Int(row)].name), isCount: false,
                        value: entry.value)
                    if try test(candidate, link, rule, argument, scratch) {
                        isMatched = true
                    } else {
                        releaseUnkept(mark)
                    }
                }
                row = entry.next
            }
            return isMatched
        case .scalar(let variable):
            let row = rows.first(of: variable)
            guard row >= 0 else { return try test(.empty, variable, link, rule, argument, scratch) }
            let candidate = Candidate(
                variable: variable, name: .empty, isCount: false, value: rows.rows[Int(row)].value)
            if removesScalar(variable, rule) { return false }
            let mark = mark
            if try test(candidate, link, rule, argument, scratch) { return true }
            releaseUnkept(mark)
            return false
        case .slot(let slot):
            guard let value = collections[Int(slot)], !isExcluded(slot: slot, link, rule) else { return false }
            return try test(
                value, plan.slotCollections[Int(slot)], name: plan.slotNames[Int(slot)], link, rule, argument, scratch)
        case .slots(let variable, let list, let pattern):
            return try evaluateSlots(variable, list, pattern, link, rule, argument, scratch)
        case .matchedVar: return try test(matched.last?.value ?? .empty, .matchedVar, link, rule, argument, scratch)
        case .matchedVarName: return try testName(matched.last, .matchedVarName, link, rule, argument, scratch)
        case .matchedVars: return try evaluateMatched(names: false, link, rule, argument, scratch)
        case .matchedVarsNames: return try evaluateMatched(names: true, link, rule, argument, scratch)
        case .processor: return try test(processor, .reqbodyProcessor, link, rule, argument, scratch)
        }
    }

    /// The values that were matched before this link; those that it matches itself come after them and are not its own.
    private mutating func evaluateMatched(
        names: Bool, _ link: PlanLink, _ rule: Int, _ argument: LinkArgument, _ scratch: MatchScratch
    ) throws(InspectionFailure) -> Bool {
        var isMatched = false
        for index in 0..<matched.count {
            let value = matched[index]
            let found =
                names
                ? try testName(value, .matchedVarsNames, link, rule, argument, scratch)
                : try test(value.value, value.variable, name: value.name, link, rule, argument, scratch)
            if found { isMatched = true }
        }
        return isMatched
    }

    private mutating func testName(
        _ value: MatchedValue?, _ variable: Variable, _ link: PlanLink, _ rule: Int, _ argument: LinkArgument,
        _ scratch: MatchScratch
    ) throws(InspectionFailure) -> Bool {
        let start = arena.count
        if let value { appendName(of: value) }
        return try test(Blob(.arena, start..<arena.count), variable, link, rule, argument, scratch)
    }

    private mutating func evaluateSlots(
        _ variable: Variable, _ list: PlanRange, _ pattern: Int32, _ link: PlanLink, _ rule: Int,
        _ argument: LinkArgument, _ scratch: MatchScratch
    ) throws(InspectionFailure) -> Bool {
        var isMatched = false
        for index in list.indices {
            let slot = plan.slotLists[index]
            guard let value = collections[Int(slot)], !isExcluded(slot: slot, link, rule) else { continue }
            if try test(value, variable, name: plan.slotNames[Int(slot)], link, rule, argument, scratch) {
                isMatched = true
            }
        }
        // The entries that this link adds are not its own.
        for index in 0..<collections.entries.count {
            let entry = collections.entries[index]
            guard entry.collection == variable, let value = entry.value else { continue }
            if pattern >= 0, try !matches(pattern, entry.name, rule, scratch) { continue }
            if try test(value, variable, name: entry.name, link, rule, argument, scratch) { isMatched = true }
        }
        return isMatched
    }

    /// A value that has no place among those of the message: it is forgotten where it does not match.
    private mutating func test(
        _ value: Blob, _ variable: Variable, name: Blob = .empty, _ link: PlanLink, _ rule: Int,
        _ argument: LinkArgument, _ scratch: MatchScratch
    ) throws(InspectionFailure) -> Bool {
        let mark = mark
        let candidate = Candidate(variable: variable, name: name, isCount: false, value: values.add(value))
        if try test(candidate, link, rule, argument, scratch) { return true }
        release(mark)
        return false
    }

    /// Puts one value to the test, transformed as the rule says.
    mutating func test(
        _ candidate: Candidate, _ link: PlanLink, _ rule: Int, _ argument: LinkArgument, _ scratch: MatchScratch
    ) throws(InspectionFailure) -> Bool {
        if link.filter >= 0 {
            return try testFiltered(candidate, link, rule, argument, scratch)
        }
        guard link.multiMatch else {
            let value = transformed(candidate.value, link.chain)
            return try testTransformed(candidate, value, link, rule, argument, scratch)
        }
        // The value as it came, and after each transformation that changed it.
        var isMatched = try testTransformed(candidate, candidate.value, link, rule, argument, scratch)
        var value = candidate.value
        for step in plan.chains[Int(link.chain)].steps.indices {
            let next = apply(plan.steps[step], value)
            if next != value, try testTransformed(candidate, next, link, rule, argument, scratch) { isMatched = true }
            value = next
        }
        return isMatched
    }

    mutating func testTransformed(
        _ candidate: Candidate, _ number: Int32, _ link: PlanLink, _ rule: Int, _ argument: LinkArgument,
        _ scratch: MatchScratch
    ) throws(InspectionFailure) -> Bool {
        let value = values.values[Int(number)].blob
        let outcome = try holds(
            link, rule, value: value, argument: argument.bytes, number: argument.number, scratch)
        var holds = true
        if case .fails = outcome { holds = false }
        guard holds != link.isNegated else { return false }
        if link.captures { capture(outcome, value, scratch) }
        matched.append(
            MatchedValue(
                variable: candidate.variable, name: candidate.name, isCount: candidate.isCount, value: value))
        try assign(link)
        try checkSize(rule)
        return true
    }

    /// Sets TX.0 to TX.9; groups that took no part keep what they had, as in ModSecurity.
    private mutating func capture(_ outcome: TestOutcome, _ value: Blob, _ scratch: MatchScratch) {
        func part(_ range: Range<Int>) -> Blob {
            let start = value.range.lowerBound
            return Blob(value.space, start &+ range.lowerBound..<start &+ range.upperBound)
        }
        switch outcome {
        case .fails, .holds: break
        case .range(let range): collections[0] = part(range)
        case .fingerprint(let fingerprint): collections[0] = append(fingerprint.bytes)
        case .captured:
            for group in 0..<min(scratch.captureCount, Plan.captureSlots) {
                if let range = scratch.capture(group) { collections[group] = part(range) }
            }
        }
    }
}
