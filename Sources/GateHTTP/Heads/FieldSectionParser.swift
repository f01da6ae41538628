import GatePrimitives

/// Parses field lines up to the empty line, strictly and incrementally (RFC 9112 §5), in one pass.
///
/// ```
/// lineStart ──CR──▶ lastLF ──LF──▶ complete
///     │ token
///     ▼
///   name ──:──▶ beforeValue ──▶ value ──CR──▶ valueLF ──LF──▶ lineStart
/// ```
/// Positions count from the first byte of the head. Each byte is looked at once, however the bytes arrive.
struct FieldSectionParser: Sendable {
    private enum Phase: UInt8 {
        case lineStart, name, beforeValue, value, valueLF, lastLF
    }

    /// What a message may hold.
    struct Rules: Sendable {
        /// Longest line.
        var line: Int
        /// Where the head must have ended.
        var end: Int
        /// Most lines.
        var fields: Int
        /// Whether values may hold bytes of 0x80 and above (RFC 9110 §5.5, obs-text).
        var allowsObsText: Bool
    }

    /// The next byte to look at.
    private(set) var position: Int
    private var phase = Phase.lineStart
    private var line = 0
    private var nameEnd = 0
    private var valueStart = 0
    private var isOdd = false

    /// A parser whose first line begins at `position`.
    init(at position: Int) {
        self.position = position
    }

    /// Goes on as far as `bytes` reach; true once the empty line is behind `position`.
    mutating func parse(_ bytes: Span<UInt8>, rules: Rules, into lines: inout FieldLines) throws(HeadError) -> Bool {
        let names = FieldNameIndex.shared
        while true {
            switch phase {
            case .lineStart:
                guard try byteIsThere(bytes, rules) else { return false }
                try beginLine(bytes[position], rules, lines.slots.count)
            case .name:
                guard try readName(bytes, rules) else { return false }
            case .beforeValue:
                guard try skipLeadingSpace(bytes, rules) else { return false }
            case .value:
                guard try readValue(bytes, rules) else { return false }
            case .valueLF:
                guard try byteIsThere(bytes, rules) else { return false }
                // RFC 9112 §2.2: a bare CR is refused, never read as white space (attacks 6).
                guard bytes[position] == Ascii.lf else { throw .init(.badHeaderByte) }
                endLine(bytes, names, &lines)
            case .lastLF:
                guard try byteIsThere(bytes, rules) else { return false }
                guard bytes[position] == Ascii.lf else { throw .init(.badHeaderByte) }
                position &+= 1
                return true
            }
        }
    }

    /// Whether the byte at `position` has arrived and may be looked at.
    private func byteIsThere(_ bytes: Span<UInt8>, _ rules: Rules) throws(HeadError) -> Bool {
        // LIMIT: the whole head; checked before more is buffered.
        guard position < rules.end else { throw .init(.headTooLarge) }
        return position < bytes.count
    }

    private mutating func beginLine(_ byte: UInt8, _ rules: Rules, _ count: Int) throws(HeadError) {
        if byte == Ascii.cr {
            position &+= 1
            phase = .lastLF
            return
        }
        // LIMIT: the number of field lines.
        guard count < rules.fields else { throw .init(.headTooLarge) }
        // RFC 9112 §5.2 and §2.2: no folded line, no white space before the first field (attacks 7).
        guard byte != Ascii.space, byte != Ascii.tab, byte != Ascii.colon else { throw .init(.badHeader) }
        line = position
        isOdd = false
        phase = .name
    }

    /// The end of what may be looked at of the current line: what is there, and one byte over its limit.
    private func stop(_ bytes: Span<UInt8>, _ rules: Rules) -> Int {
        min(bytes.count, line &+ rules.line &+ 1, rules.end)
    }

    /// What it means that `position` has come to `stop` without the end of the line.
    private func exhausted(_ rules: Rules) throws(HeadError) -> Bool {
        // LIMIT: one field line, and the whole head.
        guard position &- line <= rules.line, position < rules.end else { throw .init(.headTooLarge) }
        return false
    }

    private mutating func readName(_ bytes: Span<UInt8>, _ rules: Rules) throws(HeadError) -> Bool {
        let stop = stop(bytes, rules)
        while position < stop {
            let byte = bytes[position]
            if ByteClass.nameLetter.contains(byte) {
                position &+= 1
            } else if byte == Ascii.colon {
                nameEnd = position
                position &+= 1
                phase = .beforeValue
                return true
            } else if ByteClass.token.contains(byte) {
                isOdd = true
                position &+= 1
            } else {
                // RFC 9112 §5.1: no white space before the colon, and no line without one (attacks 7).
                let isLayout = byte == Ascii.space || byte == Ascii.tab || byte == Ascii.cr
                let isVisible = byte > Ascii.space && byte < Ascii.delete
                throw .init(isLayout || isVisible ? .badHeader : .badHeaderByte)
            }
        }
        return try exhausted(rules)
    }

    private mutating func skipLeadingSpace(_ bytes: Span<UInt8>, _ rules: Rules) throws(HeadError) -> Bool {
        let stop = stop(bytes, rules)
        while position < stop {
            guard bytes[position] == Ascii.space || bytes[position] == Ascii.tab else {
                valueStart = position
                phase = .value
                return true
            }
            position &+= 1
        }
        return try exhausted(rules)
    }

    private mutating func readValue(_ bytes: Span<UInt8>, _ rules: Rules) throws(HeadError) -> Bool {
        let stop = stop(bytes, rules)
        while true {
            position = ValueScan.end(bytes, from: position, to: stop, allowsObsText: rules.allowsObsText)
            guard position < stop else { return try exhausted(rules) }
            // RFC 9110 §5.5: of the control characters, a value holds only the tab (attacks 6).
            guard bytes[position] != Ascii.tab else {
                position &+= 1
                continue
            }
            guard bytes[position] == Ascii.cr else { throw .init(.badHeaderByte) }
            position &+= 1
            phase = .valueLF
            return true
        }
    }

    /// Notes the line that ends with the LF at `position`.
    private mutating func endLine(_ bytes: Span<UInt8>, _ names: FieldNameIndex, _ lines: inout FieldLines) {
        let lineEnd = position &- 1
        var valueEnd = lineEnd
        while valueEnd > valueStart,
            bytes[valueEnd &- 1] == Ascii.space || bytes[valueEnd &- 1] == Ascii.tab
        {
            valueEnd &-= 1
        }
        var marks: FieldLines.Marks = isOdd ? [.odd] : []
        if valueStart == nameEnd &+ 2, bytes[nameEnd &+ 1] == Ascii.space, valueEnd == lineEnd, valueEnd > valueStart {
            marks.insert(.plain)
        }
        let name = isOdd ? FieldName.other : names.name(bytes, line..<nameEnd)
        lines.append(
            FieldLines.Slot(
                line: UInt32(truncatingIfNeeded: line), value: UInt32(truncatingIfNeeded: valueStart),
                valueLength: UInt16(truncatingIfNeeded: valueEnd &- valueStart),
                nameLength: UInt16(truncatingIfNeeded: nameEnd &- line), name: name, marks: marks))
        position &+= 1
        phase = .lineStart
    }
}

/// Why a head is not well formed; the reader says in which step.
struct HeadError: Error {
    let reason: Reason

    init(_ reason: Reason) { self.reason = reason }
}

/// Finds the end of a run of visible bytes, eight at a time.
enum ValueScan {
    /// The index of the first byte in `start..<stop` that is a control character (a tab, too), 0x7F, or, unless
    /// `allowsObsText`, 0x80 or above; `stop` where there is none.
    @inline(__always)
    static func end(_ bytes: Span<UInt8>, from start: Int, to stop: Int, allowsObsText: Bool) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        let obsText = allowsObsText ? 0 : tops
        var position = start
        while position &+ 8 <= stop {
            let word = bytes.word(at: position)
            // A byte below 0x20 borrows into its top bit; a 0x7F becomes 0, which does, too. The lowest hit is exact.
            let deleted = word ^ (ones &* 0x7F)
            let below = (word &- (ones &* 0x20)) & ~word
            let hits = ((below | ((deleted &- ones) & ~deleted)) & tops) | (word & obsText)
            guard hits == 0 else { return position &+ hits.trailingZeroBitCount / 8 }
            position &+= 8
        }
        while position < stop {
            let byte = bytes[position]
            guard byte >= Ascii.space, byte != Ascii.delete, allowsObsText || byte < 0x80 else { break }
            position &+= 1
        }
        return position
    }
}
