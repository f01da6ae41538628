import GateHTTP
import GatePrimitives
import NIOCore

// How streams begin and end, and what they ask for.
extension HTTP2Connection {
    /// A request's head is complete.
    func open(_ id: Int32, endsStream: Bool) {
        guard var head = head.take(), head.stream == id, head.isRequest else { return }
        headDue = nil
        let (stream, delegate) = makeStream(id)
        stream.received = UInt64(head.decoded)
        stream.hasRemoteEnded = endsStream
        streams[id] = stream
        var raw: RawHead?
        do throws(Fault) {
            // attacks 29: no answer could ever be sent, so that no backend is asked for one.
            guard canAnswer else { throw Fault(.read, .h2Unsendable) }
            let complete = try head.finish(endsStream: endsStream, &table)
            pseudo = head.takeStorage()
            raw = complete
            let request = try VettedRequest.vet(complete)
            let hasBody = request.framing.hasBody || request.upgrade == .webSocket
            stream.begin(hasBody: hasBody, expectsContinue: request.expectsContinue)
            delegate.downstreamRequest(request)
        } catch {
            stream.ignoreBody()
            delegate.downstreamRefused(error, raw: raw)
        }
    }

    /// The stream is closed on both sides.
    func close(_ stream: HTTP2Stream, _ reason: Reason) {
        streams[stream.id] = nil
        if isSending { closedStreams.append((stream, reason)) } else { end(stream, reason) }
    }

    /// A stream and its exchange: those of a stream that is over, or new ones.
    private func makeStream(_ id: Int32) -> (HTTP2Stream, any DownstreamDelegate) {
        if let stream = spareStreams.popLast(), let delegate = stream.delegate {
            stream.reopen(id, on: self)
            return (stream, delegate)
        }
        let stream = HTTP2Stream(id: id, connection: self)
        let delegate = makeDelegate(stream)
        stream.delegate = delegate
        return (stream, delegate)
    }

    /// Tells the stream's exchange that it is closed, and keeps both for another.
    func end(_ stream: HTTP2Stream, _ reason: Reason) {
        stream.closed(reason)
        if state == .open, spareStreams.count < HTTP2Limits.spareStreams {
            spareStreams.append(stream)
        } else {
            stream.forget()
        }
    }

    /// Lets go of the streams that are kept for others.
    func dropSpareStreams() {
        for stream in spareStreams { stream.forget() }
        spareStreams = []
    }

    /// Returns window for `count` bytes that were taken.
    func consume(_ stream: HTTP2Stream, _ count: Int) {
        guard count > 0 else { return }
        session?.consume(stream.id, count)
        scheduleSend()
    }

    /// Whether the client takes a head of at least a status.
    private var canAnswer: Bool { (session?.peerHeaderList ?? 0) >= 32 + ":status".utf8.count + 3 }

    /// Logs a request whose head the library refused as malformed, and reset: no exchange has heard of it.
    func refuseUnopened(_ id: Int32) {
        let stream = HTTP2Stream(id: id, connection: self)
        let delegate = makeDelegate(stream)
        // Nothing can be answered any more.
        stream.isOver = true
        delegate.downstreamRefused(Fault(.read, .h2Malformed), raw: nil)
    }

    /// Submits the final head.
    ///
    /// One that is beyond what the client said it takes is not sent, and counts as a reset of the client's making
    /// (attacks 29).
    func respond(_ stream: HTTP2Stream, lines: inout ByteBuffer, hasBody: Bool) throws(Fault) {
        guard let session else { throw Fault(.relay, .internalError) }
        let most = session.peerHeaderList
        if most < UInt32.max, HTTP2Fields.listSize(of: lines) > most {
            if !stream.isUnsendable { _ = judge(guardian.streamFailed(.now())) }
            stream.isUnsendable = true
            throw Fault(.relay, .h2Unsendable)
        }
        guard session.respond(stream.id, lines: &lines, hasBody: hasBody) else { throw Fault(.relay, .internalError) }
    }

    /// Submits an interim head.
    func inform(_ stream: HTTP2Stream, lines: inout ByteBuffer) {
        guard session?.inform(stream.id, lines: &lines) == true else { return }
        scheduleSend()
    }

    /// Submits an interim head without fields.
    func inform(_ stream: HTTP2Stream, status: Int) {
        var lines = lines(status: status)
        inform(stream, lines: &lines)
        loop.keep(&lines)
    }

    /// Resets a stream.
    func reset(_ stream: HTTP2Stream, _ code: UInt32) {
        session?.reset(stream.id, code)
        scheduleSend()
    }
}
