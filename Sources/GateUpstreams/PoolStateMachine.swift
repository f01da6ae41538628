public import GatePrimitives

/// One connection of a pool: an index the transport may keep its own table by, and a generation that tells its uses apart.
public struct PooledConnection: Hashable, Sendable {
    /// Small and used again.
    public let slot: Int
    let generation: UInt32
}

/// How many connections a pool keeps, for one upstream on one loop.
public struct PoolSettings: Hashable, Sendable {
    /// Idle connections kept, over all endpoints; one more closes the one that idled longest. Default 64.
    public var maxIdle: Int
    /// How long a connection may idle. Default 60 s: below what common backends keep.
    public var idleTimeout: TimeSpan
    /// Connections in use, beyond which requests are refused as saturated; nil: as many as there are requests.
    public var maxInUse: Int?

    /// The settings of these values; negative ones count as 0.
    public init(maxIdle: Int = 64, idleTimeout: TimeSpan = .seconds(60), maxInUse: Int? = nil) {
        self.maxIdle = max(0, maxIdle)
        self.idleTimeout = max(.zero, idleTimeout)
        self.maxInUse = maxInUse.map { max(0, $0) }
    }
}

/// How an exchange ended with its connection.
public enum LeaseEnd: Sendable, CaseIterable {
    /// Answered; request and response are complete and the connection may serve another.
    case reusable
    /// Answered; the connection cannot be used again.
    case served
    /// A pooled connection that the backend had closed before it answered: nobody's fault.
    case stale
    /// The client or the gateway gave up; says nothing about the endpoint.
    case abandoned
    /// The endpoint's fault: reset, time-out or an invalid answer.
    case failed
}

/// The connections of one upstream on one loop: whom to connect to, what to use again, what to close.
///
/// ```
///            acquire                connected            finish(reusable)
///   (none) ──────────▶ connecting ───────────▶ leased ───────────────────▶ idle
///                          │                   │    ▲        acquire        │
///             connectFailed│     finish(other) │    └───────────────────────┤
///                          ▼                   ▼     closed, nextToClose    ▼
///                        (none)              (none)                       (none)
/// ```
///
/// No I/O: a method is an event, its result what to do. An event that cannot happen changes nothing and is counted in
/// ``bugs``. Connections are used last in, first out, so that what is not needed can idle out.
public struct PoolStateMachine: Sendable {
    /// What to do for a request.
    public enum AcquireAction: Equatable, Sendable {
        /// Send it on this idle connection.
        case reuse(PooledConnection, endpoint: Int)
        /// Connect to this endpoint, then report ``connected(_:)`` or ``connectFailed(_:_:at:)``.
        case connect(PooledConnection, endpoint: Int)
        /// Refuse: as many connections are in use as are allowed.
        case saturated
        /// Refuse: no endpoint is left to try.
        case noLiveUpstream
    }

    /// What to do with a connection whose exchange ended.
    public enum FinishAction: Equatable, Sendable {
        /// It idles; watch for its end and report ``closed(_:)``.
        case keep
        /// It idles, and this other one has to be closed to make room.
        case keepAndClose(PooledConnection)
        /// Close it.
        case close
    }

    enum Phase: Sendable { case free, connecting, leased, idle }

    struct Slot: Sendable {
        var phase = Phase.free
        var generation: UInt32 = 0
        var endpoint = 0
        /// The peer has closed while the exchange still holds it.
        var isClosed = false
        var idleSince = MonotonicInstant(nanoseconds: 0)
        /// Neighbours in the order of idling over all endpoints; `older` chains the free slots.
        var newer = -1
        var older = -1
        /// Neighbours among the idle ones of the same endpoint.
        var above = -1
        var below = -1
    }

    let settings: PoolSettings
    var balancer: Balancer
    var slots: [Slot] = []
    var freeSlot = -1
    var newestIdle = -1
    var oldestIdle = -1
    /// For each endpoint the idle connection that was used last; -1: none.
    var tops: [Int]
    var isDraining = false

    /// Connections an exchange holds or waits for.
    public internal(set) var inUse = 0
    /// Connections that idle.
    public internal(set) var idle = 0
    /// Events that cannot happen; every one is a bug of the caller.
    public internal(set) var bugs = 0

    /// An empty pool.
    public init(_ settings: PoolSettings, balancer: Balancer) {
        self.settings = settings
        self.balancer = balancer
        tops = Array(repeating: -1, count: balancer.endpoints.count)
    }

    /// A request of an exchange that has made `attempts` needs a connection.
    public mutating func acquire(_ attempts: Attempts, at now: MonotonicInstant) -> AcquireAction {
        if let limit = settings.maxInUse, inUse >= limit { return .saturated }
        guard let endpoint = balancer.choose(attempts, at: now) else { return .noLiveUpstream }
        inUse &+= 1
        if !attempts.needsFreshConnection, tops[endpoint] >= 0 {
            let slot = tops[endpoint]
            // One that has idled out but was not collected yet is not used again.
            if now.since(slots[slot].idleSince) < settings.idleTimeout {
                unlinkIdle(slot)
                slots[slot].phase = .leased
                return .reuse(connection(slot), endpoint: endpoint)
            }
        }
        let slot = takeSlot()
        slots[slot].phase = .connecting
        slots[slot].endpoint = endpoint
        slots[slot].isClosed = false
        return .connect(connection(slot), endpoint: endpoint)
    }

    /// The connection is established, TLS included.
    public mutating func connected(_ connection: PooledConnection) {
        guard phase(of: connection) == .connecting else { return noteBug() }
        slots[connection.slot].phase = .leased
    }

    /// The connection could not be established. The endpoint is marked and not tried again by this exchange; what to do
    /// next, nothing having been sent, is the same as for a new request.
    public mutating func connectFailed(
        _ connection: PooledConnection, _ attempts: inout Attempts, at now: MonotonicInstant
    ) -> AcquireAction {
        guard phase(of: connection) == .connecting else {
            noteBug()
            return .noLiveUpstream
        }
        let endpoint = slots[connection.slot].endpoint
        leave(connection.slot)
        balancer.fail(endpoint, at: now)
        attempts.noteConnectFailure(endpoint)
        return acquire(attempts, at: now)
    }

    /// The exchange is done with its connection, established or not.
    public mutating func finish(
        _ connection: PooledConnection, _ end: LeaseEnd, at now: MonotonicInstant
    ) -> FinishAction {
        let phase = phase(of: connection)
        guard phase == .leased || phase == .connecting else {
            noteBug()
            return .close
        }
        let slot = connection.slot
        let endpoint = slots[slot].endpoint
        switch end {
        case .reusable, .served: balancer.endpoints[endpoint].succeed()
        case .failed: balancer.fail(endpoint, at: now)
        case .stale, .abandoned: break
        }
        let mayIdle =
            end == .reusable && phase == .leased && !slots[slot].isClosed && !isDraining && settings.maxIdle > 0
        guard mayIdle else {
            leave(slot)
            return .close
        }
        inUse &-= 1
        balancer.endpoints[endpoint].leave()
        var evicted: PooledConnection?
        if idle >= settings.maxIdle, oldestIdle >= 0 {
            evicted = self.connection(oldestIdle)
            dropIdle(oldestIdle)
        }
        linkIdle(slot, at: now)
        return evicted.map { .keepAndClose($0) } ?? .keep
    }

    /// The peer closed the connection or sent what nobody asked for: an idle one is forgotten, one in use is not kept later.
    public mutating func closed(_ connection: PooledConnection) {
        switch phase(of: connection) {
        case .idle: dropIdle(connection.slot)
        case .leased, .connecting: slots[connection.slot].isClosed = true
        case .free: break
        }
    }

    /// One idle connection that has to be closed at `now`: it idled out, or the pool drains. Call until nil.
    public mutating func nextToClose(at now: MonotonicInstant) -> PooledConnection? {
        guard oldestIdle >= 0 else { return nil }
        guard isDraining || now.since(slots[oldestIdle].idleSince) >= settings.idleTimeout else { return nil }
        let connection = connection(oldestIdle)
        dropIdle(oldestIdle)
        return connection
    }

    /// Keeps no connection from now on: those that idle come out of ``nextToClose(at:)``, those in use are closed when done.
    public mutating func drain() { isDraining = true }
}
