/// Tells in one pass over a value which of many expressions can match it at all.
///
/// Each expression's most selective literals are found by their rarest two to four bytes: a bit of a table says whether a
/// place can begin one, and only then they are compared. The bytes that occur anywhere decide the other conditions. A set
/// bit of the answer means "try it", a clear one "it cannot match".
public struct LiteralScanner: Sendable {
    /// How many expressions it knows.
    public let expressionCount: Int
    /// How many words an answer has.
    public var wordCount: Int { (expressionCount &+ 63) / 64 }

    /// What an expression demands beside its literals.
    private struct Demand: Sendable {
        /// The groups of bytes, one of each of which must occur.
        var groups: SIMD2<UInt64> = .zero
        var minimumLength = 0
    }

    private var demands: [Demand]
    /// The expressions about which nothing is known.
    private var unknown: [UInt64]
    /// For each byte the groups that hold it.
    private let groupsOfByte: [SIMD2<UInt64>]
    /// The groups that are the first demand of an expression, and for each of all groups those expressions, from the one
    /// number in `expressionsOfGroup` to the next.
    private var leading: SIMD2<UInt64> = .zero
    private var expressionsOfGroup: [UInt32] = []
    private var ledExpressions: [UInt32] = []
    private let filter: GramFilter
    private let four: GramTable
    private let three: GramTable
    private let two: GramTable

    /// A scanner for `expressions`, whose answers have a bit for each by its index.
    public init(_ expressions: [RequiredLiterals]) {
        expressionCount = expressions.count
        demands = expressions.map { Demand(minimumLength: $0.minimumLength) }
        unknown = [UInt64](repeating: 0, count: (expressions.count + 63) / 64)
        var owners: [[UInt8]: [UInt32]] = [:]
        var groups: [ByteMask: [Int]] = [:]
        var leaders: [ByteMask: [UInt32]] = [:]
        for (index, expression) in expressions.enumerated() {
            guard let first = expression.requirements.first else {
                unknown[index / 64] |= 1 << UInt64(index % 64)
                continue
            }
            for literal in first.literals { owners[literal, default: []].append(UInt32(index)) }
            if !first.bytes.isEmpty { leaders[first.bytes, default: []].append(UInt32(index)) }
            for requirement in expression.requirements.dropFirst() {
                groups[requirement.asBytes.bytes, default: []].append(index)
            }
        }

        // LIMIT: 128 groups. Those of lesser use are not checked, so that their expressions are tried more often.
        let ranked = Set(groups.keys).union(leaders.keys).map { ($0, leaders[$0] != nil, Requirement(bytes: $0).cost) }
            .sorted {
                if $0.1 != $1.1 { return $0.1 }
                return $0.2 != $1.2 ? $0.2 < $1.2 : $0.0.bytes.lexicographicallyPrecedes($1.0.bytes)
            }
        var groupsOfByte = [SIMD2<UInt64>](repeating: .zero, count: 256)
        for (number, (mask, leads, _)) in ranked.enumerated() {
            let expressions = leaders[mask] ?? []
            guard number < 128 else {
                for index in expressions { unknown[Int(index) / 64] |= 1 << UInt64(index % 64) }
                continue
            }
            let bit: UInt64 = 1 << UInt64(number % 64)
            if leads { leading[number / 64] |= bit }
            for index in groups[mask] ?? [] { demands[index].groups[number / 64] |= bit }
            for byte in 0..<256 where mask.contains(UInt8(byte).loweredASCII) { groupsOfByte[byte][number / 64] |= bit }
            expressionsOfGroup.append(UInt32(ledExpressions.count))
            ledExpressions += expressions
        }
        expressionsOfGroup.append(UInt32(ledExpressions.count))
        self.groupsOfByte = groupsOfByte

        var literals: [Int: [GramTable.Literal]] = [:]
        for (text, expressions) in owners {
            let literal = GramTable.Literal(text: text, expressions: expressions)
            literals[literal.gramLength, default: []].append(literal)
        }
        var filter = GramFilter()
        four = GramTable(literals[4] ?? [], gramLength: 4, filter: &filter)
        three = GramTable(literals[3] ?? [], gramLength: 3, filter: &filter)
        two = GramTable(literals[2] ?? [], gramLength: 2, filter: &filter)
        self.filter = filter
    }

    /// Writes into the first `wordCount` words of `answer` which expressions can match `value`.
    ///
    /// Expressions about which nothing is known are always among them. Linear in the value; where `answer` is shorter
    /// nothing is written.
    public func scan(_ value: Span<UInt8>, into answer: inout MutableSpan<UInt64>) {
        let words = wordCount
        guard answer.count >= words else { return }
        for word in 0..<words { answer[word] = 0 }
        let found = findLiterals(in: value, answer: &answer)
        for half in 0..<2 {
            var rest = found[half] & leading[half]
            while rest != 0 {
                let group = half &* 64 &+ rest.trailingZeroBitCount
                rest &= rest &- 1
                for number in Int(expressionsOfGroup[group])..<Int(expressionsOfGroup[group &+ 1]) {
                    let expression = ledExpressions[number]
                    answer[Int(expression &>> 6)] |= 1 &<< UInt64(expression & 63)
                }
            }
        }
        for word in 0..<words {
            var rest = answer[word]
            while rest != 0 {
                let demand = demands[word &* 64 &+ rest.trailingZeroBitCount]
                let missing = demand.groups & ~found
                if missing[0] | missing[1] != 0 || value.count < demand.minimumLength {
                    answer[word] &= ~(rest & (0 &- rest))
                }
                rest &= rest &- 1
            }
            answer[word] |= unknown[word]
        }
    }

    /// Sets the bits of the expressions whose literals stand in `value`, and returns the groups of its bytes.
    private func findLiterals(in value: Span<UInt8>, answer: inout MutableSpan<UInt64>) -> SIMD2<UInt64> {
        let groups = groupsOfByte.span
        let marks = filter.marks
        var found = SIMD2<UInt64>.zero
        // The four bytes up to the one that was read last, the first of them lowest.
        var gram: UInt32 = 0
        for end in 0..<value.count {
            let byte = value[end]
            found |= groups[Int(byte)]
            gram = gram &>> 8 | UInt32(byte | 0x20) &<< 24
            let lengths = GramFilter.lengths(of: gram, marks)
            if lengths != 0 { confirm(gram, lengths, value, at: end &- 3, &answer) }
        }
        // The last three places, at which less than four bytes are left.
        for start in (value.count &- 3)..<value.count {
            gram = gram &>> 8
            let lengths = GramFilter.lengths(of: gram, marks)
            if lengths != 0 { confirm(gram, lengths, value, at: start, &answer) }
        }
        return found
    }

    @inline(never)
    private func confirm(
        _ gram: UInt32, _ lengths: UInt8, _ value: Span<UInt8>, at start: Int, _ answer: inout MutableSpan<UInt64>
    ) {
        guard start >= 0 else { return }
        if lengths & 1 << 4 != 0 { four.confirm(gram, value, at: start, answer: &answer) }
        if lengths & 1 << 3 != 0 { three.confirm(gram, value, at: start, answer: &answer) }
        if lengths & 1 << 2 != 0 { two.confirm(gram, value, at: start, answer: &answer) }
    }
}
