/// A set of ASCII bytes as two words; a byte of 0x80 and above is in none.
public struct ByteSet: Sendable {
    @usableFromInline let low: UInt64
    @usableFromInline let high: UInt64

    /// The set whose bit n of `low` stands for byte n, of `high` for byte n + 64.
    @inlinable public init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// The set of the ASCII bytes of `text`; others are left out.
    public init(_ text: StaticString) {
        var low: UInt64 = 0
        var high: UInt64 = 0
        for byte in text.description.utf8 {
            if byte < 64 { low |= 1 << UInt64(byte) } else if byte < 128 { high |= 1 << UInt64(byte &- 64) }
        }
        self.init(low: low, high: high)
    }

    /// Whether `byte` is in the set.
    @inlinable public func contains(_ byte: UInt8) -> Bool {
        let word = byte < 64 ? low : byte < 128 ? high : 0
        return word >> UInt64(byte & 63) & 1 != 0
    }

    /// Whether every one of `bytes` is in the set; true for none.
    public func holdsAll(of bytes: Span<UInt8>) -> Bool {
        for index in 0..<bytes.count where !contains(bytes[index]) { return false }
        return true
    }

    /// `0` to `9`.
    @inlinable public static var digit: ByteSet { ByteSet(low: 0x03ff_0000_0000_0000, high: 0) }
    /// `0` to `9`, `A` to `F`, `a` to `f`.
    @inlinable public static var hexDigit: ByteSet { ByteSet(low: 0x03ff_0000_0000_0000, high: 0x0000_007e_0000_007e) }
    /// RFC 9110 §5.6.2 `tchar`: the bytes of methods and field names.
    @inlinable public static var token: ByteSet { ByteSet(low: 0x03ff_6cfa_0000_0000, high: 0x57ff_ffff_c7ff_fffe) }
    /// RFC 3986 §2.3 `unreserved`.
    @inlinable public static var unreserved: ByteSet {
        ByteSet(low: 0x03ff_6000_0000_0000, high: 0x47ff_fffe_87ff_fffe)
    }
}
