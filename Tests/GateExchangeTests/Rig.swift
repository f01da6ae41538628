import GateAdmission
import GateHTTP
import GateIdentity
import GateLimits
import GateObserve
import GatePattern
import GatePlan
import GatePrimitives
import GateRouting
import GateTestKit
import GateUpstreams
import GateWire
import Glibc
import NIOCore
import NIOPosix

@testable import GateExchange

/// What a test says of a route; the rest has defaults.
struct TestRoute {
    var path = "/"
    var admission = AdmissionPlan(access: .open)
    var upstream = 0
    var readTimeout: TimeSpan?
    var totalTimeout: TimeSpan?
    var showsLimits = false
}

/// What a test says of a plan.
struct TestPlan {
    var revision = "r1"
    var routes = [TestRoute()]
    var upstreams: [UpstreamSettings] = []
    var limits = LimitTable([])
    var keySets: [KeySetPlan] = []
    var timeouts = DownstreamTimeouts()
    var clientAddress: ClientAddressRule?
    var deny = AddressSet.empty
    var maximumConnections = 1000
    var redirects = false

    /// An upstream with endpoints on these loopback ports.
    static func upstream(_ ports: UInt16..., name: String = "backend", index: Int = 0) -> UpstreamSettings {
        UpstreamSettings(
            name: name, index: index,
            endpoints: ports.map { .init(address: .ip(IPAddress(v4: 0x7f00_0001), port: $0)) })
    }

    func compile() throws -> Plan {
        let rules = routes.enumerated().map { index, route in
            RouteRule(name: "route\(index)", path: .prefix(route.path))
        }
        let listener = ListenerPlan(
            name: "public", address: .ip(IPAddress(v4: 0x7f00_0001), port: 0),
            settings: ListenerSettings(
                index: 0, tls: nil, headLimits: .standard, timeouts: timeouts, deny: deny,
                maximumConnections: maximumConnections),
            redirectsToHTTPS: redirects, clientAddress: clientAddress)
        return Plan(
            revision: revision, listeners: [listener], table: try RouteTable.compile(rules),
            routes: routes.enumerated().map { index, route in
                RoutePlan(
                    name: "route\(index)", admission: route.admission, upstream: route.upstream,
                    rewrite: UpstreamRewrite(), backends: BackendAuthorities([]), readTimeout: route.readTimeout,
                    totalTimeout: route.totalTimeout, showsLimits: route.showsLimits)
            },
            upstreams: upstreams, limits: limits, keySets: keySets,
            process: ProcessPlan(loops: 1, maximumConnections: 1000, drain: .seconds(1)),
            admin: AdminPlan(admin: nil, telemetry: nil), logs: LogPlan(access: nil, events: .standardError),
            pseudonym: "gate")
    }
}

/// One loop of the gateway with a listener on a free port, as the worker runs it, and what it saw.
final class Rig: @unchecked Sendable {
    let port: UInt16
    let plan: Plan
    let loop: any EventLoop
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let registry = MetricsRegistry()
    private var bound: NIOLoopBound<Parts>

    /// What lives on the loop.
    struct Parts {
        let exchange: ExchangeLoop
        let listener: Listener
    }

    init(_ test: TestPlan) throws {
        plan = try test.compile()
        let socket = try ServerSocket()
        port = socket.port
        let loop = group.next()
        self.loop = loop
        let (plan, registry) = (plan, registry)
        bound = try loop.submit {
            let exchange = ExchangeLoop(
                wire: WireLoop(eventLoop: loop, index: 0), plan: plan,
                observer: LoopObserver(loop: 0, registry: registry, accessLog: nil, events: nil), events: nil,
                resolver: EndpointResolver(), scratch: MatchScratch())
            exchange.start()
            let listener = Listener(settings: plan.listeners[0].settings, loop: exchange.wire) {
                exchange.makeDelegate(for: $0)
            }
            return NIOLoopBound(Parts(exchange: exchange, listener: listener), eventLoop: loop)
        }.wait()
        let descriptor = socket.surrender()
        let bound = bound
        try loop.flatSubmit { bound.value.listener.start(descriptor: descriptor) }.wait()
    }

    /// Runs `body` on the loop.
    func onLoop<T: Sendable>(_ body: @escaping @Sendable (Parts) throws -> T) throws -> T {
        let bound = bound
        return try loop.submit { try body(bound.value) }.wait()
    }

    /// Ends what runs.
    func stop() throws {
        try onLoop { parts in
            parts.listener.stop()
            parts.listener.abandon()
            parts.exchange.wire.stop()
        }
        try group.syncShutdownGracefully()
    }

    func connect(receiveBuffer: CInt? = nil) throws -> Socket {
        try Socket.connect(port: port, receiveBuffer: receiveBuffer)
    }

    // MARK: What was seen

    /// The value of the metric line that begins with `prefix`; 0 where there is none.
    func metric(_ prefix: String) throws -> Double {
        let snapshot = try onLoop { $0.exchange.observer.metrics.snapshot() }
        let text = String(
            decoding: registry.render([snapshot], gauges: ScrapedGauges(), format: .prometheus), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix(prefix) }
        return line.flatMap { Double($0.split(separator: " ").last ?? "") } ?? 0
    }

    /// How many exchanges ended.
    func outcomes() throws -> Int { Int(try metric("portcullis_request_duration_seconds_count")) }

    /// The log line of the answer with head `head`.
    func decision(_ head: String) throws -> String {
        let id = header("x-request-id", in: head).flatMap { DecisionID($0) }
        guard let id else { return "" }
        return try onLoop { $0.exchange.observer.decision(id).map { String(buffer: $0) } ?? "" }
    }

    /// Waits until `condition` holds; false where it does not within five seconds.
    func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
        for _ in 0..<500 {
            if try condition() { return true }
            usleep(10_000)
        }
        return false
    }

    /// Whether nothing is left of what ran: no exchange in flight, no lease, no open connection but `connections`.
    func isAtRest(connections: Int = 0) throws -> Bool {
        try eventually {
            let leased = try onLoop { parts in parts.exchange.current.pools.reduce(0) { $0 + $1.counts.inUse } }
            let open = try onLoop { $0.exchange.wire.openConnections }
            return try leased == 0 && open == connections && metric("portcullis_requests_in_flight") == 0
        }
    }
}

/// The value of a field in a head.
func header(_ name: String, in head: String) -> String? {
    for line in head.split(separator: "\r\n") {
        let parts = line.split(separator: ":", maxSplits: 1)
        if parts.count == 2, parts[0].lowercased() == name { return parts[1].trimmingPrefix(" ").description }
    }
    return nil
}

/// The status of a head.
func status(_ head: String) -> Int { Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0 }

extension Socket {
    /// The next head, or one with `content-length` and its body.
    func readHead() throws -> String { try read(until: "\r\n\r\n") }

    /// The next whole answer that has a length; head and body.
    func readAnswer() throws -> (head: String, body: String) {
        let head = try readHead()
        let length = header("content-length", in: head).flatMap { Int($0) } ?? 0
        return (head, try read(count: length))
    }
}
