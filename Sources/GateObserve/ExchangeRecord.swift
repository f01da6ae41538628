public import GatePrimitives
public import NIOCore

/// All facts of one exchange that logs, metrics and decisions need; filled while it runs, observed once at its end.
///
/// Filling it allocates nothing: texts of the client are slices of the head's buffer, names are indices into `names`.
/// Store slices late (when the exchange finishes, or when nobody writes to the head's buffer any more): a slice shares
/// the buffer, and the next write to a shared buffer copies it.
public struct ExchangeRecord: Sendable {
    /// The names that the indices below refer to: those of the plan the exchange is pinned to.
    public var names: NameTable
    /// The connection it came on.
    public var connection: ConnectionFacts
    /// The decision id, as in `x-request-id`.
    public var id: DecisionID
    /// When it began: the head's last byte was there, or it was refused without one.
    public var time: WallInstant
    /// The client's address where a trusted proxy named another than the peer's; else nil.
    public var client: String?

    /// The method's bytes as the client sent them.
    public var method = ByteBuffer()
    /// The authority's bytes: `Host`, `:authority` or the absolute target's.
    public var host = ByteBuffer()
    /// The target's bytes as the client sent them; the log shows them up to the query.
    public var path = ByteBuffer()
    /// What it spoke.
    public var `protocol` = LoggedProtocol.unknown
    /// Whether it became a WebSocket.
    public var isWebSocket = false

    /// The route's index, or -1.
    public var route = NameTable.none
    /// The status that was sent, 0 where none was.
    public var status = 0
    /// The `grpc-status` that was sent or relayed, or -1.
    public var grpcStatus = -1
    /// Why it ended as it did.
    public var reason = Reason.ok
    /// The step it ended in.
    public var step = Step.finish

    /// Bytes of the request as they came from the client: head and body.
    public var bytesIn: UInt64 = 0
    /// Bytes of the response as they were written to the client: head and body.
    public var bytesOut: UInt64 = 0
    /// From `time` to the last byte written.
    public var duration = TimeSpan.zero

    /// The upstream's index, or -1 where none was chosen.
    public var upstream = NameTable.none
    /// The endpoint's index in its upstream, or -1.
    public var endpoint = NameTable.none
    /// What was spoken to the endpoint.
    public var upstreamProtocol = LoggedProtocol.unknown
    /// What came of the upstream request.
    public var upstreamResult = UpstreamResult.none
    /// From dispatch to the last byte of the response, all tries together.
    public var upstreamDuration = TimeSpan.zero
    /// How many upstream connections were tried.
    public var tries: UInt8 = 0

    /// The principal's subject, empty for nobody.
    public var principal = ""
    /// The identity that made the principal, as an index, or -1.
    public var identity = NameTable.none
    /// The digest of the key set that verified it, empty where none did.
    public var keySet = ""
    /// The limit that refused or delayed, or the tightest that passed; -1 for none.
    public var limit = NameTable.none
    /// That limit's excess in thousandths of a request.
    public var limitExcess: Int64 = 0
    /// How long limits delayed the request.
    public var limitDelay = TimeSpan.zero
    /// What a rule set said of it.
    public var inspection = InspectionRecord()

    /// A record of an exchange that began at `time`.
    public init(names: NameTable, connection: ConnectionFacts, id: DecisionID, time: WallInstant) {
        self.names = names
        self.connection = connection
        self.id = id
        self.time = time
    }

    /// Notes how the exchange ended where it was refused.
    @inlinable public mutating func note(_ fault: Fault) {
        reason = fault.reason
        step = fault.step
    }
}

/// What came of an upstream request: the label `result`.
public enum UpstreamResult: UInt8, Sendable, CaseIterable {
    /// No upstream was asked.
    case none
    /// A whole, valid response was relayed.
    case ok
    /// The connection failed.
    case connectFailed
    /// The connection was not there in time.
    case connectTimeout
    /// TLS to the endpoint failed.
    case tlsFailed
    /// The endpoint closed before or during the response.
    case closed
    /// The response did not come in time.
    case timeout
    /// The response was not valid.
    case invalid
    /// The client went away, or the gateway cut the response.
    case aborted

    var literal: StaticString {
        switch self {
        case .none: "none"
        case .ok: "ok"
        case .connectFailed: "connect_failed"
        case .connectTimeout: "connect_timeout"
        case .tlsFailed: "tls_failed"
        case .closed: "closed"
        case .timeout: "timeout"
        case .invalid: "invalid"
        case .aborted: "aborted"
        }
    }

    /// The word in labels.
    public var word: String { literal.description }
}
