import GateHTTP
public import GatePrimitives
import GateUpstreams
public import NIOCore
import NIOSSL
import NIOTLS

/// One HTTP/1.1 connection to a backend; carries one exchange at a time.
///
/// ```
/// connecting ──(TLS handshake done)──> idle ──begin──> awaitingHead ──head──> body ──end──> complete ──> idle | closed
///      └──deadline, refusal, bad certificate: closed       └──bytes or close while idle: closed
/// ```
/// What it reads is untrusted: every head is vetted, and whatever cannot be framed ends the connection (attacks 16).
public final class UpstreamConnection: ChannelInboundHandler, DeadlineHolder {
    /// What NIO delivers.
    public typealias InboundIn = ByteBuffer
    /// What NIO sends.
    public typealias OutboundOut = ByteBuffer

    private enum State {
        case connecting
        case idle
        case awaitingHead
        case body
        case complete
        case closed
    }

    /// The loop's book-keeping.
    public var deadline = LoopDeadline()
    /// The pool's number of this connection.
    let id: PooledConnection
    /// The endpoint it leads to, by index.
    public let endpoint: Int
    /// Whether it carried an exchange before: then a failure without an answer may be a stale connection.
    public private(set) var isReused = false
    /// Bytes of the current request that were written.
    public private(set) var bytesSent: UInt64 = 0
    /// Whether any byte of the current answer arrived.
    public private(set) var hasAnswered = false

    weak var delegate: (any UpstreamDelegate)?
    /// The pool that owns the connection; hears when it is ready, failed or gone.
    weak var pool: UpstreamPool?

    private let loop: WireLoop
    private let settings: UpstreamSettings
    private var table = HeadTable()
    private var reader: ResponseHeadReader
    private var decoder = BodyDecoder(ResponseFraming.none)
    private var framing = ResponseFraming.none
    private var inbound = ByteBuffer()
    private var context: ChannelHandlerContext?
    private var state = State.connecting
    private var method = HTTPMethod.get
    private var responseKeepsAlive = false
    private var requestIsComplete = false
    private var isPaused = false
    private var readTimeout = TimeSpan.zero

    init(id: PooledConnection, endpoint: Int, settings: UpstreamSettings, loop: WireLoop) {
        self.id = id
        self.endpoint = endpoint
        self.settings = settings
        self.loop = loop
        self.reader = ResponseHeadReader(limits: settings.headLimits)
    }

    /// Whether an exchange holds it.
    var isLeased: Bool { delegate != nil }

    /// Whether the peer keeps up.
    public var isWritable: Bool { context?.channel.isWritable ?? false }

    // MARK: The exchange's side

    /// Starts an exchange whose request has `method`; the answer's framing hangs on it (RFC 9112 §6.3).
    func begin(method: HTTPMethod, readTimeout: TimeSpan, delegate: any UpstreamDelegate) {
        self.readTimeout = readTimeout
        self.delegate = delegate
        self.method = method
        state = .awaitingHead
        bytesSent = 0
        hasAnswered = false
        requestIsComplete = false
        responseKeepsAlive = false
    }

    /// Writes bytes of the request, framing included; they leave with `flush()`.
    public func write(_ bytes: ByteBuffer) {
        guard let context else { return }
        bytesSent &+= UInt64(bytes.readableBytes)
        context.write(wrapOutboundOut(bytes), promise: nil)
    }

    /// Sends what was written.
    public func flush() {
        guard let context else { return }
        context.flush()
        if !requestIsComplete || state == .awaitingHead { watch() }
    }

    /// The request is whole: from now on the backend's silence is measured.
    public func requestComplete() { requestIsComplete = true }

    /// Stops reading: the client is slower than the backend.
    public func pause() {
        guard !isPaused else { return }
        isPaused = true
        loop.setDeadline(self, at: nil)
        setAutoRead(false)
    }

    /// Reads on.
    public func resume() {
        guard isPaused else { return }
        isPaused = false
        watch()
        setAutoRead(true)
        process()
    }

    /// Whether request and answer are complete and both sides let the connection be used again.
    public var isReusable: Bool {
        state == .complete && responseKeepsAlive && requestIsComplete && inbound.readableBytes == 0 && !isPaused
    }

    /// Goes idle, for the pool to use it again.
    func rest() {
        delegate = nil
        state = .idle
        isReused = true
        loop.setDeadline(self, at: nil)
    }

    /// Ends the connection; what was being sent gets no clean end.
    func close() {
        delegate = nil
        pool = nil
        guard state != .closed else { return }
        state = .closed
        context?.close(promise: nil)
    }

    // MARK: The socket's side

    public func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.setDeadline(self, at: MonotonicInstant.now().advanced(by: settings.timeouts.connect))
    }

    public func channelActive(context: ChannelHandlerContext) {
        if settings.tls == nil { ready() }
    }

    public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event { ready() }
    }

    private func ready() {
        guard state == .connecting else { return }
        state = .idle
        loop.setDeadline(self, at: nil)
        pool?.connected(self)
    }

    private func connectFailed(_ reason: Reason) {
        state = .closed
        pool?.connectFailed(self, Fault(.dispatch, reason))
        pool = nil
        context?.close(promise: nil)
    }

    public func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        loop.removeDeadline(self)
    }

    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var chunk = unwrapInboundIn(data)
        switch state {
        case .connecting, .idle, .complete:
            // A backend that speaks unasked can put an answer before the next request's (attacks 16).
            state = .closed
            context.close(promise: nil)
        case .closed:
            break
        case .awaitingHead, .body:
            hasAnswered = true
            if inbound.readableBytes == 0 { inbound = chunk } else { inbound.writeBuffer(&chunk) }
            process()
        }
    }

    public func channelReadComplete(context: ChannelHandlerContext) {
        if state == .awaitingHead || state == .body, !isPaused { watch() }
        delegate?.upstreamReadComplete()
    }

    private func process() {
        do throws(Fault) {
            while !isPaused {
                switch state {
                case .awaitingHead:
                    guard let raw = try reader.read(&inbound, into: &table) else { return keepRest() }
                    let response = try VettedResponse.vet(raw, to: method, upgrade: .none)
                    if response.isInformational {
                        delegate?.upstreamInformational(response)
                        continue
                    }
                    responseKeepsAlive = response.keepAlive
                    framing = response.framing
                    decoder = BodyDecoder(response.framing)
                    state = .body
                    delegate?.upstreamHead(response)
                case .body:
                    switch try decoder.next(&inbound) {
                    case .needMore: return keepRest()
                    case .data(let chunk): delegate?.upstreamBody(chunk)
                    case .end:
                        if inbound.readableBytes > 0 { responseKeepsAlive = false }
                        state = .complete
                        loop.setDeadline(self, at: nil)
                        delegate?.upstreamEnd()
                        return
                    }
                case .connecting, .idle, .complete, .closed: return
                }
            }
        } catch {
            // Whatever a backend sends that cannot be framed is a bad answer, never the client's fault.
            fail(Fault(.relay, .badUpstreamResponse))
        }
    }

    /// Frees the reader's storage once nothing is left of it.
    private func keepRest() {
        if inbound.readableBytes == 0 { inbound = ByteBuffer() }
    }

    public func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { delegate?.upstreamWritable() }
    }

    public func channelInactive(context: ChannelHandlerContext) {
        loop.removeDeadline(self)
        if state == .connecting { connectFailed(settings.tls == nil ? .upstreamConnectFailed : .upstreamTLSFailed) }
        if state == .body, framing == .untilClose {
            // RFC 9112 §6.3 rule 8: an answer without a length ends with the connection.
            state = .complete
            responseKeepsAlive = false
            delegate?.upstreamEnd()
            delegate?.upstreamReadComplete()
        } else if state == .awaitingHead || state == .body {
            state = .closed
            let delegate = delegate
            self.delegate = nil
            delegate?.upstreamFailed(Fault(.relay, .upstreamReset))
        }
        state = .closed
        pool?.closed(self)
        pool = nil
    }

    public func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if state == .connecting { return connectFailed(.upstreamTLSFailed) }
        // A TLS close without close_notify must not pass for the end of an answer without a length (RFC 9112 §9.8).
        if state == .body, framing == .untilClose { fail(Fault(.relay, .upstreamReset)) }
        context.close(promise: nil)
    }

    public func deadlinePassed(_ now: MonotonicInstant) {
        switch state {
        case .connecting: connectFailed(.upstreamConnectTimeout)
        case .awaitingHead, .body: fail(Fault(.relay, .upstreamTimeout))
        case .idle, .complete, .closed: break
        }
    }

    private func fail(_ fault: Fault) {
        state = .closed
        let delegate = delegate
        self.delegate = nil
        context?.close(promise: nil)
        delegate?.upstreamFailed(fault)
    }

    /// The time between two reads is bounded, as nginx' `proxy_read_timeout`; while the request is still being sent, the
    /// same bound holds for the time between two writes.
    private func watch() {
        loop.setDeadline(self, at: MonotonicInstant.now().advanced(by: readTimeout))
    }

    private func setAutoRead(_ value: Bool) {
        guard let options = context?.channel.syncOptions else { return }
        _ = try? options.setOption(ChannelOptions.autoRead, value: value)
    }
}
