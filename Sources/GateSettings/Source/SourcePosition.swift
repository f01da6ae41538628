/// A place in the configuration: which file, which line and column.
///
/// Lines and columns start at 1; a column counts characters, as editors do.
public struct SourcePosition: Comparable, Hashable, Sendable {
    /// Index of the file in the order of reading; the main file is 0.
    public var file: UInt32
    /// Line, from 1; 0 means the file as a whole.
    public var line: UInt32
    /// Column in characters, from 1; 0 means the file as a whole.
    public var column: UInt32

    /// The place `line`:`column` of the file with this index.
    public init(file: Int, line: Int, column: Int) {
        self.file = UInt32(clamping: file)
        self.line = UInt32(clamping: line)
        self.column = UInt32(clamping: column)
    }

    /// The main file as a whole; what a value has that was not written anywhere.
    public static let unknown = SourcePosition(file: 0, line: 0, column: 0)

    /// Whether this place stands before the other, file by file.
    public static func < (left: Self, right: Self) -> Bool {
        (left.file, left.line, left.column) < (right.file, right.line, right.column)
    }
}

/// A value and the place it was written at; equal when the values are.
public struct Located<Value: Sendable>: Sendable {
    /// The value.
    public var value: Value
    /// Where it stands.
    public var position: SourcePosition

    /// `value`, written at `position`.
    public init(_ value: Value, at position: SourcePosition = .unknown) {
        self.value = value
        self.position = position
    }
}

extension Located: Equatable where Value: Equatable {
    /// Whether the values are equal, wherever they stand.
    public static func == (left: Self, right: Self) -> Bool { left.value == right.value }
}
