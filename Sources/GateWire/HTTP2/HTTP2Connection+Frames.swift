import CNghttp2
import GateHTTP
import GatePrimitives
import NIOCore

// What the session says of frames; false ends the connection, for the reason noted in `ending`.
extension HTTP2Connection {
    /// A frame begins; its payload is not yet there.
    func frameBegan(type: UInt8, length: Int, endsStream: Bool) -> Bool {
        switch type {
        case HTTP2Session.FrameType.headers, HTTP2Session.FrameType.continuation: return true
        case HTTP2Session.FrameType.data: return judge(guardian.dataReceived(length, endsStream: endsStream, .now()))
        default: return judge(guardian.controlReceived(.now()))
        }
    }

    /// A frame is complete and makes sense.
    func frameReceived(type: UInt8, stream id: Int32, endsStream: Bool) -> Bool {
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
    func dataReceived(_ id: Int32, _ bytes: Span<UInt8>) {
        if let stream = streams[id] { stream.receive(bytes) } else { session?.consumeOfClosed(bytes.count) }
    }

    /// A stream is closed on both sides.
    func streamClosed(_ id: Int32, _ code: UInt32) -> Bool {
        if head?.stream == id {
            head = nil
            headDue = nil
        }
        guard let stream = streams[id] else { return true }
        // A client cancels with any code but this one; the library uses it for what a client may not send.
        let isMalformed = code == HTTP2Session.ErrorCode.protocolError
        close(stream, !isMalformed ? .clientAborted : stream.body == .complete ? .h2Malformed : .bodyLengthMismatch)
        return true
    }

    /// How much of a stream's body the next DATA frame takes; nil where nothing is there yet.
    func nextData(_ id: Int32, limit: Int) -> HTTP2Stream.NextData? { streams[id]?.nextData(limit: limit) }

    /// Puts trailers behind a stream's last DATA frame; false where they cannot be sent.
    func submitTrailers(_ id: Int32, _ trailers: FieldBlock) -> Bool {
        var lines = trailers.bytes
        return session?.trail(id, lines: &lines) ?? false
    }

    /// A frame was put into the output.
    func frameSent(type: UInt8, stream id: Int32, endsStream: Bool, code: UInt32) {
        switch type {
        case HTTP2Session.FrameType.data, HTTP2Session.FrameType.headers:
            // RFC 9113 §8.1: the answer is whole, and the rest of the request is not wanted.
            if endsStream, streams[id]?.hasRemoteEnded == false {
                session?.reset(id, HTTP2Session.ErrorCode.noError)
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
    func headNotSent(_ id: Int32) {
        guard streams[id] != nil else { return }
        session?.reset(id, HTTP2Session.ErrorCode.internalError)
    }

    private func judge(_ reason: Reason?) -> Bool {
        guard let reason else { return true }
        return fail(reason)
    }

    /// Notes that the connection has to end; always false.
    func fail(_ reason: Reason) -> Bool {
        if ending == nil { ending = (reason, HTTP2Session.ErrorCode.enhanceYourCalm) }
        return false
    }

    /// Why the connection ends where the library could not go on.
    static func ending(of error: CInt) -> (reason: Reason, code: UInt32) {
        switch error {
        case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS.rawValue:
            (.h2Continuation, HTTP2Session.ErrorCode.enhanceYourCalm)
        case NGHTTP2_ERR_FLOODED.rawValue: (.h2ControlFlood, HTTP2Session.ErrorCode.enhanceYourCalm)
        case NGHTTP2_ERR_NOMEM.rawValue: (.overload, HTTP2Session.ErrorCode.internalError)
        default: (.h2Protocol, HTTP2Session.ErrorCode.protocolError)
        }
    }
}
