import GatePrimitives

/// The buckets of one shard: a hash table of fixed size, chained by index, in order of use.
///
/// Nothing is allocated after the start; a full table forgets the least recently used key.
struct LimitRows: Sendable {
    struct Row: Sendable {
        var key: Hash128
        /// Milliseconds of the monotonic clock at the last charge.
        var last: Int64
        /// What the bucket holds in thousandths of a request; -1000 after a refund means "never asked".
        var excess: Int32
        /// The next row of the same bucket; -1 ends it.
        var chain: Int32
        var newer: Int32
        var older: Int32
    }

    /// The most that one key costs: its row and at most two heads of chains.
    static let bytesPerKey = MemoryLayout<Row>.stride + 2 * MemoryLayout<Int32>.stride

    private var rows: ContiguousArray<Row> = []
    private var heads: ContiguousArray<Int32>
    private var newest: Int32 = -1
    private var oldest: Int32 = -1
    private let capacity: Int

    /// How many keys were forgotten to make room.
    private(set) var evictions: UInt64 = 0
    var count: Int { rows.count }
    /// The bytes of both arrays as they were allocated.
    var bytes: Int {
        rows.capacity * MemoryLayout<Row>.stride + heads.capacity * MemoryLayout<Int32>.stride
    }

    /// A table for `capacity` keys, at least 1 and at most 2^30.
    init(capacity: Int) {
        self.capacity = max(1, min(capacity, 1 << 30))
        // The memory is reserved now and touched when keys come.
        rows.reserveCapacity(self.capacity)
        var width = 1
        while width < self.capacity { width &*= 2 }
        heads = ContiguousArray(repeating: -1, count: width)
    }

    /// The row of `key`, which becomes the most recently used; nil where it has none.
    mutating func find(_ key: Hash128) -> Int32? {
        var row = heads[head(of: key)]
        while row >= 0 {
            if rows[Int(row)].key == key {
                touch(row)
                return row
            }
            row = rows[Int(row)].chain
        }
        return nil
    }

    /// What `row` holds and since when.
    func state(of row: Int32) -> (excess: Int64, last: Int64) {
        (Int64(rows[Int(row)].excess), rows[Int(row)].last)
    }

    /// Sets what `row` holds, which must come from ``find(_:)`` under the same lock.
    mutating func set(_ row: Int32, excess: Int64, last: Int64) {
        rows[Int(row)].excess = Int32(clamping: excess)
        rows[Int(row)].last = last
    }

    /// Adds a key that has no row.
    mutating func insert(_ key: Hash128, excess: Int64, last: Int64) {
        let row: Int32
        if rows.count < capacity {
            row = Int32(truncatingIfNeeded: rows.count)
            rows.append(
                Row(key: key, last: last, excess: Int32(clamping: excess), chain: -1, newer: -1, older: -1))
        } else {
            row = oldest
            unchain(row)
            unlink(row)
            evictions &+= 1
            rows[Int(row)].key = key
            set(row, excess: excess, last: last)
        }
        let head = head(of: key)
        rows[Int(row)].chain = heads[head]
        heads[head] = row
        link(row)
    }

    private func head(of key: Hash128) -> Int { Int(truncatingIfNeeded: key.first) & (heads.count &- 1) }

    private mutating func unchain(_ row: Int32) {
        let head = head(of: rows[Int(row)].key)
        if heads[head] == row {
            heads[head] = rows[Int(row)].chain
            return
        }
        var before = heads[head]
        while before >= 0, rows[Int(before)].chain != row { before = rows[Int(before)].chain }
        if before >= 0 { rows[Int(before)].chain = rows[Int(row)].chain }
    }

    private mutating func touch(_ row: Int32) {
        guard newest != row else { return }
        unlink(row)
        link(row)
    }

    private mutating func link(_ row: Int32) {
        rows[Int(row)].older = newest
        rows[Int(row)].newer = -1
        if newest >= 0 { rows[Int(newest)].newer = row } else { oldest = row }
        newest = row
    }

    private mutating func unlink(_ row: Int32) {
        let newer = rows[Int(row)].newer
        let older = rows[Int(row)].older
        if newer >= 0 { rows[Int(newer)].older = older } else { newest = older }
        if older >= 0 { rows[Int(older)].newer = newer } else { oldest = newer }
    }
}
