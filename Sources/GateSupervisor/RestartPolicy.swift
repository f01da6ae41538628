public import GatePrimitives

/// When a worker that died is started again: at once, until it dies too often.
///
/// LIMIT: the fifth death within ten seconds, and each after it, waits: 1, 2, 4, … at most 30 seconds. A worker that
/// lived for ten seconds ends the streak.
public struct RestartPolicy: Sendable {
    /// Deaths that are answered at once within `window`.
    public static let freeDeaths = 4
    /// The time in which deaths count together.
    public static let window = TimeSpan.seconds(10)
    /// The longest wait.
    public static let longestDelay = TimeSpan.seconds(30)

    private var deaths: [MonotonicInstant] = []
    private var delay = TimeSpan.zero

    /// A policy that has seen no death.
    public init() {}

    /// Records a death at `now` of a worker started at `started`; returns how long to wait before the next start.
    public mutating func died(at now: MonotonicInstant, started: MonotonicInstant) -> TimeSpan {
        if now.since(started) >= Self.window {
            deaths.removeAll()
            delay = .zero
        }
        deaths.append(now)
        if deaths.count > Self.freeDeaths + 1 { deaths.removeFirst() }
        guard deaths.count > Self.freeDeaths, let first = deaths.first else { return .zero }
        if delay == .zero && now.since(first) > Self.window { return .zero }
        delay = delay == .zero ? .seconds(1) : min(Self.longestDelay, .seconds(delay.seconds &* 2))
        return delay
    }
}
