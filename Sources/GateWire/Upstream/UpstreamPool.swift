public import GateAdmission
import GateHTTP
public import GatePrimitives
public import GateUpstreams
import NIOCore

/// The HTTP/1.1 connections of one upstream on one loop: the transport around `PoolStateMachine`.
public final class UpstreamPool: ConnectionPool {
    private struct Waiter {
        var delegate: any UpstreamDelegate
        var attempts: Attempts
        var method: HTTPMethod
        var readTimeout: TimeSpan
    }

    /// The upstream's settings.
    public let settings: UpstreamSettings
    private let loop: WireLoop
    private let resolver: EndpointResolver
    private var machine: PoolStateMachine
    private var connections: [Int: UpstreamConnection] = [:]
    private var waiting: [Int: Waiter] = [:]
    private var isLeasing = false

    /// A pool without connections.
    public init(settings: UpstreamSettings, loop: WireLoop, resolver: EndpointResolver) {
        self.settings = settings
        self.loop = loop
        self.resolver = resolver
        self.machine = PoolStateMachine(
            PoolSettings(
                maxIdle: settings.maximumIdle, idleTimeout: settings.idleTimeout,
                maxInUse: settings.maximumConnections),
            balancer: settings.makeBalancer())
    }

    /// Connections in use and idle.
    public var counts: (inUse: Int, idle: Int) { (machine.inUse, machine.idle) }

    /// Leases a connection for the request: at once where one idles, else after connecting.
    public func lease(
        _ request: inout UpstreamRequest, _ attempts: Attempts, readTimeout: TimeSpan? = nil,
        for delegate: any UpstreamDelegate
    ) -> LeaseResult {
        guard request.spendLease() else { return .unavailable(Fault(.dispatch, .internalError)) }
        let waiter = Waiter(
            delegate: delegate, attempts: attempts, method: request.method,
            readTimeout: readTimeout ?? settings.timeouts.read)
        isLeasing = true
        defer { isLeasing = false }
        return perform(machine.acquire(attempts, at: .now()), waiter, lastFault: nil)
    }

    /// Forgets one who waits for a connection; the connection is closed when it comes.
    public func cancel(_ delegate: any UpstreamDelegate) {
        for (slot, waiter) in waiting where waiter.delegate === delegate {
            waiting[slot] = nil
            if let connection = connections[slot] { give(back: connection, .abandoned) }
        }
    }

    /// Closes what idled too long; called with each tick of the loop.
    public func tick(_ now: MonotonicInstant) {
        while let old = machine.nextToClose(at: now) { connections.removeValue(forKey: old.slot)?.close() }
    }

    /// Keeps no connection from now on; those in use are closed when their exchange ends.
    public func drain() {
        machine.drain()
        tick(.now())
    }

    private func perform(
        _ first: PoolStateMachine.AcquireAction, _ waiter: Waiter, lastFault: Fault?
    ) -> LeaseResult {
        var (action, waiter, lastFault) = (first, waiter, lastFault)
        while true {
            switch action {
            case .reuse(let id, _):
                guard let connection = connections[id.slot] else {
                    _ = machine.finish(id, .stale, at: .now())
                    return .unavailable(Fault(.dispatch, .internalError))
                }
                return .leased(hand(connection, to: waiter))
            case .connect(let id, let endpoint):
                do throws(Fault) {
                    connect(id, endpoint, try settings.address(of: endpoint, resolver), waiter)
                    return .connecting
                } catch {
                    lastFault = error
                    action = machine.connectFailed(id, &waiter.attempts, at: .now())
                }
            case .saturated: return .unavailable(Fault(.dispatch, .upstreamSaturated))
            case .noLiveUpstream:
                // What the last endpoint said is more telling than that none is left.
                return .unavailable(lastFault ?? Fault(.dispatch, .noLiveUpstream))
            }
        }
    }

    private func hand(_ connection: UpstreamConnection, to waiter: Waiter) -> Lease {
        connection.begin(
            method: waiter.method, readTimeout: waiter.readTimeout, delegate: waiter.delegate, lender: self)
        return Lease(connection)
    }

    private func connect(_ id: PooledConnection, _ endpoint: Int, _ address: SocketAddress, _ waiter: Waiter) {
        let connection = UpstreamConnection(id: id, endpoint: endpoint, settings: settings, loop: loop)
        connection.pool = self
        connections[id.slot] = connection
        waiting[id.slot] = waiter
        settings.connect(to: address, loop: loop, handler: connection) { self.connectFailed(connection, $0) }
    }

    // MARK: What a connection reports

    func connected(_ connection: UpstreamConnection) {
        // A unix socket connects at once: its waiter is still in `lease`.
        guard !isLeasing else { return later { $0.connected(connection) } }
        guard connections[connection.id.slot] === connection else { return }
        guard connection.isOpen else { return connectFailed(connection, Fault(.dispatch, .upstreamConnectFailed)) }
        machine.connected(connection.id)
        guard let waiter = waiting.removeValue(forKey: connection.id.slot) else {
            return give(back: connection, .abandoned)
        }
        waiter.delegate.upstreamLeased(hand(connection, to: waiter))
    }

    func connectFailed(_ connection: UpstreamConnection, _ fault: Fault) {
        guard !isLeasing else { return later { $0.connectFailed(connection, fault) } }
        guard connections[connection.id.slot] === connection else { return }
        connections[connection.id.slot] = nil
        guard var waiter = waiting.removeValue(forKey: connection.id.slot) else {
            _ = machine.finish(connection.id, .failed, at: .now())
            return
        }
        connection.close()
        let next = machine.connectFailed(connection.id, &waiter.attempts, at: .now())
        let delegate = waiter.delegate
        isLeasing = true
        let result = perform(next, waiter, lastFault: fault)
        isLeasing = false
        switch consume result {
        case .leased(let lease): delegate.upstreamLeased(lease)
        case .unavailable(let fault): delegate.upstreamUnavailable(fault)
        case .connecting: break
        }
    }

    private func later(_ body: @escaping (UpstreamPool) -> Void) {
        let bound = NIOLoopBound((self, body), eventLoop: loop.eventLoop)
        loop.eventLoop.execute { bound.value.1(bound.value.0) }
    }

    func closed(_ connection: UpstreamConnection) {
        machine.closed(connection.id)
        if connections[connection.id.slot] === connection, waiting[connection.id.slot] == nil, !connection.isLeased {
            connections[connection.id.slot] = nil
        }
    }

    func give(back connection: UpstreamConnection, _ end: LeaseEnd) {
        guard connections[connection.id.slot] === connection else { return }
        let end = end == .reusable && !connection.isReusable ? .served : end
        switch machine.finish(connection.id, end, at: .now()) {
        case .keep: connection.rest()
        case .keepAndClose(let oldest):
            connection.rest()
            connections.removeValue(forKey: oldest.slot)?.close()
        case .close:
            connections[connection.id.slot] = nil
            connection.close()
        }
    }
}
