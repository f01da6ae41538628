public import GatePrimitives

/// How an upstream's endpoints share its requests.
public enum BalancePolicy: String, Sendable, CaseIterable {
    /// In turn, by weight.
    case roundRobin
    /// To the endpoint with the fewest requests in flight for its weight; in turn among equals.
    case leastRequest
}

/// Chooses an endpoint of one upstream for one loop.
///
/// Turns are nginx's smooth weighted round robin: weights 5, 1, 1 yield a a b a c a a, never five a in a row. An endpoint
/// that fails loses weight and earns it back. The start is random, so that the loops do not march in step.
public struct Balancer: Sendable {
    private struct Turn: Sendable {
        var weight: Int
        /// Below `weight` after failures; grows by one a choice.
        var effective: Int
        var current = 0
    }

    private let policy: BalancePolicy
    private let rule: FailureRule
    /// What the node knows about each endpoint.
    public let endpoints: [EndpointState]
    private var turns: [Turn]

    // LIMIT: weights of 1 to 65,535 for at most 256 endpoints: no sum can overflow.
    /// The weights an endpoint may have.
    public static let weights: ClosedRange<Int> = 1...65_535

    /// A balancer over `endpoints`, the first 256 of them; a weight that is missing is 1, one out of range is clamped.
    public init(
        _ policy: BalancePolicy, endpoints: [EndpointState], weights: [Int] = [], rule: FailureRule = FailureRule(),
        random: inout LoopRandom
    ) {
        self.policy = policy
        self.rule = rule
        self.endpoints = Array(endpoints.prefix(Attempts.maximumEndpoints))
        turns = self.endpoints.indices.map { index in
            let weight = index < weights.count ? weights[index] : 1
            let clamped = max(Self.weights.lowerBound, min(weight, Self.weights.upperBound))
            return Turn(weight: clamped, effective: clamped)
        }
        let total = turns.reduce(0) { $0 + $1.weight }
        let start = random.below(min(total, 1024))
        for _ in 0..<start { _ = take(Candidates(attempts: Attempts(), now: .init(nanoseconds: 0), marks: false)) }
    }

    /// The endpoint for a request of an exchange that has made `attempts`; nil where none is left.
    ///
    /// The endpoint counts the request as in flight until the pool lets it leave.
    mutating func choose(_ attempts: Attempts, at now: MonotonicInstant) -> Int? {
        // As nginx: a single endpoint is never left out, and if all have failed, all are tried again.
        let marked = Candidates(attempts: attempts, now: now, marks: endpoints.count > 1)
        let any = Candidates(attempts: attempts, now: now, marks: false)
        guard let chosen = pick(marked) ?? pick(any) else { return nil }
        endpoints[chosen].choose(at: now, rule)
        return chosen
    }

    /// A request failed by the fault of `index`: it is marked for all loops and loses weight on this one.
    mutating func fail(_ index: Int, at now: MonotonicInstant) {
        guard index >= 0, index < turns.count else { return }
        endpoints[index].fail(at: now)
        if rule.maxFails > 0 {
            turns[index].effective = max(0, turns[index].effective &- turns[index].weight / rule.maxFails)
        }
    }

    /// Which endpoints are open to a choice.
    private struct Candidates {
        let attempts: Attempts
        let now: MonotonicInstant
        /// Whether those marked as failed are left out.
        let marks: Bool
    }

    private func isOpen(_ index: Int, _ candidates: Candidates) -> Bool {
        let endpoint = endpoints[index]
        return endpoint.isLive && !candidates.attempts.hasTried(index)
            && !(candidates.marks && endpoint.isFailed(at: candidates.now, rule))
    }

    private mutating func pick(_ candidates: Candidates) -> Int? {
        switch policy {
        case .roundRobin: take(candidates)
        // A count that another loop raised meanwhile may leave nobody at the minimum.
        case .leastRequest: take(candidates, atMost: least(candidates)) ?? take(candidates)
        }
    }

    /// The next in turn, of those whose requests in flight per weight do not exceed `bound`.
    private mutating func take(_ candidates: Candidates, atMost bound: (load: Int, weight: Int)? = nil) -> Int? {
        var best: Int?
        var total = 0
        for index in turns.indices where isOpen(index, candidates) {
            let weight = turns[index].weight
            if let bound, endpoints[index].inFlight &* bound.weight > bound.load &* weight { continue }
            turns[index].current &+= turns[index].effective
            total &+= turns[index].effective
            if turns[index].effective < weight { turns[index].effective &+= 1 }
            if let leader = best, turns[index].current <= turns[leader].current { continue }
            best = index
        }
        if let best { turns[best].current &-= total }
        return best
    }

    /// The fewest requests in flight for a weight.
    private func least(_ candidates: Candidates) -> (load: Int, weight: Int)? {
        var least: (load: Int, weight: Int)?
        for index in turns.indices where isOpen(index, candidates) {
            let load = endpoints[index].inFlight
            let weight = turns[index].weight
            if let known = least, load &* known.weight >= known.load &* weight { continue }
            least = (load, weight)
        }
        return least
    }
}
