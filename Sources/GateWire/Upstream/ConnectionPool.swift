public import GateAdmission
public import GatePrimitives
public import GateUpstreams
import NIOCore
import NIOPosix
import NIOSSL

/// The connections of one upstream on one loop, whatever they speak.
///
/// Leases go only to who brings an `UpstreamRequest`, which only a permit or an errand yields.
public protocol ConnectionPool: AnyObject {
    /// The upstream's settings.
    var settings: UpstreamSettings { get }
    /// Connections in use and idle.
    var counts: (inUse: Int, idle: Int) { get }
    /// Leases a connection for the request, or a stream of one: at once where there is one, else after connecting.
    /// `attempts` tells of earlier tries of the same request. `readTimeout` nil takes the upstream's.
    ///
    /// Never calls the delegate before it returns.
    func lease(
        _ request: inout UpstreamRequest, _ attempts: Attempts, readTimeout: TimeSpan?,
        for delegate: any UpstreamDelegate
    ) -> LeaseResult
    /// Forgets one who waits for a connection.
    func cancel(_ delegate: any UpstreamDelegate)
    /// Closes what idled too long; called with each tick of the loop.
    func tick(_ now: MonotonicInstant)
    /// Keeps no connection from now on; those in use are closed when their exchanges end.
    func drain()
}

extension UpstreamSettings {
    /// A pool without connections.
    public func makePool(loop: WireLoop, resolver: EndpointResolver) -> any ConnectionPool {
        switch `protocol` {
        case .http11: UpstreamPool(settings: self, loop: loop, resolver: resolver)
        case .http2: MultiplexedPool(settings: self, loop: loop, resolver: resolver)
        }
    }

    /// The balancer of one loop.
    func makeBalancer() -> Balancer {
        var random = LoopRandom()
        return Balancer(
            balance, endpoints: states, weights: endpoints.map(\.weight), rule: failureRule, random: &random)
    }

    /// Where to connect to for an endpoint.
    func address(of endpoint: Int, _ resolver: EndpointResolver) throws(Fault) -> SocketAddress {
        guard endpoint >= 0, endpoint < endpoints.count else { throw Fault(.dispatch, .internalError) }
        return try resolver.address(of: endpoints[endpoint].address, addresses)
    }

    /// Connects to `address`, with TLS where the upstream has it, and adds `handler`; `failed` hears of what goes wrong
    /// before the handler can.
    func connect(
        to address: SocketAddress, loop: WireLoop, handler: any ChannelHandler, failed: @escaping (Fault) -> Void
    ) {
        let tls = tls
        let bound = NIOLoopBound((handler, failed), eventLoop: loop.eventLoop)
        ClientBootstrap(group: loop.eventLoop)
            .connectTimeout(.nanoseconds(timeouts.connect.nanoseconds))
            .channelInitializer { channel in
                do {
                    if let tls {
                        let handler = try NIOSSLClientHandler(context: tls.context, serverHostname: tls.serverName)
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                    try channel.pipeline.syncOperations.addHandler(bound.value.0)
                    return channel.eventLoop.makeSucceededVoidFuture()
                } catch { return channel.eventLoop.makeFailedFuture(error) }
            }
            .connect(to: address)
            .whenFailure { error in
                let isTimeout = (error as? ChannelError).map { if case .connectTimeout = $0 { true } else { false } }
                bound.value.1(Fault(.dispatch, isTimeout == true ? .upstreamConnectTimeout : .upstreamConnectFailed))
            }
    }
}
