public import GatePrimitives

/// How many connections a pool of multiplexed connections keeps, for one upstream on one loop.
public struct MultiplexedPoolSettings: Hashable, Sendable {
    /// Requests on one connection at a time, where the peer allows more. Default 100, as RFC 9113 §6.5.2 advises at least:
    /// it bounds what one lost connection takes along, and the memory of one that stalls.
    public var maxStreams: Int
    /// Connections without a request that are kept, over all endpoints. Default 64.
    public var maxIdle: Int
    /// How long a connection may be without a request. Default 60 s.
    public var idleTimeout: TimeSpan
    /// Connections over all endpoints, beyond which requests that find no room are refused as saturated.
    public var maxConnections: Int

    /// The settings of these values; negative ones count as 0, `maxStreams` as 1.
    public init(
        maxStreams: Int = 100, maxIdle: Int = 64, idleTimeout: TimeSpan = .seconds(60), maxConnections: Int = 1024
    ) {
        self.maxStreams = max(1, maxStreams)
        self.maxIdle = max(0, maxIdle)
        self.idleTimeout = max(.zero, idleTimeout)
        self.maxConnections = max(0, maxConnections)
    }
}

/// The multiplexed connections of one upstream on one loop: which request goes where, whom to connect to, what to close.
///
/// ```
///             connected (the peer's limit is known)      goingAway
///   connecting ─────────────────────────────────▶ open ───────────▶ going
///       │ connectFailed                            │ nextToClose      │ finish (the last stream), closed
///       ▼                                          ▼                  ▼
///     (none)                                     (none)             (none)
/// ```
///
/// A request takes a stream of an open connection, or waits for one that is being opened. The next connection is opened
/// before the last stream is taken. No I/O: a method is an event, its result what to do. An event that cannot happen
/// changes nothing and is counted in ``bugs``. The oldest connection with room is used first, so that the others can idle
/// out.
public struct MultiplexedPoolStateMachine: Sendable {
    /// What to do for a request.
    public enum AcquireAction: Equatable, Sendable {
        /// Send it on a stream of this connection.
        case open(PooledConnection, endpoint: Int)
        /// It waits for this connection, which is being opened.
        case wait(PooledConnection, endpoint: Int)
        /// Connect to this endpoint, then report ``connected(_:limit:)`` or ``connectFailed(_:at:)``; it waits for that.
        case connect(PooledConnection, endpoint: Int)
        /// Refuse: no connection has room, and no more are allowed.
        case saturated
        /// Refuse: no endpoint is left to try.
        case noLiveUpstream
    }

    enum Phase: Sendable { case free, connecting, open, going }

    struct Slot: Sendable {
        var phase = Phase.free
        var generation: UInt32 = 0
        var endpoint = 0
        /// Requests that have a stream.
        var streams = 0
        /// Requests that wait until it is open.
        var waiting = 0
        /// Streams that it may have.
        var limit = 0
        var idleSince = MonotonicInstant(nanoseconds: 0)

        var load: Int { streams &+ waiting }
        var takesMore: Bool { (phase == .open || phase == .connecting) && load < limit }
    }

    let settings: MultiplexedPoolSettings
    var balancer: Balancer
    var slots: [Slot] = []
    private var freeSlots: [Int] = []
    /// For each endpoint its connections, the oldest first.
    private var members: [[Int]]
    /// For each endpoint how many streams its last connection was allowed.
    private var limits: [Int]
    private var isDraining = false

    /// Connections, whatever they do.
    public private(set) var connections = 0
    /// Events that cannot happen; every one is a bug of the caller.
    public private(set) var bugs = 0

    /// An empty pool.
    public init(_ settings: MultiplexedPoolSettings, balancer: Balancer) {
        self.settings = settings
        self.balancer = balancer
        members = Array(repeating: [], count: balancer.endpoints.count)
        limits = Array(repeating: settings.maxStreams, count: balancer.endpoints.count)
    }

    /// Connections without a request.
    public var idle: Int { slots.reduce(0) { $0 &+ ($1.phase == .open && $1.load == 0 ? 1 : 0) } }

    // MARK: Requests

    /// A request of an exchange that has made `attempts` needs a stream.
    public mutating func acquire(_ attempts: Attempts, at now: MonotonicInstant) -> AcquireAction {
        guard let endpoint = balancer.choose(attempts, at: now) else { return .noLiveUpstream }
        let action = place(endpoint)
        if action == .saturated { balancer.endpoints[endpoint].leave() }
        return action
    }

    /// One that waited for `connection`, which is open now, takes its stream; false where the peer allows fewer than were
    /// waiting: then ``place(_:)`` says where it goes.
    public mutating func claim(_ connection: PooledConnection) -> Bool {
        let slot = connection.slot
        guard phase(of: connection) != .free, slots[slot].waiting > 0 else {
            noteBug()
            return false
        }
        slots[slot].waiting &-= 1
        guard slots[slot].phase == .open, slots[slot].streams < slots[slot].limit else {
            freeIfDone(slot)
            return false
        }
        slots[slot].streams &+= 1
        return true
    }

    /// Finds a place for a request that has its endpoint already; one that is `saturated` leaves it with ``leave(_:)``.
    public mutating func place(_ endpoint: Int) -> AcquireAction {
        for slot in members[endpoint] where slots[slot].takesMore {
            guard slots[slot].phase == .open else {
                slots[slot].waiting &+= 1
                return .wait(connection(slot), endpoint: endpoint)
            }
            slots[slot].streams &+= 1
            return .open(connection(slot), endpoint: endpoint)
        }
        guard let slot = begin(endpoint) else { return .saturated }
        slots[slot].waiting = 1
        return .connect(connection(slot), endpoint: endpoint)
    }

    /// A request that had its endpoint was refused.
    public mutating func leave(_ endpoint: Int) { balancer.endpoints[endpoint].leave() }

    /// The request that waited for a connection that failed looks for another endpoint; nothing of it was sent.
    public mutating func retry(
        _ endpoint: Int, _ attempts: inout Attempts, at now: MonotonicInstant
    ) -> AcquireAction {
        balancer.endpoints[endpoint].leave()
        attempts.noteConnectFailure(endpoint)
        return acquire(attempts, at: now)
    }

    /// A request that waited for `connection` is gone.
    public mutating func abandon(_ connection: PooledConnection) {
        guard phase(of: connection) != .free, slots[connection.slot].waiting > 0 else { return noteBug() }
        slots[connection.slot].waiting &-= 1
        balancer.endpoints[slots[connection.slot].endpoint].leave()
        freeIfDone(connection.slot)
    }

    /// A stream is over; true where its connection has to be closed.
    public mutating func finish(_ connection: PooledConnection, _ end: LeaseEnd, at now: MonotonicInstant) -> Bool {
        let phase = phase(of: connection)
        guard phase != .free, slots[connection.slot].streams > 0 else {
            noteBug()
            return false
        }
        let slot = connection.slot
        let endpoint = slots[slot].endpoint
        slots[slot].streams &-= 1
        balancer.endpoints[endpoint].leave()
        switch end {
        case .reusable, .served: balancer.endpoints[endpoint].succeed()
        case .failed: balancer.fail(endpoint, at: now)
        case .stale, .abandoned: break
        }
        guard slots[slot].load == 0 else { return false }
        slots[slot].idleSince = now
        guard phase == .going || isDraining || idle > settings.maxIdle else { return false }
        free(slot)
        return true
    }

    // MARK: Connections

    /// A connection to open although no request waits for it: the last streams of its endpoint are being taken. Ask after
    /// each request that got a place.
    public mutating func openAhead(_ endpoint: Int) -> PooledConnection? {
        guard !isDraining, !members[endpoint].isEmpty else { return nil }
        var free = 0
        for slot in members[endpoint] where slots[slot].takesMore { free &+= slots[slot].limit &- slots[slot].load }
        let limit = limits[endpoint]
        // A connection that carries one request has no last stream but its only one.
        guard free <= (limit > 1 ? max(1, limit / 8) : 0) else { return nil }
        return begin(endpoint).map(connection)
    }

    /// The connection is established and the peer has said how many streams it allows; more than none.
    public mutating func connected(_ connection: PooledConnection, limit: Int, at now: MonotonicInstant) {
        guard phase(of: connection) == .connecting else { return noteBug() }
        slots[connection.slot].phase = .open
        slots[connection.slot].idleSince = now
        change(connection.slot, limit)
    }

    /// The peer allows another number of streams from now on; those that are open stay.
    public mutating func limitChanged(_ connection: PooledConnection, _ limit: Int) {
        guard phase(of: connection) == .open else { return }
        change(connection.slot, limit)
    }

    /// The connection could not be established: its endpoint is marked. Whoever waited for it goes on with
    /// ``retry(_:_:at:)``.
    public mutating func connectFailed(_ connection: PooledConnection, at now: MonotonicInstant) {
        guard phase(of: connection) == .connecting else { return noteBug() }
        let endpoint = slots[connection.slot].endpoint
        free(connection.slot)
        balancer.fail(endpoint, at: now)
    }

    /// No new stream may be opened on the connection; true where it has none and has to be closed.
    public mutating func goingAway(_ connection: PooledConnection) -> Bool {
        guard phase(of: connection) == .open else { return false }
        slots[connection.slot].phase = .going
        guard slots[connection.slot].load == 0 else { return false }
        free(connection.slot)
        return true
    }

    /// The connection is no more; its streams are still finished one by one.
    public mutating func closed(_ connection: PooledConnection) { _ = goingAway(connection) }

    /// One connection that has to be closed at `now`: it idled out, or the pool drains. Call until nil.
    public mutating func nextToClose(at now: MonotonicInstant) -> PooledConnection? {
        for slot in slots.indices where slots[slot].phase == .open && slots[slot].load == 0 {
            guard isDraining || now.since(slots[slot].idleSince) >= settings.idleTimeout else { continue }
            let connection = connection(slot)
            free(slot)
            return connection
        }
        return nil
    }

    /// Keeps no connection from now on: those without a request come out of ``nextToClose(at:)``, the others are closed
    /// when they have none.
    public mutating func drain() { isDraining = true }

    // MARK: Slots

    private func connection(_ slot: Int) -> PooledConnection {
        PooledConnection(slot: slot, generation: slots[slot].generation)
    }

    /// The phase of a connection; free for one that is gone, whose slot may serve another by now.
    private func phase(of connection: PooledConnection) -> Phase {
        guard connection.slot >= 0, connection.slot < slots.count,
            slots[connection.slot].generation == connection.generation
        else { return .free }
        return slots[connection.slot].phase
    }

    private mutating func begin(_ endpoint: Int) -> Int? {
        guard connections < settings.maxConnections else { return nil }
        connections &+= 1
        let slot: Int
        if let free = freeSlots.popLast() {
            slot = free
        } else {
            slot = slots.count
            slots.append(Slot())
        }
        let generation = slots[slot].generation
        slots[slot] = Slot(phase: .connecting, generation: generation, endpoint: endpoint, limit: limits[endpoint])
        members[endpoint].append(slot)
        return slot
    }

    private mutating func change(_ slot: Int, _ limit: Int) {
        slots[slot].limit = min(max(0, limit), settings.maxStreams)
        limits[slots[slot].endpoint] = max(1, slots[slot].limit)
    }

    /// A connection that goes away is gone with what it carried.
    private mutating func freeIfDone(_ slot: Int) {
        if slots[slot].phase == .going, slots[slot].load == 0 { free(slot) }
    }

    private mutating func free(_ slot: Int) {
        connections &-= 1
        members[slots[slot].endpoint].removeAll { $0 == slot }
        slots[slot].phase = .free
        slots[slot].generation &+= 1
        freeSlots.append(slot)
    }

    private mutating func noteBug() { bugs &+= 1 }
}
