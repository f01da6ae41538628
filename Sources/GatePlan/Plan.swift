public import GateIdentity
public import GateLimits
public import GateObserve
public import GatePrimitives
public import GateRouting
public import GateWire

/// The compiled, immutable configuration: what each module made of it, in arrays that are indexed by ids.
///
/// An exchange finishes on the plan it began with; a reload replaces the loops' pointer to it and nothing else.
public final class Plan: Sendable {
    /// The digest of the configuration, as it stands in every log line.
    public let revision: String
    /// The listeners.
    public let listeners: [ListenerPlan]
    /// Finds the route of a request.
    public let table: RouteTable
    /// The routes, in the table's order.
    public let routes: [RoutePlan]
    /// The upstreams.
    public let upstreams: [UpstreamSettings]
    /// The limits' zones.
    public let limits: LimitTable
    /// Where the key sets come from.
    public let keySets: [KeySetPlan]
    /// The firewall's rule sets.
    public let ruleSets: [RuleSetPlan]
    /// What the process as a whole does.
    public let process: ProcessPlan
    /// The admin and telemetry listeners.
    public let admin: AdminPlan
    /// Where logs go.
    public let logs: LogPlan
    /// Names for logs and metrics.
    public let names: NameTable
    /// Our name in `via`, by which loops are found; unique to the installation.
    public let pseudonym: String
    /// The files of certificates, keys and lists that it was made from, as they were just before they were read.
    public let files: [String: FileVersion]
    /// The settings as JSON with secrets left out, for the admin interface.
    public let report: String

    /// A plan of compiled parts. `identities` names all of them, in their order; nil: those that have a key set.
    public init(
        revision: String, listeners: [ListenerPlan], table: RouteTable, routes: [RoutePlan],
        upstreams: [UpstreamSettings], limits: LimitTable, keySets: [KeySetPlan], identities: [String]? = nil,
        ruleSets: [RuleSetPlan] = [], process: ProcessPlan, admin: AdminPlan, logs: LogPlan, pseudonym: String,
        files: [String: FileVersion] = [:], report: String = "{}\n"
    ) {
        self.revision = revision
        self.listeners = listeners
        self.table = table
        self.routes = routes
        self.upstreams = upstreams
        self.limits = limits
        self.keySets = keySets
        self.ruleSets = ruleSets
        self.process = process
        self.admin = admin
        self.logs = logs
        self.pseudonym = pseudonym
        self.files = files
        self.report = report
        self.names = NameTable(
            revision: revision, listeners: listeners.map(\.name), routes: routes.map(\.name),
            upstreams: upstreams.map { .init(name: $0.name, endpoints: $0.endpoints.map(\.address.description)) },
            limits: limits.zones.map(\.name), identities: identities ?? keySets.map(\.name),
            ruleSets: ruleSets.map(\.name))
    }
}

/// What the process as a whole does.
public struct ProcessPlan: Sendable {
    /// Event loops; one per core by default.
    public var loops: Int
    /// Connections of the whole process, both sides of the gateway; checked against the descriptor limit at start.
    public var maximumConnections: Int
    /// How long a drain waits for exchanges.
    public var drain: TimeSpan

    /// The process's settings.
    public init(loops: Int, maximumConnections: Int, drain: TimeSpan) {
        self.loops = loops
        self.maximumConnections = maximumConnections
        self.drain = drain
    }
}

/// The gateway's own listeners.
public struct AdminPlan: Sendable {
    /// Where the admin API listens; nil for nowhere.
    public var admin: SocketEndpoint?
    /// The bearer token that a loopback TCP admin listener asks for; nil on a unix socket.
    public var token: Secret?
    /// Where telemetry listens; nil for nowhere.
    public var telemetry: SocketEndpoint?

    /// The gateway's own listeners.
    public init(admin: SocketEndpoint?, token: Secret? = nil, telemetry: SocketEndpoint?) {
        self.admin = admin
        self.token = token
        self.telemetry = telemetry
    }
}

/// Where logs go.
public struct LogPlan: Sendable, Equatable {
    /// The access log; nil writes none.
    public var access: LogSink.Destination?
    /// The event log.
    public var events: LogSink.Destination

    /// Where logs go.
    public init(access: LogSink.Destination?, events: LogSink.Destination) {
        self.access = access
        self.events = events
    }
}

/// Where one identity's keys come from.
public struct KeySetPlan: Sendable {
    /// The identity's name.
    public var name: String
    /// File, URL or discovery.
    public var source: KeySetSource
    /// When it is fetched, and how long it is served stale.
    public var policy: KeySetRefreshPolicy
    /// A file of trusted roots for its provider; nil trusts the system's.
    public var roots: String?

    /// A key set's place.
    public init(name: String, source: KeySetSource, policy: KeySetRefreshPolicy, roots: String? = nil) {
        self.name = name
        self.source = source
        self.policy = policy
        self.roots = roots
    }
}
