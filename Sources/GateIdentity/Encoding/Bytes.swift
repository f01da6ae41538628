/// Comparisons of bytes that allocate nothing.
enum Bytes {
    /// Whether the span holds exactly `name`.
    ///
    /// No early exit: without one the loop is compiled to vector instructions (a token of 1 KiB in tens of nanoseconds),
    /// and its time says nothing about where two values differ.
    static func equals(_ bytes: Span<UInt8>, _ name: [UInt8]) -> Bool {
        let other = name.span
        guard bytes.count == other.count else { return false }
        var difference: UInt8 = 0
        for index in 0..<bytes.count { difference |= bytes[index] ^ other[index] }
        return difference == 0
    }

    /// Whether the span is the lower-case ASCII `word` in any case.
    static func equalsIgnoringCase(_ bytes: Span<UInt8>, _ word: [UInt8]) -> Bool {
        guard bytes.count == word.count else { return false }
        for index in bytes.indices {
            let byte = bytes[index]
            guard (byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte) == word[index] else { return false }
        }
        return true
    }

    /// `range` without spaces and tabs at its ends.
    static func trimmed(_ range: Range<Int>, in bytes: Span<UInt8>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start &+= 1 }
        while end > start, bytes[end &- 1] == 0x20 || bytes[end &- 1] == 0x09 { end &-= 1 }
        return start..<end
    }

    /// Whether the span, percent-decoded, is exactly `name`; a broken escape stands for itself.
    static func equalsDecoded(_ bytes: Span<UInt8>, _ name: [UInt8]) -> Bool {
        var index = 0
        var matched = 0
        while index < bytes.count {
            var byte = bytes[index]
            index &+= 1
            if byte == 0x25, bytes.count &- index >= 2, let high = hex(bytes[index]), let low = hex(bytes[index &+ 1]) {
                byte = high << 4 | low
                index &+= 2
            }
            guard matched < name.count, name[matched] == byte else { return false }
            matched &+= 1
        }
        return matched == name.count
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte &- 0x30
        case 0x41...0x46: byte &- 0x41 &+ 10
        case 0x61...0x66: byte &- 0x61 &+ 10
        default: nil
        }
    }
}
