public import GatePrimitives

/// The counters of one loop: plain integers that the loop alone writes.
///
/// Reading is a copy taken on the loop (``snapshot()``): the arrays are shared until the loop's next write copies them,
/// so that a scrape costs a loop some microseconds and a request nothing.
public final class LoopMetrics {
    private let registry: MetricsRegistry
    /// The series of the plan in force, and those of the one before, on which some exchanges still finish.
    private var current: SeriesMap
    private var previous: SeriesMap
    private var counts = MetricsSnapshot()

    /// The counters of a loop; `registry` says which series a name has.
    public init(registry: MetricsRegistry) {
        self.registry = registry
        current = registry.map(.empty)
        previous = current
    }

    /// The series of the listener at `index` of `names`; ask once per connection and keep it.
    public func listener(_ index: Int, of names: NameTable) -> SeriesSlot {
        SeriesSlot(index: map(names).listeners.at(index) ?? 0)
    }

    /// The series of the upstream at `index` of `names`; ask once per pool and keep it.
    public func upstream(_ index: Int, of names: NameTable) -> SeriesSlot {
        SeriesSlot(index: map(names).upstreams.at(index) ?? 0)
    }

    /// A downstream connection changes its state; nil before it is there and after it is gone.
    public func connection(_ listener: SeriesSlot, from: ConnectionState?, to: ConnectionState?) {
        if let from {
            counts.connections.add(-1, at: listener.index &* ConnectionState.allCases.count &+ Int(from.rawValue))
        }
        if let to {
            counts.connections.add(1, at: listener.index &* ConnectionState.allCases.count &+ Int(to.rawValue))
        }
    }

    /// An upstream connection changes its state; nil before it is there and after it is gone.
    public func upstreamConnection(
        _ upstream: SeriesSlot, from: UpstreamConnectionState?, to: UpstreamConnectionState?
    ) {
        let first = upstream.index &* UpstreamConnectionState.allCases.count
        if let from { counts.upstreamConnections.add(-1, at: first &+ Int(from.rawValue)) }
        if let to { counts.upstreamConnections.add(1, at: first &+ Int(to.rawValue)) }
    }

    /// A TLS handshake ended after `duration`; a resumed one is counted apart in the histogram.
    public func handshake(
        _ listener: SeriesSlot, version: TLSVersion, result: HandshakeResult, resumed: Bool, duration: TimeSpan
    ) {
        let place = listener.index &* TLSVersion.allCases.count &+ Int(version.rawValue)
        counts.handshakes.add(1, at: place &* HandshakeResult.allCases.count &+ Int(result.rawValue))
        guard result == .ok else { return }
        let series = place &* 2 &+ (resumed ? 1 : 0)
        guard series < MetricsSnapshot.maximumPlaces else { return }
        while counts.handshakeDurations.count <= series { counts.handshakeDurations.append(nil) }
        var histogram = counts.handshakeDurations[series] ?? Histogram()
        counts.handshakeDurations[series] = nil
        histogram.observe(duration)
        counts.handshakeDurations[series] = histogram
    }

    /// A refusal without an exchange: a connection closed before any request. A reason without a public code counts not.
    public func refused(_ fault: Fault) {
        guard let code = fault.reason.code else { return }
        counts.refusals.add(1, at: MetricsSnapshot.refusal(fault.step, code))
    }

    /// A response that had begun ended for `reason` instead of cleanly.
    public func streamEnded(_ reason: Reason) {
        guard let place = Words.index(reason) else { return }
        counts.streamsEnded.add(1, at: place)
    }

    /// A copy of all counters, to be merged by ``MetricsRegistry``; call it on the loop.
    public func snapshot() -> MetricsSnapshot { counts }

    func requestBegan() { counts.inFlight &+= 1 }

    /// Counts a finished exchange.
    func finish(_ record: borrowing ExchangeRecord) {
        counts.finish(record, map(record.names))
    }

    /// The series of `names`: remembered for the plan in force and the one before.
    private func map(_ names: NameTable) -> SeriesMap {
        if names === current.names { return current }
        if names === previous.names { return previous }
        let map = registry.map(names)
        previous = current
        current = map
        return map
    }
}
