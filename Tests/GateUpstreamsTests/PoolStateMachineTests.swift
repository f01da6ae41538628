import GatePrimitives
import GateUpstreams
import Testing

/// Transcripts: an event in, an action out.
@Suite struct PoolStateMachineTests {
    private func at(_ milliseconds: Int64) -> MonotonicInstant { .init(nanoseconds: milliseconds * 1_000_000) }

    private func pool(_ settings: PoolSettings = PoolSettings(), endpoints: Int = 1) -> PoolStateMachine {
        var random = LoopRandom(seed: 1)
        let states = (0..<endpoints).map { _ in EndpointState() }
        return PoolStateMachine(
            settings, balancer: Balancer(.roundRobin, endpoints: states, random: &random))
    }

    /// A new connection that is established.
    private func open(_ pool: inout PoolStateMachine, at time: Int64 = 0) throws -> PooledConnection {
        guard case .connect(let connection, _) = pool.acquire(Attempts(), at: at(time)) else {
            throw Fault(.dispatch, .internalError)
        }
        pool.connected(connection)
        return connection
    }

    @Test func aConnectionIsUsedAgain() throws {
        var pool = pool()
        let first = try open(&pool)
        #expect(pool.inUse == 1)
        #expect(pool.finish(first, .reusable, at: at(10)) == .keep)
        #expect(pool.inUse == 0)
        #expect(pool.idle == 1)
        #expect(pool.acquire(Attempts(), at: at(20)) == .reuse(first, endpoint: 0))
        #expect(pool.finish(first, .served, at: at(30)) == .close)
        #expect(pool.idle == 0)
        #expect(pool.bugs == 0)
    }

    @Test func theLastUsedIsUsedFirstAndTheRestIdleOut() throws {
        var pool = pool(PoolSettings(idleTimeout: .milliseconds(100)))
        let connections = try (0..<3).map { _ in try open(&pool) }
        for (index, connection) in connections.enumerated() {
            #expect(pool.finish(connection, .reusable, at: at(Int64(index) * 10)) == .keep)
        }
        #expect(pool.acquire(Attempts(), at: at(30)) == .reuse(connections[2], endpoint: 0))
        #expect(pool.finish(connections[2], .reusable, at: at(40)) == .keep)
        #expect(pool.nextToClose(at: at(99)) == nil)
        #expect(pool.nextToClose(at: at(100)) == connections[0])
        #expect(pool.nextToClose(at: at(100)) == nil)
        #expect(pool.nextToClose(at: at(200)) == connections[1])
        #expect(pool.nextToClose(at: at(200)) == connections[2])
        #expect(pool.nextToClose(at: at(200)) == nil)
        #expect(pool.idle == 0)
    }

    @Test func whatHasIdledOutIsNotUsedAgainBeforeItIsClosed() throws {
        var pool = pool(PoolSettings(idleTimeout: .milliseconds(100)))
        let old = try open(&pool)
        #expect(pool.finish(old, .reusable, at: at(0)) == .keep)
        guard case .connect(let fresh, 0) = pool.acquire(Attempts(), at: at(100)) else {
            return #expect(Bool(false))
        }
        #expect(fresh != old)
        #expect(pool.nextToClose(at: at(100)) == old)
    }

    @Test func oneMoreThanMaxIdleClosesTheOldest() throws {
        var pool = pool(PoolSettings(maxIdle: 2))
        let connections = try (0..<4).map { _ in try open(&pool) }
        #expect(pool.finish(connections[0], .reusable, at: at(0)) == .keep)
        #expect(pool.finish(connections[1], .reusable, at: at(1)) == .keep)
        #expect(pool.finish(connections[2], .reusable, at: at(2)) == .keepAndClose(connections[0]))
        #expect(pool.finish(connections[3], .reusable, at: at(3)) == .keepAndClose(connections[1]))
        #expect(pool.idle == 2)
        var keepsNone = self.pool(PoolSettings(maxIdle: 0))
        let only = try open(&keepsNone)
        #expect(keepsNone.finish(only, .reusable, at: at(0)) == .close)
    }

    @Test(arguments: [LeaseEnd.served, .stale, .abandoned, .failed])
    func onlyAReusableConnectionIsKept(end: LeaseEnd) throws {
        var pool = pool()
        let connection = try open(&pool)
        #expect(pool.finish(connection, end, at: at(0)) == .close)
        #expect(pool.idle == 0)
        #expect(pool.inUse == 0)
    }

    @Test func aConnectionThatClosedWhileInUseIsNotKept() throws {
        var pool = pool()
        let connection = try open(&pool)
        pool.closed(connection)
        #expect(pool.inUse == 1)
        #expect(pool.finish(connection, .reusable, at: at(0)) == .close)
        #expect(pool.inUse == 0)
        // The slot serves another; what closed before does not stick to it.
        let next = try open(&pool)
        #expect(next.slot == connection.slot)
        #expect(pool.finish(next, .reusable, at: at(0)) == .keep)
    }

    @Test func anIdleConnectionThatClosedIsForgotten() throws {
        var pool = pool()
        let first = try open(&pool)
        let second = try open(&pool)
        let third = try open(&pool)
        for connection in [first, second, third] { #expect(pool.finish(connection, .reusable, at: at(0)) == .keep) }
        pool.closed(second)
        pool.closed(second)
        #expect(pool.idle == 2)
        #expect(pool.acquire(Attempts(), at: at(1)) == .reuse(third, endpoint: 0))
        #expect(pool.acquire(Attempts(), at: at(1)) == .reuse(first, endpoint: 0))
        guard case .connect = pool.acquire(Attempts(), at: at(1)) else { return #expect(Bool(false)) }
        #expect(pool.bugs == 0)
    }

    @Test func aFailedConnectGoesToEveryOtherEndpointOnceThenNowhere() {
        var pool = pool(endpoints: 3)
        var attempts = Attempts()
        var seen: [Int] = []
        var action = pool.acquire(attempts, at: at(0))
        while case .connect(let connection, let endpoint) = action {
            seen.append(endpoint)
            action = pool.connectFailed(connection, &attempts, at: at(0))
        }
        #expect(action == .noLiveUpstream)
        #expect(seen.sorted() == [0, 1, 2])
        #expect(attempts.connectFailures == 3)
        #expect(pool.inUse == 0)
        // The next exchange tries again: when all have failed, all are tried.
        guard case .connect = pool.acquire(Attempts(), at: at(1)) else { return #expect(Bool(false)) }
    }

    @Test func afterAStaleConnectionTheNextIsFreshAndTheEndpointIsNotBlamed() throws {
        var pool = pool(endpoints: 1)
        let connections = [try open(&pool), try open(&pool)]
        for connection in connections { #expect(pool.finish(connection, .reusable, at: at(0)) == .keep) }
        var attempts = Attempts()
        guard case .reuse(let stale, _) = pool.acquire(attempts, at: at(1)) else { return #expect(Bool(false)) }
        pool.closed(stale)
        #expect(pool.finish(stale, .stale, at: at(1)) == .close)
        attempts.noteResend()
        guard case .connect(_, 0) = pool.acquire(attempts, at: at(1)) else { return #expect(Bool(false)) }
        #expect(attempts.resends == 1)
        #expect(pool.idle == 1)
    }

    @Test func connectionsInUseHaveALimit() throws {
        var pool = pool(PoolSettings(maxInUse: 2))
        let first = try open(&pool)
        _ = try open(&pool)
        #expect(pool.acquire(Attempts(), at: at(0)) == .saturated)
        #expect(pool.finish(first, .reusable, at: at(0)) == .keep)
        #expect(pool.acquire(Attempts(), at: at(0)) == .reuse(first, endpoint: 0))
        #expect(pool.acquire(Attempts(), at: at(0)) == .saturated)
    }

    @Test func aClientThatLeavesDuringTheConnectFreesIt() {
        var pool = pool()
        guard case .connect(let connection, _) = pool.acquire(Attempts(), at: at(0)) else {
            return #expect(Bool(false))
        }
        #expect(pool.finish(connection, .abandoned, at: at(1)) == .close)
        #expect(pool.inUse == 0)
        // The connect that was under way reports afterwards: nothing happens.
        pool.connected(connection)
        #expect(pool.bugs == 1)
    }

    @Test func aDrainingPoolKeepsNothing() throws {
        var pool = pool()
        let idle = try open(&pool)
        let leased = try open(&pool)
        #expect(pool.finish(idle, .reusable, at: at(0)) == .keep)
        pool.drain()
        #expect(pool.nextToClose(at: at(0)) == idle)
        #expect(pool.nextToClose(at: at(0)) == nil)
        #expect(pool.finish(leased, .reusable, at: at(0)) == .close)
    }

    @Test func eventsThatCannotHappenAreCountedAndHarmless() throws {
        var pool = pool()
        var attempts = Attempts()
        let connection = try open(&pool)
        #expect(pool.connectFailed(connection, &attempts, at: at(0)) == .noLiveUpstream)
        #expect(pool.finish(connection, .reusable, at: at(0)) == .keep)
        #expect(pool.finish(connection, .reusable, at: at(0)) == .close)
        pool.connected(connection)
        #expect(pool.bugs == 3)
        #expect(pool.idle == 1)
        pool.closed(connection)
        #expect(pool.finish(connection, .failed, at: at(0)) == .close)
        #expect(pool.bugs == 4)
        #expect(pool.inUse == 0)
    }

    @Test(arguments: 0..<20)
    func randomEventsKeepTheCountsTrue(seed: Int) {
        var random = LoopRandom(seed: UInt64(seed))
        let states = (0..<3).map { _ in EndpointState() }
        let settings = PoolSettings(maxIdle: 4, idleTimeout: .milliseconds(50), maxInUse: 8)
        var pool = PoolStateMachine(
            settings, balancer: Balancer(.leastRequest, endpoints: states, random: &random))
        var connecting: Set<PooledConnection> = []
        var leased: Set<PooledConnection> = []
        var idle: Set<PooledConnection> = []
        for step in 0..<3000 {
            let now = at(Int64(step))
            switch random.below(6) {
            case 0, 1:
                switch pool.acquire(Attempts(), at: now) {
                case .reuse(let connection, _):
                    #expect(idle.remove(connection) != nil)
                    leased.insert(connection)
                case .connect(let connection, _):
                    #expect(connecting.insert(connection).inserted)
                    #expect(!leased.contains(connection) && !idle.contains(connection))
                case .saturated: #expect(connecting.count + leased.count == 8)
                case .noLiveUpstream: #expect(Bool(false))
                }
            case 2:
                guard let connection = connecting.randomElement(using: &random) else { continue }
                connecting.remove(connection)
                var attempts = Attempts()
                if random.below(4) > 0 {
                    pool.connected(connection)
                    leased.insert(connection)
                } else {
                    switch pool.connectFailed(connection, &attempts, at: now) {
                    case .connect(let next, _): connecting.insert(next)
                    case .reuse(let next, _):
                        idle.remove(next)
                        leased.insert(next)
                    case .saturated, .noLiveUpstream: #expect(Bool(false))
                    }
                }
            case 3, 4:
                guard let connection = leased.randomElement(using: &random) else { continue }
                leased.remove(connection)
                let end = LeaseEnd.allCases[random.below(LeaseEnd.allCases.count)]
                switch pool.finish(connection, end, at: now) {
                case .keep: idle.insert(connection)
                case .keepAndClose(let other):
                    #expect(idle.remove(other) != nil)
                    idle.insert(connection)
                case .close: break
                }
            default:
                if random.below(3) == 0, let connection = idle.randomElement(using: &random) {
                    pool.closed(connection)
                    idle.remove(connection)
                }
                while let connection = pool.nextToClose(at: now) { #expect(idle.remove(connection) != nil) }
            }
            #expect(pool.idle == idle.count)
            #expect(pool.inUse == connecting.count + leased.count)
            #expect(states.reduce(0) { $0 + $1.inFlight } == pool.inUse)
        }
        #expect(pool.bugs == 0)
    }
}
