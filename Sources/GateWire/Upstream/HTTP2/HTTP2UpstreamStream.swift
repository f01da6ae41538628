import GateHTTP
import GatePrimitives
import GateUpstreams
import NIOCore

/// One request and its answer on an HTTP/2 connection to a backend; what a lease holds.
///
/// ```
/// leased ──writeHead──> open ──(END_STREAM of both sides)──────────> closed
///                        └──(reset, refused, lost, released early)────┘
/// ```
/// Request and answer end apart: the answer may be whole, and wait here for its client, when the stream is long closed.
final class HTTP2UpstreamStream: UpstreamStream {
    /// 0 until the head was submitted.
    private(set) var id: Int32 = 0
    let endpoint: Int
    let isReused: Bool
    var version: HTTPVersion { .http2 }
    private(set) var isUnprocessed = false
    private(set) var bytesSent: UInt64 = 0
    private(set) var hasAnswered = false
    /// Whether the final head has come.
    private(set) var hasHead = false
    /// The peer has reset the stream.
    var wasReset = false
    /// The request's head has left.
    var isHeadSent = false
    /// One read brought something, of which the exchange has not heard the end.
    var isTouched = false

    /// Nil once the stream is closed.
    private var connection: HTTP2UpstreamConnection?
    /// Nil once it went back.
    private var pool: MultiplexedPool?
    private let pooled: PooledConnection
    private weak var delegate: (any UpstreamDelegate)?
    private let method: HTTPMethod
    private let readTimeout: TimeSpan

    private var outbox = HTTP2Outbox()
    private(set) var isBlocked = false
    private var isRequestComplete = false

    private var inbound = ByteBuffer()
    private var isPaused = false
    /// The peer has ended its side.
    private var hasEnded = false
    private var trailers: FieldBlock?
    /// The exchange has heard the last of it.
    private var isOver = false
    private var informational = 0
    /// When the backend has to have sent something.
    private var readDue: MonotonicInstant?
    private var allowsSilence = false

    init(
        on connection: HTTP2UpstreamConnection, pool: MultiplexedPool, method: HTTPMethod, readTimeout: TimeSpan,
        delegate: any UpstreamDelegate
    ) {
        self.connection = connection
        self.pool = pool
        pooled = connection.id
        endpoint = connection.endpoint
        isReused = connection.hasServed
        self.method = method
        self.readTimeout = readTimeout
        self.delegate = delegate
    }

    // MARK: The request

    var isWritable: Bool { !isBlocked && connection != nil }

    func writeHead(
        _ request: borrowing VettedRequest, rewrite: borrowing UpstreamRewrite,
        connection facts: borrowing ForwardingFacts,
        fields: borrowing UpstreamFields
    ) throws(Fault) {
        guard let connection else { throw Fault(.dispatch, .upstreamReset) }
        var lines = connection.loop.takeBuffer()
        defer { connection.loop.keep(&lines) }
        try request.writeUpstreamFields(
            into: &lines, scheme: connection.settings.tls == nil ? .http : .https, rewrite: rewrite, connection: facts,
            fields: fields)
        try submit(&lines, hasBody: fields.framing.hasBody)
    }

    func writeHead(_ errand: borrowing ErrandHead) {
        guard let connection else { return }
        var lines = ByteBuffer()
        errand.writeFields(into: &lines, scheme: connection.settings.tls == nil ? .http : .https)
        do throws(Fault) { try submit(&lines, hasBody: false) } catch { fail(error) }
    }

    private func submit(_ lines: inout ByteBuffer, hasBody: Bool) throws(Fault) {
        guard let id = connection?.submit(self, lines: &lines, hasBody: hasBody) else {
            throw Fault(.dispatch, .upstreamReset)
        }
        self.id = id
        bytesSent = UInt64(lines.readableBytes)
        if !hasBody { outbox.end(nil) }
    }

    func writeBody(_ chunk: ByteBuffer) {
        guard let connection, !outbox.hasEnded, chunk.readableBytes > 0 else { return }
        outbox.append(chunk, connection.loop)
        bytesSent &+= UInt64(chunk.readableBytes)
        connection.waiting &+= chunk.readableBytes
        isBlocked = isBlocked || isFull(HTTP2Limits.highMark)
        resumeData()
    }

    func writeEnd(_ trailers: FieldBlock?) {
        isRequestComplete = true
        expectAnswer()
        guard !outbox.hasEnded else { return }
        outbox.end(trailers)
        resumeData()
    }

    private func resumeData() {
        if outbox.wantsResume() { connection?.session?.resume(id) }
    }

    func flush() { connection?.scheduleSend() }

    /// What the next DATA frame may take; nil where there is nothing yet.
    func next(limit: Int) -> HTTP2Outbox.Next? { outbox.next(limit: limit) }

    /// Moves `count` bytes of what waits to `output`; false where there are fewer.
    func take(_ count: Int, into output: inout ByteBuffer) -> Bool {
        guard let connection, outbox.take(count, into: &output, connection.loop) else { return false }
        connection.waiting &-= count
        return true
    }

    private func isFull(_ mark: Int) -> Bool {
        guard let connection else { return true }
        return outbox.queued > mark || (outbox.queued > 0 && connection.waiting > HTTP2Limits.waitingBodies)
    }

    /// Tells the exchange to go on where there is room again.
    func wake() {
        guard isBlocked, !isOver, !isFull(HTTP2Limits.lowMark) else { return }
        isBlocked = false
        delegate?.upstreamWritable()
    }

    // MARK: The answer

    func allowSilence() {
        allowsSilence = true
        readDue = nil
        connection?.context?.channel.probeSilentPeer()
    }

    /// No 101 comes of HTTP/2, and so no tunnel; a route with WebSockets does not lead here.
    func endTunnel() {}

    func pause() {
        isPaused = true
        readDue = nil
    }

    func resume() {
        guard isPaused else { return }
        isPaused = false
        expectAnswer()
        deliver()
        delegate?.upstreamReadComplete()
    }

    /// A header block is complete.
    func receive(_ block: consuming HTTP2ResponseInProgress, endsStream: Bool) {
        hasAnswered = true
        expectAnswer()
        guard !isOver else { return }
        do throws(Fault) {
            if !block.isHead { return receiveEnd(try block.finishTrailers()) }
            let response = try block.finish(to: method, endsStream: endsStream)
            guard response.isInformational else {
                hasHead = true
                connection?.hasServed = true
                delegate?.upstreamHead(response)
                if endsStream { receiveEnd(nil) }
                return
            }
            // LIMIT: as for HTTP/1.1.
            informational += 1
            guard informational <= UpstreamConnection.maximumInformational else {
                throw Fault(.relay, .badUpstreamResponse)
            }
            delegate?.upstreamInformational(response)
        } catch {
            refuse(error)
        }
    }

    /// Body bytes came.
    func receive(_ bytes: Span<UInt8>) {
        expectAnswer()
        guard !isOver else { return returnWindow(bytes.count) }
        // SAFETY: the raw bytes of a span of bytes are all initialised.
        inbound.writeBytes(unsafe bytes.bytes)
        deliver()
    }

    /// The peer has ended its side.
    func receiveEnd(_ trailers: FieldBlock?) {
        hasEnded = true
        self.trailers = trailers
        readDue = nil
        deliver()
    }

    /// Delivers what is there, unless the client is slower.
    private func deliver() {
        guard !isPaused, !isOver else { return }
        if inbound.readableBytes > 0 {
            let chunk = inbound
            inbound = ByteBuffer()
            returnWindow(chunk.readableBytes)
            delegate?.upstreamBody(chunk)
        }
        guard hasEnded, !isPaused, !isOver, inbound.readableBytes == 0 else { return }
        isOver = true
        delegate?.upstreamEnd(trailers)
    }

    private func returnWindow(_ count: Int) {
        guard let connection, !hasEnded else { return }
        connection.session?.consumeOfStream(id, count)
        connection.scheduleSend()
    }

    /// That was all for now.
    func readComplete() {
        isTouched = false
        delegate?.upstreamReadComplete()
    }

    // MARK: Ends

    /// Goes back to the pool; what is not over is reset.
    func release(_ end: LeaseEnd) {
        delegate = nil
        isOver = true
        inbound = ByteBuffer()
        if let connection, id != 0 {
            let isDone = hasEnded && outbox.hasEnded && outbox.queued == 0
            if !isDone { connection.reset(self, HTTP2Session.ErrorCode.cancel) }
        }
        let pool = pool
        self.pool = nil
        pool?.finish(pooled, end)
        if id == 0 { connection = nil }
    }

    /// The stream is closed, with the code of a reset; its exchange hears of it unless it has all.
    func closed(_ code: UInt32) {
        let retiring = connection
        letGo()
        guard !isOver, !hasEnded else { return }
        if code == HTTP2Session.ErrorCode.refusedStream { isUnprocessed = true }
        // The library resets with this code what a backend may not send; what it would say next is not to be trusted.
        let isMalformed = code == HTTP2Session.ErrorCode.protocolError && !wasReset
        if isMalformed { retiring?.retire() }
        fail(Fault(.relay, isMalformed ? .badUpstreamResponse : .upstreamReset))
    }

    /// The connection is no more.
    func lost(_ reason: Reason) {
        letGo()
        guard !isOver, !hasEnded else { return }
        fail(Fault(.relay, reason))
    }

    private func letGo() {
        connection?.waiting &-= outbox.queued
        connection = nil
        outbox.drop()
    }

    /// The answer is not one.
    private func refuse(_ fault: Fault) {
        guard let connection else { return fail(fault) }
        connection.retire()
        connection.reset(self, HTTP2Session.ErrorCode.protocolError)
        fail(fault)
    }

    /// The exchange hears of the failure; the lease is still its own to give back.
    private func fail(_ fault: Fault) {
        guard !isOver else { return }
        isOver = true
        readDue = nil
        inbound = ByteBuffer()
        delegate?.upstreamFailed(fault)
    }

    // MARK: Deadlines

    /// The time between two reads is bounded, as in HTTP/1.1: once the request is whole, and while we read.
    private func expectAnswer() {
        guard isRequestComplete, !allowsSilence, !isPaused, !hasEnded, !isOver else { return readDue = nil }
        readDue = MonotonicInstant.now().advanced(by: readTimeout)
    }

    /// Looks at what is late: the answer, or the window for the request.
    func checkDeadlines(_ now: MonotonicInstant) {
        guard !isOver, let connection else { return }
        let isStuck = outbox.isStuck(now, within: readTimeout)
        guard isStuck || readDue.map({ $0 <= now }) ?? false else { return }
        connection.reset(self, HTTP2Session.ErrorCode.cancel)
        connection.probe()
        fail(Fault(.relay, .upstreamTimeout))
    }
}
