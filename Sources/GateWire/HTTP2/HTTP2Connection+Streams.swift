import GateHTTP
import GatePrimitives
import NIOCore

// How streams begin and end, and what they ask for.
extension HTTP2Connection {
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
