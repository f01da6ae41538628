/// The distinct values of a transaction, each transformed at most once by each transformation.
struct ValueStore {
    /// One value.
    struct Value {
        let blob: Blob
        /// Which bytes it holds; empty until asked for.
        var traits: ByteTraits = []
        /// Where its line in `lines` begins; -1 without one.
        var line: Int32 = -1
        /// Where the answer of each scanner begins in `Transaction.scans`; -1 without one.
        var scans = SIMD2<Int32>(repeating: -1)
    }

    /// A point to which the store can be put back.
    struct Mark {
        let values: Int
        let lines: Int
    }

    private(set) var values: [Value] = []
    /// For each value that was transformed: the outcome of each transformation, -1 where it is not known.
    private var lines: [Int32] = []
    /// How many values the message has.
    private var messageCount = 0
    /// Values of the message by their place, plus one; a power of two of places, at most half of them taken.
    private var places: [Int32] = Array(repeating: 0, count: 128)

    /// Forgets all values.
    mutating func removeAll() {
        if values.count > 0 {
            for index in places.indices { places[index] = 0 }
        }
        let bound = Transaction.keptCapacity
        values.removeAll(keepingCapacity: values.capacity * MemoryLayout<Value>.stride <= bound)
        lines.removeAll(keepingCapacity: lines.capacity * 4 <= bound)
        if places.count * 4 > bound { places = Array(repeating: 0, count: 128) }
        messageCount = 0
    }

    /// The value of the message in `range`; the same range is the same value.
    mutating func message(_ range: Range<Int>) -> Int32 {
        let blob = Blob(.message, range.isEmpty ? 0..<0 : range)
        var place = ValueStore.hash(blob.range) & (places.count &- 1)
        while places[place] != 0 {
            let number = places[place] &- 1
            if values[Int(number)].blob == blob { return number }
            place = (place &+ 1) & (places.count &- 1)
        }
        let number = add(blob)
        places[place] = number &+ 1
        messageCount &+= 1
        if messageCount &* 2 > places.count { grow() }
        return number
    }

    /// A value that stands alone.
    mutating func add(_ blob: Blob) -> Int32 {
        values.append(Value(blob: blob))
        return Int32(truncatingIfNeeded: values.count &- 1)
    }

    /// What transformation `number` makes of a value, where it is known.
    @inline(__always)
    func outcome(of value: Int, _ number: Int) -> Int32? {
        let line = values[value].line
        guard line >= 0 else { return nil }
        let outcome = lines[Int(line) &+ number]
        return outcome >= 0 ? outcome : nil
    }

    /// Remembers what transformation `number` makes of a value.
    mutating func remember(_ outcome: Int32, of value: Int, _ number: Int) {
        if values[value].line < 0 {
            values[value].line = Int32(truncatingIfNeeded: lines.count)
            lines.append(contentsOf: ValueStore.emptyLine)
        }
        lines[Int(values[value].line) &+ number] = outcome
    }

    /// Notes which bytes a value holds.
    @inline(__always)
    mutating func setTraits(_ traits: ByteTraits, of value: Int) { values[value].traits = traits }

    /// Notes where the answer of a scanner about a value begins.
    @inline(__always)
    mutating func setScan(_ start: Int, of value: Int, _ scanner: Int) {
        values[value].scans[scanner] = Int32(truncatingIfNeeded: start)
    }

    /// The point that `release` puts the store back to.
    var mark: Mark { Mark(values: values.count, lines: lines.count) }

    /// Forgets what came after `mark`; no value before it may refer to one after it.
    mutating func release(_ mark: Mark) {
        values.removeLast(max(values.count &- mark.values, 0))
        lines.removeLast(max(lines.count &- mark.lines, 0))
    }

    /// A line of which nothing is known.
    private static let emptyLine = [Int32](repeating: -1, count: Transformation.allCases.count)

    private mutating func grow() {
        places = Array(repeating: 0, count: places.count * 2)
        for (number, value) in values.enumerated() where value.blob.space == .message {
            var place = ValueStore.hash(value.blob.range) & (places.count &- 1)
            while places[place] != 0 { place = (place &+ 1) & (places.count &- 1) }
            places[place] = Int32(truncatingIfNeeded: number &+ 1)
        }
    }

    @inline(__always)
    private static func hash(_ range: Range<Int>) -> Int {
        // Ranges of one message rarely begin at one byte with different lengths; odd factors spread both.
        (range.lowerBound &* 0x9E37_79B1 &+ range.upperBound &* 0x85EB_CA77) &>> 7
    }
}
