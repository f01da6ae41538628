import GatePrimitives

/// What one request owes to limits: gathered, then charged by a ``LimitTable`` all or nothing, and perhaps given back.
///
/// A value of fixed size: gathering and charging allocate nothing. Limits added after a charge belong to the next phase.
public struct LimitCharge: Sendable {
    // LIMIT: eight limits a request; the configuration refuses more on one route.
    /// The most limits that one request can owe to.
    public static let maximum = 8

    struct Entry: Sendable {
        var key = LimitKey(.init(0, 0))
        var excess: Int32 = 0
        var zone: UInt16 = 0
    }

    var entries: InlineArray<8, Entry> = .init(repeating: Entry())
    /// How many limits were added.
    public internal(set) var count = 0
    /// How many of them were charged.
    public internal(set) var charged = 0

    /// A charge that owes nothing.
    public init() {}

    /// Adds the limit with index `zone` of the table and the key this request has there; false where there is no room.
    ///
    /// A limit that is there already is not added twice: one request counts once.
    public mutating func add(zone: Int, key: LimitKey) -> Bool {
        for position in 0..<count where Int(entries[position].zone) == zone { return true }
        guard count < Self.maximum, let zone = UInt16(exactly: zone) else { return false }
        entries[count] = Entry(key: key, excess: 0, zone: zone)
        count &+= 1
        return true
    }

    /// The index in the table of the limit at `position`, 0 to `count` - 1, in the order of locking.
    public func zone(at position: Int) -> Int {
        position >= 0 && position < count ? Int(entries[position].zone) : 0
    }

    /// What the bucket at `position` would hold or holds with this request, in thousandths: what the verdict rested on.
    public func excess(at position: Int) -> Int64 {
        position >= 0 && position < count ? Int64(entries[position].excess) : 0
    }
}

/// What the limits say to a request.
public enum LimitVerdict: Equatable, Sendable {
    /// It passes at once.
    case pass
    /// It passes after so many milliseconds, which the limit with index `zone` asks for.
    case wait(milliseconds: Int64, zone: Int)
    /// The limit with index `zone` refuses it; after so many seconds, rounded up, it would pass.
    case refused(zone: Int, retryAfter: Int64)
}
