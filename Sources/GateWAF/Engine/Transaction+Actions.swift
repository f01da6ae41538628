extension Transaction {
    /// Makes the assignments of a link.
    mutating func assign(_ link: PlanLink) throws(InspectionFailure) {
        for index in link.assignments.indices { try assign(plan.assignments[index]) }
    }

    private mutating func assign(_ assignment: PlanAssignment) throws(InspectionFailure) {
        if assignment.slot >= 0 {
            let slot = Int(assignment.slot)
            collections[slot] = result(of: assignment, before: collections[slot])
            return
        }
        let name = expand(assignment.name)
        if let slot = plan.slots.find(bytes(name), space: assignment.collection.slotSpace) {
            collections[slot] = result(of: assignment, before: collections[slot])
            return
        }
        let hash = Collections.hash(assignment.collection, bytes(name))
        var entry = collections.first(hash: hash)
        while entry >= 0 {
            let known = collections.entries[Int(entry)]
            if known.collection == assignment.collection, isEqual(known.name, name) {
                collections.set(entry, result(of: assignment, before: known.value))
                return
            }
            entry = collections.following(entry)
        }
        guard let value = result(of: assignment, before: nil) else { return }
        guard collections.add(assignment.collection, name: name, value: value, hash: hash) else {
            throw InspectionFailure(rule: 0, cause: .valueLimit)
        }
    }

    private mutating func result(of assignment: PlanAssignment, before: Blob?) -> Blob? {
        switch assignment.operation {
        case .remove: return nil
        case .set: return expand(assignment.value)
        case .add, .subtract:
            let text = expand(assignment.value)
            let change = NumericOperator.eq.number(in: bytes(text))
            let number = before.map { NumericOperator.eq.number(in: bytes($0)) } ?? 0
            let sum = assignment.operation == .add ? number &+ change : number &- change
            return append(Array(String(sum).utf8))
        }
    }

    private func isEqual(_ left: Blob, _ right: Blob) -> Bool {
        guard left.count == right.count else { return false }
        let (left, right) = (bytes(left), bytes(right))
        for index in 0..<left.count where NameTable.lower(left[index]) != NameTable.lower(right[index]) {
            return false
        }
        return true
    }

    /// What follows when a whole rule matched: its controls, its report, and what becomes of the message.
    mutating func finish(_ number: Int) -> InspectionVerdict? {
        let rule = plan.rules[number]
        for link in rule.links.indices.reversed() {
            for control in plan.links[link].controls.indices { run(plan.controls[control]) }
        }
        if rule.isReported { report(rule) }
        switch rule.disposition {
        case .pass: return nil
        case .allow(let scope):
            if engine == .on { allowed = scope }
            return nil
        case .deny(let status):
            if refusal == nil {
                refusal = InspectionRefusal(rule: rule.id, status: Int(status), phase: rule.phase)
            }
            return engine == .on ? .block(rule: rule.id, status: Int(status)) : nil
        }
    }

    private mutating func run(_ control: PlanControl) {
        switch control {
        case .engine(let state): engine = state
        case .removeRules(let mask):
            let mask = plan.ruleMasks[Int(mask)]
            if removed.isEmpty { removed.append(contentsOf: repeatElement(0, count: mask.count)) }
            for word in mask.indices { removed[word] |= mask[word] }
        case .removeTarget(let mask, let exclusion):
            removedTargets.append(RemovedTarget(mask: mask, exclusion: exclusion))
        case .bodyProcessor(let processor): bodyControls.processor = processor
        case .forceRequestBody(let value): bodyControls.forcesRequestBody = value
        case .bodyAccess(let value): bodyControls.readsBody = value
        }
    }

    private mutating func report(_ rule: PlanRule) {
        let last = matched.last
        var tags: [String] = []
        for index in rule.tags.indices { tags.append(text(of: plan.tags[index])) }
        matches.append(
            RuleMatch(
                rule: rule.id, phase: rule.phase, message: text(of: rule.message), logData: text(of: rule.logData),
                severity: rule.severity, tags: tags, variable: last?.variable.rawValue ?? "",
                name: last.map { text($0.name) } ?? "", excerpt: last.map { text($0.value, limit: 200) } ?? "",
                path: plan.paths[Int(rule.source)], line: Int(rule.line)))
    }

    private mutating func text(of template: Int32) -> String {
        guard template >= 0 else { return "" }
        let mark = mark
        let blob = expand(template)
        let text = text(blob)
        release(mark)
        return text
    }

    private func text(_ blob: Blob, limit: Int = .max) -> String {
        let bytes = bytes(blob)
        // Bytes that are not UTF-8 are replaced: a report is read, not parsed.
        return String(decoding: (0..<min(bytes.count, limit)).map { bytes[$0] }, as: UTF8.self)
    }
}
