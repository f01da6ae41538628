import GatePattern

extension Transaction {
    /// Chooses the rules of a phase that are evaluated: those that always are, and those that a scan of the values does
    /// not leave out.
    mutating func selectCandidates(_ phase: RulePhase) {
        let index = Int(phase.rawValue) &- 1
        active.removeAll(keepingCapacity: true)
        active.append(contentsOf: plan.phases[index].always)
        guard !plan.phases[index].filteredPlaces.isEmpty else { return }
        let words = plan.scanners[phase.scanner].wordCount
        candidates.removeAll(keepingCapacity: true)
        for _ in 0..<words { candidates.append(0) }
        for row in 0..<rows.rows.count {
            let rowClass = Int(rows.rows[row].rowClass)
            guard let interest = plan.classes.interests[index][rowClass] else { continue }
            let value = rows.rows[row].value
            let kind = interests.kind(index, rowClass, traits(value), interest, plan, words)
            let start = scan(value, phase.scanner)
            for word in 0..<words { candidates[word] |= scans[start &+ word] & interests.masks[kind.mask &+ word] }
            guard !kind.changing.isEmpty else { continue }
            let mark = mark
            for entry in kind.changing {
                let entry = interests.entries[entry]
                collect(transformed(value, entry.chain), entry.mask, phase.scanner, words)
            }
            releaseUnkept(mark)
        }
        activate(index)
    }

    /// Adds the rules of a mask that a value may match.
    @inline(__always)
    private mutating func collect(_ value: Int32, _ mask: Int32, _ scanner: Int, _ words: Int) {
        let start = scan(value, scanner)
        for word in 0..<words {
            candidates[word] |= scans[start &+ word] & plan.classes.masks[Int(mask) &+ word]
        }
    }

    private mutating func activate(_ phase: Int) {
        let first = plan.phases[phase].firstFilter
        for word in candidates.indices {
            var bits = candidates[word]
            while bits != 0 {
                let filter = word &<< 6 &+ bits.trailingZeroBitCount
                let place = Int(plan.phases[phase].filteredPlaces[filter &- first])
                active[place &>> 6] |= 1 &<< UInt64(place & 63)
                bits &= bits &- 1
            }
        }
    }

    /// Where the answer of a scanner about a value begins in `scans`; a value is scanned once.
    private mutating func scan(_ value: Int32, _ scanner: Int) -> Int {
        let known = values.values[Int(value)].scans[scanner]
        if known >= 0 { return Int(known) }
        // The answer is taken out of the state for the call, so that the value may stand in the arena.
        var answer: [UInt64] = []
        swap(&answer, &scanAnswer)
        let words = plan.scanners[scanner].wordCount
        while answer.count < words { answer.append(0) }
        var span = answer.mutableSpan
        plan.scanners[scanner].scan(bytes(values.values[Int(value)].blob), into: &span)
        defer { swap(&answer, &scanAnswer) }
        if let kept, Int(value) >= kept.values.values {
            for word in 0..<words { scans[word] = answer[word] }
            return 0
        }
        let start = scans.count
        for word in 0..<words { scans.append(answer[word]) }
        values.setScan(start, of: Int(value), scanner)
        return start
    }

    /// Puts one value of the message to a test that a scan can leave out.
    mutating func testFiltered(
        _ candidate: Candidate, _ link: PlanLink, _ rule: Int, _ argument: LinkArgument, _ scratch: MatchScratch
    ) throws(InspectionFailure) -> Bool {
        let scanner = plan.rules[rule].phase.scanner
        guard link.multiMatch else {
            guard mayMatch(transformed(candidate.value, link.scanChain), link, scanner) else { return false }
            let value = transformed(candidate.value, link.chain)
            return try testTransformed(candidate, value, link, rule, argument, scratch)
        }
        // The value as it came, and after each transformation that changed it.
        var value = candidate.value
        var isMatched = false
        if mayMatch(value, link, scanner) {
            isMatched = try testTransformed(candidate, value, link, rule, argument, scratch)
        }
        for step in plan.chains[Int(link.chain)].steps.indices {
            let next = apply(plan.steps[step], value)
            if next != value, mayMatch(next, link, scanner),
                try testTransformed(candidate, next, link, rule, argument, scratch)
            {
                isMatched = true
            }
            value = next
        }
        return isMatched
    }

    private mutating func mayMatch(_ value: Int32, _ link: PlanLink, _ scanner: Int) -> Bool {
        let start = scan(value, scanner)
        return scans[start &+ Int(link.filter) &>> 6] &>> UInt64(link.filter & 63) & 1 != 0
    }
}
