/// A hash table from byte strings to small integers: open addressing, linear probing, built once.
///
/// The keys come from configuration, only look-ups from the network: their cost is bounded by the longest run of
/// full slots, which no request can lengthen. The seed is drawn per table all the same, so that a tenant who
/// chooses host names cannot prepare that run.
struct KeyTable: Sendable {
    /// Zero is empty; else the high half of the hash, and the value plus one.
    private var slots: [UInt64]
    private let mask: Int
    let seed: UInt64

    init(capacity: Int, seed: UInt64) {
        var size = 16
        while size < capacity &* 2 { size &*= 2 }
        slots = [UInt64](repeating: 0, count: size)
        mask = size &- 1
        self.seed = seed
    }

    /// Adds `value` under `hash`. The caller adds each key once and at most `capacity` keys.
    mutating func insert(_ hash: UInt64, _ value: UInt32) {
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != 0 { slot = (slot &+ 1) & mask }
        slots[slot] = hash & KeyTable.tagMask | (UInt64(value) &+ 1)
    }

    /// Where the search for a hash starts.
    @inline(__always)
    func start(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & mask }

    /// The next value with the tag of `hash` at or behind `slot`, which is advanced past it; nil at an empty slot.
    ///
    /// Equal tags are not equal keys: the caller compares. Ends, since at least half of the slots are empty.
    @inline(__always)
    func next(_ hash: UInt64, _ slot: inout Int) -> UInt32? {
        let slots = self.slots.span
        while true {
            let entry = slots[slot]
            if entry == 0 { return nil }
            slot = (slot &+ 1) & mask
            if (entry ^ hash) & KeyTable.tagMask == 0 { return UInt32(truncatingIfNeeded: entry) &- 1 }
        }
    }

    private static let tagMask: UInt64 = 0xffff_ffff_0000_0000
}

/// The hash of a key, byte by byte (FNV-1a with a seed), so that it is known at each boundary of one pass.
struct KeyHash {
    private var state: UInt64

    @inline(__always)
    init(seed: UInt64) { state = seed ^ 0xcbf2_9ce4_8422_2325 }

    @inline(__always)
    mutating func feed(_ byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }

    /// The hash so far, its bits spread over both halves.
    var value: UInt64 {
        @inline(__always) get {
            var mixed = state ^ (state &>> 32)
            mixed = mixed &* 0x9e37_79b9_7f4a_7c15
            return mixed ^ (mixed &>> 29)
        }
    }

    @inline(__always)
    static func of(_ bytes: borrowing Span<UInt8>, from start: Int = 0, seed: UInt64) -> UInt64 {
        var hash = KeyHash(seed: seed)
        for index in start..<bytes.count { hash.feed(bytes[index]) }
        return hash.value
    }
}
