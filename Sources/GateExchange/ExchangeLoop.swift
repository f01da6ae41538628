public import GateAdmission
public import GateIdentity
import GateLimits
public import GateObserve
public import GatePattern
public import GatePlan
public import GatePrimitives
public import GateWire
import NIOCore

/// One loop of the worker: its plan, its pools, its observer; makes the exchanges of its connections.
public final class ExchangeLoop: WireObserver {
    /// The loop's transport side.
    public let wire: WireLoop
    /// Where it reports.
    public let observer: LoopObserver
    /// The plan that new exchanges begin with.
    public private(set) var current: LoopPlan
    /// Asks for a newer key set; the answer comes by `keySetAnswered`.
    public var requestKeySet: (_ index: Int, _ plan: Plan) -> Void = { _, _ in }
    /// Takes the questions that checks ask of dependencies; nil where there is no dependency to ask.
    public var ask: ((PendingQuestion) -> Void)?
    /// Runs a phase of the firewall on another thread and calls back on any; false where there is no room for it. Nil
    /// where there is no other thread: then the loop runs all phases itself.
    public var inspect: ((InspectionJob, @escaping @Sendable () -> Void) -> Bool)? {
        didSet { current.admission.inspectsElsewhere = inspect != nil }
    }
    /// Bytes of bodies that are held for inspection.
    var inspectedBytes = 0
    let scratch: MatchScratch
    let events: EventLog?
    private let resolver: EndpointResolver
    private let tokens = TokenCache()
    private var retired: [LoopPlan] = []
    private var keySetWaiters: [Exchange] = []
    /// Exchanges that may last.
    private var streams: [ObjectIdentifier: Exchange] = [:]
    /// The gateway stops: streams that begin now end, too.
    private(set) var isDraining = false
    private var upstreamCounts: [Int: (leased: Int, idle: Int)] = [:]

    // LIMIT: how long a request waits for a key set or an answer whose end nobody reports; fetches are bounded well below.
    static let maximumWait = TimeSpan.seconds(30)
    // LIMIT: how long a request waits for the rules' verdict from another thread; then `waf_timeout` (attacks 61).
    static let maximumInspection = TimeSpan.seconds(10)
    // LIMIT: 64 bodies as large as a rule set inspects by default.
    /// The most bytes of bodies that one loop holds for inspection, all exchanges together; beyond it: `overloaded`.
    public static let maximumInspectedBytes = 64 << 20

    /// A loop that runs `plan`; call on the loop's thread.
    public init(
        wire: WireLoop, plan: Plan, observer: LoopObserver, events: EventLog?, resolver: EndpointResolver,
        scratch: MatchScratch
    ) {
        self.wire = wire
        self.observer = observer
        self.events = events
        self.resolver = resolver
        self.scratch = scratch
        let context = AdmissionContext(
            keySets: plan.keySets.map { _ in nil }, tokens: tokens, limits: plan.limits,
            inspections: InspectionPool(scratch: scratch))
        self.current = LoopPlan(
            plan: plan, admission: context,
            pools: plan.upstreams.map { $0.makePool(loop: wire, resolver: resolver) })
        wire.observer = self
    }

    /// Starts the loop's clock.
    public func start() {
        wire.start { [weak self] now in self?.tick(now) }
    }

    /// What handles the requests of one connection.
    public func makeDelegate(for stream: any DownstreamStream) -> any DownstreamDelegate {
        Exchange(loop: self, stream: stream)
    }

    // MARK: Reload

    /// Puts a new plan in force for exchanges that begin from now on. Key sets come along by the source's identity.
    public func adopt(_ plan: Plan, keySets: [KeySet?]) {
        let old = current
        let context = AdmissionContext(
            keySets: keySets, tokens: tokens, limits: plan.limits, inspections: InspectionPool(scratch: scratch))
        context.inspectsElsewhere = inspect != nil
        let pools = plan.upstreams.map { settings in
            old.pools.first { $0.settings.isSame(as: settings) }
                ?? settings.makePool(loop: wire, resolver: resolver)
        }
        forgetUpstreamCounts()
        current = LoopPlan(plan: plan, admission: context, pools: pools)
        for pool in old.pools where !pools.contains(where: { $0 === pool }) { pool.drain() }
        retired.append(old)
        for stream in Array(streams.values) { stream.reconsider(under: plan) }
    }

    /// Ends the streams that would not end by themselves.
    public func drainStreams() {
        isDraining = true
        for stream in Array(streams.values) { stream.streamDrains() }
    }

    func addStream(_ exchange: Exchange) { streams[ObjectIdentifier(exchange)] = exchange }

    func removeStream(_ exchange: Exchange) { streams[ObjectIdentifier(exchange)] = nil }

    /// Exchanges that are watched, for tests.
    package var watchedStreams: Int { streams.count }

    /// A key set arrived, changed or was withdrawn.
    public func publish(_ keys: KeySet?, at index: Int, of plan: Plan) {
        for loopPlan in retired + [current] where loopPlan.plan === plan && index < loopPlan.admission.keySets.count {
            loopPlan.admission.keySets[index] = keys
        }
    }

    /// A wait for a key set is over: every exchange that waits for it goes on.
    public func keySetAnswered(at index: Int, of plan: Plan, refusal: Reason?) {
        let waiters = keySetWaiters
        keySetWaiters = []
        for exchange in waiters {
            if exchange.awaitsKeySet(index, of: plan) {
                exchange.resume(.keySetAsked(refusal))
            } else if exchange.awaitedKeySet >= 0 {
                keySetWaiters.append(exchange)
            }
        }
    }

    /// Requests that wait for a key set.
    var waitingForKeys: Int { keySetWaiters.count }

    /// Plans that were replaced and that a request still holds.
    var retiredPlans: Int { retired.count }

    func wait(for index: Int, of plan: Plan, _ exchange: Exchange) {
        keySetWaiters.append(exchange)
        requestKeySet(index, plan)
    }

    func cancelWait(_ exchange: Exchange) {
        keySetWaiters.removeAll { $0 === exchange }
    }

    // MARK: Time

    private func tick(_ now: MonotonicInstant) {
        for pool in current.pools { pool.tick(now) }
        observer.flush()
        for index in retired.indices.reversed() where isKnownUniquelyReferenced(&retired[index]) {
            retired.remove(at: index)
        }
        reportUpstreams()
    }

    private func reportUpstreams() {
        let names = current.plan.names
        for (index, pool) in current.pools.enumerated() {
            let counts = pool.counts
            let last = upstreamCounts[index] ?? (0, 0)
            guard counts.inUse != last.leased || counts.idle != last.idle else { continue }
            let slot = observer.metrics.upstream(index, of: names)
            report(slot, .leased, from: last.leased, to: counts.inUse)
            report(slot, .idle, from: last.idle, to: counts.idle)
            upstreamCounts[index] = (counts.inUse, counts.idle)
        }
    }

    /// Takes the gauges back before their indices mean other upstreams.
    private func forgetUpstreamCounts() {
        for (index, last) in upstreamCounts {
            let slot = observer.metrics.upstream(index, of: current.plan.names)
            report(slot, .leased, from: last.leased, to: 0)
            report(slot, .idle, from: last.idle, to: 0)
        }
        upstreamCounts = [:]
    }

    private func report(_ slot: SeriesSlot, _ state: UpstreamConnectionState, from old: Int, to new: Int) {
        for _ in min(old, new)..<max(old, new) {
            observer.metrics.upstreamConnection(slot, from: new < old ? state : nil, to: new < old ? nil : state)
        }
    }

    // MARK: Connections

    /// A connection was accepted.
    public func connectionOpened(_ connection: AcceptedConnection) {
        let isTLS =
            connection.listener < current.plan.listeners.count
            && current.plan.listeners[connection.listener].settings.tls != nil
        connection.note = ConnectionLog(
            connection, names: current.plan.names, metrics: observer.metrics, state: isTLS ? .handshaking : .idle)
    }

    /// The client behind a load balancer is known: from now on the log shows it.
    public func connectionIdentified(_ connection: AcceptedConnection) {
        log(of: connection)?.close()
        connectionOpened(connection)
    }

    /// A connection is gone.
    public func connectionClosed(_ connection: AcceptedConnection) { log(of: connection)?.close() }

    /// A connection was refused before a request existed.
    public func connectionRefused(_ connection: AcceptedConnection, _ reason: Reason) {
        observer.metrics.refused(Fault(.accept, reason))
        events?.emit(
            .connectionRefused,
            [
                EventField("client", connection.peer?.description ?? "unix:"),
                EventField("conn", Int(truncatingIfNeeded: connection.id)),
                EventField("listener", name(of: connection)), EventField("reason", reason.rawValue),
            ])
    }

    /// A handshake is complete: from now on the log shows what it settled.
    public func handshakeCompleted(_ connection: AcceptedConnection, duration: TimeSpan) {
        log(of: connection)?.close()
        let log = ConnectionLog(connection, names: current.plan.names, metrics: observer.metrics, state: .idle)
        connection.note = log
        observer.metrics.handshake(log.slot, version: log.facts.tls, result: .ok, resumed: false, duration: duration)
    }

    /// A handshake failed.
    public func handshakeFailed(_ connection: AcceptedConnection, _ reason: Reason) {
        guard let log = log(of: connection) else { return }
        let result: HandshakeResult
        switch reason {
        case .timeoutTLS: result = .timeout
        case .clientClosed: result = .closed
        default: result = .failed
        }
        observer.metrics.handshake(log.slot, version: .none, result: result, resumed: false, duration: .zero)
        events?.emit(
            .handshakeFailed,
            [
                EventField("client", connection.peer?.description ?? "unix:"),
                EventField("conn", Int(truncatingIfNeeded: connection.id)),
                EventField("listener", name(of: connection)), EventField("reason", reason.rawValue),
            ])
    }

    func log(of connection: AcceptedConnection) -> ConnectionLog? { connection.note as? ConnectionLog }

    private func name(of connection: AcceptedConnection) -> String {
        let names = current.plan.names.listeners
        return connection.listener < names.count ? names[connection.listener] : ""
    }
}

extension UpstreamSettings {
    /// Whether a pool of these settings may go on under the others after a reload.
    func isSame(as other: UpstreamSettings) -> Bool {
        name == other.name && index == other.index && endpoints == other.endpoints && `protocol` == other.protocol
            && balance == other.balance
            && maximumIdle == other.maximumIdle && idleTimeout == other.idleTimeout
            && failureRule == other.failureRule && addresses == other.addresses
            && maximumConnections == other.maximumConnections && timeouts == other.timeouts
            && tls?.context === other.tls?.context && tls?.serverName == other.tls?.serverName
            && headLimits == other.headLimits
    }
}
