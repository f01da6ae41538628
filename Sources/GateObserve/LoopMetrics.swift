public import GatePrimitives

/// The counters of one loop: plain integers that the loop alone writes.
public final class LoopMetrics {
    private let registry: MetricsRegistry
    private var inFlight: Int64 = 0

    /// The counters of a loop; `registry` says which series a name has.
    public init(registry: MetricsRegistry) { self.registry = registry }

    /// The series of the listener at `index` of `names`; ask once per connection and keep it.
    public func listener(_ index: Int, of names: NameTable) -> SeriesSlot { .unknown }

    /// The series of the upstream at `index` of `names`; ask once per pool and keep it.
    public func upstream(_ index: Int, of names: NameTable) -> SeriesSlot { .unknown }

    func requestBegan() { inFlight &+= 1 }

    func finish(_ record: borrowing ExchangeRecord) { inFlight &-= 1 }

    /// A downstream connection changes its state; nil before it is there and after it is gone.
    public func connection(_ listener: SeriesSlot, from: ConnectionState?, to: ConnectionState?) {}

    /// An upstream connection changes its state; nil before it is there and after it is gone.
    public func upstreamConnection(
        _ upstream: SeriesSlot, from: UpstreamConnectionState?, to: UpstreamConnectionState?
    ) {}

    /// A TLS handshake ended after `duration`.
    public func handshake(
        _ listener: SeriesSlot, version: TLSVersion, result: HandshakeResult, resumed: Bool, duration: TimeSpan
    ) {}

    /// A refusal without an exchange: a connection closed before any request.
    public func refused(_ fault: Fault) {}

    /// A stream that had begun its response ended for `reason` instead of cleanly.
    public func streamEnded(_ reason: Reason) {}

    /// A copy of all counters, to be merged by ``MetricsRegistry``; call it on the loop.
    public func snapshot() -> MetricsSnapshot { MetricsSnapshot(inFlight: inFlight) }
}

/// The series of one listener or upstream, found by its name.
public struct SeriesSlot: Hashable, Sendable {
    let index: Int

    /// The series for what has no name.
    public static let unknown = SeriesSlot(index: 0)
}

/// What a downstream connection is doing: the label `state`.
public enum ConnectionState: UInt8, Sendable, CaseIterable {
    /// In the TLS handshake, or before its first byte.
    case handshaking
    /// In an exchange.
    case active
    /// Between exchanges.
    case idle
    /// Answered for the last time, being closed.
    case closing
}

/// What an upstream connection is doing: the label `state`.
public enum UpstreamConnectionState: UInt8, Sendable, CaseIterable {
    /// Being opened.
    case connecting
    /// Held by an exchange.
    case leased
    /// In the pool.
    case idle
}

/// How a TLS handshake ended: the label `result`.
public enum HandshakeResult: UInt8, Sendable, CaseIterable {
    /// Complete.
    case ok
    /// Refused or failed.
    case failed
    /// Not complete in time.
    case timeout
    /// The peer went away.
    case closed
}

/// A copy of one loop's counters.
public struct MetricsSnapshot: Sendable {
    let inFlight: Int64
}
