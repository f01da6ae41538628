public import NIOCore

/// Where one loop reports what happened: it turns a finished exchange into a log line, counts and a decision.
///
/// Owned by one loop and used on it alone. Nothing here blocks, and nothing allocates once warm, but for the events that
/// some outcomes are worth.
public final class LoopObserver {
    /// How many ticks of the 100 ms timer lie between two reports of what was lost.
    static let ticksPerReport: UInt64 = 10

    /// The number of the loop.
    public let loop: Int
    /// The loop's counters.
    public let metrics: LoopMetrics
    private let accessLog: LogSink?
    private let events: EventLog?
    private var identifiers: DecisionIDSource
    private var connections: UInt64 = 0
    private var recent: RecentExchanges
    private var timerTicks: UInt64 = 0
    private var reportedDrops: UInt64 = 0

    /// The observer of the loop number `loop` (0 to 1023); without a log nothing is logged.
    public init(
        loop: Int, registry: MetricsRegistry, accessLog: LogSink?, events: EventLog?, decisions capacity: Int = 4096
    ) {
        self.loop = loop
        self.accessLog = accessLog
        self.events = events
        metrics = LoopMetrics(registry: registry)
        recent = RecentExchanges(decisions: capacity)
        identifiers = DecisionIDSource(loop: loop)
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
        if recent.append(record, keepsLine: accessLog != nil) { handOver() }
        if let events, let kind = EventKind(outcome: record) {
            events.emit(kind, EventKind.fields(of: record))
        }
    }

    /// Hands the pending lines to the log; call it from the loop's 100 ms timer and before the loop ends.
    ///
    /// About once a second loop 0 also has the event log say what was lost or suppressed.
    public func flush() {
        handOver()
        guard loop == 0, let events else { return }
        timerTicks &+= 1
        guard timerTicks % Self.ticksPerReport == 0 else { return }
        events.tick()
        let dropped = accessLog?.droppedLines ?? 0
        if dropped > reportedDrops {
            events.emit(
                .logLinesDropped,
                [EventField("log", "access"), EventField("lines", Int(clamping: dropped &- reportedDrops))])
            reportedDrops = dropped
        }
    }

    private func handOver() {
        guard recent.lines > 0 else { return }
        accessLog?.submit(recent.text.span, lines: recent.lines)
        recent.removeLines()
    }

    /// The decision `id` as a JSON object, or nil where the ring no longer has it.
    public func decision(_ id: DecisionID) -> ByteBuffer? { recent.decisions.json(id) }
}

/// The lines that a loop has made and not yet handed to the log, and its last decisions: one value, so that a finished
/// exchange is one access to it.
struct RecentExchanges: ~Copyable {
    /// Lines are handed over from this many bytes on, or when the timer says so.
    static let batchSize = 32_768

    private(set) var text = TextBuffer(capacity: 2 * RecentExchanges.batchSize)
    private(set) var lines = 0
    private(set) var decisions: DecisionRing
    private var renderer = AccessLogLine()

    /// Nothing yet; at most `capacity` decisions will be kept.
    init(decisions capacity: Int) { decisions = DecisionRing(capacity: capacity) }

    /// Notes the decision and, where it is wanted, keeps the line; whether the lines are worth handing over.
    mutating func append(_ record: borrowing ExchangeRecord, keepsLine: Bool) -> Bool {
        let start = text.count
        renderer.appendObject(record, to: &text)
        decisions.note(record, line: text, from: start)
        guard keepsLine else {
            text.removeAll()
            return false
        }
        text.append(0x0a as UInt8)
        lines &+= 1
        return text.count >= Self.batchSize
    }

    /// Forgets the lines and keeps their room.
    mutating func removeLines() {
        text.removeAll()
        lines = 0
    }
}
