/// Well-formed UTF-8 (Unicode table 3-7): no overlong form, no surrogate, nothing beyond U+10FFFF.
enum UTF8Sequence {
    /// The length in bytes of the well-formed sequence of two to four bytes that starts at `index`; 0 if there is none.
    static func length(at index: Int, in bytes: Span<UInt8>) -> Int {
        guard index < bytes.count else { return 0 }
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch bytes[index] {
        case 0xC2...0xDF: length = 2
        case 0xE0:
            length = 3
            second = 0xA0...0xBF
        case 0xED:
            length = 3
            second = 0x80...0x9F
        case 0xE1...0xEF: length = 3
        case 0xF0:
            length = 4
            second = 0x90...0xBF
        case 0xF1...0xF3: length = 4
        case 0xF4:
            length = 4
            second = 0x80...0x8F
        default: return 0
        }
        guard bytes.count &- index >= length, second.contains(bytes[index &+ 1]) else { return 0 }
        for offset in 2..<max(length, 2) where bytes[index &+ offset] & 0xC0 != 0x80 { return 0 }
        return length
    }
}
