/// What C's `isspace` calls white space.
@inline(__always)
func isWhiteSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }

// Fixed texts in bytes.
extension Span where Element == UInt8 {
    /// Whether a range equals `text`, which is in lower case, but for the case of ASCII letters.
    @inline(__always)
    func equalsLowercased(_ text: StaticString, in range: Range<Int>) -> Bool {
        range.count == text.utf8CodeUnitCount && hasPrefixLowercased(text, in: range)
    }

    /// Whether a range begins with `text`, which is in lower case, but for the case of ASCII letters.
    func hasPrefixLowercased(_ text: StaticString, in range: Range<Int>) -> Bool {
        hasPrefix(text, in: range) { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : $0 }
    }

    /// Whether a range equals `text`.
    @inline(__always)
    func equals(_ text: StaticString, in range: Range<Int>) -> Bool {
        range.count == text.utf8CodeUnitCount && hasPrefix(text, in: range) { $0 }
    }

    @inline(__always)
    private func hasPrefix(_ text: StaticString, in range: Range<Int>, _ fold: (UInt8) -> UInt8) -> Bool {
        let length = text.utf8CodeUnitCount
        guard range.count >= length, range.lowerBound >= 0, range.upperBound <= count else { return false }
        return text.withUTF8Buffer { wanted in
            for index in 0..<length {
                // SAFETY: `index` is below the text's length, which is the buffer's.
                if unsafe fold(self[range.lowerBound &+ index]) != wanted[index] { return false }
            }
            return true
        }
    }

    /// The first place from `start` on that is neither a space nor a tabulator; the end where there is none.
    func skippingBlanks(from start: Int) -> Int {
        var index = start
        while index < count, self[index] == 0x20 || self[index] == 0x09 { index &+= 1 }
        return Swift.min(index, count)
    }
}
