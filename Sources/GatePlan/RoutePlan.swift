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
        responseEdits: HeaderEdits = .none, cors: CORSPolicy? = nil, backends: BackendAuthorities,
        readTimeout: TimeSpan? = nil, totalTimeout: TimeSpan? = nil, showsLimits: Bool = false
    ) {
        self.name = name
        self.admission = admission
        self.upstream = upstream
        self.rewrite = rewrite
        self.responseEdits = responseEdits
        self.cors = cors
        self.backends = backends
        self.readTimeout = readTimeout
        self.totalTimeout = totalTimeout
        self.showsLimits = showsLimits
    }
}
