/// The bytes that `@validateByteRange` allows.
public struct ByteRangeSet: Sendable {
    private var words: InlineArray<4, UInt64> = [0, 0, 0, 0]

    /// The set that `parameter` lists, such as `9,10,13,32-126`; nil where it is no such list of numbers up to 255.
    public init?(parameter: String) {
        for part in parameter.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map(Self.number)
            guard ends.count <= 2, let first = ends[0], let last = ends[ends.count - 1], first <= last else {
                return nil
            }
            for byte in first...last { words[Int(byte >> 6)] |= 1 << UInt64(byte & 63) }
        }
    }

    /// Whether `byte` is allowed.
    public func contains(_ byte: UInt8) -> Bool { words[Int(byte &>> 6)] &>> UInt64(byte & 63) & 1 != 0 }

    /// Where the first byte that is not allowed stands in `value`, or nil: the operator matches where there is one.
    public func firstOffence(in value: Span<UInt8>) -> Int? {
        for index in 0..<value.count where !contains(value[index]) { return index }
        return nil
    }

    private static func number(_ text: Substring) -> UInt8? {
        let digits = text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        return UInt8(String(digits))
    }
}
