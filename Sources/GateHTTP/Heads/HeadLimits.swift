/// The bounds of one message head, enforced while it is read and before more of it is buffered.
///
/// A limit's own value passes, one more is refused. A line is counted without its CRLF; the head is counted with
/// every byte of it, from the first to the CRLF of the empty line.
public struct HeadLimits: Sendable, Equatable {
    /// Bytes of the request line (or status line).
    ///
    /// Default 8192: RFC 9112 §3 asks for at least 8000. Breach: `uri_too_long` (414).
    public var requestLine: Int

    /// Bytes of one field line, name, colon, white space and value together.
    ///
    /// Default 8192: the size that nginx and Apache httpd accept; a longer cookie breaks backends.
    /// Breach: `headers_too_large` (431).
    public var fieldLine: Int

    /// Bytes of the whole head.
    ///
    /// Default 65536: bounds what a stranger makes the gateway hold before anything is decided.
    /// Breach: `headers_too_large` (431).
    public var head: Int

    /// Number of field lines.
    ///
    /// Default 100, as in Apache httpd and Envoy: work per field is bounded. Breach: `headers_too_large` (431).
    public var fields: Int

    /// Limits of the given values, each raised to 1; request line and head are capped at 16 MiB, line length and number
    /// of fields at 65535, so that offsets cannot overflow.
    public init(requestLine: Int = 8192, fieldLine: Int = 8192, head: Int = 65536, fields: Int = 100) {
        let ceiling = 16 * 1024 * 1024
        self.requestLine = min(max(requestLine, 1), ceiling)
        self.fieldLine = min(max(fieldLine, 1), 65535)
        self.head = min(max(head, 1), ceiling)
        self.fields = min(max(fields, 1), 65535)
    }

    /// The defaults, made for the edge.
    public static let standard = HeadLimits()
}
