/// The values that a message brought: rows of variable, name and value over one arena of bytes.
///
/// Body processors and the readers of heads fill it, the engine reads it. Rows of one variable keep the order in which
/// they were added. Nothing is copied twice: a name or value that was added is addressed by its range in the arena.
public struct VariableTable: Sendable {
    /// One value.
    public struct Row: Sendable {
        /// Which variable it belongs to.
        public let variable: Variable
        /// Its name in the arena; empty for a variable of one value.
        public let name: Range<Int>
        /// Its value in the arena.
        public let value: Range<Int>
    }

    /// All bytes of names and values.
    public private(set) var bytes: [UInt8] = []
    /// The rows, in the order of their arrival.
    public private(set) var rows: [Row] = []

    /// An empty table.
    public init() {}

    /// Adds a value.
    public mutating func add(_ variable: Variable, name: Span<UInt8>, value: Span<UInt8>) {
        let nameRange = append(name)
        add(variable, name: nameRange, value: append(value))
    }

    /// Adds a value whose bytes are in the arena already.
    public mutating func add(_ variable: Variable, name: Range<Int>, value: Range<Int>) {
        rows.append(Row(variable: variable, name: name, value: value))
    }

    /// Adds bytes to the arena, for rows that are added by range.
    public mutating func append(_ span: Span<UInt8>) -> Range<Int> {
        let start = bytes.count
        for index in 0..<span.count { bytes.append(span[index]) }
        return start..<bytes.count
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
    }
}
