public import GateAdmission
public import GateHTTP
public import GatePrimitives
public import GateRouting

/// One route of the plan: what it asks, what it changes, where it leads.
public final class RoutePlan: Sendable {
    /// Its name.
    public let name: String
    /// What it asks before it lets a request through.
    public let admission: AdmissionPlan
    /// Index of its upstream.
    public let upstream: Int
    /// How it changes the head it forwards.
    public let rewrite: UpstreamRewrite
    /// How it changes the answer's head.
    public let responseEdits: HeaderEdits
    /// Which other origins may read its answers.
    public let cors: CORSPolicy?
    /// Which WebSockets it takes; nil takes none.
    public let webSocket: WebSocketPlan?
    /// The names under which answers may name the backend.
    public let backends: BackendAuthorities
    /// Between two reads from the backend; nil takes the upstream's.
    public let readTimeout: TimeSpan?
    /// From the head to the end of the answer; nil for no bound of its own.
    public let totalTimeout: TimeSpan?
    /// Whether `ratelimit` fields stand on answers that pass, too.
    public let showsLimits: Bool

    /// A route.
    public init(
        name: String, admission: AdmissionPlan, upstream: Int, rewrite: UpstreamRewrite,
        responseEdits: HeaderEdits = .none, cors: CORSPolicy? = nil, webSocket: WebSocketPlan? = nil,
        backends: BackendAuthorities, readTimeout: TimeSpan? = nil, totalTimeout: TimeSpan? = nil,
        showsLimits: Bool = false
    ) {
        self.name = name
        self.admission = admission
        self.upstream = upstream
        self.rewrite = rewrite
        self.responseEdits = responseEdits
        self.cors = cors
        self.webSocket = webSocket
        self.backends = backends
        self.readTimeout = readTimeout
        self.totalTimeout = totalTimeout
        self.showsLimits = showsLimits
    }
}

/// Which WebSockets a route takes.
public struct WebSocketPlan: Sendable {
    /// Whose pages may open one.
    public let origins: OriginList
    /// How long neither side may send a byte.
    public let idleTimeout: TimeSpan

    /// WebSockets of pages of `origins`.
    public init(origins: OriginList, idleTimeout: TimeSpan) {
        self.origins = origins
        self.idleTimeout = idleTimeout
    }

    /// Judges the handshake of `request` (RFC 6455 §4.2): `ws_handshake` or, for a page that may not, `ws_origin`.
    public func judge(_ request: borrowing VettedRequest) throws(Fault) {
        guard WebSocketHandshake.isValid(request) else { throw Fault(.route, .webSocketHandshake) }
        // RFC 6455 §10.2: browsers always say which page asks; who is no browser could say anything.
        guard origins.grant(request) != .refused else { throw Fault(.route, .webSocketOrigin) }
    }
}
