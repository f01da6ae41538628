/// The values that a message brought: rows of variable, name and value over one arena of bytes.
///
/// Body processors and the readers of heads fill it, the engine reads it. Rows of one variable keep the order in which
/// they were added. Nothing is copied twice: a name or value that was added is addressed by its range in the arena. A
/// variable of one value that has no row is one empty value, as in ModSecurity.
public struct VariableTable: Sendable {
    /// One value.
    public struct Row: Sendable {
        // Twenty bytes: a form of a thousand arguments is four thousand rows.
        private let nameStart: UInt32
        private let nameEnd: UInt32
        private let valueStart: UInt32
        private let valueEnd: UInt32
        /// Which variable it belongs to.
        public let variable: Variable

        @inline(__always)
        fileprivate init(_ variable: Variable, name: Range<Int>, value: Range<Int>) {
            self.variable = variable
            nameStart = UInt32(clamping: name.lowerBound)
            nameEnd = UInt32(clamping: name.upperBound)
            valueStart = UInt32(clamping: value.lowerBound)
            valueEnd = UInt32(clamping: value.upperBound)
        }

        /// Its name in the arena; empty for a variable of one value.
        @inline(__always)
        public var name: Range<Int> { Int(nameStart)..<Int(nameEnd) }
        /// Its value in the arena.
        @inline(__always)
        public var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
    }

    /// All bytes of names and values.
    public private(set) var bytes: [UInt8] = []
    /// The rows, in the order of their arrival.
    public private(set) var rows: [Row] = []
    /// How much the message brought that rules only measure.
    var measures = MessageMeasures()

    /// An empty table.
    public init() {}

    /// Adds a value.
    public mutating func add(_ variable: Variable, name: Span<UInt8>, value: Span<UInt8>) {
        let nameRange = append(name)
        add(variable, name: nameRange, value: append(value))
    }

    /// Adds a value whose bytes are in the arena already.
    public mutating func add(_ variable: Variable, name: Range<Int>, value: Range<Int>) {
        rows.append(Row(variable, name: name, value: value))
    }

    /// Sets a variable of one value, whose bytes are in the arena already: its row is replaced, or added.
    public mutating func set(_ variable: Variable, to value: Range<Int>) {
        let row = Row(variable, name: 0..<0, value: value)
        for index in rows.indices where rows[index].variable == variable {
            rows[index] = row
            return
        }
        rows.append(row)
    }

    /// Sets a variable of one value: its row is replaced, or added.
    public mutating func set(_ variable: Variable, to value: Span<UInt8>) {
        set(variable, to: append(value))
    }

    /// Sets a variable of one value to a fixed text: its row is replaced, or added.
    mutating func set(_ variable: Variable, to text: String) {
        let start = bytes.count
        append(text)
        set(variable, to: start..<bytes.count)
    }

    /// Adds bytes to the arena, for rows that are added by range.
    public mutating func append(_ span: Span<UInt8>) -> Range<Int> {
        let start = bytes.count
        // SAFETY: the buffer is the span's own memory, initialised for its whole count, and is read within the call.
        unsafe span.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
        return start..<bytes.count
    }

    /// Adds a fixed text to the arena.
    mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }

    /// Adds one byte to the arena.
    @inline(__always)
    mutating func append(_ byte: UInt8) {
        bytes.append(byte)
    }

    /// Shortens the arena to its first `count` bytes; no row may reach beyond them.
    mutating func truncate(to count: Int) {
        guard count < bytes.count else { return }
        bytes.removeLast(bytes.count &- max(count, 0))
    }

    /// The bytes of a range of the arena; empty where there is no such range.
    @_lifetime(borrow self)
    public func span(_ range: Range<Int>) -> Span<UInt8> {
        bytes.span.extracting(range.clamped(to: 0..<bytes.count))
    }

    /// Forgets everything and keeps the storage.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        rows.removeAll(keepingCapacity: true)
        measures = MessageMeasures()
    }
}
