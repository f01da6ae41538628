/// Reads the syntax of PCRE2 (pcre2pattern) into an ``Expression``; what it does not know it gives up on.
///
/// Options that only widen or narrow what a letter matches are ignored, because literals are compared without case.
/// Expressions were compiled by PCRE2 before, so a fault in one is a reason to give up, never an error of its own.
package struct ExpressionParser {
    /// The expression cannot be told apart from one that matches anything.
    struct GivenUp: Error {}

    let bytes: [UInt8]
    var index = 0
    private var depth = 0

    private init(_ source: String) { bytes = Array(source.utf8) }

    /// The meaning of `source`, or nil.
    package static func parse(_ source: String) -> Expression? {
        var parser = ExpressionParser(source)
        guard let expression = try? parser.alternatives(), parser.index == parser.bytes.count else { return nil }
        return expression
    }

    var next: UInt8? { index < bytes.count ? bytes[index] : nil }

    func byte(ahead offset: Int) -> UInt8? {
        index &+ offset < bytes.count ? bytes[index &+ offset] : nil
    }

    mutating func take(_ text: StaticString) -> Bool {
        let wanted = text.description.utf8
        guard bytes.dropFirst(index).starts(with: wanted) else { return false }
        index &+= wanted.count
        return true
    }

    /// Goes behind the next `byte`, or to the end.
    mutating func skip(past byte: UInt8) {
        while let other = next, other != byte { index += 1 }
        index = min(index + 1, bytes.count)
    }

    /// Branches up to the end or a closing parenthesis, which stays.
    mutating func alternatives() throws(GivenUp) -> Expression {
        // LIMIT: PCRE2 itself nests groups to 250 by default.
        guard depth < 250 else { throw GivenUp() }
        depth += 1
        defer { depth -= 1 }
        var branches: [Expression] = []
        var items: [Expression] = []
        while let byte = next, byte != UInt8(ascii: ")") {
            if byte == UInt8(ascii: "|") {
                index += 1
                branches.append(.sequence(items))
                items = []
            } else if let item = try item() {
                items.append(try quantified(item))
            } else if next == UInt8(ascii: "{") {
                throw GivenUp()
            }
        }
        branches.append(.sequence(items))
        return branches.count == 1 ? branches[0] : .alternatives(branches)
    }

    /// One item without its quantifier; nil for a comment or an option setting.
    private mutating func item() throws(GivenUp) -> Expression? {
        guard let byte = next else { throw GivenUp() }
        index += 1
        switch byte {
        case UInt8(ascii: "^"), UInt8(ascii: "$"): return .empty
        case UInt8(ascii: "."): return .byte(.all)
        case UInt8(ascii: "["): return .byte(try characterClass())
        case UInt8(ascii: "("): return try group()
        case UInt8(ascii: "\\"): return try escape()
        case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"): throw GivenUp()
        default: return .byte(ByteMask(byte))
        }
    }

    /// `item` with the quantifier that follows, if one does.
    private mutating func quantified(_ item: Expression) throws(GivenUp) -> Expression {
        let minimum: Int
        let maximum: Int?
        switch next {
        case UInt8(ascii: "*"): (minimum, maximum) = (0, nil)
        case UInt8(ascii: "+"): (minimum, maximum) = (1, nil)
        case UInt8(ascii: "?"): (minimum, maximum) = (0, 1)
        case UInt8(ascii: "{"):
            guard let bounds = try bounds() else { return item }
            (minimum, maximum) = bounds
            index -= 1
        default: return item
        }
        index += 1
        if next == UInt8(ascii: "?") || next == UInt8(ascii: "+") { index += 1 }
        // PCRE2 takes one quantifier behind another, rules do not.
        if next == UInt8(ascii: "{"), try bounds() != nil { throw GivenUp() }
        return .repetition(item, minimum: minimum, maximum: maximum)
    }

    /// The numbers in braces, which are taken; nil where the brace is a literal.
    private mutating func bounds() throws(GivenUp) -> (Int, Int?)? {
        guard let length = bytes.dropFirst(index).firstIndex(of: UInt8(ascii: "}")).map({ $0 - index }) else {
            return nil
        }
        let inside = bytes[(index + 1)..<(index + length)]
        guard inside.allSatisfy({ $0 &- 0x30 < 10 || $0 == UInt8(ascii: ",") || $0 == 0x20 }) else { return nil }
        let parts = inside.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        let numbers = parts.map { Int(String(decoding: $0, as: UTF8.self)) }
        // Spaces, and a missing lower bound, are literals or not depending on PCRE2's version.
        guard parts.count <= 2, let minimum = numbers[0], parts.count == 1 || numbers[1] != nil || parts[1].isEmpty
        else { throw GivenUp() }
        index += length + 1
        return (minimum, parts.count == 1 ? minimum : numbers[1])
    }

    private mutating func group() throws(GivenUp) -> Expression? {
        if next == UInt8(ascii: "*") { throw GivenUp() }
        guard next == UInt8(ascii: "?") else { return try closed() }
        index += 1
        if take("#") {
            skip(past: UInt8(ascii: ")"))
            return nil
        }
        if take(":") || take(">") || take("|") { return try closed() }
        if take("=") { return .lookahead(try closed()) }
        if take("!") || take("<!") || take("<=") {
            _ = try closed()
            return .empty
        }
        if take("P<") || take("<") { return try named(until: UInt8(ascii: ">")) }
        if take("'") { return try named(until: UInt8(ascii: "'")) }
        guard let byte = next else { throw GivenUp() }
        // (?R), (?1), (?+1), (?&name), (?P>name), (?P=name); a minus may also begin options.
        if "R&P+0123456789".utf8.contains(byte) || byte == UInt8(ascii: "-") && (self.byte(ahead: 1) ?? 0) &- 0x30 < 10
        {
            skip(past: UInt8(ascii: ")"))
            return .anything
        }
        while let byte = next, "imsnUJ-^".utf8.contains(byte) { index += 1 }
        if take(")") { return nil }
        guard take(":") else { throw GivenUp() }
        return try closed()
    }

    private mutating func named(until end: UInt8) throws(GivenUp) -> Expression {
        skip(past: end)
        return try closed()
    }

    private mutating func closed() throws(GivenUp) -> Expression {
        let inside = try alternatives()
        guard take(")") else { throw GivenUp() }
        return inside
    }
}
