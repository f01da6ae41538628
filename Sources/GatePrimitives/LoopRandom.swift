/// A fast random source for one loop's choices (start offsets, jitter); never for anything secret.
///
/// SplitMix64 (Steele, Lea and Flood, 2014): one word of state, every seed good, period 2^64.
public struct LoopRandom: RandomNumberGenerator, Sendable {
    @usableFromInline var state: UInt64

    /// A source with this seed: the same seed, the same numbers.
    @inlinable public init(seed: UInt64) { state = seed }

    /// A source seeded by the system.
    public init() {
        var system = SystemRandomNumberGenerator()
        state = system.next()
    }

    /// The next 64 bits.
    @inlinable public mutating func next() -> UInt64 {
        state = state &+ 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    /// A number from 0 to less than `bound`, 0 where `bound` is not positive.
    @inlinable public mutating func below(_ bound: Int) -> Int {
        guard bound > 0 else { return 0 }
        return Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(truncatingIfNeeded: bound)).high)
    }
}
