public import GateAdmission
import GateHTTP
public import GatePrimitives
public import GateUpstreams
import NIOCore
import NIOPosix
import NIOSSL

/// The connections of one upstream on one loop: the transport around `PoolStateMachine`.
///
/// Leases go only to who brings an `UpstreamRequest`, which only a permit or an errand yields.
public final class UpstreamPool {
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

    /// A pool without connections.
    public init(settings: UpstreamSettings, loop: WireLoop, resolver: EndpointResolver) {
        self.settings = settings
        self.loop = loop
        self.resolver = resolver
        var random = LoopRandom()
        let balancer = Balancer(
            settings.balance, endpoints: settings.states, weights: settings.endpoints.map(\.weight),
            rule: settings.failureRule, random: &random)
        self.machine = PoolStateMachine(
            PoolSettings(
                maxIdle: settings.maximumIdle, idleTimeout: settings.idleTimeout,
                maxInUse: settings.maximumConnections),
            balancer: balancer)
    }

    /// Connections in use and idle.
    public var counts: (inUse: Int, idle: Int) { (machine.inUse, machine.idle) }

    /// Leases a connection for the request: `upstreamLeased` follows at once where one idles, else after connecting;
    /// `upstreamUnavailable` where none can be had. `attempts` tells of earlier tries of the same request.
    /// `readTimeout` nil takes the upstream's.
    public func lease(
        _ request: inout UpstreamRequest, _ attempts: Attempts, readTimeout: TimeSpan? = nil,
        for delegate: any UpstreamDelegate
    ) {
        guard request.spendLease() else { return delegate.upstreamUnavailable(Fault(.dispatch, .internalError)) }
        let waiter = Waiter(
            delegate: delegate, attempts: attempts, method: request.method,
            readTimeout: readTimeout ?? settings.timeouts.read)
        perform(machine.acquire(attempts, at: .now()), waiter, lastFault: nil)
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

    private func perform(_ action: PoolStateMachine.AcquireAction, _ waiter: Waiter, lastFault: Fault?) {
        switch action {
        case .reuse(let id, _):
            guard let connection = connections[id.slot] else {
                _ = machine.finish(id, .stale, at: .now())
                return waiter.delegate.upstreamUnavailable(Fault(.dispatch, .internalError))
            }
            hand(connection, to: waiter)
        case .connect(let id, let endpoint): connect(id, endpoint, waiter)
        case .saturated: waiter.delegate.upstreamUnavailable(Fault(.dispatch, .upstreamSaturated))
        case .noLiveUpstream:
            // What the last endpoint said is more telling than that none is left.
            waiter.delegate.upstreamUnavailable(lastFault ?? Fault(.dispatch, .noLiveUpstream))
        }
    }

    private func hand(_ connection: UpstreamConnection, to waiter: Waiter) {
        connection.begin(method: waiter.method, readTimeout: waiter.readTimeout, delegate: waiter.delegate)
        waiter.delegate.upstreamLeased(Lease(connection: connection, pool: self))
    }

    private func connect(_ id: PooledConnection, _ endpoint: Int, _ waiter: Waiter) {
        let connection = UpstreamConnection(id: id, endpoint: endpoint, settings: settings, loop: loop)
        connection.pool = self
        connections[id.slot] = connection
        waiting[id.slot] = waiter
        let address: SocketAddress
        do throws(Fault) {
            address = try resolver.address(of: settings.endpoints[endpoint].address, settings.addresses)
        } catch {
            return connectFailed(connection, error)
        }
        let bound = NIOLoopBound((self, connection), eventLoop: loop.eventLoop)
        ClientBootstrap(group: loop.eventLoop)
            .connectTimeout(.nanoseconds(settings.timeouts.connect.nanoseconds))
            .channelInitializer { channel in
                let (pool, connection) = bound.value
                do {
                    if let tls = pool.settings.tls {
                        let handler = try NIOSSLClientHandler(context: tls.context, serverHostname: tls.serverName)
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    try channel.pipeline.syncOperations.addHandler(connection)
                    return channel.eventLoop.makeSucceededVoidFuture()
                } catch { return channel.eventLoop.makeFailedFuture(error) }
            }
            .connect(to: address)
            .whenFailure { error in
                let (pool, connection) = bound.value
                let isTimeout = (error as? ChannelError).map { if case .connectTimeout = $0 { true } else { false } }
                pool.connectFailed(
                    connection,
                    Fault(.dispatch, isTimeout == true ? .upstreamConnectTimeout : .upstreamConnectFailed))
            }
    }

    // MARK: What a connection reports

    func connected(_ connection: UpstreamConnection) {
        machine.connected(connection.id)
        guard let waiter = waiting.removeValue(forKey: connection.id.slot) else {
            return give(back: connection, .abandoned)
        }
        hand(connection, to: waiter)
    }

    func connectFailed(_ connection: UpstreamConnection, _ fault: Fault) {
        guard connections[connection.id.slot] === connection else { return }
        connections[connection.id.slot] = nil
        guard var waiter = waiting.removeValue(forKey: connection.id.slot) else {
            _ = machine.finish(connection.id, .failed, at: .now())
            return
        }
        connection.close()
        let next = machine.connectFailed(connection.id, &waiter.attempts, at: .now())
        perform(next, waiter, lastFault: fault)
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
