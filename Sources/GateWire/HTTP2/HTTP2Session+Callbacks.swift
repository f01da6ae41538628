import CNghttp2
import NIOCore

private let endStream = UInt8(truncatingIfNeeded: NGHTTP2_FLAG_END_STREAM.rawValue)
/// Ends the call into the library; the connection has noted why.
private let failure = NGHTTP2_ERR_CALLBACK_FAILURE.rawValue

/// SAFETY: `pointer` is the connection that owns the session, alive as long as the call that led here.
@inline(__always)
private func connection(_ pointer: UnsafeMutableRawPointer?) -> HTTP2FrameHandler? {
    guard let pointer = unsafe pointer else { return nil }
    return unsafe Unmanaged<HTTP2FrameHandler>.fromOpaque(pointer).takeUnretainedValue()
}

/// The error code of a frame that has one, else 0.
///
/// SAFETY: of the frame only the member is read that its type says is there.
private func code(of frame: nghttp2_frame) -> UInt32 {
    switch unsafe frame.hd.type {
    case HTTP2Session.FrameType.goAway: unsafe frame.goaway.error_code
    case HTTP2Session.FrameType.resetStream: unsafe frame.rst_stream.error_code
    default: 0
    }
}

/// SAFETY: the library gives a pointer to `count` bytes that are valid for the call; a span of none needs no pointer.
@inline(__always)
private func withBytes<Result>(
    _ start: UnsafePointer<UInt8>?, _ count: Int, _ body: (Span<UInt8>) -> Result
) -> Result {
    let bytes = unsafe UnsafeBufferPointer(start: start, count: unsafe start == nil ? 0 : max(0, count))
    return body(unsafe Span(_unsafeElements: bytes))
}

// What nghttp2 calls back, turned into calls of the connection. Every pointer is valid for the call alone, every length is
// checked before it is used, and nothing of nghttp2's types goes further than this file.
extension HTTP2Session {
    /// Frame types of RFC 9113 §6.
    enum FrameType {
        static let data: UInt8 = 0
        static let headers: UInt8 = 1
        static let resetStream: UInt8 = 3
        static let settings: UInt8 = 4
        static let goAway: UInt8 = 7
        static let continuation: UInt8 = 9
    }

    static func setCallbacks(_ callbacks: OpaquePointer?) {
        // SAFETY: `callbacks` is a live object; each closure captures nothing, gets the session's user data, and reads
        // of a frame only the member that its type says is there.
        unsafe setReceiving(callbacks)
        unsafe setSending(callbacks)
    }

    private static func setReceiving(_ callbacks: OpaquePointer?) {
        // SAFETY: as `setCallbacks(_:)` says.
        unsafe nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks) { _, header, owner in
            guard let header = unsafe header?.pointee, let connection = unsafe connection(owner) else { return failure }
            let goesOn = connection.frameBegan(
                type: header.type, length: header.length, endsStream: header.flags & endStream != 0)
            return goesOn ? 0 : failure
        }
        unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, owner in
            guard let frame = unsafe frame, let connection = unsafe connection(owner) else { return failure }
            let category = unsafe frame.pointee.headers.cat
            let opens = category == NGHTTP2_HCAT_REQUEST || category == NGHTTP2_HCAT_RESPONSE
            return connection.headersBegan(unsafe frame.pointee.hd.stream_id, opens: opens) ? 0 : failure
        }
        unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, frame, name, nameLength, value, valueLength, _, owner in
            guard let frame = unsafe frame, let connection = unsafe connection(owner) else { return failure }
            let stream = unsafe frame.pointee.hd.stream_id
            let goesOn = unsafe withBytes(name, nameLength) { name in
                unsafe withBytes(value, valueLength) { value in connection.field(stream, name, value) }
            }
            return goesOn ? 0 : failure
        }
        unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, owner in
            guard let frame = unsafe frame, let connection = unsafe connection(owner) else { return failure }
            let header = unsafe frame.pointee.hd
            let goesOn = connection.frameReceived(
                type: header.type, stream: header.stream_id, endsStream: header.flags & endStream != 0,
                code: unsafe code(of: frame.pointee))
            return goesOn ? 0 : failure
        }
        unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) {
            _, _, stream, bytes, count, owner in
            guard let connection = unsafe connection(owner) else { return failure }
            unsafe withBytes(bytes, count) { connection.dataReceived(stream, $0) }
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, stream, code, owner in
            guard let connection = unsafe connection(owner) else { return failure }
            return connection.streamClosed(stream, code) ? 0 : failure
        }
    }

    private static func setSending(_ callbacks: OpaquePointer?) {
        // SAFETY: as `setCallbacks(_:)` says.
        unsafe nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, owner in
            guard let frame = unsafe frame, let connection = unsafe connection(owner) else { return failure }
            let header = unsafe frame.pointee.hd
            connection.frameSent(
                type: header.type, stream: header.stream_id, endsStream: header.flags & endStream != 0,
                code: unsafe code(of: frame.pointee))
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks) { _, frame, _, owner in
            guard let frame = unsafe frame, let connection = unsafe connection(owner) else { return failure }
            let header = unsafe frame.pointee.hd
            if header.type == HTTP2Session.FrameType.headers { connection.headNotSent(header.stream_id) }
            return 0
        }
        unsafe nghttp2_session_callbacks_set_send_data_callback(callbacks) { _, frame, header, length, _, owner in
            guard let frame = unsafe frame, let header = unsafe header, let connection = unsafe connection(owner) else {
                return failure
            }
            // RFC 9113 §4.1: nine bytes; we ask for no padding.
            guard unsafe frame.pointee.data.padlen == 0 else { return failure }
            let stream = unsafe frame.pointee.hd.stream_id
            let result = unsafe withBytes(header, 9) { connection.sendData(stream, header: $0, length) }
            switch result {
            case .sent: return 0
            case .full: return NGHTTP2_ERR_WOULDBLOCK.rawValue
            case .failed: return failure
            }
        }
    }

    /// How much of a stream's body the next DATA frame takes.
    static let readBody: nghttp2_data_source_read_callback = { _, stream, _, limit, flags, _, owner in
        guard let connection = unsafe connection(owner), let flags = unsafe flags else { return Int(failure) }
        guard let next = connection.nextData(stream, limit: limit) else { return Int(NGHTTP2_ERR_DEFERRED.rawValue) }
        // SAFETY: the library's flags are valid for the call.
        unsafe flags.pointee |= NGHTTP2_DATA_FLAG_NO_COPY.rawValue
        if next.isLast { unsafe flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue }
        if let trailers = next.trailers {
            unsafe flags.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
            guard connection.submitTrailers(stream, trailers) else {
                return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
            }
        }
        return next.count
    }
}
