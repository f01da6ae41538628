/// The hash of a key, byte by byte (FNV-1a with a seed), so that it is known at each boundary of one pass.
///
/// The keys come from configuration, only look-ups from the network: no request can lengthen a bucket. The seed is
/// drawn per table all the same, so that a tenant who chooses host names cannot fill one bucket with them.
struct KeyHash {
    private var state: UInt64

    @inline(__always)
    init(seed: UInt64) { state = seed ^ 0xcbf2_9ce4_8422_2325 }

    @inline(__always)
    mutating func feed(_ byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }

    /// The hash so far, its bits spread to the high end.
    var value: UInt64 {
        @inline(__always) get { (state ^ (state &>> 32)) &* 0x9e37_79b9_7f4a_7c15 }
    }

    @inline(__always)
    static func of(_ bytes: borrowing Span<UInt8>, from start: Int = 0, seed: UInt64) -> UInt64 {
        var hash = KeyHash(seed: seed)
        for index in start..<bytes.count { hash.feed(bytes[index]) }
        return hash.value
    }
}

/// How many buckets a directory has: a power of two, with one or two records in each.
///
/// The records of a bucket stand together, so that the directory is small enough to stay in the cache and a look-up
/// misses it about once, where the record is.
struct Buckets: Sendable {
    /// The number of bits of a hash that choose the bucket, 1 to 31.
    let bits: UInt64

    init(bits: UInt64) { self.bits = bits }

    init(records: Int) {
        var bits: UInt64 = 1
        while bits < 31, 2 &<< bits < UInt64(truncatingIfNeeded: records) { bits += 1 }
        self.bits = bits
    }

    var count: Int { 1 &<< Int(truncatingIfNeeded: bits) }

    @inline(__always)
    func index(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash &>> (64 &- bits)) }
}
