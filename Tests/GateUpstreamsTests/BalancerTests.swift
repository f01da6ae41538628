import GatePrimitives
import GateUpstreams
import Testing

/// Drives a balancer through a pool that keeps nothing.
private struct Chooser {
    var pool: PoolStateMachine
    let states: [EndpointState]

    init(_ policy: BalancePolicy, weights: [Int], rule: FailureRule = FailureRule(), seed: UInt64? = nil) {
        states = weights.map { _ in EndpointState() }
        // A seed whose first number is 0 turns nothing: the order is nginx's from its start.
        var random = LoopRandom(seed: seed ?? 0)
        if seed == nil {
            var start: UInt64 = 0
            repeat {
                start += 1
                random = LoopRandom(seed: start)
                var probe = random
                if probe.below(min(weights.reduce(0, +), 1024)) == 0 { break }
            } while true
        }
        let balancer = Balancer(policy, endpoints: states, weights: weights, rule: rule, random: &random)
        pool = PoolStateMachine(PoolSettings(maxIdle: 0), balancer: balancer)
    }

    /// The endpoint of one request, which stays in flight.
    mutating func choose(_ attempts: Attempts = Attempts(), at time: Int64 = 0) -> (endpoint: Int, PooledConnection)? {
        let now = MonotonicInstant(nanoseconds: time * 1_000_000)
        guard case .connect(let connection, let endpoint) = pool.acquire(attempts, at: now) else { return nil }
        return (endpoint, connection)
    }

    /// The endpoints of `count` requests, one after the other.
    mutating func sequence(_ count: Int, end: LeaseEnd = .served, at time: Int64 = 0) -> [Int] {
        (0..<count).map { _ in
            guard let (endpoint, connection) = choose(at: time) else { return -1 }
            _ = pool.finish(connection, end, at: MonotonicInstant(nanoseconds: time * 1_000_000))
            return endpoint
        }
    }
}

@Suite struct BalancerTests {
    @Test func turnsAreSmoothByWeight() {
        var chooser = Chooser(.roundRobin, weights: [5, 1, 1])
        #expect(chooser.sequence(7) == [0, 0, 1, 0, 2, 0, 0])
        #expect(chooser.sequence(7) == [0, 0, 1, 0, 2, 0, 0])
    }

    @Test func loopsStartAtDifferentPlaces() {
        let firsts = Set(
            (0..<64).map { seed -> Int in
                var chooser = Chooser(.roundRobin, weights: [1, 1, 1, 1], seed: UInt64(seed))
                return chooser.sequence(1)[0]
            })
        #expect(firsts == [0, 1, 2, 3])
    }

    @Test func leastRequestGoesWhereTheFewestAreInFlightForTheWeight() {
        var chooser = Chooser(.leastRequest, weights: [1, 2])
        let chosen = (0..<6).compactMap { _ in chooser.choose()?.endpoint }
        #expect(chosen.count { $0 == 0 } == 2)
        #expect(chosen.count { $0 == 1 } == 4)
        #expect(chooser.states.map(\.inFlight) == [2, 4])
    }

    @Test func leastRequestCountsWhatOtherLoopsSent() {
        let states = [EndpointState(), EndpointState()]
        var random = LoopRandom(seed: 1)
        var loops = (0..<2).map { _ in
            PoolStateMachine(
                PoolSettings(), balancer: Balancer(.leastRequest, endpoints: states, random: &random))
        }
        let now = MonotonicInstant(nanoseconds: 0)
        for _ in 0..<5 {
            for loop in loops.indices { _ = loops[loop].acquire(Attempts(), at: now) }
        }
        #expect(states.map(\.inFlight) == [5, 5])
    }

    @Test func aFailedEndpointIsLeftOutForItsTimeoutThenProbedOnce() {
        var chooser = Chooser(.roundRobin, weights: [1, 1])
        guard let (bad, connection) = chooser.choose(at: 1000) else { return #expect(Bool(false)) }
        _ = chooser.pool.finish(connection, .failed, at: MonotonicInstant(nanoseconds: 1_000_000_000))
        #expect(chooser.states[bad].isFailed(at: MonotonicInstant(nanoseconds: 1_000_000_000), FailureRule()))
        #expect(!chooser.sequence(10, at: 11_000).contains(bad))
        // After the time-out one request probes it; until that one is answered the others stay away.
        var probes: [PooledConnection] = []
        for _ in 0..<10 {
            if let (endpoint, connection) = chooser.choose(at: 11_001), endpoint == bad { probes.append(connection) }
        }
        #expect(probes.count == 1)
        for probe in probes {
            _ = chooser.pool.finish(probe, .served, at: MonotonicInstant(nanoseconds: 11_002_000_000))
        }
        #expect(chooser.sequence(10, at: 11_003).count { $0 == bad } == 5)
    }

    @Test func successesWithinTheWindowForgiveNothing() {
        let rule = FailureRule(maxFails: 2)
        var chooser = Chooser(.roundRobin, weights: [1, 1], rule: rule)
        func fail(_ wanted: Int, _ time: Int64) {
            while let (endpoint, connection) = chooser.choose(at: time) {
                let end: LeaseEnd = endpoint == wanted ? .failed : .served
                _ = chooser.pool.finish(connection, end, at: MonotonicInstant(nanoseconds: time * 1_000_000))
                if endpoint == wanted { return }
            }
        }
        fail(0, 0)
        #expect(Set(chooser.sequence(4, at: 1)) == [0, 1])
        fail(0, 5000)
        #expect(Set(chooser.sequence(4, at: 5001)) == [1])
    }

    @Test func aSingleEndpointIsNeverLeftOut() {
        var chooser = Chooser(.roundRobin, weights: [1])
        #expect(chooser.sequence(5, end: .failed) == [0, 0, 0, 0, 0])
    }

    @Test func whenAllHaveFailedAllAreTriedAgain() {
        for policy in BalancePolicy.allCases {
            var chooser = Chooser(policy, weights: [1, 1, 1])
            #expect(Set(chooser.sequence(3, end: .failed)) == [0, 1, 2])
            #expect(!chooser.sequence(9).contains(-1))
        }
    }

    @Test func anEndpointWithoutAnAddressIsNeverChosen() {
        var chooser = Chooser(.leastRequest, weights: [1, 1])
        chooser.states[0].setLive(false)
        #expect(chooser.sequence(4) == [1, 1, 1, 1])
        chooser.states[1].setLive(false)
        #expect(chooser.sequence(1) == [-1])
        chooser.states[0].setLive(true)
        #expect(chooser.sequence(1) == [0])
    }

    @Test func weightsAndCountsAreClamped() {
        var chooser = Chooser(.roundRobin, weights: [.min, .max])
        let chosen = chooser.sequence(1000)
        #expect(chosen.count { $0 == 1 } >= 999)
        var crowd = Chooser(.roundRobin, weights: .init(repeating: 1, count: 300), seed: 1)
        #expect(Set(crowd.sequence(1000)).count == Attempts.maximumEndpoints)
    }

    @Test func anUpstreamWithoutEndpointsHasNone() {
        var random = LoopRandom(seed: 1)
        var pool = PoolStateMachine(
            PoolSettings(), balancer: Balancer(.roundRobin, endpoints: [], random: &random))
        #expect(pool.acquire(Attempts(), at: MonotonicInstant(nanoseconds: 0)) == .noLiveUpstream)
    }
}
