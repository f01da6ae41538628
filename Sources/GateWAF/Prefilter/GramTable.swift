/// Literals by two to four of their bytes in a row, whose case bit is set so that letters of either case are alike.
struct GramTable: Sendable {
    /// A literal, where in it the bytes stand by which it is found, and what it belongs to.
    struct Literal {
        let text: [UInt8]
        let expressions: [UInt32]
        let gramLength: Int
        let gramOffset: Int

        /// The literal with its rarest window as what it is found by.
        init(text: [UInt8], expressions: [UInt32]) {
            self.text = text
            self.expressions = expressions
            let length = min(text.count, 4)
            gramLength = length
            let rarity = (0...(text.count - length)).map { start in
                text[start..<start + length].reduce(0) { $0 + ByteRarity.bits($1) }
            }
            gramOffset = rarity.indices.max { rarity[$0] < rarity[$1] } ?? 0
        }

        var gram: UInt32 {
            var word: UInt32 = 0
            for offset in 0..<gramLength { word |= UInt32(text[gramOffset + offset] | 0x20) << UInt32(8 * offset) }
            return word
        }
    }

    private struct Entry: Sendable {
        let gram: UInt32
        let textStart: UInt32
        let textLength: UInt16
        let gramOffset: UInt16
        let firstExpression: UInt32
        let expressionCount: UInt32
    }

    private let mask: UInt32
    /// For each slot the first of its entries; the last slot's end follows.
    private var slots: [UInt32]
    private var entries: [Entry] = []
    private var texts: [UInt8] = []
    private var expressions: [UInt32] = []
    private let slotShift: UInt32

    /// A table of literals of one gram length, whose hashes are marked in `filter`.
    init(_ literals: [Literal], gramLength: Int, filter: inout GramFilter) {
        mask = gramLength == 4 ? .max : 1 << UInt32(8 * gramLength) - 1
        // Twice as many slots as grams, so that most hold one or none.
        var slotBits: UInt32 = 1
        while 1 << slotBits < 2 * literals.count { slotBits += 1 }
        slotShift = 32 - slotBits
        var lists = [[Literal]](repeating: [], count: 1 << slotBits)
        for literal in literals {
            filter.insert(literal.gram, length: gramLength)
            lists[Int(GramFilter.hash(literal.gram) >> slotShift)].append(literal)
        }
        slots = []
        for list in lists {
            slots.append(UInt32(entries.count))
            for literal in list.sorted(by: { $0.text.lexicographicallyPrecedes($1.text) }) {
                entries.append(
                    Entry(
                        gram: literal.gram, textStart: UInt32(texts.count), textLength: UInt16(literal.text.count),
                        gramOffset: UInt16(literal.gramOffset), firstExpression: UInt32(expressions.count),
                        expressionCount: UInt32(literal.expressions.count)))
                texts += literal.text
                expressions += literal.expressions
            }
        }
        slots.append(UInt32(entries.count))
    }

    /// Sets the bits of the expressions whose literals stand at `index`, where `gram` was read.
    @inline(__always)
    func confirm(_ gram: UInt32, _ value: Span<UInt8>, at index: Int, answer: inout MutableSpan<UInt64>) {
        let gram = gram & mask
        let slot = Int(GramFilter.hash(gram) &>> slotShift)
        for number in Int(slots[slot])..<Int(slots[slot &+ 1]) {
            let entry = entries[number]
            guard entry.gram == gram, stands(entry, in: value, at: index &- Int(entry.gramOffset)) else { continue }
            for owner in Int(entry.firstExpression)..<Int(entry.firstExpression &+ entry.expressionCount) {
                let expression = expressions[owner]
                answer[Int(expression &>> 6)] |= 1 &<< UInt64(expression & 63)
            }
        }
    }

    private func stands(_ entry: Entry, in value: Span<UInt8>, at start: Int) -> Bool {
        guard start >= 0, start &+ Int(entry.textLength) <= value.count else { return false }
        for offset in 0..<Int(entry.textLength)
        where texts[Int(entry.textStart) &+ offset] != value[start &+ offset].loweredASCII {
            return false
        }
        return true
    }
}
