public import NIOCore

/// Where one loop reports what happened: it turns a finished exchange into a log line, counts and a decision.
///
/// Owned by one loop and used on it alone. Nothing here blocks, and nothing allocates once warm, but for the events that
/// some outcomes are worth.
public final class LoopObserver {
    /// Lines are handed to the log from this many bytes on, or when the timer says so.
    static let batchSize = 32_768

    /// The number of the loop.
    public let loop: Int
    /// The loop's counters.
    public let metrics: LoopMetrics
    /// The loop's last decisions.
    public let decisions: DecisionRing

    private let accessLog: LogSink?
    private let events: EventLog?
    private var identifiers: DecisionIDSource
    private var connections: UInt64 = 0
    private var renderer = AccessLogLine()
    private var pending: [UInt8] = []
    private var pendingLines = 0

    /// The observer of the loop number `loop` (0 to 1023); without a log nothing is logged.
    public init(
        loop: Int, registry: MetricsRegistry, accessLog: LogSink?, events: EventLog?, decisions capacity: Int = 4096
    ) {
        self.loop = loop
        self.accessLog = accessLog
        self.events = events
        metrics = LoopMetrics(registry: registry)
        decisions = DecisionRing(capacity: capacity)
        identifiers = DecisionIDSource(loop: loop)
        pending.reserveCapacity(2 * Self.batchSize)
    }

    /// The id of a new exchange.
    public func nextID() -> DecisionID { identifiers.next() }

    /// The number of a new connection: unique in this process and below 2^53, so that JSON readers keep it.
    public func nextConnectionNumber() -> UInt64 {
        connections &+= 1
        return UInt64(truncatingIfNeeded: loop & 1023) &<< 42 | connections & 0x3ff_ffff_ffff
    }

    /// Counts an exchange that began; ``finish(_:)`` must follow exactly once.
    public func begin() { metrics.requestBegan() }

    /// Observes an exchange that ended: one log line, one decision, all its counts, and an event where nginx would log one.
    public func finish(_ record: borrowing ExchangeRecord) {
        metrics.finish(record)
        let start = pending.count
        renderer.append(record, to: &pending)
        // The object alone, without its line feed.
        decisions.note(record, line: pending.span.extracting(start..<(pending.count &- 1)))
        if accessLog == nil {
            pending.removeAll(keepingCapacity: true)
        } else {
            pendingLines &+= 1
            if pending.count >= Self.batchSize { flush() }
        }
        if let events, let kind = EventKind(outcome: record) {
            events.emit(kind, EventKind.fields(of: record))
        }
    }

    /// Hands the pending lines to the log; call it from the loop's 100 ms timer and before the loop ends.
    public func flush() {
        guard pendingLines > 0 else { return }
        accessLog?.submit(pending, lines: pendingLines)
        pending.removeAll(keepingCapacity: true)
        pendingLines = 0
    }

    /// The decision `id` as a JSON object, or nil where the ring no longer has it.
    public func decision(_ id: DecisionID) -> ByteBuffer? { decisions.json(id) }
}
