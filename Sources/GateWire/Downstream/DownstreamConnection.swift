import GateHTTP
import GatePrimitives
public import NIOCore

/// One HTTP/1.1 connection of a client: reads requests one after the other and writes their answers in order.
///
/// ```
///            first byte          head complete              answer written and body read
/// idle ───────────────> head ───────────────────> exchange ───────────────────────────────> idle
///   │ idle deadline       │ 408, 4xx                 │ framing broken, body left, or `close`
///   │                     └──────────────────────────┴──> closing ──(all written)──> lingering
///   └──> closed <──(256 KiB, 2 s, EOF)───────────────────────────────────────────────────┘
/// ```
/// Pipelined requests wait in `inbound` until their turn, so that answers keep the requests' order (RFC 9112 §9.3.2), and
/// until the client takes the answers it already has.
public final class DownstreamConnection: ChannelInboundHandler {
    /// What NIO delivers.
    public typealias InboundIn = ByteBuffer
    /// What NIO sends.
    public typealias OutboundOut = ByteBuffer

    enum State {
        case idle
        case head
        case exchange
        /// Answered for the last time; what is left of the answer is on its way.
        case closing
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
        /// It failed: nothing more of it can be read.
        case broken
        /// All of it was read.
        case complete
    }

    // LIMIT: bytes of pipelined requests or of a held body that wait before the socket is no longer read.
    static let maximumBacklog = 64 * 1024
    // LIMIT: what may wait in all. Only a peer that closed while we did not read can exceed it: the rest of what the kernel
    // held is delivered then, and nobody will want the answer.
    static let maximumInbound = 4 * maximumBacklog
    // LIMIT: what is discarded of a refused request so that its client reads the answer.
    static let maximumLingering = 256 * 1024
    /// Body chunks up to this size are copied behind what waits to be written; larger ones go out as they are.
    static let joinLimit = 8 * 1024
    // LIMIT: what is joined before it is handed to the socket.
    static let maximumJoined = 64 * 1024

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
    /// The client said that it reads trailers.
    var acceptsTrailers = false
    var isDraining = false

    /// When what the state waits for has to be here: the next request, its head, its body, the peer's end.
    var inputDue: MonotonicInstant?
    var writes = WriteProgress()
    var bodyDeadline = MonotonicInstant(nanoseconds: .max)
    var lingered = 0
    var readsAutomatically = true
    /// The connection speaks another protocol; it ends with the exchange.
    var isTunnel = false
    /// The client sends no more into its tunnel.
    var tunnelInputHasEnded = false

    private var table = HeadTable()
    private var reader: RequestHeadReader
    private var decoder = BodyDecoder(BodyFraming.none)
    private var bodyLimit: UInt64 = 0
    private var bodyRead: UInt64 = 0
    private var expectsContinue = false
    private var isProcessing = false

    init(channel: any Channel, facts: AcceptedConnection, settings: ListenerSettings, loop: WireLoop) {
        self.facts = facts
        self.settings = settings
        self.loop = loop
        self.allocator = channel.allocator
        self.outbound = ByteBuffer()
        self.reader = RequestHeadReader(limits: settings.headLimits)
    }

    // MARK: Channel events

    /// The connection begins.
    public func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        expectInput(within: isDraining ? Self.drainGrace : settings.timeouts.idle)
    }

    /// The connection is over.
    public func handlerRemoved(context: ChannelHandlerContext) {
        gone(.clientAborted)
        self.context = nil
    }

    /// Bytes came.
    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var chunk = unwrapInboundIn(data)
        switch state {
        case .closed: return
        case .closing, .lingering: discard(chunk.readableBytes)
        case .idle, .head, .exchange:
            if inbound.readableBytes == 0 {
                inbound = chunk
            } else {
                guard inbound.readableBytes + chunk.readableBytes <= Self.maximumInbound else {
                    return cut(.clientAborted)
                }
                inbound.writeBuffer(&chunk)
            }
            process()
        }
    }

    /// That was all for now.
    public func channelReadComplete(context: ChannelHandlerContext) {
        if state == .exchange, body != .flowing, inbound.readableBytes > Self.maximumBacklog { setAutoRead(false) }
        if outbound.readableBytes > 0 { flush() }
    }

    /// What was written crossed a water mark.
    public func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable else { return }
        writes.end()
        watch()
        switch state {
        case .exchange: delegate?.downstreamWritable()
        case .idle, .head:
            setAutoRead(true)
            process()
        case .closing:
            // What is left is still watched: a writable socket says nothing of its last 64 KiB.
            watchWrites()
        case .lingering, .closed: break
        }
    }

    /// The peer is gone.
    public func channelInactive(context: ChannelHandlerContext) {
        gone(.clientAborted)
    }

    /// The channel failed.
    public func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Resets, TLS alerts and closes without close_notify all mean the same here: the client is gone.
        context.channel.closeBelowTLS()
    }

    // MARK: Reading

    /// Reads what has arrived until more is needed or the exchange must answer first.
    func process() {
        guard !isProcessing else { return }
        isProcessing = true
        while step() {}
        isProcessing = false
        // Answers that were made at once leave together.
        if outbound.readableBytes > 0 { flush() }
    }

    /// One head or one piece of a body; false when nothing more can be done now.
    private func step() -> Bool {
        switch state {
        case .idle, .head:
            guard inbound.readableBytes > 0 else { return false }
            // A client that asks on without taking its answers is not heard until it does: else they would pile up here.
            guard isWritable || state == .head else {
                setAutoRead(false)
                return false
            }
            return readHead()
        case .exchange:
            return body == .flowing && readBody()
        case .closing, .lingering, .closed:
            return false
        }
    }

    /// Reads one head; false when more bytes are needed or the exchange must answer first.
    private func readHead() -> Bool {
        let available = inbound.readableBytes
        do throws(Fault) {
            guard let raw = try reader.read(&inbound, into: &table) else {
                if state == .idle {
                    state = .head
                    expectInput(within: settings.timeouts.head)
                }
                return false
            }
            enter(received: available - inbound.readableBytes)
            let request: VettedRequest
            do throws(Fault) { request = try VettedRequest.vet(raw) } catch {
                refuse(error, raw)
                return true
            }
            begin(request)
            return true
        } catch {
            enter(received: available)
            refuse(error, nil)
            return true
        }
    }

    /// Begins an exchange.
    private func enter(received bytes: Int) {
        state = .exchange
        written = 0
        received = UInt64(max(0, bytes))
        responseFraming = .none
        inputDue = nil
        watch()
    }

    private func refuse(_ fault: Fault, _ raw: RawHead?) {
        // What follows cannot be told from a body.
        body = .broken
        closesAfterAnswer = true
        delegate?.downstreamRefused(fault, raw: raw)
    }

    /// The head did not come in time.
    func refuseLateHead() {
        enter(received: inbound.readableBytes)
        refuse(Fault(.read, .timeoutHeader), nil)
    }

    private func begin(_ request: VettedRequest) {
        closesAfterAnswer = !request.keepAlive || isDraining
        expectsContinue = request.expectsContinue
        acceptsTrailers = request.acceptsTrailers
        bodyRead = 0
        if request.framing.hasBody {
            body = .held
            decoder = BodyDecoder(request.framing)
        } else {
            body = .complete
        }
        delegate?.downstreamRequest(request)
    }

    /// Delivers one piece of the body; false when more bytes are needed.
    private func readBody() -> Bool {
        if isTunnel { return readTunnel() }
        let available = inbound.readableBytes
        do throws(Fault) {
            let event = try decoder.next(&inbound)
            received &+= UInt64(max(0, available - inbound.readableBytes))
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
                inputDue = nil
                watch()
                delegate?.downstreamBodyEnd(decoder.trailers)
            }
            return true
        } catch {
            failBody(error)
            return false
        }
    }

    /// Tells the exchange that the body cannot be read to its end.
    func failBody(_ fault: Fault) {
        body = .broken
        closesAfterAnswer = true
        inputDue = nil
        watch()
        delegate?.downstreamBodyFailed(fault)
    }

    func setAutoRead(_ value: Bool) {
        guard value != readsAutomatically, let context else { return }
        readsAutomatically = value
        context.channel.setAutoRead(value)
    }

    // MARK: The body, as the exchange wants it

    /// Begins to deliver the body.
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
        guard state == .exchange else { return }
        if pause, body == .flowing {
            body = .paused
            setAutoRead(false)
            watchBody()
        } else if !pause, body == .paused {
            body = .flowing
            setAutoRead(true)
            watchBody()
            process()
        }
    }

    /// Makes the reader ready for the next request of the connection.
    func renewReader() { reader = RequestHeadReader(limits: settings.headLimits) }
}
