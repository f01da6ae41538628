/// Base64url without padding (RFC 4648 §5, RFC 7515 §2), strict in both directions.
public enum Base64URL {
    /// The bytes that `text` encodes, or nil.
    ///
    /// Nil for padding, white space, any byte outside the alphabet, a length of 4n + 1, and for a last character
    /// whose unused bits are not zero (RFC 4648 §3.5): otherwise one value would have several spellings and a
    /// cache or a deny list could be walked around (attacks 48).
    public static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        guard text.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3 + 2)
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for index in text.indices {
            guard let value = sextet(text[index]) else { return nil }
            buffer = buffer << 6 | value
            bits &+= 6
            if bits >= 8 {
                bits &-= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> bits))
                buffer &= (1 << bits) &- 1
            }
        }
        return buffer == 0 ? bytes : nil
    }

    /// The text that encodes `bytes`.
    public static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count / 3 * 4 + 3)
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bits &+= 8
            while bits >= 6 {
                bits &-= 6
                text.append(letter(buffer >> bits))
                buffer &= (1 << bits) &- 1
            }
        }
        if bits > 0 { text.append(letter(buffer << (6 &- bits))) }
        return text
    }

    @inline(__always) private static func sextet(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x41...0x5A: UInt32(byte &- 0x41)
        case 0x61...0x7A: UInt32(byte &- 0x61 &+ 26)
        case 0x30...0x39: UInt32(byte &- 0x30 &+ 52)
        case 0x2D: 62
        case 0x5F: 63
        default: nil
        }
    }

    private static func letter(_ sextet: UInt32) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: sextet & 0x3F)
        return switch value {
        case 0..<26: value &+ 0x41
        case 26..<52: value &- 26 &+ 0x61
        case 52..<62: value &- 52 &+ 0x30
        case 62: 0x2D
        default: 0x5F
        }
    }
}
