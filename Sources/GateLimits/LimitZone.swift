public import GatePrimitives
import Synchronization

/// The memory of one limit: a bucket for each key it has seen, shared by all loops, with a fixed ceiling.
///
/// Sharded by the key's hash with one lock a shard, under which nothing is allocated and nothing waits for I/O. A full
/// shard forgets its least recently used key. A reload keeps the object while name, parameters and ceiling hold.
public final class LimitZone: Sendable {
    /// The ceilings a zone may have, in bytes: 32 KiB (as nginx) to 16 GiB.
    public static let ceilings: ClosedRange<Int> = 32 << 10...16 << 30

    /// What a key costs at most, in bytes.
    public static let bytesPerKey = LimitRows.bytesPerKey

    /// One shard; a class, so that each lock has its own place in memory.
    final class Shard: Sendable {
        let rows: Mutex<LimitRows>

        init(capacity: Int) { rows = Mutex(LimitRows(capacity: capacity)) }
    }

    /// The limit's name, as configured.
    public let name: String
    /// What it allows.
    public let parameters: LimitParameters
    /// The most bytes that its keys may take.
    public let ceiling: Int
    /// How many keys fit.
    public let capacity: Int
    /// The key of the hashes of this zone; unknown to clients.
    public let hashKey: SipKey

    /// Unique in the process and growing: with the shard it gives all locks of all zones one order.
    let serial: UInt64
    private let shards: [Shard]

    private static let serials = Atomic<UInt64>(0)

    /// An empty zone of at most `ceiling` bytes, clamped to ``ceilings``.
    public init(name: String, parameters: LimitParameters, ceiling: Int, hashKey: SipKey = .random()) {
        self.name = name
        self.parameters = parameters
        self.ceiling = max(Self.ceilings.lowerBound, min(ceiling, Self.ceilings.upperBound))
        self.hashKey = hashKey
        serial = Self.serials.wrappingAdd(1, ordering: .relaxed).newValue
        // Enough keys a shard that its order of use is a fair sample of the zone's.
        var width = 1
        while width < 64, self.ceiling / Self.bytesPerKey / (width * 2) >= 512 { width *= 2 }
        let each = self.ceiling / width / Self.bytesPerKey
        capacity = each * width
        shards = (0..<width).map { _ in Shard(capacity: each) }
    }

    /// A builder of keys for this zone.
    public func makeKey() -> LimitKeyBuilder { LimitKeyBuilder(key: hashKey) }

    /// The shard of a key; taken from other bits than the place within it.
    func shard(for key: LimitKey) -> Shard {
        shards[Int(truncatingIfNeeded: key.hash.second) & (shards.count &- 1)]
    }

    /// What the zone holds at the moment; takes each lock for a moment, for metrics and admin.
    public func report() -> LimitZoneReport {
        var report = LimitZoneReport(keys: 0, capacity: capacity, evictions: 0, bytes: 0)
        for shard in shards {
            shard.rows.withLock { rows in
                report.keys &+= rows.count
                report.evictions &+= rows.evictions
                report.bytes &+= rows.bytes
            }
        }
        return report
    }
}

/// What a ``LimitZone`` holds at a moment.
public struct LimitZoneReport: Equatable, Sendable {
    /// How many keys have a bucket.
    public var keys: Int
    /// How many fit.
    public var capacity: Int
    /// How many keys were forgotten to make room since the start; a growing number asks for a larger zone.
    public var evictions: UInt64
    /// Bytes that were reserved for the buckets.
    public var bytes: Int
}
