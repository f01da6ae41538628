/// Small things that several transformations need.
extension OutputSpan<UInt8> {
    /// Appends all of `bytes`; the caller has reserved the room.
    mutating func append(copying bytes: Span<UInt8>) {
        for index in 0..<bytes.count { append(bytes[index]) }
    }
}

extension UInt8 {
    /// The value of this hexadecimal digit, or nil.
    @inline(__always) var hexValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self &- UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self &- UInt8(ascii: "a") &+ 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self &- UInt8(ascii: "A") &+ 10
        default: nil
        }
    }

    /// The value of this octal digit, or nil.
    @inline(__always) var octalValue: UInt8? { self & 0xF8 == 0x30 ? self & 7 : nil }

    /// C's `isspace` in the C locale.
    @inline(__always) var isCSpace: Bool { self == 0x20 || self &- 0x09 < 5 }

    /// C's `isalnum` in the C locale.
    @inline(__always) var isCAlphanumeric: Bool { self &- 0x30 < 10 || (self | 0x20) &- 0x61 < 26 }

    /// C's `tolower` in the C locale.
    @inline(__always) var loweredASCII: UInt8 { self &- 0x41 < 26 ? self | 0x20 : self }
}

extension Span<UInt8> {
    /// The byte at `index`, and zero behind the end: what C code sees at the end of its string.
    @inline(__always) func orZero(_ index: Int) -> UInt8 { index < count ? self[index] : 0 }

    /// The byte that two hexadecimal digits at `index` spell, or nil where there are no two.
    @inline(__always) func hexPair(at index: Int) -> UInt8? {
        guard index &+ 1 < count, let high = self[index].hexValue, let low = self[index &+ 1].hexValue else {
            return nil
        }
        return high &<< 4 | low
    }
}

/// Full-width ASCII (U+FF01 to U+FF5E) by its low byte alone: the plain character.
@inline(__always) func foldedFullWidth(_ low: UInt8, isFullWidth: Bool) -> UInt8 {
    isFullWidth && low > 0 && low < 0x5F ? low &+ 0x20 : low
}
