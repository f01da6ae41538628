import CNghttp2

/// The bounds of one HTTP/2 connection.
enum HTTP2Limits {
    /// LIMIT: streams at a time, as RFC 9113 §6.5.2 advises at least, and as nginx and HAProxy default to about.
    static let streams: UInt32 = 100
    /// LIMIT: the stream after which a connection to a backend takes no more: numbers end at 2^31 (RFC 9113 §5.1.1).
    static let lastStream: Int32 = 1 << 30
    /// LIMIT: bytes of one stream's body that wait for the other side.
    static let streamWindow: UInt32 = 256 * 1024
    /// LIMIT: bytes of all bodies of a client's connection that wait for their backends; towards a backend, bytes that are on
    /// their way, since there each stream's window alone waits for its client: at most 100 of 256 KiB.
    static let connectionWindow: Int32 = 1024 * 1024
    /// LIMIT: a header list, as SETTINGS announce it; `HeadLimits` enforces it on what is decoded.
    static let headerList: UInt32 = 64 * 1024
    /// LIMIT: bytes of fields, 32 more for each (RFC 9113 §6.5.2), that are decoded for one stream before the connection
    /// ends: what is refused has to be decoded to its end, since the compression's state is the connection's.
    static let decodedHeaders = 4 * 64 * 1024
    /// LIMIT: CONTINUATION frames behind one HEADERS frame: 64 KiB in frames of 16 KiB (CVE-2024-28182).
    static let continuations = 5
    /// LIMIT: acknowledgements that wait to be sent (CVE-2019-9512, 9515).
    static let acknowledgements = 1000
    /// LIMIT: bytes of a response head that are compressed.
    static let responseHead = 256 * 1024
    /// The backend pauses when this much of its answer waits for the client's windows.
    static let highMark = 64 * 1024
    /// It goes on when no more than this is left.
    static let lowMark = 32 * 1024
    /// LIMIT: bytes of bodies of one connection that wait to be sent; beyond it only a stream of which nothing waits is filled.
    static let waitingBodies = 1024 * 1024
    /// What leaves in one write at most, however many streams it is of.
    static let write = 256 * 1024
    /// Body chunks up to this size are copied together; larger ones are kept as they are.
    static let joined = 8 * 1024
    /// LIMIT: streams that a busy connection keeps for the next ones.
    static let spareStreams = 32

    /// What one side announces.
    struct Announced {
        /// The SETTINGS (RFC 9113 §6.5.2).
        let settings: [(nghttp2_settings_id, UInt32)]
        /// Bytes of all bodies of the connection that may be on their way to us.
        let connectionWindow: Int32
    }

    /// What clients are told; of extended CONNECT (RFC 8441 §3) only where a WebSocket can come of it: else the library
    /// refuses `:protocol`.
    static func towardsClients(offersWebSocket: Bool) -> Announced {
        var settings: [(nghttp2_settings_id, UInt32)] = [
            (NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams), (NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, streamWindow),
            (NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, headerList),
        ]
        if offersWebSocket { settings.append((NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1)) }
        return Announced(settings: settings, connectionWindow: connectionWindow)
    }
    /// What backends are told: no pushes (RFC 9113 §8.4).
    static let towardsBackends = Announced(
        settings: [
            (NGHTTP2_SETTINGS_ENABLE_PUSH, 0), (NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, streamWindow),
            (NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, headerList),
        ],
        connectionWindow: connectionWindow)
}
