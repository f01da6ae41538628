public import GateAdmission
import GateHTTP
public import GatePrimitives
public import GateUpstreams
import NIOCore

/// The HTTP/2 connections of one upstream on one loop: the transport around `MultiplexedPoolStateMachine`.
public final class MultiplexedPool: ConnectionPool {
    /// One who waits for a connection that is being opened.
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
    private var machine: MultiplexedPoolStateMachine
    private var connections: [Int: HTTP2UpstreamConnection] = [:]
    private var waiting: [Int: [Waiter]] = [:]
    /// Those whose connection failed, until each has another or none.
    private var orphans: [(waiter: Waiter, endpoint: Int)] = []
    private var isLeasing = false

    /// A pool without connections.
    public init(settings: UpstreamSettings, loop: WireLoop, resolver: EndpointResolver) {
        self.settings = settings
        self.loop = loop
        self.resolver = resolver
        self.machine = MultiplexedPoolStateMachine(
            MultiplexedPoolSettings(
                maxIdle: settings.maximumIdle, idleTimeout: settings.idleTimeout,
                maxConnections: settings.maximumConnections),
            balancer: settings.makeBalancer())
    }

    /// Connections with a request, or being opened, and those without one.
    public var counts: (inUse: Int, idle: Int) {
        let idle = machine.idle
        return (machine.connections - idle, idle)
    }

    /// Leases a stream for the request: at once where a connection has room, else after connecting.
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

    /// Forgets one who waits for a connection, which is opened all the same.
    public func cancel(_ delegate: any UpstreamDelegate) {
        for (slot, waiters) in waiting {
            guard let index = waiters.firstIndex(where: { $0.delegate === delegate }) else { continue }
            waiting[slot]?.remove(at: index)
            if let connection = connections[slot] { machine.abandon(connection.id) }
        }
        if let index = orphans.firstIndex(where: { $0.waiter.delegate === delegate }) {
            machine.leave(orphans.remove(at: index).endpoint)
        }
    }

    /// Closes what idled too long.
    public func tick(_ now: MonotonicInstant) {
        while let old = machine.nextToClose(at: now) { connections.removeValue(forKey: old.slot)?.close() }
    }

    /// Keeps no connection from now on.
    public func drain() {
        machine.drain()
        tick(.now())
    }

    private func perform(
        _ first: MultiplexedPoolStateMachine.AcquireAction, _ waiter: Waiter, lastFault: Fault?
    ) -> LeaseResult {
        var (action, waiter, lastFault) = (first, waiter, lastFault)
        while true {
            switch action {
            case .open(let id, let endpoint):
                guard let connection = connections[id.slot] else {
                    _ = machine.finish(id, .stale, at: .now())
                    return .unavailable(Fault(.dispatch, .internalError))
                }
                openAhead(endpoint)
                return .leased(open(connection, waiter))
            case .wait(let id, let endpoint):
                waiting[id.slot, default: []].append(waiter)
                openAhead(endpoint)
                return .connecting
            case .connect(let id, let endpoint):
                do throws(Fault) {
                    let address = try settings.address(of: endpoint, resolver)
                    waiting[id.slot] = [waiter]
                    connect(id, endpoint, address)
                    return .connecting
                } catch {
                    lastFault = error
                    machine.connectFailed(id, at: .now())
                    action = machine.retry(endpoint, &waiter.attempts, at: .now())
                }
            case .saturated: return .unavailable(Fault(.dispatch, .upstreamSaturated))
            case .noLiveUpstream:
                // What the last endpoint said is more telling than that none is left.
                return .unavailable(lastFault ?? Fault(.dispatch, .noLiveUpstream))
            }
        }
    }

    private func open(_ connection: HTTP2UpstreamConnection, _ waiter: Waiter) -> Lease {
        Lease(
            HTTP2UpstreamStream(
                on: connection, pool: self, method: waiter.method, readTimeout: waiter.readTimeout,
                delegate: waiter.delegate))
    }

    private func openAhead(_ endpoint: Int) {
        guard let id = machine.openAhead(endpoint) else { return }
        guard let address = try? settings.address(of: endpoint, resolver) else {
            return machine.connectFailed(id, at: .now())
        }
        connect(id, endpoint, address)
    }

    private func connect(_ id: PooledConnection, _ endpoint: Int, _ address: SocketAddress) {
        let connection = HTTP2UpstreamConnection(id: id, endpoint: endpoint, settings: settings, loop: loop)
        connection.pool = self
        connections[id.slot] = connection
        settings.connect(to: address, loop: loop, handler: connection) { self.connectFailed(connection, $0) }
    }

    // MARK: What a connection reports

    /// The connection stands, and the peer allows `limit` streams.
    func connected(_ connection: HTTP2UpstreamConnection, limit: Int) {
        guard connections[connection.id.slot] === connection else { return }
        // A peer that allows nothing can be asked nothing.
        guard limit > 0 else { return connectFailed(connection, Fault(.dispatch, .upstreamConnectFailed)) }
        machine.connected(connection.id, limit: limit, at: .now())
        // One at a time: what one of them does may make another go away.
        while let waiter = nextWaiter(of: connection) {
            if machine.claim(connection.id) {
                waiter.delegate.upstreamLeased(open(connection, waiter))
            } else {
                let action = machine.place(connection.endpoint)
                if action == .saturated { machine.leave(connection.endpoint) }
                goOn(action, waiter, lastFault: nil)
            }
        }
    }

    private func nextWaiter(of connection: HTTP2UpstreamConnection) -> Waiter? {
        guard waiting[connection.id.slot]?.isEmpty == false else {
            waiting[connection.id.slot] = nil
            return nil
        }
        return waiting[connection.id.slot]?.removeFirst()
    }

    func connectFailed(_ connection: HTTP2UpstreamConnection, _ fault: Fault) {
        // A refusal can be there before the wish for a connection has returned.
        guard !isLeasing else {
            let bound = NIOLoopBound((self, connection), eventLoop: loop.eventLoop)
            return loop.eventLoop.execute { bound.value.0.connectFailed(bound.value.1, fault) }
        }
        guard connections[connection.id.slot] === connection else { return }
        connections[connection.id.slot] = nil
        for waiter in waiting.removeValue(forKey: connection.id.slot) ?? [] {
            orphans.append((waiter, connection.endpoint))
        }
        connection.close()
        machine.connectFailed(connection.id, at: .now())
        while !orphans.isEmpty {
            var (waiter, endpoint) = orphans.removeFirst()
            goOn(machine.retry(endpoint, &waiter.attempts, at: .now()), waiter, lastFault: fault)
        }
    }

    private func goOn(
        _ action: MultiplexedPoolStateMachine.AcquireAction, _ waiter: Waiter, lastFault: Fault?
    ) {
        isLeasing = true
        let result = perform(action, waiter, lastFault: lastFault)
        isLeasing = false
        switch consume result {
        case .leased(let lease): waiter.delegate.upstreamLeased(lease)
        case .unavailable(let fault): waiter.delegate.upstreamUnavailable(fault)
        case .connecting: break
        }
    }

    func limitChanged(_ connection: HTTP2UpstreamConnection, _ limit: Int) {
        machine.limitChanged(connection.id, limit)
    }

    /// The connection takes no new stream; it is closed with its last.
    func goingAway(_ connection: HTTP2UpstreamConnection) {
        if machine.goingAway(connection.id) { forget(connection) }
    }

    /// The connection is no more.
    func closed(_ connection: HTTP2UpstreamConnection) {
        machine.closed(connection.id)
        if connections[connection.id.slot] === connection { connections[connection.id.slot] = nil }
    }

    /// A stream of the connection went back.
    func finish(_ connection: PooledConnection, _ end: LeaseEnd) {
        if machine.finish(connection, end, at: .now()), let connection = connections[connection.slot] {
            forget(connection)
        }
    }

    private func forget(_ connection: HTTP2UpstreamConnection) {
        guard connections[connection.id.slot] === connection else { return }
        connections[connection.id.slot] = nil
        connection.close()
    }
}
