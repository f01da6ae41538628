/// Bytes by where they are: a value without a copy.
struct Blob: Equatable, Sendable {
    /// The memory that holds them.
    enum Space: UInt8, Sendable {
        /// The arena of the message's variables.
        case message
        /// The transaction's own arena.
        case arena
        /// The plan's constants.
        case constants
    }

    let space: Space
    private let start: UInt32
    private let length: UInt32

    @inline(__always)
    init(_ space: Space, _ range: Range<Int>) {
        self.space = space
        start = UInt32(truncatingIfNeeded: range.lowerBound)
        length = UInt32(truncatingIfNeeded: range.count)
    }

    /// No bytes.
    static let empty = Blob(.constants, 0..<0)

    /// Where they stand in their memory.
    @inline(__always)
    var range: Range<Int> { Int(start)..<(Int(start) &+ Int(length)) }
    /// How many they are.
    @inline(__always)
    var count: Int { Int(length) }
}
