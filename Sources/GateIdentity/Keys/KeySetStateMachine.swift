public import GatePrimitives

/// Keeps the keys of one identity fresh: events in, what to do out; no socket, no clock, no thread.
///
///                   needed, tick                bytes: set accepted
///     waiting ───────────────────▶ fetching ───────────────────────▶ waiting (interval)
///        ▲                          │    │ bytes: discovery document
///        │        failed, bytes     │    └──▶ fetching the keys it names
///        └──────────────────────────┘
///              (back-off)
///
/// One fetch at a time, whoever asks. The last good set serves until `maxStale` is over. An answer that does not fit the state
/// (a late one) changes nothing.
public struct KeySetStateMachine: Sendable {
    /// What to do after an event.
    public struct Action: Sendable {
        /// A fetch to begin, if any. Redirects are not followed; any status but 200 is a failure.
        public var fetch: Fetch?
        /// What to tell the loops, if anything.
        public var publication: Publication

        /// Nothing to do.
        static let none = Action(fetch: nil, publication: .nothing)
    }

    /// One fetch, bounded in time and size. Its answer has to carry `number`.
    public struct Fetch: Equatable, Sendable {
        /// Names this fetch among all of the machine.
        public let number: UInt64
        /// What to read.
        public let target: Target
        /// The time for all of it.
        public let timeout: TimeSpan
        /// The most bytes to take.
        public let maxBytes: Int
    }

    /// What a fetch reads.
    public enum Target: Equatable, Sendable {
        /// A file of this host.
        case file(String)
        /// An address.
        case url(KeySetURL)
    }

    /// What changed for the loops.
    public enum Publication: Sendable {
        /// Nothing.
        case nothing
        /// A fetch ended well: this set serves until `validUntil`. Wake who waits.
        case keys(KeySet, validUntil: MonotonicInstant)
        /// A fetch failed; the former set goes on serving, if there is one. Wake who waits.
        case failed(KeySetFailure)
        /// The former set is too old. From now on `jwks_unavailable`.
        case withdrawn
    }

    /// The answer to a request whose token needs a key that is not at hand.
    public enum Need: Sendable, Equatable {
        /// Wait for the fetch under way (it is given where it has to begin now), then verify once more; if the key is
        /// still unknown, ask `needed` again for the reason to refuse with.
        case wait(Fetch?)
        /// Refuse: the keys are current and do not have it (`jwt_kid`), or cannot be had (`jwks_unavailable`).
        case refuse(Reason)
    }

    private enum State: Sendable, Equatable {
        case waiting(until: MonotonicInstant)
        case fetching(Stage, number: UInt64)
    }

    private enum Stage: Sendable, Equatable {
        case document
        case keys
    }

    private struct Held: Sendable {
        let keys: KeySet
        let validUntil: MonotonicInstant
    }

    /// Where the keys come from.
    public let source: KeySetSource
    /// How often and how long.
    public let policy: KeySetRefreshPolicy

    private var state: State
    private var held: Held?
    private var failures = 0
    private var lastFailure: KeySetFailure?
    private var lastStart: MonotonicInstant?
    private var fetches: UInt64 = 0

    /// A machine without keys; `tick` begins the first fetch.
    public init(source: KeySetSource, policy: KeySetRefreshPolicy = KeySetRefreshPolicy()) {
        self.source = source
        self.policy = policy
        state = .waiting(until: MonotonicInstant(nanoseconds: .min))
    }

    /// The set that serves at `now`, or nil.
    public func keys(at now: MonotonicInstant) -> KeySet? {
        guard let held, now < held.validUntil else { return nil }
        return held.keys
    }

    /// Whether the last fetch that ended brought keys; nil before the first. For `portcullis_dependency_up`.
    public var isUp: Bool? {
        if lastFailure != nil { return false }
        return held == nil ? nil : true
    }

    /// Why the last fetch failed, if it did.
    public var failure: KeySetFailure? { lastFailure }

    /// When `tick` has something to do next; nil while a fetch is under way.
    public var nextTick: MonotonicInstant? {
        guard case .waiting(let until) = state else { return nil }
        return held.map { min($0.validUntil, until) } ?? until
    }

    /// Time went by: begins a fetch that is due, and withdraws a set that is too old.
    public mutating func tick(_ now: MonotonicInstant) -> Action {
        var action = Action.none
        if let held, held.validUntil <= now {
            self.held = nil
            action.publication = .withdrawn
        }
        if case .waiting(let until) = state, until <= now { action.fetch = begin(now) }
        return action
    }

    /// Begins a fetch out of turn, unless one is under way: for a file that an operator changed before a reload.
    public mutating func refresh(_ now: MonotonicInstant) -> Action {
        guard case .waiting = state else { return .none }
        return Action(fetch: begin(now), publication: .nothing)
    }

    /// A token needs a key that the set at hand does not have.
    ///
    /// Begins a fetch at most once per `minimumInterval`, and never before a back-off is over. While the last fetch
    /// failed, nobody can tell whether the token is good: that is the issuer's outage, not the client's fault.
    public mutating func needed(_ now: MonotonicInstant) -> Need {
        guard case .waiting(let until) = state else { return .wait(nil) }
        let hasKeys = keys(at: now) != nil
        let refusal = Need.refuse(hasKeys && lastFailure == nil ? .jwtKid : .jwksUnavailable)
        if let lastStart, now < lastStart.advanced(by: policy.minimumInterval) { return refusal }
        if lastFailure != nil, now < until { return refusal }
        return .wait(begin(now))
    }

    /// Fetch `number` brought these bytes with status 200.
    public mutating func received(_ bytes: Span<UInt8>, fetch number: UInt64, now: MonotonicInstant) -> Action {
        guard case .fetching(let stage, let current) = state, current == number else { return .none }
        do throws(KeySetFailure) {
            guard bytes.count <= policy.maxBytes else { throw KeySetFailure.tooLarge }
            if stage == .document, case .discovery(let discovery) = source {
                let address = try discovery.keysAddress(in: bytes)
                return Action(fetch: start(.keys, .url(address)), publication: .nothing)
            }
            guard let fetched = try? KeySet(bytes) else { throw KeySetFailure.notAKeySet }
            return accept(fetched, now)
        } catch {
            return fail(error, now)
        }
    }

    /// Fetch `number` failed.
    public mutating func failed(_ failure: KeySetFailure, fetch number: UInt64, now: MonotonicInstant) -> Action {
        guard case .fetching(_, let current) = state, current == number else { return .none }
        return fail(failure, now)
    }

    private mutating func begin(_ now: MonotonicInstant) -> Fetch {
        lastStart = now
        switch source {
        case .file(let path): return start(.keys, .file(path))
        case .url(let address): return start(.keys, .url(address))
        case .discovery(let discovery): return start(.document, .url(discovery.document))
        }
    }

    private mutating func start(_ stage: Stage, _ target: Target) -> Fetch {
        fetches &+= 1
        state = .fetching(stage, number: fetches)
        return Fetch(number: fetches, target: target, timeout: policy.timeout, maxBytes: policy.maxBytes)
    }

    private mutating func accept(_ fetched: KeySet, _ now: MonotonicInstant) -> Action {
        // The same bytes keep the same object, and with it what caches know of it.
        let keys = held.flatMap { $0.keys.fingerprint == fetched.fingerprint ? $0.keys : nil } ?? fetched
        let fresh = Held(keys: keys, validUntil: now.advanced(by: policy.lifetime))
        held = fresh
        failures = 0
        lastFailure = nil
        state = .waiting(until: now.advanced(by: policy.interval))
        return Action(fetch: nil, publication: .keys(keys, validUntil: fresh.validUntil))
    }

    private mutating func fail(_ failure: KeySetFailure, _ now: MonotonicInstant) -> Action {
        lastFailure = failure
        var pause = policy.backoff
        for _ in 0..<min(failures, 30) where pause < policy.maxBackoff {
            pause = TimeSpan(nanoseconds: pause.nanoseconds.multipliedReportingOverflow(by: 2).partialValue)
        }
        failures = min(failures &+ 1, 30)
        state = .waiting(until: now.advanced(by: min(pause, policy.maxBackoff)))
        return Action(fetch: nil, publication: .failed(failure))
    }
}
