import CNghttp2
import GateHTTP
import GatePrimitives
import NIOCore

/// What both sides of HTTP/2 have in common: a session of nghttp2, and one write for all that a turn of the loop has to say.
///
/// The session calls back while it reads (`receive`) or writes (`send`); nothing of that ends the connection at once: it is
/// noted in `ending`, and done once the session has returned.
class HTTP2FrameHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let loop: WireLoop
    var context: ChannelHandlerContext?
    var session: HTTP2Session?
    /// Bytes of all bodies that wait to be sent.
    var waiting = 0
    var guardian = HTTP2FloodGuard(now: .now())
    /// Why the connection has to end, noted where it cannot be done.
    var ending: (reason: Reason, code: UInt32)?
    private(set) var isTerminated = false
    private(set) var isReceiving = false
    private(set) var isSending = false
    private var isScheduled = false
    private var isFull = false
    private(set) var output = ByteBuffer()
    var writes = WriteProgress()

    init(loop: WireLoop) { self.loop = loop }

    // MARK: What each side says of itself

    /// Whether frames are read and written.
    var isOpen: Bool { false }
    /// GOAWAY was submitted for `reason`.
    func terminated(_ reason: Reason) {}
    /// Does what could not be done inside the session; called after each `send`.
    func settle() {}
    /// Bounds the time in which the peer takes nothing of what waits for it.
    func watchWrites() {}

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }
    func channelActive(context: ChannelHandlerContext) {}
    func channelRead(context: ChannelHandlerContext, data: NIOAny) { receive(unwrapInboundIn(data)) }
    func channelReadComplete(context: ChannelHandlerContext) { send() }
    func channelInactive(context: ChannelHandlerContext) {}
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {}

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable else { return }
        writes.end()
        send()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Resets, TLS alerts and closes without close_notify all mean the same here: the peer is gone.
        context.channel.closeBelowTLS()
    }

    // MARK: Reading

    /// Gives the session what has come.
    final func receive(_ chunk: ByteBuffer) {
        guard let session, ending == nil else { return }
        isReceiving = true
        let error = session.receive(chunk)
        isReceiving = false
        if error != 0, ending == nil { ending = Self.ending(of: error) }
    }

    // MARK: Writing

    /// Sends at the end of this turn of the loop, or of what is being read.
    final func scheduleSend() {
        guard !isReceiving, !isSending, !isScheduled, let context else { return }
        isScheduled = true
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.eventLoop.execute {
            bound.value.isScheduled = false
            bound.value.send()
        }
    }

    /// Sends all that may be sent, as far as the socket takes it.
    final func send() {
        guard !isReceiving, !isSending, isOpen else { return }
        if let ending, !isTerminated {
            isTerminated = true
            session?.terminate(ending.code)
            terminated(ending.reason)
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
        if isOpen, !context.channel.isWritable { watchWrites() }
        return isOpen
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
    final func sendData(_ stream: Int32, header: Span<UInt8>, _ length: Int) -> SendResult {
        guard output.readableBytes < HTTP2Limits.write else {
            isFull = true
            return .full
        }
        append(header)
        guardian.dataSent()
        return takeData(stream, length, into: &output) ? .sent : .failed
    }

    // MARK: What the session says; false ends the connection, for the reason noted in `ending`

    /// A frame begins; its payload is not yet there.
    final func frameBegan(type: UInt8, length: Int, endsStream: Bool) -> Bool {
        switch type {
        case HTTP2Session.FrameType.headers, HTTP2Session.FrameType.continuation: return true
        case HTTP2Session.FrameType.data: return judge(guardian.dataReceived(length, endsStream: endsStream, .now()))
        default: return judge(guardian.controlReceived(.now()))
        }
    }

    /// A header block begins; `opens` says that it is the first of its stream.
    func headersBegan(_ id: Int32, opens: Bool) -> Bool { true }
    /// A field was decoded.
    func field(_ id: Int32, _ name: Span<UInt8>, _ value: Span<UInt8>) -> Bool { true }
    /// A frame is complete and makes sense; `code` is that of a reset or the end.
    func frameReceived(type: UInt8, stream id: Int32, endsStream: Bool, code: UInt32) -> Bool { true }
    /// Body bytes of a stream came.
    func dataReceived(_ id: Int32, _ bytes: Span<UInt8>) {}
    /// A stream is closed on both sides.
    func streamClosed(_ id: Int32, _ code: UInt32) -> Bool { true }
    /// How much of a stream's body the next DATA frame takes; nil where nothing is there yet.
    func nextData(_ id: Int32, limit: Int) -> HTTP2Outbox.Next? { nil }
    /// Moves body bytes of a stream to `output`; false where there are fewer.
    func takeData(_ id: Int32, _ count: Int, into output: inout ByteBuffer) -> Bool { false }
    /// A frame was put into the output.
    func frameSent(type: UInt8, stream id: Int32, endsStream: Bool, code: UInt32) {}
    /// A head could not be sent.
    func headNotSent(_ id: Int32) {}

    /// Puts trailers behind a stream's last DATA frame; false where they cannot be sent.
    final func submitTrailers(_ id: Int32, _ trailers: FieldBlock) -> Bool {
        var lines = trailers.bytes
        return session?.trail(id, lines: &lines) ?? false
    }

    /// Ends the connection where there is a reason.
    final func judge(_ reason: Reason?) -> Bool {
        guard let reason else { return true }
        return fail(reason)
    }

    /// Notes that the connection has to end; always false.
    final func fail(_ reason: Reason) -> Bool {
        if ending == nil { ending = (reason, HTTP2Session.ErrorCode.enhanceYourCalm) }
        return false
    }

    /// Why the connection ends where the library could not go on.
    private static func ending(of error: CInt) -> (reason: Reason, code: UInt32) {
        switch error {
        case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS.rawValue:
            (.h2Continuation, HTTP2Session.ErrorCode.enhanceYourCalm)
        case NGHTTP2_ERR_FLOODED.rawValue: (.h2ControlFlood, HTTP2Session.ErrorCode.enhanceYourCalm)
        case NGHTTP2_ERR_NOMEM.rawValue: (.overload, HTTP2Session.ErrorCode.internalError)
        default: (.h2Protocol, HTTP2Session.ErrorCode.protocolError)
        }
    }
}
