/// Tokens of RFC 9110 §5.6.2: method and field names.
enum Token {
    static func isToken(_ text: String) -> Bool { !text.isEmpty && text.utf8.allSatisfy(isTokenByte) }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        case 0x21, 0x23, 0x24, 0x25, 0x26, 0x27, 0x2a, 0x2b, 0x2d, 0x2e, 0x5e, 0x5f, 0x60, 0x7c, 0x7e: true
        default: false
        }
    }
}

extension Span where Element == UInt8 {
    /// Whether both hold the same bytes; nothing compared here is secret.
    @inline(__always)
    func isIdentical(to array: [UInt8]) -> Bool {
        let other = array.span
        guard count == other.count else { return false }
        for index in 0..<count where self[index] != other[index] { return false }
        return true
    }

    /// Whether these are the bytes of `text`; for names that are known when the gateway is built.
    func isIdentical(to text: String) -> Bool {
        guard count == text.utf8.count else { return false }
        var index = 0
        for byte in text.utf8 {
            guard self[index] == byte else { return false }
            index &+= 1
        }
        return true
    }
}
