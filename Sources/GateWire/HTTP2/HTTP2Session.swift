import CNghttp2
import NIOCore

/// One session of nghttp2, towards a client or a backend: frames in, frames out, nothing of its own on the wire until it is asked.
///
/// It dies with its connection, which hears of frames by the callbacks in `HTTP2Session+Callbacks.swift`. Neither
/// `receive(_:)` nor `send(into:)` may be called from a callback; everything else may.
@safe final class HTTP2Session {
    /// Error codes of RFC 9113 §7.
    enum ErrorCode {
        static let noError: UInt32 = 0
        static let protocolError: UInt32 = 1
        static let internalError: UInt32 = 2
        static let refusedStream: UInt32 = 7
        static let cancel: UInt32 = 8
        static let enhanceYourCalm: UInt32 = 11
    }

    /// Which end of the connection we are.
    enum Role {
        case server
        case client
    }

    private let raw: OpaquePointer

    /// A session that tells `connection` of its frames; nil where memory is short.
    ///
    /// `connection` must own the session and call it only while it lives itself.
    init?(_ role: Role, tells connection: HTTP2FrameHandler) {
        var callbacks: OpaquePointer?
        var options: OpaquePointer?
        // SAFETY: both are made and freed here; the session copies what it needs of them.
        guard unsafe nghttp2_session_callbacks_new(&callbacks) == 0 else { return nil }
        defer { unsafe nghttp2_session_callbacks_del(callbacks) }
        guard unsafe nghttp2_option_new(&options) == 0 else { return nil }
        defer { unsafe nghttp2_option_del(options) }
        unsafe Self.setCallbacks(callbacks)
        unsafe Self.setOptions(options)
        var session: OpaquePointer?
        // SAFETY: the pointer to the connection is used in callbacks alone, which run inside calls of this session, which
        // the connection makes: it is alive then.
        let owner = unsafe Unmanaged.passUnretained(connection).toOpaque()
        let result =
            switch role {
            case .server: unsafe nghttp2_session_server_new2(&session, callbacks, owner, options)
            case .client: unsafe nghttp2_session_client_new2(&session, callbacks, owner, options)
            }
        guard result == 0, let session = unsafe session else { return nil }
        unsafe raw = session
    }

    deinit {
        // SAFETY: made in `init`, freed once; it calls nothing back.
        unsafe nghttp2_session_del(raw)
    }

    private static func setOptions(_ options: OpaquePointer?) {
        // SAFETY: `options` is a live option object of nghttp2.
        // Window is returned as the backend takes the bytes, not as they arrive.
        unsafe nghttp2_option_set_no_auto_window_update(options, 1)
        unsafe nghttp2_option_set_max_continuations(options, HTTP2Limits.continuations)
        unsafe nghttp2_option_set_max_outbound_ack(options, HTTP2Limits.acknowledgements)
        unsafe nghttp2_option_set_max_send_header_block_length(options, HTTP2Limits.responseHead)
        // The flood guard judges resets in proportion to what was served; this is the library's bound behind it.
        unsafe nghttp2_option_set_stream_reset_rate_limit(options, 10_000, 1000)
        // RFC 9113 §5.3.2 deprecates priorities; a tree of them is memory for nothing.
        unsafe nghttp2_option_set_no_closed_streams(options, 1)
    }

    // MARK: The whole connection

    /// Announces our limits.
    func begin(_ limits: HTTP2Limits.Announced) -> Bool {
        let settings = limits.settings.map { id, value in
            nghttp2_settings_entry(settings_id: Int32(truncatingIfNeeded: id.rawValue), value: value)
        }
        // SAFETY: the entries are copied within the call.
        let submitted = unsafe settings.withUnsafeBufferPointer {
            unsafe nghttp2_submit_settings(raw, 0, $0.baseAddress, $0.count)
        }
        // SAFETY: `raw` lives until `deinit`.
        let widened = unsafe nghttp2_session_set_local_window_size(raw, 0, 0, limits.connectionWindow)
        return submitted == 0 && widened == 0
    }

    /// Reads what has come; an error of the library, below 0, where the connection cannot go on.
    func receive(_ chunk: ByteBuffer) -> CInt {
        // SAFETY: the bytes outlive the call; callbacks get copies of what they keep.
        unsafe chunk.withUnsafeReadableBytes { bytes in
            guard let base = unsafe bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return 0 }
            let taken = unsafe nghttp2_session_mem_recv(raw, base, bytes.count)
            return taken < 0 ? CInt(truncatingIfNeeded: taken) : 0
        }
    }

    /// Appends the next frames and returns their length: 0 when there are none, or none that the peer's windows let
    /// through; less where the session cannot go on.
    ///
    /// DATA frames are appended by the callback, before this returns.
    func send(into output: (Span<UInt8>) -> Void) -> Int {
        var bytes: UnsafePointer<UInt8>?
        // SAFETY: the bytes are valid until the next call of the session, and are copied before.
        let count = unsafe nghttp2_session_mem_send(raw, &bytes)
        guard count > 0, let bytes = unsafe bytes else { return count }
        output(unsafe Span(_unsafeStart: bytes, count: count))
        return count
    }

    /// Whether nothing more will be read or written.
    var isOver: Bool {
        // SAFETY: `raw` lives until `deinit`.
        unsafe nghttp2_session_want_read(raw) == 0 && nghttp2_session_want_write(raw) == 0
    }

    /// Says that the connection will end; streams that are on their way are still served (RFC 9113 §6.8).
    func announceEnd() {
        // SAFETY: `raw` lives until `deinit`.
        _ = unsafe nghttp2_submit_shutdown_notice(raw)
    }

    /// Says which stream is the last that is served.
    func refuseNewStreams() {
        // SAFETY: `raw` lives until `deinit`; no debug data.
        _ = unsafe nghttp2_submit_goaway(
            raw, 0, nghttp2_session_get_last_proc_stream_id(raw), ErrorCode.noError, nil, 0)
    }

    /// Ends the connection with GOAWAY; nothing but that is sent any more.
    func terminate(_ code: UInt32) {
        // SAFETY: `raw` lives until `deinit`.
        _ = unsafe nghttp2_session_terminate_session(raw, code)
    }

    /// The largest header list that the peer takes, in the count of RFC 9113 §6.5.2; all but endless where it did not say.
    var peerHeaderList: Int {
        // SAFETY: `raw` lives until `deinit`.
        Int(unsafe nghttp2_session_get_remote_settings(raw, NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE))
    }

    // MARK: One stream

    /// Submits a response head of `name: value` lines, `:status` first; false where it cannot be sent.
    func respond(_ stream: Int32, lines: inout ByteBuffer, hasBody: Bool) -> Bool {
        let result: CInt? = unsafe HTTP2Fields.withFields(of: &lines) { fields in
            // SAFETY: the library copies the fields and the provider, whose source is not used.
            guard hasBody else {
                return unsafe nghttp2_submit_response(raw, stream, fields.baseAddress, fields.count, nil)
            }
            var provider = unsafe nghttp2_data_provider(
                source: nghttp2_data_source(fd: 0), read_callback: Self.readBody)
            return unsafe nghttp2_submit_response(raw, stream, fields.baseAddress, fields.count, &provider)
        }
        return result == 0
    }

    /// Submits the head of a request, of `name: value` lines, the pseudo-header fields first; its stream, or nil where it
    /// cannot be sent.
    func request(lines: inout ByteBuffer, hasBody: Bool) -> Int32? {
        let result: Int32?? = unsafe HTTP2Fields.withFields(of: &lines) { fields -> Int32? in
            // SAFETY: the library copies the fields and the provider, whose source is not used.
            guard hasBody else {
                return unsafe nghttp2_submit_request(raw, nil, fields.baseAddress, fields.count, nil, nil)
            }
            var provider = unsafe nghttp2_data_provider(
                source: nghttp2_data_source(fd: 0), read_callback: Self.readBody)
            return unsafe nghttp2_submit_request(raw, nil, fields.baseAddress, fields.count, &provider, nil)
        }
        guard let stream = result ?? nil, stream > 0 else { return nil }
        return stream
    }

    /// How many streams the peer allows.
    var peersStreamLimit: Int {
        // SAFETY: `raw` lives until `deinit`.
        Int(clamping: unsafe nghttp2_session_get_remote_settings(raw, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS))
    }

    /// Asks whether the peer is there.
    func ping() {
        // SAFETY: `raw` lives until `deinit`; without data of ours the library sends zeros.
        _ = unsafe nghttp2_submit_ping(raw, 0, nil)
    }

    /// Submits an interim head of `name: value` lines, `:status` first.
    func inform(_ stream: Int32, lines: inout ByteBuffer) -> Bool {
        let result: CInt? = unsafe HTTP2Fields.withFields(of: &lines) { fields in
            // SAFETY: the library copies the fields.
            unsafe nghttp2_submit_headers(raw, 0, stream, nil, fields.baseAddress, fields.count, nil)
        }
        return result == 0
    }

    /// Submits trailers of `name: value` lines, which end the stream; false where they cannot be sent.
    func trail(_ stream: Int32, lines: inout ByteBuffer) -> Bool {
        let result: CInt? = unsafe HTTP2Fields.withFields(of: &lines) { fields in
            // SAFETY: the library copies the fields.
            unsafe nghttp2_submit_trailer(raw, stream, fields.baseAddress, fields.count)
        }
        return result == 0
    }

    /// More of the stream's body is there.
    func resume(_ stream: Int32) {
        // SAFETY: `raw` lives until `deinit`; a stream that is gone is an error that says nothing new.
        _ = unsafe nghttp2_session_resume_data(raw, stream)
    }

    /// Resets the stream.
    func reset(_ stream: Int32, _ code: UInt32) {
        // SAFETY: `raw` lives until `deinit`.
        _ = unsafe nghttp2_submit_rst_stream(raw, 0, stream, code)
    }

    /// Returns window for body bytes of an open stream that were passed on.
    func consume(_ stream: Int32, _ count: Int) {
        guard count > 0 else { return }
        // SAFETY: `raw` lives until `deinit`.
        _ = unsafe nghttp2_session_consume(raw, stream, count)
    }

    /// Returns the window of an open stream alone, for body bytes that were passed on.
    func consumeOfStream(_ stream: Int32, _ count: Int) {
        guard count > 0 else { return }
        // SAFETY: `raw` lives until `deinit`.
        _ = unsafe nghttp2_session_consume_stream(raw, stream, count)
    }

    /// Returns the connection's window for body bytes, whatever becomes of their stream.
    func consumeOfConnection(_ count: Int) {
        guard count > 0 else { return }
        // SAFETY: `raw` lives until `deinit`.
        _ = unsafe nghttp2_session_consume_connection(raw, count)
    }
}
