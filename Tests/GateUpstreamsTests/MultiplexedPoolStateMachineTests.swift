import GatePrimitives
import GateUpstreams
import Testing

/// Transcripts: an event in, an action out.
@Suite struct MultiplexedPoolStateMachineTests {
    private func at(_ milliseconds: Int64) -> MonotonicInstant { .init(nanoseconds: milliseconds * 1_000_000) }

    private func pool(
        _ settings: MultiplexedPoolSettings = MultiplexedPoolSettings(), endpoints: Int = 1
    ) -> MultiplexedPoolStateMachine {
        var random = LoopRandom(seed: 1)
        let states = (0..<endpoints).map { _ in EndpointState() }
        return MultiplexedPoolStateMachine(
            settings, balancer: Balancer(.roundRobin, endpoints: states, random: &random))
    }

    /// A connection that is established, with one stream that was waited for.
    private func open(_ pool: inout MultiplexedPoolStateMachine, limit: Int) throws -> PooledConnection {
        guard case .connect(let connection, _) = pool.acquire(Attempts(), at: at(0)) else {
            throw Fault(.dispatch, .internalError)
        }
        pool.connected(connection, limit: limit, at: at(0))
        let hasClaimed = pool.claim(connection)
        guard hasClaimed else { throw Fault(.dispatch, .internalError) }
        return connection
    }

    @Test func requestsShareAConnection() throws {
        var pool = pool()
        let first = try open(&pool, limit: 10)
        #expect(pool.acquire(Attempts(), at: at(1)) == .open(first, endpoint: 0))
        #expect(pool.acquire(Attempts(), at: at(1)) == .open(first, endpoint: 0))
        #expect(pool.openAhead(0) == nil)
        for _ in 0..<3 { #expect(pool.finish(first, .reusable, at: at(2)) == false) }
        #expect(pool.idle == 1)
        #expect(pool.bugs == 0)
    }

    @Test func whoComesWhileAConnectionIsOpenedWaitsForIt() {
        var pool = pool()
        guard case .connect(let first, 0) = pool.acquire(Attempts(), at: at(0)) else { return #expect(Bool(false)) }
        #expect(pool.acquire(Attempts(), at: at(0)) == .wait(first, endpoint: 0))
        #expect(pool.acquire(Attempts(), at: at(0)) == .wait(first, endpoint: 0))
        pool.abandon(first)
        pool.connected(first, limit: 1, at: at(1))
        #expect(pool.claim(first) == true)
        // The peer allows one: the other needs a connection of its own.
        #expect(pool.claim(first) == false)
        guard case .connect(let second, 0) = pool.place(0) else { return #expect(Bool(false)) }
        #expect(second != first)
        // What the endpoint allows is known by now: nobody more waits for the second.
        guard case .connect = pool.acquire(Attempts(), at: at(2)) else { return #expect(Bool(false)) }
        #expect(pool.bugs == 0)
    }

    @Test(arguments: [(1, 0), (2, 1), (8, 7), (16, 14), (100, 88)])
    func theNextConnectionIsOpenedBeforeTheLastStreamIsTaken(_ limit: Int, _ before: Int) throws {
        var pool = pool()
        let first = try open(&pool, limit: limit)
        for taken in 1..<(limit + 1) {
            if taken > 1 { #expect(pool.acquire(Attempts(), at: at(1)) == .open(first, endpoint: 0)) }
            if let ahead = pool.openAhead(0) {
                #expect(taken == max(before, 1))
                pool.connected(ahead, limit: limit, at: at(2))
                #expect(pool.connections == 2)
                return
            }
        }
        Issue.record("never")
    }

    @Test func noMoreConnectionsThanAllowedAreOpened() throws {
        var pool = pool(MultiplexedPoolSettings(maxStreams: 2, maxConnections: 1))
        let first = try open(&pool, limit: 100)
        #expect(pool.acquire(Attempts(), at: at(1)) == .open(first, endpoint: 0))
        #expect(pool.openAhead(0) == nil)
        #expect(pool.acquire(Attempts(), at: at(1)) == .saturated)
        #expect(pool.finish(first, .reusable, at: at(2)) == false)
        #expect(pool.acquire(Attempts(), at: at(3)) == .open(first, endpoint: 0))
        #expect(pool.bugs == 0)
    }

    @Test func aConnectionThatGoesAwayFinishesWhatItHas() throws {
        var pool = pool()
        let first = try open(&pool, limit: 10)
        #expect(pool.goingAway(first) == false)
        guard case .connect(let second, 0) = pool.acquire(Attempts(), at: at(1)) else { return #expect(Bool(false)) }
        #expect(pool.finish(first, .reusable, at: at(2)) == true)
        #expect(pool.connections == 1)
        pool.connected(second, limit: 10, at: at(3))
        #expect(pool.claim(second) == true)
        #expect(pool.finish(second, .reusable, at: at(4)) == false)
        #expect(pool.goingAway(second) == true)
        #expect(pool.connections == 0)
        #expect(pool.bugs == 0)
    }

    @Test func aConnectionThatIsLostKeepsItsPlaceUntilItsStreamsAreBack() throws {
        var pool = pool()
        let first = try open(&pool, limit: 10)
        #expect(pool.acquire(Attempts(), at: at(1)) == .open(first, endpoint: 0))
        pool.closed(first)
        #expect(pool.finish(first, .failed, at: at(2)) == false)
        guard case .connect(let second, 0) = pool.acquire(Attempts(), at: at(2)) else { return #expect(Bool(false)) }
        #expect(second.slot != first.slot)
        #expect(pool.finish(first, .stale, at: at(2)) == true)
        #expect(pool.connections == 1)
        // What comes back twice is a bug, and takes nothing from others.
        #expect(pool.finish(first, .stale, at: at(2)) == false)
        #expect(pool.bugs == 1)
    }

    @Test func thoseWhoWaitedForAFailedConnectionTryTheNextEndpoint() {
        var pool = pool(endpoints: 2)
        guard case .connect(let first, let endpoint) = pool.acquire(Attempts(), at: at(0)) else {
            return #expect(Bool(false))
        }
        pool.connectFailed(first, at: at(1))
        var attempts = Attempts()
        guard case .connect(let second, let other) = pool.retry(endpoint, &attempts, at: at(1)) else {
            return #expect(Bool(false))
        }
        #expect(other != endpoint)
        pool.connectFailed(second, at: at(2))
        #expect(pool.retry(other, &attempts, at: at(2)) == .noLiveUpstream)
        #expect(pool.connections == 0)
        #expect(pool.bugs == 0)
    }

    @Test func aLowerLimitLeavesWhatIsOpenAndStopsWhatIsNot() throws {
        var pool = pool()
        let first = try open(&pool, limit: 10)
        #expect(pool.acquire(Attempts(), at: at(1)) == .open(first, endpoint: 0))
        pool.limitChanged(first, 1)
        guard case .connect = pool.acquire(Attempts(), at: at(2)) else { return #expect(Bool(false)) }
        #expect(pool.finish(first, .reusable, at: at(3)) == false)
        pool.limitChanged(first, 3)
        #expect(pool.acquire(Attempts(), at: at(4)) == .open(first, endpoint: 0))
    }

    @Test func whatHasNoRequestIdlesOutOrIsOneTooMany() throws {
        var pool = pool(MultiplexedPoolSettings(maxStreams: 1, maxIdle: 1, idleTimeout: .milliseconds(100)))
        let (first, second) = (try open(&pool, limit: 1), try open(&pool, limit: 1))
        #expect(pool.finish(first, .reusable, at: at(10)) == false)
        #expect(pool.finish(second, .reusable, at: at(20)) == true)
        #expect(pool.nextToClose(at: at(109)) == nil)
        #expect(pool.nextToClose(at: at(110)) == first)
        #expect(pool.nextToClose(at: at(110)) == nil)
        #expect(pool.connections == 0)
    }

    @Test func aDrainedPoolKeepsNothing() throws {
        var pool = pool()
        let first = try open(&pool, limit: 1)
        pool.drain()
        #expect(pool.nextToClose(at: at(0)) == nil)
        #expect(pool.openAhead(0) == nil)
        #expect(pool.finish(first, .reusable, at: at(1)) == true)
        #expect(pool.connections == 0)
    }
}
