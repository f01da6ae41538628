import GateHTTP
public import GatePrimitives
public import NIOCore

/// One HTTP/1.1 connection of a client: reads requests one after the other and writes their answers in order.
///
/// ```
///            first byte          head complete              answer written and body read
/// idle ───────────────> head ───────────────────> exchange ───────────────────────────────> idle
///   │ idle deadline       │ 408, 4xx                 │ framing broken, body left, or `close`
///   └──> closed           └───────────────────────────────> lingering ──(256 KiB, 2 s, EOF)──> closed
/// ```
/// Pipelined requests wait in `inbound` until their turn, so that answers keep the requests' order (RFC 9112 §9.3.2).
public final class DownstreamConnection: ChannelInboundHandler {
    /// What NIO delivers.
    public typealias InboundIn = ByteBuffer
    /// What NIO sends.
    public typealias OutboundOut = ByteBuffer

    enum State {
        case idle
        case head
        case exchange
        case lingering
        case closed
    }

    /// What becomes of the request's body.
    enum Body {
        /// Nobody asked for it yet.
        case held
        /// It is delivered as it arrives.
        case flowing
        /// The upstream is slower; nothing is read.
        case paused
        /// All of it was read.
        case complete
    }

    // LIMIT: bytes of pipelined requests or of a held body that wait before the socket is no longer read.
    static let maximumBacklog = 64 * 1024
    // LIMIT: what is discarded of a refused request so that its client reads the answer.
    static let maximumLingering = 256 * 1024
    /// Body chunks up to this size are copied behind what waits to be written; larger ones go out as they are.
    static let joinLimit = 8 * 1024

    /// The facts of step 1.
    public let facts: AcceptedConnection
    /// The loop's book-keeping.
    public var deadline = LoopDeadline()
    /// Who handles the requests.
    public var delegate: (any DownstreamDelegate)?
    /// Tells the listener that the connection is gone.
    var onClose: (() -> Void)?

    let loop: WireLoop
    let settings: ListenerSettings
    let allocator: ByteBufferAllocator
    var context: ChannelHandlerContext?
    var state = State.idle
    var body = Body.complete
    var inbound = ByteBuffer()
    var outbound: ByteBuffer
    var written: UInt64 = 0
    var received: UInt64 = 0
    var responseFraming = ResponseFraming.none
    var closesAfterAnswer = false
    var isDraining = false

    private var table = HeadTable()
    private var reader: RequestHeadReader
    private var decoder = BodyDecoder(BodyFraming.none)
    private var bodyLimit: UInt64 = 0
    private var bodyRead: UInt64 = 0
    private var bodyDeadline = MonotonicInstant(nanoseconds: .max)
    private var expectsContinue = false
    private var isProcessing = false
    private var readsAutomatically = true
    private var lingered = 0

    init(channel: any Channel, facts: AcceptedConnection, settings: ListenerSettings, loop: WireLoop) {
        self.facts = facts
        self.settings = settings
        self.loop = loop
        self.allocator = channel.allocator
        self.outbound = ByteBuffer()
        self.reader = RequestHeadReader(limits: settings.headLimits)
    }

    // MARK: Channel events

    public func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.setDeadline(self, at: MonotonicInstant.now().advanced(by: patience))
    }

    /// How long it may be idle: during a drain only as long as a request that is on its way takes.
    private var patience: TimeSpan { isDraining ? .seconds(1) : settings.timeouts.idle }

    public func handlerRemoved(context: ChannelHandlerContext) {
        loop.removeDeadline(self)
        self.context = nil
    }

    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var chunk = unwrapInboundIn(data)
        switch state {
        case .closed: return
        case .lingering:
            lingered += chunk.readableBytes
            if lingered > Self.maximumLingering { close() }
            return
        case .idle, .head, .exchange:
            if inbound.readableBytes == 0 { inbound = chunk } else { inbound.writeBuffer(&chunk) }
            process()
        }
    }

    public func channelReadComplete(context: ChannelHandlerContext) {
        if state == .exchange, body != .flowing, inbound.readableBytes > Self.maximumBacklog { setAutoRead(false) }
        if outbound.readableBytes > 0 { flush() }
    }

    public func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable, state == .exchange else { return }
        watchBody()
        delegate?.downstreamWritable()
    }

    public func channelInactive(context: ChannelHandlerContext) {
        gone(.clientAborted)
    }

    public func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Resets, TLS alerts and closes without close_notify all mean the same here: the client is gone.
        context.close(promise: nil)
    }

    private func gone(_ reason: Reason) {
        loop.removeDeadline(self)
        let wasInExchange = state == .exchange
        state = .closed
        inbound = ByteBuffer()
        if wasInExchange { delegate?.downstreamClosed(reason) }
        onClose?()
        onClose = nil
        delegate = nil
    }

    // MARK: Reading

    /// Reads what has arrived until more is needed or the exchange must answer first.
    func process() {
        guard !isProcessing else { return }
        isProcessing = true
        defer { isProcessing = false }
        while true {
            switch state {
            case .idle, .head:
                guard inbound.readableBytes > 0, readHead() else { return }
            case .exchange:
                guard body == .flowing, readBody() else { return }
            case .lingering, .closed:
                return
            }
        }
    }

    /// Reads one head; false when more bytes are needed or the connection ends.
    private func readHead() -> Bool {
        let available = inbound.readableBytes
        do throws(Fault) {
            guard let raw = try reader.read(&inbound, into: &table) else {
                if state == .idle {
                    state = .head
                    loop.setDeadline(self, at: MonotonicInstant.now().advanced(by: settings.timeouts.head))
                }
                return false
            }
            state = .exchange
            written = 0
            received = UInt64(available - inbound.readableBytes)
            let request: VettedRequest
            do throws(Fault) { request = try VettedRequest.vet(raw) } catch {
                body = .held
                closesAfterAnswer = !error.reason.keepsConnection
                delegate?.downstreamRefused(error, raw: raw)
                return state == .idle
            }
            begin(request)
            return true
        } catch {
            state = .exchange
            written = 0
            received = UInt64(available)
            body = .held
            closesAfterAnswer = true
            delegate?.downstreamRefused(error, raw: nil)
            return false
        }
    }

    private func begin(_ request: VettedRequest) {
        closesAfterAnswer = !request.keepAlive || isDraining
        expectsContinue = request.expectsContinue
        responseFraming = .none
        bodyRead = 0
        if request.framing.hasBody {
            body = .held
            decoder = BodyDecoder(request.framing)
        } else {
            body = .complete
        }
        loop.setDeadline(self, at: nil)
        delegate?.downstreamRequest(request)
    }

    /// Delivers one piece of the body; false when more bytes are needed.
    private func readBody() -> Bool {
        let available = inbound.readableBytes
        do throws(Fault) {
            let event = try decoder.next(&inbound)
            received &+= UInt64(available - inbound.readableBytes)
            switch event {
            case .needMore:
                if inbound.readableBytes == 0 { inbound = ByteBuffer() }
                return false
            case .data(let chunk):
                bodyRead &+= UInt64(chunk.readableBytes)
                guard bodyRead <= bodyLimit else { throw Fault(.relay, .bodyTooLarge) }
                watchBody()
                delegate?.downstreamBody(chunk)
            case .end:
                body = .complete
                loop.setDeadline(self, at: nil)
                delegate?.downstreamBodyEnd()
            }
            return true
        } catch {
            failBody(error)
            return false
        }
    }

    private func failBody(_ fault: Fault) {
        body = .held
        closesAfterAnswer = true
        loop.setDeadline(self, at: nil)
        delegate?.downstreamBodyFailed(fault)
    }

    /// Bounds the client's silence: while it sends a body, and while it takes no byte of what waits for it.
    private func watchBody() {
        let now = MonotonicInstant.now()
        if body == .flowing {
            loop.setDeadline(self, at: min(now.advanced(by: settings.timeouts.bodyRead), bodyDeadline))
        } else {
            loop.setDeadline(self, at: nil)
        }
    }

    func setAutoRead(_ value: Bool) {
        guard value != readsAutomatically, let options = context?.channel.syncOptions else { return }
        readsAutomatically = value
        _ = try? options.setOption(ChannelOptions.autoRead, value: value)
    }

    // MARK: Ends

    /// The answer is complete: the next request's turn, or the end.
    func answered() {
        guard state == .exchange else { return }
        guard !closesAfterAnswer, body == .complete, !isDraining else { return closeAfterWriting() }
        state = .idle
        reader = RequestHeadReader(limits: settings.headLimits)
        setAutoRead(true)
        if inbound.readableBytes == 0 { inbound = ByteBuffer() }
        loop.setDeadline(self, at: MonotonicInstant.now().advanced(by: settings.timeouts.idle))
        process()
    }

    /// Writes what is left, half-closes, and discards a bounded rest, so that the client reads the answer before a
    /// reset could take it away (RFC 9112 §9.6).
    func closeAfterWriting() {
        guard let context, state != .closed else { return }
        state = .lingering
        lingered = 0
        inbound = ByteBuffer()
        let promise = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        promise.futureResult.whenComplete { _ in bound.value.context?.close(mode: .output, promise: nil) }
        context.writeAndFlush(wrapOutboundOut(outbound), promise: promise)
        outbound = ByteBuffer()
        setAutoRead(true)
        loop.setDeadline(self, at: MonotonicInstant.now().advanced(by: settings.timeouts.lingering))
    }

    /// Closes at once.
    func close() {
        guard state != .closed else { return }
        context?.close(promise: nil)
    }

    /// Ends the connection when its exchange is done, or soon when it has none (RFC 9112 §9.6).
    func drain() {
        isDraining = true
        closesAfterAnswer = true
        guard state == .idle else { return }
        // A request may be on its way: one that arrives in time is answered with `connection: close`.
        loop.setDeadline(self, at: MonotonicInstant.now().advanced(by: patience))
    }

    /// Switches the body on or off for the exchange.
    func allowBody(limit: UInt64) {
        guard body == .held, state == .exchange else { return }
        bodyLimit = limit
        body = .flowing
        bodyDeadline = MonotonicInstant.now().advanced(by: settings.timeouts.body)
        if expectsContinue, inbound.readableBytes == 0 {
            // RFC 9110 §10.1.1: the body is wanted now.
            outbound.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
            flush()
        }
        expectsContinue = false
        setAutoRead(true)
        watchBody()
        process()
    }

    /// Pauses or resumes the body.
    func pauseBody(_ pause: Bool) {
        if pause, body == .flowing {
            body = .paused
            setAutoRead(false)
            loop.setDeadline(self, at: nil)
        } else if !pause, body == .paused {
            body = .flowing
            setAutoRead(true)
            watchBody()
            process()
        }
    }
}

extension DownstreamConnection: DeadlineHolder {
    /// A deadline passed: which one follows from the state.
    public func deadlinePassed(_ now: MonotonicInstant) {
        switch state {
        case .idle, .lingering:
            close()
        case .head:
            state = .exchange
            written = 0
            received = UInt64(inbound.readableBytes)
            body = .held
            closesAfterAnswer = true
            delegate?.downstreamRefused(Fault(.read, .timeoutHeader), raw: nil)
        case .exchange:
            if outboundIsStuck {
                gone(.timeoutRead)
                context?.close(promise: nil)
            } else {
                failBody(Fault(.relay, bodyDeadline <= now ? .timeoutTotal : .timeoutBody))
            }
        case .closed:
            break
        }
    }

    private var outboundIsStuck: Bool { !(context?.channel.isWritable ?? true) }
}
