/// Which field lines of a head are copied into the one that is built anew.
struct LineFilter {
    /// Lines with one of these marks are left out.
    var marks: FieldLines.Marks
    /// Lines of these names are left out.
    var names: FieldSet
    /// Lines of these other names are left out, in any case.
    var others: [[UInt8]]
    /// More of them.
    var moreOthers: [[UInt8]]

    /// Whether a line is copied.
    @inline(__always)
    func passes(_ slot: FieldLines.Slot, _ bytes: Span<UInt8>) -> Bool {
        guard slot.marks.isDisjoint(with: marks), !names.contains(slot.name) else { return false }
        return slot.name != .other || (others.isEmpty && moreOthers.isEmpty) || !isListed(slot, bytes)
    }

    private func isListed(_ slot: FieldLines.Slot, _ bytes: Span<UInt8>) -> Bool {
        let name = bytes.extracting(slot.nameRange)
        for other in others where name.equalsIgnoringCase(other.span) { return true }
        for other in moreOthers where name.equalsIgnoringCase(other.span) { return true }
        return false
    }
}

extension OutputRawSpan {
    /// Appends those of `lines` that pass `filter`: adjacent ones as one run of bytes, those with odd white
    /// space as `name: value`.
    @_lifetime(self: copy self)
    mutating func append(
        linesOf lines: borrowing FieldLines, _ bytes: Span<UInt8>, _ filter: borrowing LineFilter
    ) throws(HeadOverflow) {
        let slots = lines.slots
        var run = 0..<0
        for index in slots.indices {
            let slot = slots[index]
            guard filter.passes(slot, bytes) else { continue }
            guard slot.marks.contains(.plain) else {
                try append(bytes.extracting(run))
                run = 0..<0
                try append(line: bytes.extracting(slot.nameRange), bytes.extracting(slot.valueRange))
                continue
            }
            // A plain line ends with the CRLF behind its value.
            let end = slot.valueRange.upperBound &+ 2
            if run.upperBound == Int(slot.line) {
                run = run.lowerBound..<end
            } else {
                try append(bytes.extracting(run))
                run = Int(slot.line)..<end
            }
        }
        try append(bytes.extracting(run))
    }
}
