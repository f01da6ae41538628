extension Transaction {
    /// The value that a chain of transformations makes of value `number`.
    mutating func transformed(_ number: Int32, _ chain: Int32) -> Int32 {
        let chain = plan.chains[Int(chain)]
        guard !traits(number).isDisjoint(with: chain.triggers) else { return number }
        var value = number
        for step in chain.steps.indices { value = apply(plan.steps[step], value) }
        return value
    }

    /// Which bytes a value holds, looked at once.
    @inline(__always)
    mutating func traits(_ number: Int32) -> ByteTraits {
        let value = values.values[Int(number)]
        if !value.traits.isEmpty { return value.traits }
        let traits = ByteTraits(of: bytes(value.blob))
        values.setTraits(traits, of: Int(number))
        return traits
    }

    /// The value that one transformation makes of value `number`.
    @inline(__always)
    mutating func apply(_ step: PlanStep, _ number: Int32) -> Int32 {
        guard !traits(number).isDisjoint(with: step.triggers) else { return number }
        if let outcome = values.outcome(of: Int(number), Int(step.transformation.rawValue)) { return outcome }
        return transform(step.transformation, number)
    }

    private mutating func transform(_ transformation: Transformation, _ number: Int32) -> Int32 {
        // The output is taken out of the state for the call, so that the input may stand in the arena.
        var output: [UInt8] = []
        swap(&output, &buffer)
        let isChanged = transformation.apply(to: bytes(values.values[Int(number)].blob), into: &output)
        var outcome = number
        if isChanged {
            if kept == nil, arena.count &+ output.count > Transaction.cachedBytes &+ table.bytes.count { kept = mark }
            let start = arena.count
            arena.append(contentsOf: output)
            outcome = values.add(Blob(.arena, start..<arena.count))
        }
        swap(&output, &buffer)
        if kept == nil { values.remember(outcome, of: Int(number), Int(transformation.rawValue)) }
        return outcome
    }

    /// LIMIT: transformed values are kept for the next rule up to this many bytes and those of the message; beyond that
    /// they are made again for each rule, so that memory follows the size of the message.
    private static let cachedBytes = 64 * 1024

    /// LIMIT: what matched is kept to the end, up to this many bytes and sixteen times those of the message.
    private static let maximumBytes = 1024 * 1024

    /// Fails where the transaction holds more than its limit.
    func checkSize(_ rule: Int) throws(InspectionFailure) {
        if arena.count > Transaction.maximumBytes &+ 16 &* table.bytes.count {
            throw InspectionFailure(rule: plan.rules[rule].id, cause: .valueLimit)
        }
    }

    /// A point to which arena and values can be put back.
    struct Mark {
        let arena: Int
        let values: ValueStore.Mark
    }

    /// The point that `release` puts the transaction back to.
    var mark: Mark { Mark(arena: arena.count, values: values.mark) }

    /// Forgets the values and bytes made after `mark`, which no other value refers to.
    mutating func release(_ mark: Mark) {
        arena.removeLast(max(arena.count &- mark.arena, 0))
        values.release(mark.values)
        if let kept, mark.arena < kept.arena { self.kept = mark }
    }

    /// Forgets the values made after `mark` for a row of the message, where they are not kept for the next rule.
    @inline(__always)
    mutating func releaseUnkept(_ mark: Mark) {
        guard let kept else { return }
        release(mark.arena < kept.arena ? kept : mark)
    }

    /// The bytes that a template makes.
    mutating func expand(_ template: Int32) -> Blob {
        let parts = plan.templates[Int(template)].indices
        // One value as it is needs no copy.
        if parts.count == 1, let single = single(plan.templateParts[parts.lowerBound]) { return single }
        let start = arena.count
        for index in parts {
            let part = plan.templateParts[index]
            if case .matchedVarName = part {
                if let last = matched.last { appendName(of: last) }
            } else if let blob = single(part) {
                append(blob)
            }
        }
        return Blob(.arena, start..<arena.count)
    }

    /// The value of a part; nil for one that must be put together.
    private func single(_ part: PlanTemplatePart) -> Blob? {
        switch part {
        case .text(let blob): return blob
        case .slot(let slot): return collections[Int(slot)] ?? .empty
        case .matchedVar: return matched.last?.value ?? .empty
        case .matchedVarName: return nil
        case .processor: return processor
        case .row(let variable, let name):
            var row = rows.first(of: variable)
            var found = Blob.empty
            while row >= 0 {
                let entry = rows.rows[Int(row)]
                if name < 0 { return values.values[Int(entry.value)].blob }
                // Of several values of one name ModSecurity takes the last.
                if entry.name == name { found = values.values[Int(entry.value)].blob }
                row = entry.next
            }
            return found
        }
    }

    /// REQBODY_PROCESSOR: what a control chose, else what the content type did.
    var processor: Blob {
        if let chosen = bodyControls.processor { return plan.processors[Int(chosen.index)] }
        let row = rows.first(of: .reqbodyProcessor)
        return row >= 0 ? values.values[Int(rows.rows[Int(row)].value)].blob : .empty
    }

    /// Copies bytes to the end of the arena.
    mutating func append(_ blob: Blob) {
        switch blob.space {
        case .message: arena.append(contentsOf: table.bytes[blob.range])
        case .constants: arena.append(contentsOf: plan.constants[blob.range])
        case .arena:
            // The arena grows while it is read: by index.
            for index in blob.range { arena.append(arena[index]) }
        }
    }

    /// Writes the name of a matched value to the end of the arena, such as `ARGS:id`.
    mutating func appendName(of value: MatchedValue) {
        if value.isCount { arena.append(UInt8(ascii: "&")) }
        arena.append(contentsOf: value.variable.rawValue.utf8)
        guard value.name.count > 0 else { return }
        arena.append(UInt8(ascii: ":"))
        append(value.name)
    }
}
