public import GatePrimitives
import Synchronization

/// When an endpoint is left out because requests to it failed; nginx's `max_fails` and `fail_timeout`.
public struct FailureRule: Hashable, Sendable {
    /// So many failures within `timeout` mark an endpoint as failed; 0 never marks. Default 1, as nginx.
    public let maxFails: Int
    /// The window of counting, and how long a failed endpoint is left out before one request probes it. Default 10 s.
    public let timeout: TimeSpan

    /// The rule of these values; negative ones count as 0.
    public init(maxFails: Int = 1, timeout: TimeSpan = .seconds(10)) {
        self.maxFails = max(0, maxFails)
        self.timeout = max(.zero, timeout)
    }
}

/// What the whole node knows about one endpoint of an upstream: requests in flight and failures.
///
/// Shared by all loops as atomics: a failure that one loop saw spares the others the same one, and least request counts
/// what all loops have sent. Each value is right by itself; no decision needs two of them from the same instant. A reload
/// keeps the object by upstream and endpoint.
public final class EndpointState: Sendable {
    private let requests = Atomic<Int>(0)
    private let fails = Atomic<Int>(0)
    /// Nanoseconds of the last failure.
    private let failed = Atomic<Int64>(.min)
    /// Nanoseconds of the last failure or probe.
    private let checked = Atomic<Int64>(.min)
    private let live = Atomic<Bool>(true)

    /// An endpoint of which nothing bad is known.
    public init() {}

    /// Requests under way on all loops.
    public var inFlight: Int { max(0, requests.load(ordering: .relaxed)) }

    /// Whether there is an address to connect to; false while it is refused or unresolved. Such an endpoint is never chosen.
    public var isLive: Bool { live.load(ordering: .relaxed) }

    /// Sets whether there is an address to connect to.
    public func setLive(_ isLive: Bool) { live.store(isLive, ordering: .relaxed) }

    /// Whether the endpoint is left out at `now`.
    public func isFailed(at now: MonotonicInstant, _ rule: FailureRule) -> Bool {
        guard rule.maxFails > 0, fails.load(ordering: .relaxed) >= rule.maxFails else { return false }
        return now.since(lastChecked) <= rule.timeout
    }

    /// A request goes to this endpoint; the first after the time-out is the probe, others wait for its result.
    func choose(at now: MonotonicInstant, _ rule: FailureRule) {
        requests.wrappingAdd(1, ordering: .relaxed)
        if now.since(lastChecked) > rule.timeout { checked.store(now.nanoseconds, ordering: .relaxed) }
    }

    /// A request has left this endpoint.
    func leave() { requests.wrappingSubtract(1, ordering: .relaxed) }

    /// A request failed by the endpoint's fault.
    func fail(at now: MonotonicInstant) {
        // LIMIT: a count that is far above any rule's needs no more.
        if fails.load(ordering: .relaxed) < 1 << 30 { fails.wrappingAdd(1, ordering: .relaxed) }
        failed.store(now.nanoseconds, ordering: .relaxed)
        checked.store(now.nanoseconds, ordering: .relaxed)
    }

    /// A request was answered; what failed is forgiven once a window has passed since.
    func succeed() {
        guard fails.load(ordering: .relaxed) > 0 else { return }
        if failed.load(ordering: .relaxed) < checked.load(ordering: .relaxed) { fails.store(0, ordering: .relaxed) }
    }

    private var lastChecked: MonotonicInstant { .init(nanoseconds: checked.load(ordering: .relaxed)) }
}
