/// A set of bytes, all 256 of them.
package struct ByteMask: Hashable, Sendable {
    private(set) var words: SIMD4<UInt64> = .zero

    static let none = ByteMask()
    static let all = ByteMask(words: .init(repeating: .max))

    init() {}
    private init(words: SIMD4<UInt64>) { self.words = words }

    init(_ byte: UInt8) { insert(byte) }

    init(_ ranges: ClosedRange<UInt8>...) {
        for range in ranges { for byte in range { insert(byte) } }
    }

    mutating func insert(_ byte: UInt8) { words[Int(byte &>> 6)] |= 1 &<< UInt64(byte & 63) }

    package func contains(_ byte: UInt8) -> Bool { words[Int(byte &>> 6)] &>> UInt64(byte & 63) & 1 != 0 }

    mutating func formUnion(_ other: ByteMask) { words |= other.words }

    func intersects(_ other: ByteMask) -> Bool { words & other.words != .zero }

    var inverted: ByteMask { ByteMask(words: ~words) }
    var isEmpty: Bool { words == .zero }
    var count: Int {
        words[0].nonzeroBitCount + words[1].nonzeroBitCount + words[2].nonzeroBitCount + words[3].nonzeroBitCount
    }

    /// The bytes of the set, in their order.
    package var bytes: [UInt8] {
        var result: [UInt8] = []
        forEach { result.append($0) }
        return result
    }

    /// Calls `body` with each byte of the set, in their order.
    func forEach(_ body: (UInt8) -> Void) {
        for index in 0..<4 {
            var rest = words[index]
            while rest != 0 {
                body(UInt8(truncatingIfNeeded: index * 64 + rest.trailingZeroBitCount))
                rest &= rest &- 1
            }
        }
    }

    /// The set with upper-case ASCII letters replaced by lower-case ones.
    var folded: ByteMask {
        var result = self
        let upper = words[1] & 0x07FF_FFFE
        result.words[1] = words[1] & ~0x07FF_FFFE | upper &<< 32
        return result
    }
}
