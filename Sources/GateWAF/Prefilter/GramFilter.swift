/// Says of two to four bytes in a row whether a literal may be found by them: a byte for each hash, a bit in it for each
/// length. Small enough to stay in the processor's first cache.
struct GramFilter: Sendable {
    private var kinds = [UInt8](repeating: 0, count: 1 << bits)

    private static let bits = 14

    /// Marks the first `length` bytes of `gram`.
    mutating func insert(_ gram: UInt32, length: Int) { kinds[Int(Self.hash(gram) >> (32 - Self.bits))] |= 1 << length }

    /// The marks, for ``lengths(of:in:)``.
    var marks: Span<UInt8> {
        @_lifetime(borrow self) get { kinds.span }
    }

    /// A bit for each length at which a literal may begin with the first bytes of `gram`.
    @inline(__always) static func lengths(of gram: UInt32, in marks: Span<UInt8>) -> UInt8 {
        let shift = UInt32(32 - bits)
        let four = marks[Int(hash(gram) &>> shift)] & 1 &<< 4
        let three = marks[Int(hash(gram & 0xFF_FFFF) &>> shift)] & 1 &<< 3
        let two = marks[Int(hash(gram & 0xFFFF) &>> shift)] & 1 &<< 2
        return four | three | two
    }

    /// The upper bits depend on all of `gram`.
    @inline(__always) static func hash(_ gram: UInt32) -> UInt32 { gram &* 0x9E37_79B1 }
}
