/// Says of two to four bytes in a row whether a literal may be found by them: a bit for each hash of four bytes, and for each
/// hash of two a byte with a bit for each lesser length. Small enough to stay in the processor's first cache, and sparse for
/// some thousand literals.
struct GramFilter: Sendable {
    private var fours = [UInt64](repeating: 0, count: 1 << (fourBits - 6))
    private var shorter = [UInt8](repeating: 0, count: 1 << shorterBits)

    private static let fourBits: UInt32 = 17
    private static let shorterBits: UInt32 = 12

    /// Marks the first `length` bytes of `gram`.
    mutating func insert(_ gram: UInt32, length: Int) {
        if length == 4 {
            let bit = Self.hash(gram) >> (32 - Self.fourBits)
            fours[Int(bit >> 6)] |= 1 << UInt64(bit & 63)
        } else {
            shorter[Int(Self.hash(gram & 0xFFFF) >> (32 - Self.shorterBits))] |= 1 << length
        }
    }

    /// What ``lengths(of:_:)`` asks.
    struct Marks: ~Escapable {
        fileprivate let fours: Span<UInt64>
        fileprivate let shorter: Span<UInt8>

        @_lifetime(copy fours, copy shorter)
        fileprivate init(fours: Span<UInt64>, shorter: Span<UInt8>) {
            self.fours = fours
            self.shorter = shorter
        }
    }

    /// The marks, borrowed for a scan.
    var marks: Marks {
        @_lifetime(borrow self) get { Marks(fours: fours.span, shorter: shorter.span) }
    }

    /// A bit for each length at which a literal may begin with the first bytes of `gram`.
    @inline(__always) static func lengths(of gram: UInt32, _ marks: borrowing Marks) -> UInt8 {
        let bit = hash(gram) &>> (32 &- fourBits)
        let four = UInt8(truncatingIfNeeded: marks.fours[Int(bit &>> 6)] &>> UInt64(bit & 63)) & 1
        return four &<< 4 | marks.shorter[Int(hash(gram & 0xFFFF) &>> (32 &- shorterBits))]
    }

    /// The upper bits depend on all of `gram`.
    @inline(__always) static func hash(_ gram: UInt32) -> UInt32 { gram &* 0x9E37_79B1 }
}
