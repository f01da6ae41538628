/// The words of a JSON text: white space, strings, numbers (RFC 8259 §2, §6, §7).
struct JSONScanner {
    /// The byte that is read next.
    var index = 0

    /// Moves `index` behind white space.
    mutating func skipSpace(_ body: Span<UInt8>) {
        while index < body.count {
            let byte = body[index]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            index &+= 1
        }
    }

    /// Reads the string at `index`, and returns where its value lies in the arena: in the body, which lies there from
    /// `start` on, if nothing is escaped.
    mutating func readString(
        _ body: Span<UInt8>, at start: Int, into table: inout VariableTable
    ) throws(BodyProblem) -> Range<Int> {
        let from = index &+ 1
        index = from
        try skipPlain(body)
        if index < body.count, body[index] == 0x22 {
            let value = (start &+ from)..<(start &+ index)
            index &+= 1
            return value
        }
        let decodedStart = table.bytes.count
        _ = table.append(body.extracting(from..<index))
        while try readEscape(body, { table.append($0) }) {
            let plain = index
            try skipPlain(body)
            _ = table.append(body.extracting(plain..<index))
        }
        return decodedStart..<table.bytes.count
    }

    /// Reads the string at `index` and appends its decoded bytes to `text`.
    mutating func readString(_ body: Span<UInt8>, into text: inout [UInt8]) throws(BodyProblem) {
        index &+= 1
        repeat {
            let plain = index
            try skipPlain(body)
            for place in plain..<index { text.append(body[place]) }
        } while try readEscape(body, { text.append($0) })
    }

    /// Moves `index` to the next quote or backslash, or to the end; what it passes is valid UTF-8 without controls.
    private mutating func skipPlain(_ body: Span<UInt8>) throws(BodyProblem) {
        while index < body.count {
            let byte = body[index]
            if byte == 0x22 || byte == 0x5C { return }
            guard byte >= 0x20 else { throw .jsonString }
            if byte < 0x80 {
                index &+= 1
            } else {
                index &+= try sequenceLength(body)
            }
        }
        throw .jsonTruncated
    }

    /// The length of the UTF-8 sequence of more than one byte at `index` (RFC 3629 §4).
    private func sequenceLength(_ body: Span<UInt8>) throws(BodyProblem) -> Int {
        let first = body[index]
        let length: Int
        var low: UInt8 = 0x80
        var high: UInt8 = 0xBF
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF:
            length = 3
            if first == 0xE0 { low = 0xA0 }
            if first == 0xED { high = 0x9F }
        case 0xF0...0xF4:
            length = 4
            if first == 0xF0 { low = 0x90 }
            if first == 0xF4 { high = 0x8F }
        default: throw .jsonUTF8
        }
        guard index &+ length <= body.count else { throw .jsonUTF8 }
        guard body[index &+ 1] >= low, body[index &+ 1] <= high else { throw .jsonUTF8 }
        for place in (index &+ 2)..<max(index &+ length, index &+ 2) where body[place] & 0xC0 != 0x80 {
            throw .jsonUTF8
        }
        return length
    }

    /// Reads the quote or the escape at `index`; returns false at the quote, which ends the string.
    private mutating func readEscape(
        _ body: Span<UInt8>, _ append: (UInt8) -> Void
    ) throws(BodyProblem) -> Bool {
        guard index < body.count else { throw .jsonTruncated }
        if body[index] == 0x22 {
            index &+= 1
            return false
        }
        guard index &+ 1 < body.count else { throw .jsonTruncated }
        let letter = body[index &+ 1]
        index &+= 2
        switch letter {
        case 0x22, 0x5C, 0x2F: append(letter)
        case 0x62: append(0x08)
        case 0x66: append(0x0C)
        case 0x6E: append(0x0A)
        case 0x72: append(0x0D)
        case 0x74: append(0x09)
        case 0x75: try readUnicode(body, append)
        default: throw .jsonString
        }
        return true
    }

    /// Reads what follows `\u`: a code unit, or a pair of surrogates with the second one's escape.
    private mutating func readUnicode(_ body: Span<UInt8>, _ append: (UInt8) -> Void) throws(BodyProblem) {
        var scalar = try readCodeUnit(body)
        guard scalar & 0xFC00 != 0xDC00 else { throw .jsonString }
        if scalar & 0xFC00 == 0xD800 {
            guard index &+ 1 < body.count, body[index] == 0x5C, body[index &+ 1] == 0x75 else { throw .jsonString }
            index &+= 2
            let second = try readCodeUnit(body)
            guard second & 0xFC00 == 0xDC00 else { throw .jsonString }
            scalar = 0x1_0000 &+ ((scalar & 0x3FF) << 10 | second & 0x3FF)
        }
        switch scalar {
        case 0..<0x80: append(UInt8(truncatingIfNeeded: scalar))
        case 0x80..<0x800:
            append(0xC0 | UInt8(truncatingIfNeeded: scalar >> 6))
            append(0x80 | UInt8(truncatingIfNeeded: scalar & 0x3F))
        case 0x800..<0x1_0000:
            append(0xE0 | UInt8(truncatingIfNeeded: scalar >> 12))
            append(0x80 | UInt8(truncatingIfNeeded: scalar >> 6 & 0x3F))
            append(0x80 | UInt8(truncatingIfNeeded: scalar & 0x3F))
        default:
            append(0xF0 | UInt8(truncatingIfNeeded: scalar >> 18))
            append(0x80 | UInt8(truncatingIfNeeded: scalar >> 12 & 0x3F))
            append(0x80 | UInt8(truncatingIfNeeded: scalar >> 6 & 0x3F))
            append(0x80 | UInt8(truncatingIfNeeded: scalar & 0x3F))
        }
    }

    private mutating func readCodeUnit(_ body: Span<UInt8>) throws(BodyProblem) -> UInt32 {
        guard index &+ 4 <= body.count else { throw .jsonTruncated }
        var unit: UInt32 = 0
        for place in index..<(index &+ 4) {
            guard let digit = Hex.value(body[place]) else { throw .jsonString }
            unit = unit << 4 | UInt32(digit)
        }
        index &+= 4
        return unit
    }

    /// Moves `index` behind the number that begins there (RFC 8259 §6).
    mutating func skipNumber(_ body: Span<UInt8>) throws(BodyProblem) {
        if body[index] == 0x2D { index &+= 1 }
        let startsWithZero = index < body.count && body[index] == 0x30
        let digits = skipDigits(body)
        guard digits > 0, digits == 1 || !startsWithZero else { throw .jsonNumber }
        if index < body.count, body[index] == 0x2E {
            index &+= 1
            guard skipDigits(body) > 0 else { throw .jsonNumber }
        }
        if index < body.count, body[index] | 0x20 == 0x65 {
            index &+= 1
            if index < body.count, body[index] == 0x2B || body[index] == 0x2D { index &+= 1 }
            guard skipDigits(body) > 0 else { throw .jsonNumber }
        }
    }

    private mutating func skipDigits(_ body: Span<UInt8>) -> Int {
        let from = index
        while index < body.count, body[index] >= 0x30, body[index] <= 0x39 { index &+= 1 }
        return index &- from
    }
}
