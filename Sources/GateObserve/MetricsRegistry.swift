/// Which series belongs to which name, across reloads.
public final class MetricsRegistry: Sendable {
    /// An empty registry; one per process.
    public init() {}

    /// All series as text: `snapshots` of every loop, taken on each, and what the server read elsewhere.
    public func render(_ snapshots: [MetricsSnapshot], gauges: ScrapedGauges, format: MetricsFormat) -> [UInt8] { [] }
}

/// The format of a scrape.
public enum MetricsFormat: Sendable {
    /// Prometheus text format 0.0.4.
    case prometheus
    /// OpenMetrics 1.0.0.
    case openMetrics

    /// The format that the `Accept` field asks for.
    public init(accept: String) { self = .prometheus }

    /// The value of `content-type`.
    public var contentType: String { "" }
}

/// What a scrape shows besides the loops' counters: read by the server when asked.
public struct ScrapedGauges: Sendable {
    /// How many keys each limit holds.
    public var limitKeys: [(limit: String, keys: Int)] = []
    /// Whether each dependency (key set, store) answers.
    public var dependencies: [(dependency: String, isUp: Bool)] = []
    /// The digest of the configuration in force.
    public var revision = ""

    /// Nothing read.
    public init() {}
}
