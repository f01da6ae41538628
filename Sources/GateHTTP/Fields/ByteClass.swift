/// A class of ASCII bytes as a bit map: a test is a shift and a mask, and reads no memory.
struct ByteClass: Sendable {
    private let low: UInt64
    private let high: UInt64

    /// The members below 64 are the bits of `low`, those below 128 the bits of `high`.
    @inline(__always)
    private init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// Whether `byte` is a member; never for 0x80 and above.
    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        let map = byte < 64 ? low : high
        return byte < 0x80 && (map &>> UInt64(byte & 63)) & 1 == 1
    }

    /// RFC 9110 §5.6.2: a character of a token.
    static var token: ByteClass { ByteClass(low: 0x03ff_6cfa_0000_0000, high: 0x57ff_ffff_c7ff_fffe) }

    /// Letters, digits and `-`: what field names are made of in practice.
    static var nameLetter: ByteClass { ByteClass(low: 0x03ff_2000_0000_0000, high: 0x07ff_fffe_07ff_fffe) }

    /// RFC 3986 §2.3: a character that means the same with and without percent-encoding.
    static var unreserved: ByteClass { ByteClass(low: 0x03ff_6000_0000_0000, high: 0x47ff_fffe_87ff_fffe) }

    /// Letters, digits, `-`, `.` and `_`: what a registered name is accepted with.
    static var hostLetter: ByteClass { ByteClass(low: 0x03ff_6000_0000_0000, high: 0x07ff_fffe_87ff_fffe) }

    /// RFC 3986 §3.3: `pchar` without `%`, `;` and `.`, which need a look, and with `[`, `]`, `^` and `|`, which
    /// browsers send as they are (WHATWG URL, path percent-encode set) and no parser reads differently.
    static var pathLetter: ByteClass { ByteClass(low: 0x27ff_3fd2_0000_0000, high: 0x57ff_fffe_efff_ffff) }
}

/// The bytes that this module names.
enum Ascii {
    static let tab: UInt8 = 0x09
    static let lf: UInt8 = 0x0A
    static let cr: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let quote: UInt8 = 0x22
    static let hash: UInt8 = 0x23
    static let percent: UInt8 = 0x25
    static let ampersand: UInt8 = 0x26
    static let asterisk: UInt8 = 0x2A
    static let comma: UInt8 = 0x2C
    static let dash: UInt8 = 0x2D
    static let dot: UInt8 = 0x2E
    static let slash: UInt8 = 0x2F
    static let zero: UInt8 = 0x30
    static let nine: UInt8 = 0x39
    static let colon: UInt8 = 0x3A
    static let semicolon: UInt8 = 0x3B
    static let equals: UInt8 = 0x3D
    static let question: UInt8 = 0x3F
    static let at: UInt8 = 0x40
    static let leftBracket: UInt8 = 0x5B
    static let backslash: UInt8 = 0x5C
    static let rightBracket: UInt8 = 0x5D
    static let delete: UInt8 = 0x7F

    /// `byte` in lower case, if it is a letter.
    @inline(__always)
    static func lower(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }

    /// Whether `byte` is a digit.
    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- zero < 10 }

    /// The value of a hexadecimal digit, or nil.
    @inline(__always)
    static func hexValue(_ byte: UInt8) -> UInt8? {
        if byte &- zero < 10 { return byte &- zero }
        let letter = byte | 0x20
        return letter &- 0x61 < 6 ? letter &- 0x61 &+ 10 : nil
    }

    /// The upper-case hexadecimal digit of a value below 16.
    @inline(__always)
    static func hexDigit(_ value: UInt8) -> UInt8 {
        let nibble = value & 15
        return nibble < 10 ? zero &+ nibble : 0x41 &+ nibble &- 10
    }
}
