/// A table of fixed capacity that forgets what was least recently used; each operation takes constant time.
///
/// All memory is taken at the start: rows in one array, chained per bucket and in order of use by index. Keys are hashed
/// with the process's random seed, so that a peer cannot aim at one bucket.
public struct BoundedLRU<Key: Hashable, Value> {
    @usableFromInline struct Row {
        @usableFromInline var entry: (key: Key, value: Value)?
        /// The next row of the bucket, or of the free list; -1 ends it.
        @usableFromInline var chain: Int32
        @usableFromInline var newer: Int32
        @usableFromInline var older: Int32

        @inlinable init(chain: Int32) {
            entry = nil
            self.chain = chain
            newer = -1
            older = -1
        }
    }

    @usableFromInline var rows: ContiguousArray<Row>
    @usableFromInline var buckets: ContiguousArray<Int32>
    @usableFromInline var free: Int32 = 0
    @usableFromInline var newest: Int32 = -1
    @usableFromInline var oldest: Int32 = -1

    /// How many entries there are.
    public private(set) var count = 0
    /// How many entries were forgotten to make room.
    public private(set) var evictions = 0
    /// How many entries fit: at least 1, at most 2^30.
    public let capacity: Int

    /// An empty table for `capacity` entries, clamped to 1...2^30.
    @inlinable public init(capacity: Int) {
        let capacity = max(1, min(capacity, 1 << 30))
        self.capacity = capacity
        rows = []
        rows.reserveCapacity(capacity)
        for index in 1...capacity {
            rows.append(Row(chain: index < capacity ? Int32(truncatingIfNeeded: index) : -1))
        }
        var width = 1
        while width < capacity { width &*= 2 }
        buckets = ContiguousArray(repeating: -1, count: width)
    }

    /// The value of `key`, which becomes the most recently used; nil where there is none.
    @inlinable public mutating func value(for key: Key) -> Value? {
        let row = find(key, in: bucket(of: key))
        guard row >= 0 else { return nil }
        touch(row)
        return rows[Int(row)].entry?.value
    }

    /// Sets the value of `key`, which becomes the most recently used; a full table forgets its oldest entry.
    @inlinable public mutating func insert(_ value: Value, for key: Key) {
        let bucket = bucket(of: key)
        let known = find(key, in: bucket)
        if known >= 0 {
            rows[Int(known)].entry = (key, value)
            touch(known)
            return
        }
        if free < 0 { evict() }
        let row = free
        free = rows[Int(row)].chain
        rows[Int(row)].entry = (key, value)
        rows[Int(row)].chain = buckets[bucket]
        buckets[bucket] = row
        link(row)
        grow(by: 1)
    }

    /// Forgets `key` and yields what it had.
    @discardableResult
    @inlinable public mutating func remove(_ key: Key) -> Value? {
        let row = find(key, in: bucket(of: key))
        guard row >= 0 else { return nil }
        return release(row)
    }

    /// Forgets everything; the memory stays.
    @inlinable public mutating func removeAll() {
        while oldest >= 0 { release(oldest) }
    }

    @inlinable func bucket(of key: Key) -> Int { key.hashValue & (buckets.count &- 1) }

    @inlinable func find(_ key: Key, in bucket: Int) -> Int32 {
        var row = buckets[bucket]
        while row >= 0 {
            if let entry = rows[Int(row)].entry, entry.key == key { return row }
            row = rows[Int(row)].chain
        }
        return -1
    }

    @inlinable mutating func touch(_ row: Int32) {
        guard newest != row else { return }
        unlink(row)
        link(row)
    }

    @inlinable mutating func link(_ row: Int32) {
        rows[Int(row)].older = newest
        rows[Int(row)].newer = -1
        if newest >= 0 { rows[Int(newest)].newer = row } else { oldest = row }
        newest = row
    }

    @inlinable mutating func unlink(_ row: Int32) {
        let newer = rows[Int(row)].newer
        let older = rows[Int(row)].older
        if newer >= 0 { rows[Int(newer)].older = older } else { newest = older }
        if older >= 0 { rows[Int(older)].newer = newer } else { oldest = newer }
    }

    @inlinable mutating func evict() {
        guard oldest >= 0 else { return }
        release(oldest)
        countEviction()
    }

    /// Takes a row out of its bucket and the order of use.
    @discardableResult
    @inlinable mutating func release(_ row: Int32) -> Value? {
        guard let entry = rows[Int(row)].entry else { return nil }
        let bucket = bucket(of: entry.key)
        if buckets[bucket] == row {
            buckets[bucket] = rows[Int(row)].chain
        } else {
            var before = buckets[bucket]
            while before >= 0, rows[Int(before)].chain != row { before = rows[Int(before)].chain }
            if before >= 0 { rows[Int(before)].chain = rows[Int(row)].chain }
        }
        unlink(row)
        rows[Int(row)].entry = nil
        rows[Int(row)].chain = free
        free = row
        grow(by: -1)
        return entry.value
    }

    @usableFromInline mutating func grow(by step: Int) { count &+= step }
    @usableFromInline mutating func countEviction() { evictions &+= 1 }
}

extension BoundedLRU: Sendable where Key: Sendable, Value: Sendable {}
extension BoundedLRU.Row: Sendable where Key: Sendable, Value: Sendable {}
