/// Counters under 63-bit keys: a hash table with open addressing that grows up to a limit and never shrinks.
///
/// Keys are made of slots and enums, never of a stranger's bytes (attacks 78), so that a plain multiplicative hash does.
struct SeriesTable: Sendable {
    /// One place: a key, tagged so that zero means free, and its count.
    private struct Entry: Sendable {
        var key: UInt64 = 0
        var count: UInt64 = 0
    }

    private static let tag: UInt64 = 1 << 63

    private var entries = [Entry](repeating: Entry(), count: 16)
    private var used = 0
    private let limit: Int

    /// A table of at most `limit` keys.
    init(limit: Int) { self.limit = limit }

    /// Counts one under `key`; false, and nothing counted, where the key is new and the table is full.
    mutating func increment(_ key: UInt64) -> Bool {
        let tagged = key | Self.tag
        var place = find(tagged)
        if entries[place].key == 0 {
            guard used < limit else { return false }
            if used &* 2 >= entries.count {
                grow()
                place = find(tagged)
            }
            entries[place].key = tagged
            used &+= 1
        }
        entries[place].count &+= 1
        return true
    }

    /// Adds every count to `sums`.
    func add(to sums: inout [UInt64: UInt64]) {
        for entry in entries where entry.key != 0 { sums[entry.key & ~Self.tag, default: 0] &+= entry.count }
    }

    /// The place of `tagged`, or the free place where it belongs; there always is one, for half the places are free.
    private func find(_ tagged: UInt64) -> Int {
        let mask = entries.count &- 1
        // Fibonacci hashing: the high bits are the mixed ones.
        var place = Int(truncatingIfNeeded: (tagged &* 0x9e37_79b9_7f4a_7c15) &>> 32) & mask
        while entries[place].key != tagged, entries[place].key != 0 { place = (place &+ 1) & mask }
        return place
    }

    private mutating func grow() {
        let old = entries
        entries = [Entry](repeating: Entry(), count: old.count &* 2)
        for entry in old where entry.key != 0 { entries[find(entry.key)] = entry }
    }
}
