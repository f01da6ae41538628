extension ExpressionParser {
    /// What a backslash, which was taken, and what follows it stand for outside a class; nil for nothing at all.
    mutating func escape() throws(GivenUp) -> Expression? {
        guard let byte = next else { throw GivenUp() }
        if let set = try setEscape() { return .byte(set) }
        if let value = try byteEscape() { return .byte(ByteMask(value)) }
        index += 1
        switch byte {
        case UInt8(ascii: "b"), UInt8(ascii: "B"), UInt8(ascii: "A"), UInt8(ascii: "z"), UInt8(ascii: "Z"),
            UInt8(ascii: "G"), UInt8(ascii: "K"):
            return .empty
        case UInt8(ascii: "1")...UInt8(ascii: "9"):
            // A reference back, or an octal code: any text covers both.
            while let digit = next, digit &- 0x30 < 10 { index += 1 }
            return .anything
        case UInt8(ascii: "g"), UInt8(ascii: "k"):
            if let open = next, let end: UInt8 = [0x7B: 0x7D, 0x3C: 0x3E, 0x27: 0x27][open] {
                index += 1
                skip(past: end)
            } else {
                while let byte = next, byte &- 0x30 < 10 || byte == 0x2D || byte == 0x2B { index += 1 }
            }
            return .anything
        case UInt8(ascii: "R"), UInt8(ascii: "X"): return .anything
        case UInt8(ascii: "Q"): return quoted()
        case UInt8(ascii: "E"): return nil
        default:
            // Letters and digits that were not named mean something else or nothing.
            guard !byte.isCAlphanumeric else { throw GivenUp() }
            return .byte(ByteMask(byte))
        }
    }

    /// The set of `\d` and its kin, taken; nil for another escape.
    private mutating func setEscape() throws(GivenUp) -> ByteMask? {
        guard let byte = next else { return nil }
        let set: ByteMask
        switch byte | 0x20 {
        case UInt8(ascii: "d"): set = .digits
        case UInt8(ascii: "w"): set = .wordBytes
        case UInt8(ascii: "s"): set = .spaces
        case UInt8(ascii: "h"): set = ByteMask(0x09...0x09, 0x20...0x20, 0xA0...0xA0)
        case UInt8(ascii: "v"): set = ByteMask(0x0A...0x0D, 0x85...0x85)
        case UInt8(ascii: "p"):
            // A Unicode property: any byte may have it.
            index += 1
            if next == UInt8(ascii: "{") { skip(past: UInt8(ascii: "}")) } else { index = min(index + 1, bytes.count) }
            return .all
        default:
            guard byte == UInt8(ascii: "N") || byte == UInt8(ascii: "C") else { return nil }
            index += 1
            return .all
        }
        index += 1
        return byte & 0x20 == 0 ? set.inverted : set
    }

    /// The byte of `\x41`, `\n` and their kin, taken; nil for another escape.
    private mutating func byteEscape() throws(GivenUp) -> UInt8? {
        guard let byte = next else { return nil }
        let simple: [UInt8: UInt8] = [
            UInt8(ascii: "a"): 0x07, UInt8(ascii: "e"): 0x1B, UInt8(ascii: "f"): 0x0C, UInt8(ascii: "n"): 0x0A,
            UInt8(ascii: "r"): 0x0D, UInt8(ascii: "t"): 0x09,
        ]
        if let value = simple[byte] {
            index += 1
            return value
        }
        switch byte {
        case UInt8(ascii: "x"):
            index += 1
            let isBraced = take("{")
            let digits = number(base: 16, atMost: isBraced ? 8 : 2)
            if isBraced && !take("}") { throw GivenUp() }
            return try single(digits)
        case UInt8(ascii: "0"): return try single(number(base: 8, atMost: 3))
        case UInt8(ascii: "o"):
            index += 1
            guard take("{") else { throw GivenUp() }
            let digits = number(base: 8, atMost: 8)
            guard take("}") else { throw GivenUp() }
            return try single(digits)
        case UInt8(ascii: "c"):
            index += 1
            guard let control = next else { throw GivenUp() }
            index += 1
            return (control &- 0x61 < 26 ? control & 0xDF : control) ^ 0x40
        default: return nil
        }
    }

    private func single(_ value: Int) throws(GivenUp) -> UInt8 {
        guard let byte = UInt8(exactly: value) else { throw GivenUp() }
        return byte
    }

    private mutating func number(base: Int, atMost limit: Int) -> Int {
        var value = 0
        var digits = 0
        while digits < limit, let digit = next?.hexValue, Int(digit) < base {
            value = value &* base &+ Int(digit)
            digits += 1
            index += 1
        }
        return value
    }

    private mutating func quoted() -> Expression {
        var items: [Expression] = []
        while let byte = next, !take("\\E") {
            items.append(.byte(ByteMask(byte)))
            index += 1
        }
        // A quantifier would bind to the last byte alone; this reading only loses what that byte says.
        guard let last = items.popLast() else { return .empty }
        return .sequence(items + [.repetition(last, minimum: 0, maximum: nil)])
    }

    /// The set of a class whose opening bracket was taken.
    mutating func characterClass() throws(GivenUp) -> ByteMask {
        let isNegated = take("^")
        var set = ByteMask()
        var isFirst = true
        while let byte = next, isFirst || byte != UInt8(ascii: "]") {
            isFirst = false
            if byte == UInt8(ascii: "["), let name = posixName() {
                set.formUnion(try posixSet(name))
                continue
            }
            guard let low = try classMember(into: &set) else { continue }
            guard next == UInt8(ascii: "-"), let end = self.byte(ahead: 1), end != UInt8(ascii: "]") else {
                set.insert(low)
                continue
            }
            index += 1
            // Behind a hyphen a set makes the hyphen literal.
            if let high = try classMember(into: &set) {
                guard low <= high else { throw GivenUp() }
                for member in low...high { set.insert(member) }
            } else {
                set.insert(low)
                set.insert(UInt8(ascii: "-"))
            }
        }
        guard take("]") else { throw GivenUp() }
        return isNegated ? set.inverted : set
    }

    /// One member of a class, taken: its byte, or nil where it was a set and went into `set`.
    private mutating func classMember(into set: inout ByteMask) throws(GivenUp) -> UInt8? {
        guard let byte = next else { throw GivenUp() }
        index += 1
        guard byte == UInt8(ascii: "\\") else { return byte }
        if let escaped = try setEscape() {
            set.formUnion(escaped)
            return nil
        }
        if let value = try byteEscape() { return value }
        guard let escaped = next else { throw GivenUp() }
        index += 1
        if escaped == UInt8(ascii: "b") { return 0x08 }
        if escaped &- 0x31 < 7 {
            index -= 1
            return try single(number(base: 8, atMost: 3))
        }
        guard !escaped.isCAlphanumeric else { throw GivenUp() }
        return escaped
    }

    /// The name between `[:` and `:]` at the next byte, not taken; nil for a plain bracket.
    private func posixName() -> String? {
        guard byte(ahead: 1) == UInt8(ascii: ":") else { return nil }
        let rest = bytes.dropFirst(index + 2)
        let name = rest.prefix { ($0 | 0x20) &- 0x61 < 26 || $0 == UInt8(ascii: "^") }
        guard rest.dropFirst(name.count).starts(with: ":]".utf8) else { return nil }
        return String(decoding: name, as: UTF8.self)
    }

    private mutating func posixSet(_ name: String) throws(GivenUp) -> ByteMask {
        index += name.utf8.count + 4
        let isNegated = name.hasPrefix("^")
        let set: ByteMask
        switch isNegated ? String(name.dropFirst()) : name {
        case "alpha": set = ByteMask(0x41...0x5A, 0x61...0x7A)
        case "digit": set = .digits
        case "alnum": set = ByteMask(0x30...0x39, 0x41...0x5A, 0x61...0x7A)
        case "upper", "lower": set = ByteMask(0x41...0x5A, 0x61...0x7A)
        case "space": set = .spaces
        case "blank": set = ByteMask(0x09...0x09, 0x20...0x20)
        case "punct": set = ByteMask(0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E)
        case "print": set = ByteMask(0x20...0x7E)
        case "graph": set = ByteMask(0x21...0x7E)
        case "cntrl": set = ByteMask(0x00...0x1F, 0x7F...0x7F)
        case "ascii": set = ByteMask(0x00...0x7F)
        case "word": set = .wordBytes
        case "xdigit": set = ByteMask(0x30...0x39, 0x41...0x46, 0x61...0x66)
        default: throw GivenUp()
        }
        // Without upper and lower told apart their complements are too small.
        if isNegated && (name == "^upper" || name == "^lower") { return .all }
        return isNegated ? set.inverted : set
    }
}

extension ByteMask {
    /// `\d`
    static let digits = ByteMask(0x30...0x39)
    /// `\w`
    static let wordBytes = ByteMask(0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A)
    /// `\s`
    static let spaces = ByteMask(0x09...0x0D, 0x20...0x20)
}
