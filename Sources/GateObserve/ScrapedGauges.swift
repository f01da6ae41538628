public import GatePrimitives

/// What a scrape shows besides the loops' counters: read by the server when asked.
public struct ScrapedGauges: Sendable {
    /// A certificate that a listener serves.
    public struct Certificate: Sendable {
        /// The listener's name.
        public let listener: String
        /// The certificate's first DNS name, or its file's name.
        public let name: String
        /// When it expires.
        public let notAfter: WallInstant

        /// The certificate `name` of `listener`.
        public init(listener: String, name: String, notAfter: WallInstant) {
            self.listener = listener
            self.name = name
            self.notAfter = notAfter
        }
    }

    /// How many keys each limit holds.
    public var limitKeys: [(limit: String, keys: Int)] = []
    /// Whether each dependency (key set, store) answers.
    public var dependencies: [(dependency: String, isUp: Bool)] = []
    /// The certificates in use.
    public var certificates: [Certificate] = []
    /// The digest of the configuration in force.
    public var revision = ""
    /// Lines that the access log and the event log lost.
    public var droppedLogLines: UInt64 = 0
    /// The facts of the build, as labels: `version`, `revision`, `swift`.
    public var build: [(name: String, value: String)] = []
    /// The facts of the process and the host.
    public var host: HostFacts?

    /// Nothing read.
    public init() {}

    func append(to text: inout MetricsText) {
        text.family("portcullis_limit_keys", .gauge, "Keys that a limit holds.")
        for (limit, keys) in limitKeys { text.sample([("limit", limit)], Int64(keys)) }
        text.family("portcullis_dependency_up", .gauge, "Whether a dependency answers.")
        for (dependency, isUp) in dependencies { text.sample([("dependency", dependency)], Int64(isUp ? 1 : 0)) }
        text.family("portcullis_certificate_not_after_timestamp_seconds", .gauge, "When a certificate expires.")
        // Two certificates of one name are one series: the one that expires first.
        var expiries: [[String]: Int64] = [:]
        for certificate in certificates {
            let labels = [certificate.listener, certificate.name]
            expiries[labels] = min(expiries[labels] ?? .max, certificate.notAfter.seconds)
        }
        for (labels, expiry) in expiries.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            text.sample(Array(zip(["listener", "certificate"], labels)), expiry)
        }
        text.family("portcullis_log_lines_dropped", .counter, "Log lines lost because a log's reader did not keep up.")
        text.sample([], droppedLogLines)
        text.family("portcullis_config_revision", .info, "The digest of the configuration in force.")
        text.sample([("revision", revision)], Int64(1))
        text.family("portcullis_build", .info, "The facts of the build.")
        text.sample(build, Int64(1))
        host?.append(to: &text)
    }
}
