/// Addresses that run script: `javascript:`, `data:`, `vbscript:`, `view-source:`.
enum ScriptAddress {
    /// Whether an attribute's value is such an address, character references resolved.
    static func runs(_ value: Span<UInt8>) -> Bool {
        // Browsers skip controls and, in some encodings, bytes beyond ASCII before the scheme.
        let start = value.end(from: 0) { $0 <= 0x20 || $0 >= 0x7f }
        let address = value.extracting(start..<value.count)
        return begins(address, with: "DATA") || begins(address, with: "VIEW-SOURCE")
            || begins(address, with: "JAVA") || begins(address, with: "VBSCRIPT")
    }

    /// Whether the address begins with `scheme`, which is in capitals, in any case, but for what browsers skip: controls
    /// at the beginning, NUL and line feed anywhere.
    private static func begins(_ address: Span<UInt8>, with scheme: StaticString) -> Bool {
        scheme.withUTF8Buffer { letters in
            // SAFETY: a static string's bytes live for ever, and `matched` is below the buffer's count where it is used.
            var matched = 0
            var position = 0
            while matched < letters.count {
                guard position < address.count else { return false }
                let character = character(address, at: &position)
                if character == 0 || character == 0x0a || matched == 0 && character <= 0x20 { continue }
                let capital = character &- 0x61 < 26 ? character &- 0x20 : character
                guard unsafe letters[matched] == UInt8(truncatingIfNeeded: capital) else { return false }
                matched &+= 1
            }
            return true
        }
    }

    /// The character at `position`, a numeric reference resolved, and moves behind it. Names of characters are not
    /// resolved: none stands for a letter. A reference that is none is its ampersand.
    private static func character(_ address: Span<UInt8>, at position: inout Int) -> UInt32 {
        let byte = UInt32(address[position])
        position &+= 1
        guard byte == 0x26, position < address.count, address[position] == UInt8(ascii: "#") else { return byte }
        var index = position &+ 1
        var base: UInt32 = 10
        if index < address.count, address[index] | 0x20 == UInt8(ascii: "x") {
            base = 16
            index &+= 1
        }
        guard index < address.count, var value = digit(address[index], base) else { return byte }
        index &+= 1
        while index < address.count, let next = digit(address[index], base) {
            value = value &* base &+ next
            // LIMIT: beyond the last character of Unicode there is no reference.
            if value > 0x10_00ff { return byte }
            index &+= 1
        }
        if index < address.count, address[index] == UInt8(ascii: ";") { index &+= 1 }
        position = index
        return value
    }

    private static func digit(_ byte: UInt8, _ base: UInt32) -> UInt32? {
        switch byte {
        case 0x30...0x39: UInt32(byte &- 0x30)
        case 0x41...0x46 where base == 16: UInt32(byte &- 0x37)
        case 0x61...0x66 where base == 16: UInt32(byte &- 0x57)
        default: nil
        }
    }
}
