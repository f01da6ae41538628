/// The types of the first five tokens of a value that was found to be SQL injection, such as `s&1c`.
///
/// The letters are libinjection's: rules log them and capture them as `TX:0`.
public struct Fingerprint: Sendable, Hashable, CustomStringConvertible {
    /// One byte a type, the first in the lowest byte; unused bytes are 0.
    private let packed: UInt64

    init(packed: UInt64) { self.packed = packed }

    /// The letters, one a token, at most five.
    public var bytes: [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: packed >> UInt64(8 &* $0)) }
    }

    /// The letters as text.
    public var description: String { String(decoding: bytes, as: UTF8.self) }

    /// How many tokens, 1 to 5.
    public var count: Int { 8 &- packed.leadingZeroBitCount / 8 }
}
