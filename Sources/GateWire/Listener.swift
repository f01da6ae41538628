import GatePrimitives
import Glibc
public import NIOCore
import NIOPosix

/// Accepts connections of one listener on one loop, from a socket that the supervisor opened.
///
/// Accepting backs off by itself while descriptors run out (NIO's accept back-off); what is accepted beyond the
/// ceiling is reset at once, so that established connections live on (attacks 65).
public final class Listener {
    /// Who handles requests: one delegate per stream.
    public typealias MakeDelegate = (any DownstreamStream) -> any DownstreamDelegate

    /// LIMIT: connections that the kernel holds until they are accepted; the kernel's own limit (`somaxconn`) caps it.
    private static let backlog: CInt = 4096

    /// What applies to connections accepted from now on; a reload replaces it.
    public var settings: ListenerSettings
    private let loop: WireLoop
    /// Whether its connections are reported and count against the ceiling; the gateway's own interfaces' do not, so
    /// that they answer when nothing else does.
    private let isObserved: Bool
    private let makeDelegate: MakeDelegate
    private var channel: (any Channel)?
    private var isDraining = false
    private var connections: [ObjectIdentifier: any ConnectionHandler] = [:]

    /// A listener that accepts nothing yet.
    public init(
        settings: ListenerSettings, loop: WireLoop, isObserved: Bool = true, makeDelegate: @escaping MakeDelegate
    ) {
        self.settings = settings
        self.loop = loop
        self.isObserved = isObserved
        self.makeDelegate = makeDelegate
    }

    /// Begins to accept on a bound socket; call on the loop.
    public func start(descriptor: CInt) -> EventLoopFuture<Void> {
        let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
        return ServerBootstrap(group: loop.eventLoop)
            .serverChannelOption(ChannelOptions.maxMessagesPerRead, value: 16)
            .childChannelOption(ChannelOptions.maxMessagesPerRead, value: 1)
            .childChannelInitializer { child in
                bound.value.accepted(child)
                return child.eventLoop.makeSucceededVoidFuture()
            }
            .withBoundSocket(descriptor)
            .map {
                bound.value.channel = $0
                // NIO listens again on a socket that it is given, with a backlog of its own of 128. Listening once more
                // raises it; should that fail, the smaller one serves, too.
                _ = Glibc.listen(descriptor, Self.backlog)
            }
    }

    /// Stops accepting; connections that are queued in the kernel were accepted by then or are reset.
    public func stop() {
        channel?.close(promise: nil)
        channel = nil
    }

    /// Ends idle connections and lets the others finish; new requests on them are answered with `connection: close`.
    public func drain() {
        isDraining = true
        for connection in connections.values { connection.drain() }
    }

    /// Connections of this listener that are open.
    public var openConnections: Int { connections.count }

    /// Bytes of buffers that the open connections hold, for tests.
    package var pinnedBytes: Int { connections.values.reduce(0) { $0 + $1.pinnedBytes } }

    /// Cuts what is left.
    public func abandon() {
        for connection in connections.values { connection.cut(.draining) }
    }

    private func accepted(_ child: any Channel) {
        let address = child.remoteAddress
        let facts = AcceptedConnection(
            id: loop.nextConnectionID(), listener: settings.index,
            peer: address.flatMap(IPAddress.init(socketAddress:)),
            peerPort: UInt16(truncatingIfNeeded: address?.port ?? 0))
        if isObserved {
            guard loop.openConnections < settings.maximumConnections else { return refuse(child, facts, .overload) }
        }
        let settings = settings
        guard let proxy = settings.proxy else {
            guard settings.admits(facts.peer) else { return refuse(child, facts, .addressDenied) }
            if isObserved { watch(child, facts) }
            return add(handler(child, facts, settings), to: child)
        }
        let mode: ProxyGate.Mode = proxy.isRequired(from: facts.peer) ? .required : .forbidden
        // A believed load balancer is no client: its clients are judged once its header names them.
        guard mode == .required || settings.admits(facts.peer) else { return refuse(child, facts, .addressDenied) }
        if isObserved { watch(child, facts) }
        let gate = ProxyGate(facts: facts, mode: mode, loop: loop, timeout: settings.timeouts.handshake) { channel in
            guard settings.admits(facts.peer) else {
                self.refuse(channel, facts, .addressDenied)
                return nil
            }
            if mode == .required { self.loop.observer?.connectionIdentified(facts) }
            return self.handler(channel, facts, settings)
        }
        add(gate, to: child)
    }

    /// What speaks with the client from its first byte on: the TLS gate, or HTTP.
    private func handler(
        _ child: any Channel, _ facts: AcceptedConnection, _ settings: ListenerSettings
    ) -> any ChannelHandler {
        guard let tls = settings.tls else { return connection(child, facts, settings) }
        return TLSGate(facts: facts, tls: tls, loop: loop, timeout: settings.timeouts.handshake) { channel in
            self.connection(channel, facts, settings)
        }
    }

    private func add(_ handler: any ChannelHandler, to child: any Channel) {
        do { try child.pipeline.syncOperations.addHandler(handler) } catch {
            (handler as? any ConnectionHandler)?.gone(.clientClosed)
            child.close(promise: nil)
        }
    }

    private func watch(_ child: any Channel, _ facts: AcceptedConnection) {
        loop.openConnections += 1
        loop.observer?.connectionOpened(facts)
        let bound = NIOLoopBound((self, facts), eventLoop: loop.eventLoop)
        child.closeFuture.whenComplete { _ in
            let (listener, facts) = bound.value
            listener.loop.openConnections -= 1
            listener.loop.observer?.connectionClosed(facts)
        }
    }

    private func connection(
        _ channel: any Channel, _ facts: AcceptedConnection, _ settings: ListenerSettings
    ) -> any ConnectionHandler {
        if facts.tls?.applicationProtocol == "h2" { return http2Connection(facts, settings) }
        let connection = DownstreamConnection(channel: channel, facts: facts, settings: settings, loop: loop)
        // What was queued, or still in its handshake, when the drain began is served and closed like the others.
        connection.isDraining = isDraining
        connection.delegate = makeDelegate(connection)
        let key = ObjectIdentifier(connection)
        connections[key] = connection
        // The listener outlives its connections: a reload or a drain must not take it from under them.
        connection.onClose = { self.connections[key] = nil }
        return connection
    }

    private func http2Connection(_ facts: AcceptedConnection, _ settings: ListenerSettings) -> HTTP2Connection {
        let connection = HTTP2Connection(facts: facts, settings: settings, loop: loop, makeDelegate: makeDelegate)
        connection.isDraining = isDraining
        let key = ObjectIdentifier(connection)
        connections[key] = connection
        // As above: the listener outlives its connections.
        connection.onClose = { self.connections[key] = nil }
        return connection
    }

    /// Resets the connection: a client over the ceiling must not cost a lingering close.
    private func refuse(_ child: any Channel, _ facts: AcceptedConnection, _ reason: Reason) {
        loop.observer?.connectionRefused(facts, reason)
        child.closeWithReset()
    }
}

extension IPAddress {
    /// The address of a socket; nil for a unix socket.
    init?(socketAddress: SocketAddress) {
        guard let text = socketAddress.ipAddress else { return nil }
        self.init(text)
    }
}
