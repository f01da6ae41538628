import GateHTTP
import GatePrimitives
import GateUpstreams
import NIOCore
import NIOSSL
import NIOTLS

/// One HTTP/2 connection to a backend: a session of nghttp2 and the streams that are open on it.
///
/// ```
/// connecting ──(TLS with ALPN h2, the peer's SETTINGS)──> open ──(GOAWAY, a bad answer: no new streams)──┐
///      └──deadline, refusal, no HTTP/2: closed              └──(lost, error: every stream fails)──> closed ◄──(the last stream)
/// ```
/// What it reads is untrusted: heads are vetted, and a frame that breaks the protocol ends the connection (attacks 16).
/// Waiting for the peer's SETTINGS, no request is sent before it is known how many it takes, and that it speaks HTTP/2.
final class HTTP2UpstreamConnection: HTTP2FrameHandler, DeadlineHolder {
    private enum State {
        case connecting
        case open
        case closed
    }

    /// How often open streams are looked at: their deadlines are late by no more.
    private static let look = TimeSpan.milliseconds(500)

    var deadline = LoopDeadline()
    /// The pool's number of this connection.
    let id: PooledConnection
    /// The endpoint it leads to, by index.
    let endpoint: Int
    let settings: UpstreamSettings
    /// Hears when the connection is ready, failed or gone.
    weak var pool: MultiplexedPool?
    /// Whether a request was answered on it.
    var hasServed = false
    /// When something was read last.
    private(set) var readAt = MonotonicInstant.now()

    private var state = State.connecting
    private var streams: [Int32: HTTP2UpstreamStream] = [:]
    /// Streams of which one read brought something.
    private var touched: [HTTP2UpstreamStream] = []
    /// Streams that were closed by what was sent, of which their exchanges have not heard.
    private var closedStreams: [(HTTP2UpstreamStream, UInt32)] = []
    private var head: HTTP2ResponseInProgress?
    private var table = HeadTable()
    private var hasNewLimit = false
    private var isGoing = false
    /// The library has found an error of the peer.
    private var isBroken = false
    private var connectDue: MonotonicInstant?
    /// When the peer has to have shown that it is there.
    private var probeDue: MonotonicInstant?

    init(id: PooledConnection, endpoint: Int, settings: UpstreamSettings, loop: WireLoop) {
        self.id = id
        self.endpoint = endpoint
        self.settings = settings
        super.init(loop: loop)
    }

    override var isOpen: Bool { state != .closed && session != nil }

    // MARK: The channel

    override func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        guard state != .closed else { return context.close(promise: nil) }
        connectDue = MonotonicInstant.now().advanced(by: settings.timeouts.connect)
        watch()
    }

    override func channelActive(context: ChannelHandlerContext) {
        if settings.tls == nil { start() }
    }

    override func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case TLSUserEvent.handshakeCompleted(let agreed) = event else { return }
        // RFC 9113 §3.2: over TLS only where both sides have said so.
        if agreed == UpstreamProtocol.http2.applicationProtocol { start() } else { connectFailed(.upstreamTLSFailed) }
    }

    private func start() {
        guard state == .connecting, session == nil else { return }
        guard let session = HTTP2Session(.client, tells: self), session.begin(HTTP2Limits.towardsBackends) else {
            return connectFailed(.overload)
        }
        self.session = session
        send()
    }

    override func handlerRemoved(context: ChannelHandlerContext) {
        loop.removeDeadline(self)
        self.context = nil
    }

    override func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard isOpen else { return }
        readAt = .now()
        probeDue = nil
        receive(unwrapInboundIn(data))
        if hasNewLimit { takeLimit() }
    }

    override func channelReadComplete(context: ChannelHandlerContext) {
        let touched = touched
        self.touched = []
        for stream in touched { stream.readComplete() }
        send()
    }

    override func channelInactive(context: ChannelHandlerContext) {
        if state == .connecting { return connectFailed(failure) }
        lost(.upstreamReset)
    }

    override func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if state == .connecting { return connectFailed(failure) }
        context.channel.closeBelowTLS()
    }

    private var failure: Reason {
        settings.tls == nil || session != nil ? .upstreamConnectFailed : .upstreamTLSFailed
    }

    private func connectFailed(_ reason: Reason) {
        guard state == .connecting else { return }
        state = .closed
        session = nil
        let pool = pool
        self.pool = nil
        context?.channel.closeBelowTLS()
        pool?.connectFailed(self, Fault(.dispatch, reason))
    }

    /// The peer said how many streams it allows.
    private func takeLimit() {
        hasNewLimit = false
        guard let limit = session?.peersStreamLimit else { return }
        guard state == .connecting else {
            pool?.limitChanged(self, limit)
            return
        }
        guard ending == nil else { return }
        state = .open
        connectDue = nil
        pool?.connected(self, limit: limit)
    }

    // MARK: Ends

    /// Ends the connection; what is open on it gets no clean end.
    func close() {
        guard state != .closed else { return }
        session?.terminate(HTTP2Session.ErrorCode.noError)
        send()
        end(.upstreamReset)
        context?.close(promise: nil)
    }

    /// Takes no new streams; the pool closes it with its last.
    func retire() {
        guard !isGoing, state == .open else { return }
        isGoing = true
        pool?.goingAway(self)
    }

    /// Everything that is open on the connection fails.
    private func lost(_ reason: Reason) {
        guard state != .closed else { return }
        let channel = context?.channel
        let pool = pool
        end(reason)
        channel?.closeBelowTLS()
        pool?.closed(self)
    }

    private func end(_ reason: Reason) {
        state = .closed
        loop.removeDeadline(self)
        session = nil
        head = nil
        touched = []
        pool = nil
        let open = streams
        streams = [:]
        for stream in open.values { stream.lost(reason) }
    }

    override func settle() {
        for (stream, code) in closedStreams { stream.closed(code) }
        closedStreams = []
        guard let session, state != .closed else { return }
        if let ending {
            // Found while sending: its GOAWAY is still to come.
            guard isTerminated else { return send() }
            let reason: Reason =
                ending.reason == .internalError || ending.reason == .overload ? ending.reason : .badUpstreamResponse
            return state == .connecting ? connectFailed(.upstreamConnectFailed) : lost(reason)
        }
        if session.isOver {
            let reason: Reason = isBroken ? .badUpstreamResponse : .upstreamReset
            return state == .connecting ? connectFailed(.upstreamConnectFailed) : lost(reason)
        }
        for stream in streams.values where stream.isBlocked { stream.wake() }
        watch()
    }

    // MARK: What the session says

    override func headersBegan(_ id: Int32, opens: Bool) -> Bool {
        guard let stream = streams[id] else {
            head = nil
            return true
        }
        head = HTTP2ResponseInProgress(stream: id, isHead: !stream.hasHead, limits: settings.headLimits, table: &table)
        return true
    }

    override func field(_ id: Int32, _ name: Span<UInt8>, _ value: Span<UInt8>) -> Bool {
        guard head?.stream == id else { return true }
        return head?.append(name, value) == false ? fail(.h2HeaderList) : true
    }

    override func frameReceived(type: UInt8, stream id: Int32, endsStream: Bool, code: UInt32) -> Bool {
        switch type {
        case HTTP2Session.FrameType.headers:
            guard let stream = streams[id], let head = head.take(), head.stream == id else { return true }
            touch(stream)
            stream.receive(head, endsStream: endsStream)
        case HTTP2Session.FrameType.data:
            if endsStream, let stream = streams[id] { stream.receiveEnd(nil) }
        case HTTP2Session.FrameType.settings:
            // The bit that ends a stream elsewhere says here that it acknowledges ours (RFC 9113 §6.5).
            if !endsStream { hasNewLimit = true }
        case HTTP2Session.FrameType.resetStream:
            streams[id]?.wasReset = true
        case HTTP2Session.FrameType.goAway:
            // The streams that it leaves out are closed as refused, next.
            retire()
        default: break
        }
        return true
    }

    override func dataReceived(_ id: Int32, _ bytes: Span<UInt8>) {
        // Only the stream's own window waits for its client: one that is slow must not stop the others.
        session?.consumeOfConnection(bytes.count)
        guard let stream = streams[id] else { return }
        touch(stream)
        stream.receive(bytes)
    }

    override func streamClosed(_ id: Int32, _ code: UInt32) -> Bool {
        if head?.stream == id { head = nil }
        guard let stream = streams.removeValue(forKey: id) else { return true }
        if isSending { closedStreams.append((stream, code)) } else { stream.closed(code) }
        return true
    }

    override func nextData(_ id: Int32, limit: Int) -> HTTP2Outbox.Next? { streams[id]?.next(limit: limit) }

    override func takeData(_ id: Int32, _ count: Int, into output: inout ByteBuffer) -> Bool {
        streams[id]?.take(count, into: &output) ?? false
    }

    override func frameSent(type: UInt8, stream id: Int32, endsStream: Bool, code: UInt32) {
        switch type {
        case HTTP2Session.FrameType.headers: streams[id]?.isHeadSent = true
        case HTTP2Session.FrameType.goAway where code != HTTP2Session.ErrorCode.noError: isBroken = true
        default: break
        }
    }

    override func headNotSent(_ id: Int32) {
        guard let stream = streams[id] else { return }
        guard !stream.isHeadSent else {
            session?.reset(id, HTTP2Session.ErrorCode.internalError)
            return
        }
        // Nothing of the request has left: the peer takes no more.
        streams[id] = nil
        closedStreams.append((stream, HTTP2Session.ErrorCode.refusedStream))
    }

    private func touch(_ stream: HTTP2UpstreamStream) {
        guard !stream.isTouched else { return }
        stream.isTouched = true
        touched.append(stream)
    }

    // MARK: What streams ask for

    /// Submits a request; nil where it cannot be sent.
    func submit(_ stream: HTTP2UpstreamStream, lines: inout ByteBuffer, hasBody: Bool) -> Int32? {
        guard state == .open, let id = session?.request(lines: &lines, hasBody: hasBody) else { return nil }
        streams[id] = stream
        if id >= HTTP2Limits.lastStream { retire() }
        scheduleSend()
        return id
    }

    /// Resets a stream.
    func reset(_ stream: HTTP2UpstreamStream, _ code: UInt32) {
        session?.reset(stream.id, code)
        scheduleSend()
    }

    /// A stream goes back to the pool.
    func forget(_ stream: HTTP2UpstreamStream) { streams[stream.id] = nil }

    /// A stream waited in vain: is there still somebody?
    func probe() {
        guard probeDue == nil, state == .open else { return }
        session?.ping()
        probeDue = MonotonicInstant.now().advanced(by: settings.timeouts.connect)
        scheduleSend()
    }

    // MARK: Deadlines

    override func watchWrites() {
        guard let backlog = context?.channel.backlog, backlog > 0 else { return }
        writes.watch(backlog, until: MonotonicInstant.now().advanced(by: settings.timeouts.read))
        watch()
    }

    func deadlinePassed(_ now: MonotonicInstant) {
        switch state {
        case .closed: return
        case .connecting:
            if let due = connectDue, due <= now { return connectFailed(.upstreamConnectTimeout) }
        case .open:
            if let due = probeDue, due <= now { return lost(.upstreamTimeout) }
            if let due = writes.due, due <= now, isStuck(now) { return lost(.upstreamTimeout) }
            for stream in Array(streams.values) { stream.checkDeadlines(now) }
            send()
        }
        watch()
    }

    private func isStuck(_ now: MonotonicInstant) -> Bool {
        guard let backlog = context?.channel.backlog, backlog > 0 else {
            writes.end()
            return false
        }
        return writes.isStuck(backlog, next: now.advanced(by: settings.timeouts.read))
    }

    /// Sets the loop's one deadline to the next of all.
    private func watch() {
        guard state != .closed else { return }
        var next = state == .connecting ? connectDue : writes.due
        if state == .open {
            if let due = probeDue { next = min(due, next ?? due) }
            if !streams.isEmpty {
                let look = MonotonicInstant.now().advanced(by: Self.look)
                next = min(look, next ?? look)
            }
        }
        loop.setDeadline(self, at: next)
    }
}
