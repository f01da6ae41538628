import GateIdentity
import GatePrimitives
import Glibc
import NIOCore
import NIOSSL
import NIOTLS

/// Reads the ClientHello, chooses the certificate by our own rules, and hands over to the TLS library.
///
/// ```
/// hello ──(certificate found)──> handshaking ──(handshakeCompleted)──> gone: the connection's handler follows
///   └──(malformed, unknown name, no common protocol, deadline)──> alert, close
/// ```
final class TLSGate: ChannelInboundHandler, RemovableChannelHandler, DeadlineHolder {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case hello(ByteBuffer)
        case handshaking(Handshake)
        case done
    }

    /// What was chosen by the hello.
    private struct Handshake {
        let serverName: String?
        let certificate: ServerCertificate
        let clients: ClientVerification
        let handler: NIOSSLServerHandler
    }

    var deadline = LoopDeadline()
    private let facts: AcceptedConnection
    private let tls: ServerTLS
    private let loop: WireLoop
    private let began: MonotonicInstant
    private let timeout: TimeSpan
    private let next: (any Channel) -> any ConnectionHandler
    private var state = State.hello(ByteBuffer())
    private var context: ChannelHandlerContext?

    /// A gate that, once the handshake is complete, replaces itself by what `next` makes.
    init(
        facts: AcceptedConnection, tls: ServerTLS, loop: WireLoop, timeout: TimeSpan,
        next: @escaping (any Channel) -> any ConnectionHandler
    ) {
        self.facts = facts
        self.tls = tls
        self.loop = loop
        self.began = .now()
        self.timeout = timeout
        self.next = next
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.setDeadline(self, at: began.advanced(by: timeout))
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        loop.removeDeadline(self)
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var chunk = unwrapInboundIn(data)
        switch state {
        case .hello(var buffer):
            if buffer.readableBytes == 0 { buffer = chunk } else { buffer.writeBuffer(&chunk) }
            read(buffer, context)
        case .handshaking:
            // Early application data cannot come before the handshake's end; the library delivers in order.
            context.fireChannelRead(data)
        case .done:
            break
        }
    }

    private func read(_ buffer: ByteBuffer, _ context: ChannelHandlerContext) {
        switch ClientHello.read(buffer.readableBytesUInt8Span) {
        case .needsMore: state = .hello(buffer)
        case .invalid: refuse(context, .tlsFailed, alert: Alert.decodeError)
        case .hello(let hello):
            guard let index = tls.certificate(for: hello.serverName), index < tls.certificates.count else {
                return refuse(context, .tlsUnknownName, alert: Alert.unrecognizedName)
            }
            guard tls.accepts(hello.protocols) else {
                return refuse(context, .tlsNoProtocol, alert: Alert.noApplicationProtocol)
            }
            handshake(hello.serverName, certificate: index, buffer, context)
        }
    }

    private func handshake(
        _ serverName: String?, certificate index: Int, _ buffer: ByteBuffer, _ context: ChannelHandlerContext
    ) {
        let clients = tls.clients.rule(for: serverName)
        guard let chosen = tls.context(certificate: index, clients) else {
            return refuse(context, .internalError, alert: Alert.internalError)
        }
        do {
            var configuration = NIOSSLHandler.Configuration()
            // An idle connection keeps no more than one record's worth of outbound buffer.
            configuration.maximumPreservedOutboundBufferCapacity = 0
            let handler = NIOSSLServerHandler(context: chosen, configuration: configuration)
            try context.pipeline.syncOperations.addHandler(handler, position: .before(self))
            state = .handshaking(
                Handshake(
                    serverName: serverName, certificate: tls.certificates[index], clients: clients, handler: handler))
            let first = try context.pipeline.syncOperations.context(handler: handler)
            handler.channelRead(context: first, data: NIOAny(buffer))
            handler.channelReadComplete(context: first)
        } catch {
            refuse(context, .internalError, alert: Alert.internalError)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshaking(let handshake) = state,
            case TLSUserEvent.handshakeCompleted(let negotiated) = event
        else { return context.fireUserInboundEventTriggered(event) }
        let version: String
        switch handshake.handler.tlsVersion {
        case .tlsv13: version = "TLSv1.3"
        case .tlsv12: version = "TLSv1.2"
        default: return refuse(context, .tlsFailed, alert: nil)
        }
        // RFC 7301 §3.2: what was negotiated must be ours; no ALPN means HTTP/1.1.
        if let negotiated, !tls.protocols.contains(negotiated) {
            return refuse(context, .tlsNoProtocol, alert: nil)
        }
        let client: ClientCertificate?
        do throws(Fault) {
            client = try handshake.clients.verify(handshake.handler.peerCertificate, at: .now())
        } catch {
            return refuse(context, error.reason, alert: nil)
        }
        state = .done
        facts.tls = TLSFacts(
            serverName: handshake.serverName, server: tls, certificate: handshake.certificate,
            clients: handshake.clients, clientCertificate: client, version: version, applicationProtocol: negotiated)
        acknowledgeAtOnce(context.channel)
        loop.observer?.handshakeCompleted(facts, duration: MonotonicInstant.now().since(began))
        let connection = next(context.channel)
        do {
            try context.pipeline.syncOperations.addHandler(connection, position: .after(self))
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        } catch {
            connection.gone(.clientClosed)
            context.close(promise: nil)
        }
    }

    /// BoringSSL sends its session tickets with the first application write, so that nothing acknowledges the client's
    /// Finished, and a client with Nagle's algorithm waits 40 ms for a delayed acknowledgement.
    private func acknowledgeAtOnce(_ channel: any Channel) {
        guard let options = channel.syncOptions else { return }
        _ = try? options.setOption(
            ChannelOptions.socket(SocketOptionLevel(IPPROTO_TCP), SocketOptionName(TCP_QUICKACK)), value: 1)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .done = state {
        } else {
            state = .done
            loop.observer?.handshakeFailed(facts, ClientVerification.reason(of: error))
        }
        context.channel.closeBelowTLS()
    }

    func channelInactive(context: ChannelHandlerContext) {
        if case .done = state {
        } else {
            state = .done
            loop.observer?.handshakeFailed(facts, .clientClosed)
        }
        loop.removeDeadline(self)
        context.fireChannelInactive()
    }

    func deadlinePassed(_ now: MonotonicInstant) {
        guard let context else { return }
        refuse(context, .timeoutTLS, alert: nil)
    }

    private func refuse(_ context: ChannelHandlerContext, _ reason: Reason, alert: UInt8?) {
        if case .done = state { return }
        state = .done
        loop.observer?.handshakeFailed(facts, reason)
        if let alert {
            // RFC 8446 §5.1, §6: a plaintext fatal alert record; no key exists yet.
            var record = context.channel.allocator.buffer(capacity: 7)
            record.writeBytes([21, 3, 3, 0, 2, 2, alert])
            context.writeAndFlush(wrapOutboundOut(record), promise: nil)
        }
        // A peer that stalls in the handshake would not answer a goodbye either.
        context.channel.closeBelowTLS()
    }

    /// RFC 8446 §6.2.
    private enum Alert {
        static let decodeError: UInt8 = 50
        static let internalError: UInt8 = 80
        static let unrecognizedName: UInt8 = 112
        static let noApplicationProtocol: UInt8 = 120
    }
}
