public import GateHTTP
public import GatePrimitives
public import GateUpstreams
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
public final class UpstreamConnection: ChannelInboundHandler, DeadlineHolder, UpstreamStream {
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

    // LIMIT: interim answers to one request; a backend that sends more would keep an exchange alive for nothing.
    static let maximumInformational = 128

    /// The loop's book-keeping.
    public var deadline = LoopDeadline()
    /// The pool's number of this connection.
    let id: PooledConnection
    /// The endpoint it leads to, by index.
    public let endpoint: Int
    /// Whether it carried an exchange before: then a failure without an answer may be a stale connection.
    public private(set) var isReused = false
    /// Always this.
    public var version: HTTPVersion { .http11 }
    /// HTTP/1.1 has no way to say so.
    public var isUnprocessed: Bool { false }
    /// Bytes of the current request that were written.
    public private(set) var bytesSent: UInt64 = 0
    /// Whether any byte of the current answer arrived.
    public private(set) var hasAnswered = false
    /// Whether an exchange holds it; also after it failed, until the lease went back.
    private(set) var isLeased = false

    weak var delegate: (any UpstreamDelegate)?
    /// The pool that owns the connection; hears when it is ready, failed or gone.
    weak var pool: UpstreamPool?
    /// The pool that the exchange's lease goes back to.
    private var lender: UpstreamPool?

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
    /// Storage for heads and chunk lines, lent by the loop between two flushes.
    private var outbound = ByteBuffer()
    private var requestFraming = BodyFraming.none
    /// What the request asks the connection to become.
    private var upgrade = UpgradeKind.none
    private var allowsSilence = false
    private var responseKeepsAlive = false
    private var requestIsComplete = false
    private var isPaused = false
    private var isProcessing = false
    private var informational = 0
    /// The backend will send no more; what it sent may still wait here for the client.
    private var hasEnded = false
    /// It ended by an error, not by an orderly close.
    private var isBroken = false
    private var readTimeout = TimeSpan.zero
    /// When the backend has to have sent something.
    private var readDue: MonotonicInstant?
    private var writes = WriteProgress()

    init(id: PooledConnection, endpoint: Int, settings: UpstreamSettings, loop: WireLoop) {
        self.id = id
        self.endpoint = endpoint
        self.settings = settings
        self.loop = loop
        self.reader = ResponseHeadReader(limits: settings.headLimits)
    }

    /// Whether it can carry an exchange at all.
    var isOpen: Bool { state != .closed && !hasEnded }

    /// Whether the peer keeps up.
    public var isWritable: Bool { context?.channel.isWritable ?? false }

    // MARK: The exchange's side

    /// Starts an exchange whose request has `method`; the answer's framing hangs on it (RFC 9112 §6.3).
    func begin(method: HTTPMethod, readTimeout: TimeSpan, delegate: any UpstreamDelegate, lender: UpstreamPool) {
        self.readTimeout = readTimeout
        self.delegate = delegate
        self.lender = lender
        self.method = method
        state = .awaitingHead
        isLeased = true
        bytesSent = 0
        hasAnswered = false
        requestFraming = .none
        upgrade = .none
        allowsSilence = false
        requestIsComplete = false
        responseKeepsAlive = false
        informational = 0
    }

    /// Gives the connection back to its pool.
    public func release(_ end: LeaseEnd) {
        let lender = lender
        self.lender = nil
        lender?.give(back: self, end)
    }

    /// Writes a head, built anew.
    public func writeHead(
        _ request: borrowing VettedRequest, rewrite: borrowing UpstreamRewrite, connection: borrowing ForwardingFacts,
        fields: borrowing UpstreamFields
    ) throws(Fault) {
        reserve()
        try request.writeUpstreamHead(into: &outbound, rewrite: rewrite, connection: connection, fields: fields)
        requestFraming = fields.framing
        if fields.forwardUpgrade { upgrade = request.upgrade }
        write(outbound)
    }

    /// Writes the head of an errand.
    public func writeHead(_ errand: borrowing ErrandHead) {
        reserve()
        errand.write(into: &outbound)
        requestFraming = .none
        write(outbound)
    }

    /// Writes body bytes.
    public func writeBody(_ chunk: ByteBuffer) {
        guard requestFraming == .chunked else { return write(chunk) }
        reserve()
        ChunkWriter.writeChunkHead(size: chunk.readableBytes, into: &outbound)
        write(outbound)
        write(chunk)
        outbound.clear()
        ChunkWriter.writeChunkTail(into: &outbound)
        write(outbound)
    }

    /// Ends the request; only a chunked one has a place for trailers (RFC 9112 §7.1.2).
    public func writeEnd(_ trailers: FieldBlock?) {
        if requestFraming == .chunked {
            reserve()
            ChunkWriter.writeEnd(trailers: trailers, into: &outbound)
            write(outbound)
        }
        requestIsComplete = true
    }

    /// The answer may be silent.
    public func allowSilence() {
        allowsSilence = true
        context?.channel.probeSilentPeer()
        expectAnswer()
    }

    /// Ends our side of a tunnel.
    public func endTunnel() { context?.close(mode: .output, promise: nil) }

    /// Writes bytes of the request, framing included; they leave with `flush()`.
    func write(_ bytes: ByteBuffer) {
        guard let context else { return }
        bytesSent &+= UInt64(bytes.readableBytes)
        context.write(wrapOutboundOut(bytes), promise: nil)
    }

    private func reserve() {
        if outbound.capacity == 0 { outbound = loop.takeBuffer() } else { outbound.clear() }
    }

    /// Sends what was written.
    public func flush() {
        guard let context else { return }
        context.flush()
        loop.keep(&outbound)
        guard state == .awaitingHead || state == .body else { return }
        if !context.channel.isWritable {
            writes.watch(context.channel.backlog, until: MonotonicInstant.now().advanced(by: readTimeout))
        }
        expectAnswer()
    }

    /// Stops reading: the client is slower than the backend.
    public func pause() {
        guard !isPaused, state == .awaitingHead || state == .body else { return }
        isPaused = true
        expectAnswer()
        setAutoRead(false)
    }

    /// Reads on.
    public func resume() {
        guard isPaused else { return }
        isPaused = false
        setAutoRead(true)
        expectAnswer()
        process()
        delegate?.upstreamReadComplete()
        if hasEnded, !isPaused { inputEnded() }
    }

    /// Whether request and answer are complete and both sides let the connection be used again.
    public var isReusable: Bool {
        state == .complete && responseKeepsAlive && requestIsComplete && inbound.readableBytes == 0 && !isPaused
            && !hasEnded
    }

    /// Goes idle, for the pool to use it again.
    func rest() {
        delegate = nil
        isLeased = false
        state = .idle
        isReused = true
        // An idle connection pins no buffer.
        inbound = ByteBuffer()
        readDue = nil
        writes.end()
        watch()
    }

    /// Ends the connection; what was being sent gets no clean end.
    func close() {
        delegate = nil
        pool = nil
        isLeased = false
        inbound = ByteBuffer()
        guard state != .closed else { return }
        state = .closed
        context?.close(promise: nil)
    }

    // MARK: The socket's side

    /// The connection begins.
    public func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        guard state != .closed else { return context.close(promise: nil) }
        readDue = MonotonicInstant.now().advanced(by: settings.timeouts.connect)
        watch()
    }

    /// The connection stands.
    public func channelActive(context: ChannelHandlerContext) {
        if settings.tls == nil { ready() }
    }

    /// TLS or a half-close has something to tell.
    public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event { ready() }
    }

    private func ready() {
        guard state == .connecting else { return }
        state = .idle
        readDue = nil
        watch()
        pool?.connected(self)
    }

    private func connectFailed(_ reason: Reason) {
        state = .closed
        let pool = pool
        self.pool = nil
        context?.channel.closeBelowTLS()
        pool?.connectFailed(self, Fault(.dispatch, reason))
    }

    /// The connection is over.
    public func handlerRemoved(context: ChannelHandlerContext) {
        loop.removeDeadline(self)
        self.context = nil
    }

    /// Bytes came.
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
            // LIMIT: while paused this grows by one read, or, where the backend closes, by what the kernel still held.
            if inbound.readableBytes == 0 { inbound = chunk } else { inbound.writeBuffer(&chunk) }
            process()
        }
    }

    /// That was all for now.
    public func channelReadComplete(context: ChannelHandlerContext) {
        expectAnswer()
        delegate?.upstreamReadComplete()
    }

    private func process() {
        guard !isProcessing else { return }
        isProcessing = true
        defer { isProcessing = false }
        do throws(Fault) {
            while !isPaused, try deliver() {}
        } catch {
            // Whatever a backend sends that cannot be framed is a bad answer, never the client's fault.
            fail(Fault(.relay, .badUpstreamResponse))
        }
    }

    /// Delivers one piece of the answer; false when more bytes are needed or the answer is complete.
    private func deliver() throws(Fault) -> Bool {
        switch state {
        case .awaitingHead:
            guard let raw = try reader.read(&inbound, into: &table) else { return keepRest() }
            let response = try VettedResponse.vet(raw, to: method, upgrade: upgrade)
            guard !response.isInformational else {
                informational += 1
                guard informational <= Self.maximumInformational else { throw Fault(.relay, .badUpstreamResponse) }
                delegate?.upstreamInformational(response)
                return true
            }
            responseKeepsAlive = response.keepAlive
            // RFC 9110 §7.8: behind a 101 every byte is the new protocol's, until the connection ends.
            framing = response.status == 101 ? .untilClose : response.framing
            decoder = BodyDecoder(framing)
            state = .body
            delegate?.upstreamHead(response)
            return true
        case .body:
            switch try decoder.next(&inbound) {
            case .needMore: return keepRest()
            case .data(let chunk):
                delegate?.upstreamBody(chunk)
                return true
            case .end:
                complete()
                return false
            }
        case .connecting, .idle, .complete, .closed:
            return false
        }
    }

    private func complete() {
        if inbound.readableBytes > 0 { responseKeepsAlive = false }
        state = .complete
        readDue = nil
        writes.end()
        watch()
        delegate?.upstreamEnd(decoder.trailers)
    }

    /// Frees the reader's storage once nothing is left of it.
    private func keepRest() -> Bool {
        if inbound.readableBytes == 0 { inbound = ByteBuffer() }
        return false
    }

    /// What was written crossed a water mark.
    public func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable else { return }
        writes.end()
        watch()
        delegate?.upstreamWritable()
    }

    /// The peer is gone.
    public func channelInactive(context: ChannelHandlerContext) {
        hasEnded = true
        switch state {
        case .connecting: connectFailed(settings.tls == nil ? .upstreamConnectFailed : .upstreamTLSFailed)
        case .awaitingHead, .body:
            // NIO reads all that the kernel held before it reports the end, paused or not: while the client is slower,
            // that waits in `inbound`, and the end behind it.
            readDue = nil
            if !isPaused { inputEnded() }
        case .idle, .complete, .closed: state = .closed
        }
        loop.removeDeadline(self)
        pool?.closed(self)
        pool = nil
    }

    /// All that the backend sent was delivered, and there will be no more.
    private func inputEnded() {
        guard state == .awaitingHead || state == .body else { return }
        // RFC 9112 §6.3 rule 8: an answer without a length ends with the connection; not by a reset, and not by a TLS
        // close without close_notify (§9.8).
        guard state == .body, framing == .untilClose, !isBroken else { return fail(Fault(.relay, .upstreamReset)) }
        responseKeepsAlive = false
        complete()
    }

    /// The channel failed.
    public func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if state == .connecting {
            return connectFailed(settings.tls == nil ? .upstreamConnectFailed : .upstreamTLSFailed)
        }
        isBroken = true
        context.channel.closeBelowTLS()
    }

    /// The deadline that was set has passed.
    public func deadlinePassed(_ now: MonotonicInstant) {
        switch state {
        case .connecting: connectFailed(.upstreamConnectTimeout)
        case .awaitingHead, .body:
            if let due = readDue, due <= now { return fail(Fault(.relay, .upstreamTimeout)) }
            if let due = writes.due, due <= now, isStuck(now) { return fail(Fault(.relay, .upstreamTimeout)) }
            watch()
        case .idle, .complete, .closed: break
        }
    }

    private func isStuck(_ now: MonotonicInstant) -> Bool {
        guard let waiting = context?.channel.backlog, waiting > 0 else {
            writes.end()
            return false
        }
        return writes.isStuck(waiting, next: now.advanced(by: readTimeout))
    }

    /// The exchange hears of the failure; the lease is still its own to give back.
    private func fail(_ fault: Fault) {
        guard state != .closed else { return }
        state = .closed
        inbound = ByteBuffer()
        let delegate = delegate
        self.delegate = nil
        context?.channel.closeBelowTLS()
        delegate?.upstreamFailed(fault)
    }

    /// The time between two reads is bounded, as nginx' `proxy_read_timeout`: once the request is whole, since before
    /// that the silence may be the client's, and not while we do not read, nor of an answer that may be silent.
    private func expectAnswer() {
        let expects =
            requestIsComplete && !allowsSilence && !isPaused && !hasEnded && (state == .awaitingHead || state == .body)
        readDue = expects ? MonotonicInstant.now().advanced(by: readTimeout) : nil
        watch()
    }

    /// Sets the loop's one deadline to the next of both.
    private func watch() {
        guard state != .closed, !hasEnded else { return }
        guard let due = writes.due else { return loop.setDeadline(self, at: readDue) }
        loop.setDeadline(self, at: min(due, readDue ?? due))
    }

    private func setAutoRead(_ value: Bool) { context?.channel.setAutoRead(value) }
}
