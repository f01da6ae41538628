extension Span<UInt8> {
    /// Eight bytes from `offset` as one little-endian word; `offset + 8` must not exceed the count.
    @inline(__always)
    func word(at offset: Int) -> UInt64 {
        // SAFETY: every bit pattern is a UInt64, and the load checks its bounds.
        UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Whether the bytes of `range`, letters folded to lower case, are `text`, which is in lower case.
    func matches(_ range: Range<Int>, lowercase text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount, range.lowerBound >= 0, range.upperBound <= count else {
            return false
        }
        // SAFETY: a static string's pointer is valid for its whole length, always.
        let expected = unsafe UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        for index in 0..<expected.count
        where unsafe Ascii.lower(self[range.lowerBound &+ index]) != expected[index] {
            return false
        }
        return true
    }

    /// Whether all bytes, letters folded to lower case, are `text`, which is in lower case.
    func matches(lowercase text: StaticString) -> Bool {
        matches(0..<count, lowercase: text)
    }

    /// Whether both hold the same bytes, letters of either folded to lower case.
    func equalsIgnoringCase(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where Ascii.lower(self[index]) != Ascii.lower(other[index]) { return false }
        return true
    }

    /// Whether both hold the same bytes.
    func equals(_ other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }

    /// The part of `range` without spaces and tabs at its ends (OWS, RFC 9110 §5.6.3).
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var lower = range.lowerBound
        var upper = range.upperBound
        while lower < upper, self[lower] == Ascii.space || self[lower] == Ascii.tab { lower &+= 1 }
        while upper > lower, self[upper &- 1] == Ascii.space || self[upper &- 1] == Ascii.tab { upper &-= 1 }
        return lower..<upper
    }

    /// The index of the first `byte` in `range`, or the range's end.
    func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int {
        var index = range.lowerBound
        while index < range.upperBound, self[index] != byte { index &+= 1 }
        return index
    }

    /// The bytes as text; what is not UTF-8 is replaced. For cold code.
    var text: String {
        String(decoding: unsafe withUnsafeBufferPointer { unsafe Array($0) }, as: UTF8.self)
    }

    /// Whether a `content-type` is `name`, in lower case, with parameters or a suffix such as `+proto`.
    func isMediaType(_ name: StaticString) -> Bool {
        let count = name.utf8CodeUnitCount
        guard self.count >= count, matches(0..<count, lowercase: name) else { return false }
        guard self.count > count else { return true }
        switch self[count] {
        case Ascii.semicolon, Ascii.space, Ascii.tab, UInt8(ascii: "+"): return true
        default: return false
        }
    }
}
