import GateHTTP
import GatePrimitives
import NIOCore

/// Reads the PROXY protocol's header ahead of TLS and HTTP, and lets nothing pass before it has judged it.
///
/// ```
/// required:   header ──> client known, next handler      anything else, or the deadline ──> closed
/// forbidden:  header ──> closed                          anything else ──> next handler
/// ```
/// One read may hold the header and the first bytes of TLS or HTTP; what follows the header goes on to the next handler.
final class ProxyGate: ChannelInboundHandler, RemovableChannelHandler, DeadlineHolder {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// What a connection may begin with, by its peer.
    enum Mode {
        /// It comes from a believed load balancer: with a header.
        case required
        /// It comes from somebody else: without one.
        case forbidden
    }

    /// What follows once the client is known; nil where the connection was refused and closed.
    typealias Next = (any Channel) -> (any ChannelHandler)?

    var deadline = LoopDeadline()
    private let facts: AcceptedConnection
    private let mode: Mode
    private let loop: WireLoop
    private let timeout: TimeSpan
    private let next: Next
    private var buffer = ByteBuffer()
    private var isDone = false
    private var context: ChannelHandlerContext?

    /// A gate that, once it has judged the first bytes, replaces itself by what `next` makes.
    init(
        facts: AcceptedConnection, mode: Mode, loop: WireLoop, timeout: TimeSpan, next: @escaping Next
    ) {
        self.facts = facts
        self.mode = mode
        self.loop = loop
        self.timeout = timeout
        self.next = next
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.setDeadline(self, at: MonotonicInstant.now().advanced(by: timeout))
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        loop.removeDeadline(self)
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return }
        var chunk = unwrapInboundIn(data)
        if buffer.readableBytes == 0 { buffer = chunk } else { buffer.writeBuffer(&chunk) }
        switch (ProxyHeader.read(buffer.readableBytesUInt8Span), mode) {
        case (.needsMore, _): break
        case (.absent, .forbidden): pass(context)
        case (.header(let header), .required):
            buffer.moveReaderIndex(forwardBy: header.length)
            if let source = header.source { facts.identify(peer: source.address, port: source.port) }
            pass(context)
        case (.header, .forbidden), (.absent, .required), (.invalid, _): refuse(context, .proxyProto)
        }
    }

    private func pass(_ context: ChannelHandlerContext) {
        isDone = true
        loop.removeDeadline(self)
        let rest = buffer
        buffer = ByteBuffer()
        guard let handler = next(context.channel) else { return }
        do {
            let operations = context.pipeline.syncOperations
            try operations.addHandler(handler, position: .after(self))
            if rest.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(rest)) }
            operations.removeHandler(self, promise: nil)
        } catch {
            (handler as? any ConnectionHandler)?.gone(.clientClosed)
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        // A connection that ends before it says anything is a probe of whether the port is open: nothing to report.
        if !isDone, buffer.readableBytes > 0 { loop.observer?.connectionRefused(facts, .proxyProto) }
        isDone = true
        loop.removeDeadline(self)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        isDone = true
        context.close(promise: nil)
    }

    func deadlinePassed(_ now: MonotonicInstant) {
        guard let context, !isDone else { return }
        refuse(context, .proxyProto)
    }

    /// Closes without a word: the peer is no HTTP client yet.
    private func refuse(_ context: ChannelHandlerContext, _ reason: Reason) {
        isDone = true
        buffer = ByteBuffer()
        loop.observer?.connectionRefused(facts, reason)
        context.close(promise: nil)
    }
}
