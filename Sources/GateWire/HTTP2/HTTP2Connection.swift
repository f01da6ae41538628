import GateHTTP
import GatePrimitives
import NIOCore

/// One HTTP/2 connection of a client: a session of nghttp2 and the streams that are open on it.
///
/// ```
/// open ──(drain: GOAWAY, 1 s, GOAWAY, last stream)──┐
///   ├──(idle deadline)──────────────────────────────┼──> closing ──(all written)──> lingering ──> closed
///   └──(error, flood: GOAWAY, every stream ends)────┘
/// ```
/// All that a turn of the loop wants to say leaves in one write.
final class HTTP2Connection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum State {
        case open
        /// Nothing more is answered; the rest is on its way.
        case closing
        case lingering
        case closed
    }

    let facts: AcceptedConnection
    let settings: ListenerSettings
    let loop: WireLoop
    var deadline = LoopDeadline()
    /// Tells the listener that the connection is gone.
    var onClose: (() -> Void)?
    private let makeDelegate: Listener.MakeDelegate

    var context: ChannelHandlerContext?
    var session: HTTP2Session?
    var state = State.open
    var streams: [Int32: HTTP2Stream] = [:]
    /// Bytes of all answers that wait.
    var waiting = 0
    var guardian: HTTP2FloodGuard
    var head: HTTP2HeadInProgress?
    private var table = HeadTable()
    /// Why the connection has to end, noted where it cannot be done.
    var ending: (reason: Reason, code: UInt32)?
    var isReported = false
    private var isTerminated = false
    /// The listener drains.
    var isDraining = false
    var hasAnnouncedEnd = false

    var isReceiving = false
    private var isSending = false
    private var isScheduled = false
    private var isFull = false
    private var output = ByteBuffer()
    /// Streams that were closed by what was sent, of which their exchanges have not heard.
    private var closedStreams: [(HTTP2Stream, Reason)] = []

    var writes = WriteProgress()
    var idleDue: MonotonicInstant?
    var headDue: MonotonicInstant?
    var drainDue: MonotonicInstant?
    var lingerDue: MonotonicInstant?
    var lingered = 0

    init(
        facts: AcceptedConnection, settings: ListenerSettings, loop: WireLoop,
        makeDelegate: @escaping Listener.MakeDelegate
    ) {
        self.facts = facts
        self.settings = settings
        self.loop = loop
        self.makeDelegate = makeDelegate
        guardian = HTTP2FloodGuard(now: .now())
    }

    /// Bytes of buffers that it holds; what the library keeps is not known.
    var pinnedBytes: Int { output.capacity &+ waiting &+ streams.values.reduce(0) { $0 &+ $1.heldBytes } }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        guard let session = HTTP2Session(tells: self), session.begin() else {
            context.close(promise: nil)
            return
        }
        self.session = session
        idleDue = MonotonicInstant.now().advanced(by: settings.timeouts.idle)
        watch()
        if isDraining { drain() }
        send()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        gone(.clientAborted)
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let chunk = unwrapInboundIn(data)
        switch state {
        case .closed: return
        case .closing, .lingering: discard(chunk.readableBytes)
        case .open:
            guard let session, ending == nil else { return }
            isReceiving = true
            let error = session.receive(chunk)
            isReceiving = false
            if error != 0, ending == nil { ending = Self.ending(of: error) }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) { send() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable else { return }
        writes.end()
        send()
    }

    func channelInactive(context: ChannelHandlerContext) { gone(.clientAborted) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Resets, TLS alerts and closes without close_notify all mean the same here: the client is gone.
        context.channel.closeBelowTLS()
    }

    // MARK: Writing

    /// Sends at the end of this turn of the loop, or of what is being read.
    func scheduleSend() {
        guard !isReceiving, !isSending, !isScheduled, let context else { return }
        isScheduled = true
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.execute {
            bound.value.isScheduled = false
            bound.value.send()
        }
    }

    /// Sends all that may be sent, as far as the socket takes it.
    func send() {
        guard !isReceiving, !isSending, state == .open else { return }
        if let ending, !isTerminated {
            isTerminated = true
            session?.terminate(ending.code)
            report(ending.reason)
        }
        isSending = true
        repeat { isFull = false } while write() && isFull
        isSending = false
        settle()
    }

    /// One write; false where the socket takes no more, or nothing is left.
    private func write() -> Bool {
        guard let context, let session, context.channel.isWritable else { return false }
        while output.readableBytes < HTTP2Limits.write {
            let count = session.send(into: { append($0) })
            if count < 0, ending == nil { ending = (.internalError, HTTP2Session.ErrorCode.internalError) }
            guard count > 0 else { break }
        }
        if output.readableBytes >= HTTP2Limits.write { isFull = true }
        guard output.readableBytes > 0 else { return false }
        let bytes = output
        output = ByteBuffer()
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        if state == .open, !context.channel.isWritable { watchWrites() }
        return state == .open
    }

    private func append(_ bytes: Span<UInt8>) {
        // SAFETY: the raw bytes of a span of bytes are all initialised.
        output.writeBytes(unsafe bytes.bytes)
    }

    enum SendResult {
        case sent
        case full
        case failed
    }

    /// Appends a DATA frame with `length` bytes of what waits.
    func sendData(_ stream: Int32, header: Span<UInt8>, _ length: Int) -> SendResult {
        guard output.readableBytes < HTTP2Limits.write else {
            isFull = true
            return .full
        }
        guard let stream = streams[stream] else { return .failed }
        append(header)
        guardian.dataSent()
        return stream.take(length, into: &output) ? .sent : .failed
    }

    /// Does what could not be done inside the session: ends, wakes, goes idle.
    private func settle() {
        for (stream, reason) in closedStreams { stream.closed(reason) }
        closedStreams = []
        guard state == .open, let session else { return }
        if let ending {
            // Found while sending: its GOAWAY is still to come.
            guard isTerminated else { return send() }
            closeStreams(ending.reason)
            return closeAfterWriting()
        }
        if session.isOver || (isDraining && drainDue == nil && streams.isEmpty) { return closeAfterWriting() }
        for stream in streams.values where stream.isBlocked { stream.wake() }
        if streams.isEmpty {
            if idleDue == nil { idleDue = MonotonicInstant.now().advanced(by: settings.timeouts.idle) }
        } else {
            idleDue = nil
        }
        watch()
    }

    // MARK: What the session says

    /// A stream begins with a header block, or trailers follow.
    func headersBegan(_ id: Int32, isRequest: Bool) -> Bool {
        let now = MonotonicInstant.now()
        head = HTTP2HeadInProgress(stream: id, isRequest: isRequest, limits: settings.headLimits)
        headDue = now.advanced(by: settings.timeouts.head)
        guard isRequest else { return true }
        guardian.streamOpened(now)
        return true
    }

    /// A field was decoded.
    func field(_ id: Int32, _ name: Span<UInt8>, _ value: Span<UInt8>) -> Bool {
        guard head?.stream == id else { return true }
        if head?.append(name, value, &table) == false { return fail(.h2HeaderList) }
        return true
    }

    /// A request's head is complete.
    func open(_ id: Int32, endsStream: Bool) {
        guard var head = head.take(), head.stream == id, head.isRequest else { return }
        headDue = nil
        let stream = HTTP2Stream(id: id, connection: self)
        stream.received = UInt64(head.decoded)
        stream.hasRemoteEnded = endsStream
        let delegate = makeDelegate(stream)
        stream.delegate = delegate
        streams[id] = stream
        var raw: RawHead?
        do throws(Fault) {
            let complete = try head.finish(endsStream: endsStream, &table)
            raw = complete
            let request = try VettedRequest.vet(complete)
            stream.begin(hasBody: request.framing.hasBody, expectsContinue: request.expectsContinue)
            delegate.downstreamRequest(request)
        } catch {
            stream.ignoreBody()
            delegate.downstreamRefused(error, raw: raw)
        }
    }

    /// The stream is closed on both sides.
    func close(_ stream: HTTP2Stream, _ reason: Reason) {
        streams[stream.id] = nil
        if isSending { closedStreams.append((stream, reason)) } else { stream.closed(reason) }
    }

    // MARK: What streams ask for

    /// Returns window for `count` bytes that were taken.
    func consume(_ stream: HTTP2Stream, _ count: Int) {
        guard count > 0 else { return }
        session?.consume(stream.id, count)
        scheduleSend()
    }

    /// Submits the final head.
    func respond(_ stream: HTTP2Stream, lines: inout ByteBuffer, hasBody: Bool) -> Bool {
        session?.respond(stream.id, lines: &lines, hasBody: hasBody) ?? false
    }

    /// Submits an interim head.
    func inform(_ stream: HTTP2Stream, lines: inout ByteBuffer) {
        guard session?.inform(stream.id, lines: &lines) == true else { return }
        scheduleSend()
    }

    /// Submits an interim head without fields.
    func inform(_ stream: HTTP2Stream, status: Int) {
        var lines = HTTP2Stream.lines(status: status)
        inform(stream, lines: &lines)
    }

    /// Resets a stream.
    func reset(_ stream: HTTP2Stream, _ code: UInt32) {
        session?.reset(stream.id, code)
        scheduleSend()
    }
}
