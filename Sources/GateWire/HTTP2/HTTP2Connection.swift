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
final class HTTP2Connection: HTTP2FrameHandler {
    enum State {
        case open
        /// Nothing more is answered; the rest is on its way.
        case closing
        case lingering
        case closed
    }

    let facts: AcceptedConnection
    let settings: ListenerSettings
    var deadline = LoopDeadline()
    /// Tells the listener that the connection is gone.
    var onClose: (() -> Void)?
    let makeDelegate: Listener.MakeDelegate

    var state = State.open
    var streams: [Int32: HTTP2Stream] = [:]
    var head: HTTP2HeadInProgress?
    var table = HeadTable()
    /// Storage of the pseudo-header fields of the head in progress.
    var pseudo = ByteBuffer()
    /// Streams that are over, with their exchanges, for the next that open; none once the connection idles.
    var spareStreams: [HTTP2Stream] = []
    var isReported = false
    /// The listener drains.
    var isDraining = false
    var hasAnnouncedEnd = false

    /// Streams that were closed by what was sent, of which their exchanges have not heard.
    var closedStreams: [(HTTP2Stream, Reason)] = []

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
        self.makeDelegate = makeDelegate
        super.init(loop: loop)
    }

    override var isOpen: Bool { state == .open }

    /// Bytes of buffers that it holds; what the library keeps is not known.
    var pinnedBytes: Int { output.capacity &+ waiting &+ streams.values.reduce(0) { $0 &+ $1.heldBytes } }

    // MARK: Channel events

    override func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        guard let session = HTTP2Session(.server, tells: self),
            session.begin(HTTP2Limits.towardsClients(offersWebSocket: settings.offersWebSocket))
        else {
            context.close(promise: nil)
            return
        }
        self.session = session
        idleDue = MonotonicInstant.now().advanced(by: settings.timeouts.idle)
        watch()
        if isDraining { drain() }
        send()
    }

    override func handlerRemoved(context: ChannelHandlerContext) {
        gone(.clientAborted)
        self.context = nil
    }

    override func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let chunk = unwrapInboundIn(data)
        switch state {
        case .closed: return
        case .closing, .lingering: discard(chunk.readableBytes)
        case .open: receive(chunk)
        }
    }

    override func channelInactive(context: ChannelHandlerContext) { gone(.clientAborted) }

    override func terminated(_ reason: Reason) { report(reason) }

    /// Does what could not be done inside the session: ends, wakes, goes idle.
    override func settle() {
        for (stream, reason) in closedStreams { end(stream, reason) }
        closedStreams.removeAll(keepingCapacity: true)
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

    /// Bounds the time in which the client takes nothing of what waits for it.
    override func watchWrites() {
        guard let backlog = context?.channel.backlog, backlog > 0 else { return }
        writes.watch(backlog, until: MonotonicInstant.now().advanced(by: settings.timeouts.write))
        watch()
    }

    // MARK: What the session says

    /// A stream begins with a header block, or trailers follow.
    override func headersBegan(_ id: Int32, opens: Bool) -> Bool {
        let now = MonotonicInstant.now()
        // The block before this one ended, and no request came of it.
        if let refused = head, refused.isRequest { refuseUnopened(refused.stream) }
        var storage = ByteBuffer()
        swap(&storage, &pseudo)
        head = HTTP2HeadInProgress(stream: id, isRequest: opens, limits: settings.headLimits, storage: storage)
        headDue = now.advanced(by: settings.timeouts.head)
        guard opens else { return true }
        guardian.streamOpened(now)
        return true
    }

    /// A field was decoded.
    override func field(_ id: Int32, _ name: Span<UInt8>, _ value: Span<UInt8>) -> Bool {
        guard head?.stream == id else { return true }
        if head?.append(name, value, &table) == false { return fail(.h2HeaderList) }
        return true
    }

    /// A frame is complete and makes sense.
    override func frameReceived(type: UInt8, stream id: Int32, endsStream: Bool, code: UInt32) -> Bool {
        switch type {
        case HTTP2Session.FrameType.headers:
            if let stream = streams[id] {
                headDue = nil
                if var trailers = head.take(), endsStream {
                    do throws(Fault) { stream.receiveEnd(try trailers.finishTrailers()) } catch {
                        stream.refuseTrailers(error)
                    }
                }
            } else {
                open(id, endsStream: endsStream)
            }
            return true
        case HTTP2Session.FrameType.data:
            if endsStream { streams[id]?.receiveEnd(nil) }
            return true
        case HTTP2Session.FrameType.resetStream:
            return judge(guardian.streamReset(.now()))
        default:
            return true
        }
    }

    /// Body bytes of a stream came.
    override func dataReceived(_ id: Int32, _ bytes: Span<UInt8>) {
        if let stream = streams[id] { stream.receive(bytes) } else { session?.consumeOfConnection(bytes.count) }
    }

    /// A stream is closed on both sides.
    override func streamClosed(_ id: Int32, _ code: UInt32) -> Bool {
        if let refused = head, refused.stream == id {
            head = nil
            headDue = nil
            if refused.isRequest, code == HTTP2Session.ErrorCode.protocolError { refuseUnopened(id) }
        }
        guard let stream = streams[id] else { return true }
        // A client cancels with any code but this one; the library uses it for what a client may not send.
        let isMalformed = code == HTTP2Session.ErrorCode.protocolError
        close(stream, !isMalformed ? .clientAborted : stream.body == .complete ? .h2Malformed : .bodyLengthMismatch)
        return true
    }

    /// How much of a stream's body the next DATA frame takes; nil where nothing is there yet.
    override func nextData(_ id: Int32, limit: Int) -> HTTP2Outbox.Next? { streams[id]?.next(limit: limit) }

    override func takeData(_ id: Int32, _ count: Int, into output: inout ByteBuffer) -> Bool {
        streams[id]?.take(count, into: &output) ?? false
    }

    /// A frame was put into the output.
    override func frameSent(type: UInt8, stream id: Int32, endsStream: Bool, code: UInt32) {
        switch type {
        case HTTP2Session.FrameType.data, HTTP2Session.FrameType.headers:
            if endsStream, let stream = streams[id], !stream.hasRemoteEnded {
                stream.linger(until: MonotonicInstant.now().advanced(by: settings.timeouts.lingering))
            }
        case HTTP2Session.FrameType.resetStream:
            switch code {
            case HTTP2Session.ErrorCode.noError, HTTP2Session.ErrorCode.internalError, HTTP2Session.ErrorCode.cancel:
                break
            default: _ = judge(guardian.streamFailed(.now()))
            }
        case HTTP2Session.FrameType.goAway where code != HTTP2Session.ErrorCode.noError:
            // The library found an error of the connection; what it found is not ours to know.
            if ending == nil { report(.h2Protocol) }
        default: break
        }
    }

    /// A response head could not be sent.
    override func headNotSent(_ id: Int32) {
        guard streams[id] != nil else { return }
        session?.reset(id, HTTP2Session.ErrorCode.internalError)
    }
}
