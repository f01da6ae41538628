import GateHTTP
import GatePrimitives
import NIOCore

/// One request and its answer on an HTTP/2 connection.
///
/// ```
/// request body:  held ──acceptBody──> flowing <──pause, resume──> paused
///                                        └──(END_STREAM)──> complete      any ──(limit, deadline)──> broken
/// answer:        none ──writeHead──> body ──writeEnd──> ended ──(END_STREAM sent)──> closed
/// ```
/// The connection owns it, it owns its exchange; both are let go of when the stream is closed.
final class HTTP2Stream {
    /// What becomes of the request's body.
    enum Body {
        /// Nobody asked for it yet.
        case held
        /// It is delivered as it arrives.
        case flowing
        /// The backend is slower; the client's window is not renewed.
        case paused
        /// It failed: what comes of it is thrown away.
        case broken
        /// All of it was delivered.
        case complete
    }

    private(set) var id: Int32
    let facts: AcceptedConnection
    var delegate: (any DownstreamDelegate)?
    /// Nil once the stream is closed.
    var connection: HTTP2Connection?

    /// The exchange has made its last call, or heard that the client is gone.
    var isOver = false
    /// Its answer is more than the client takes.
    var isUnsendable = false
    /// The client has ended its side.
    var hasRemoteEnded = false
    private(set) var body = Body.complete
    var expectsContinue = false
    private var bodyLimit: UInt64 = 0
    /// The stream speaks another protocol (RFC 8441): nothing of it is late.
    private var isTunnel = false
    private var bodyRead: UInt64 = 0
    private var inbound = ByteBuffer()
    /// What the client sent behind its body.
    private var trailers: FieldBlock?
    private var bodyDue: MonotonicInstant?
    /// Until when the rest of a request is thrown away that was answered before its end.
    private var lingerDue: MonotonicInstant?
    private var lingered = 0
    private var bodyDeadline = MonotonicInstant(nanoseconds: .max)

    var written: UInt64 = 0
    var received: UInt64 = 0

    /// The answer's body.
    private var outbox = HTTP2Outbox()
    /// The exchange was told to wait.
    private(set) var isBlocked = false

    init(id: Int32, connection: HTTP2Connection) {
        self.id = id
        self.connection = connection
        facts = connection.facts
    }

    /// Begins anew as another stream of the connection; the exchange stays.
    func reopen(_ id: Int32, on connection: HTTP2Connection) {
        self.id = id
        self.connection = connection
        isOver = false
        isUnsendable = false
        hasRemoteEnded = false
        body = .complete
        expectsContinue = false
        bodyLimit = 0
        isTunnel = false
        bodyRead = 0
        trailers = nil
        bodyDue = nil
        lingerDue = nil
        lingered = 0
        bodyDeadline = MonotonicInstant(nanoseconds: .max)
        written = 0
        received = 0
        outbox.reset()
        isBlocked = false
    }

    /// Lets go of the exchange, which holds the stream.
    func forget() { delegate = nil }

    /// Bytes of the request's body that wait.
    var heldBytes: Int { inbound.readableBytes }

    // MARK: The request's body

    /// The request is known: whether a body follows.
    func begin(hasBody: Bool, expectsContinue: Bool) {
        body = hasBody ? .held : .complete
        self.expectsContinue = expectsContinue
    }

    /// What the client sends cannot be told from a body any more, and is thrown away.
    func ignoreBody() { body = .broken }

    /// Body bytes came.
    func receive(_ bytes: Span<UInt8>) {
        received &+= UInt64(bytes.count)
        guard !isOver, body != .broken, body != .complete else {
            connection?.consume(self, bytes.count)
            if lingerDue != nil { lingered &+= bytes.count }
            if lingered > DownstreamConnection.maximumLingering { endLingering() }
            return
        }
        // SAFETY: the raw bytes of a span of bytes are all initialised.
        inbound.writeBytes(unsafe bytes.bytes)
        deliver()
    }

    /// The client has ended its side.
    func receiveEnd(_ trailers: FieldBlock?) {
        hasRemoteEnded = true
        self.trailers = trailers
        deliver()
    }

    /// The client has ended its side with trailers that cannot be taken (attacks 42).
    func refuseTrailers(_ fault: Fault) {
        hasRemoteEnded = true
        guard !isOver, body != .broken else { return }
        failBody(fault)
    }

    /// Delivers what is there, where it is wanted.
    private func deliver() {
        guard body == .flowing, !isOver else { return }
        if inbound.readableBytes > 0 {
            let chunk = inbound
            inbound = ByteBuffer()
            bodyRead &+= UInt64(chunk.readableBytes)
            connection?.consume(self, chunk.readableBytes)
            guard bodyRead <= bodyLimit else { return failBody(Fault(.relay, .bodyTooLarge)) }
            watchBody()
            delegate?.downstreamBody(chunk)
        }
        guard body == .flowing, !isOver, hasRemoteEnded, inbound.readableBytes == 0 else { return }
        body = .complete
        bodyDue = nil
        delegate?.downstreamBodyEnd(trailers)
    }

    private func failBody(_ fault: Fault) {
        body = .broken
        bodyDue = nil
        dropInbound()
        delegate?.downstreamBodyFailed(fault)
    }

    private func dropInbound() {
        let left = inbound.readableBytes
        inbound = ByteBuffer()
        connection?.consume(self, left)
    }

    private func watchBody() {
        guard let connection, !isTunnel else { return }
        bodyDue = min(MonotonicInstant.now().advanced(by: connection.settings.timeouts.bodyRead), bodyDeadline)
    }

    func allowBody(limit: UInt64) {
        guard body == .held, let connection else { return }
        bodyLimit = limit
        body = .flowing
        bodyDeadline = MonotonicInstant.now().advanced(by: connection.settings.timeouts.body)
        if expectsContinue, inbound.readableBytes == 0, !hasRemoteEnded {
            // RFC 9110 §10.1.1: the body is wanted now.
            connection.inform(self, status: 100)
        }
        expectsContinue = false
        watchBody()
        deliver()
    }

    /// Delivers what waits, and from now on what comes.
    func allowTunnel() {
        guard body == .held else { return }
        isTunnel = true
        bodyLimit = .max
        body = .flowing
        deliver()
    }

    func pauseBody(_ pause: Bool) {
        if pause, body == .flowing {
            body = .paused
            bodyDue = nil
        } else if !pause, body == .paused {
            body = .flowing
            watchBody()
            deliver()
        }
    }

    // MARK: The answer's body

    /// Puts body bytes behind what waits.
    func enqueue(_ chunk: ByteBuffer) {
        guard let connection, !outbox.hasEnded else { return }
        let count = chunk.readableBytes
        guard count > 0 else { return }
        outbox.append(chunk, connection.loop)
        written &+= UInt64(count)
        connection.waiting &+= count
        isBlocked = isBlocked || isFull(HTTP2Limits.highMark)
        resume()
    }

    /// Nothing but `trailers` follows what waits.
    func end(_ trailers: FieldBlock? = nil) {
        guard !outbox.hasEnded else { return }
        outbox.end(trailers)
        resume()
    }

    private func resume() {
        if outbox.wantsResume() { connection?.session?.resume(id) }
    }

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
        delegate?.downstreamWritable()
    }

    // MARK: Ends

    /// The answer is whole, and the rest of the request is not wanted: it is thrown away within bounds.
    ///
    /// A reset at once is allowed (RFC 9113 §8.1), and makes clients that are still sending forget the answer.
    func linger(until due: MonotonicInstant) {
        ignoreBody()
        dropInbound()
        lingerDue = due
    }

    private func endLingering() {
        guard lingerDue != nil else { return }
        lingerDue = nil
        connection?.reset(self, HTTP2Session.ErrorCode.noError)
    }

    /// Looks at what is late; true where the client takes nothing of its answer.
    func checkDeadlines(_ now: MonotonicInstant, write: TimeSpan) -> Bool {
        if let due = bodyDue, due <= now, !isOver {
            failBody(Fault(.relay, bodyDeadline <= now ? .timeoutTotal : .timeoutBody))
        }
        if let due = lingerDue, due <= now { endLingering() }
        return outbox.isStuck(now, within: write)
    }

    /// The stream is closed: its exchange hears why, unless it is over.
    func closed(_ reason: Reason) {
        guard let connection else { return }
        connection.waiting &-= outbox.queued
        connection.session?.consumeOfConnection(inbound.readableBytes)
        self.connection = nil
        inbound = ByteBuffer()
        outbox.drop()
        guard !isOver else { return }
        isOver = true
        delegate?.downstreamClosed(reason)
    }
}
