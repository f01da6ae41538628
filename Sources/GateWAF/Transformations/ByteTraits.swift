/// Which kinds of bytes a value holds, as far as transformations care: taken once, it tells for each chain of
/// transformations whether it can change the value at all.
public struct ByteTraits: OptionSet, Sendable {
    /// The kinds as bits.
    public let rawValue: UInt32
    /// The kinds of `rawValue`.
    @inlinable public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Every value has this one, the empty one, too.
    public static let any = ByteTraits(rawValue: 1 << 0)
    /// `%`
    public static let percent = ByteTraits(rawValue: 1 << 1)
    /// `+`
    public static let plus = ByteTraits(rawValue: 1 << 2)
    /// `&`
    public static let ampersand = ByteTraits(rawValue: 1 << 3)
    /// `\`
    public static let backslash = ByteTraits(rawValue: 1 << 4)
    /// `A` to `Z`
    public static let upper = ByteTraits(rawValue: 1 << 5)
    /// `a` to `z`
    public static let lower = ByteTraits(rawValue: 1 << 6)
    /// The zero byte
    public static let null = ByteTraits(rawValue: 1 << 7)
    /// The space
    public static let space = ByteTraits(rawValue: 1 << 8)
    /// The other white space of C: tab, line feed, vertical tab, form feed, carriage return
    public static let control = ByteTraits(rawValue: 1 << 9)
    /// Bytes from 80 on
    public static let high = ByteTraits(rawValue: 1 << 10)
    /// `*`
    public static let star = ByteTraits(rawValue: 1 << 11)
    /// `#`
    public static let hash = ByteTraits(rawValue: 1 << 12)
    /// `-`
    public static let dash = ByteTraits(rawValue: 1 << 13)
    /// `/`
    public static let slash = ByteTraits(rawValue: 1 << 14)
    /// `.` as the last byte
    public static let finalDot = ByteTraits(rawValue: 1 << 15)
    /// `"`, `'`, `^`, `,` and `;`
    public static let shell = ByteTraits(rawValue: 1 << 16)

    /// The kinds of bytes in `bytes`.
    public init(of bytes: Span<UInt8>) {
        var found = Self.any.rawValue
        for index in 0..<bytes.count { found |= Self.table[Int(bytes[index])] }
        if Self.endsInDot(bytes) { found |= Self.finalDot.rawValue }
        self.init(rawValue: found)
    }

    /// Where the first byte of one of `kinds` stands, or nil; with `any` among them, 0.
    static func firstIndex(of kinds: ByteTraits, in bytes: Span<UInt8>) -> Int? {
        if kinds.contains(.any) { return 0 }
        for index in 0..<bytes.count where table[Int(bytes[index])] & kinds.rawValue != 0 { return index }
        return kinds.contains(.finalDot) && endsInDot(bytes) ? bytes.count &- 1 : nil
    }

    private static func endsInDot(_ bytes: Span<UInt8>) -> Bool {
        bytes.count > 0 && bytes[bytes.count &- 1] == UInt8(ascii: ".")
    }

    private static let table: InlineArray<256, UInt32> = .init { index in
        let byte = UInt8(truncatingIfNeeded: index)
        let kind: ByteTraits =
            switch byte {
            case UInt8(ascii: "%"): .percent
            case UInt8(ascii: "+"): .plus
            case UInt8(ascii: "&"): .ampersand
            case UInt8(ascii: "\\"): .backslash
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): .upper
            case UInt8(ascii: "a")...UInt8(ascii: "z"): .lower
            case 0: .null
            case UInt8(ascii: " "): .space
            case 0x09...0x0D: .control
            case 0x80...: .high
            case UInt8(ascii: "*"): .star
            case UInt8(ascii: "#"): .hash
            case UInt8(ascii: "-"): .dash
            case UInt8(ascii: "/"): .slash
            case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "^"), UInt8(ascii: ","), UInt8(ascii: ";"): .shell
            default: []
            }
        return kind.rawValue
    }
}

extension Transformation {
    /// A value that holds none of these is left as it is.
    public var triggers: ByteTraits {
        switch self {
        case .none: []
        case .lowercase: .upper
        case .uppercase: .lower
        case .removeNulls, .replaceNulls: .null
        case .compressWhitespace, .trim, .trimLeft, .trimRight: [.space, .control]
        case .removeWhitespace: [.space, .control, .high]
        case .cmdLine: [.shell, .backslash, .space, .control, .upper]
        case .urlDecode, .urlDecodeUni: [.percent, .plus]
        case .utf8toUnicode: [.high, .null]
        case .htmlEntityDecode: .ampersand
        case .jsDecode, .escapeSeqDecode: .backslash
        case .cssDecode: [.backslash, .null]
        case .removeComments, .removeCommentsChar: [.star, .hash, .dash]
        case .replaceComments: .star
        case .normalisePath: [.slash, .finalDot]
        case .normalisePathWin: [.slash, .finalDot, .backslash]
        case .base64Decode, .base64DecodeExt, .base64Encode, .hexDecode, .hexEncode, .length, .sha1, .sqlHexDecode,
            .urlEncode:
            .any
        }
    }
}
