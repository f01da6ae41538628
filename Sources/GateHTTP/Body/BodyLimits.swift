/// Bounds of what delimits a body; the content itself is bounded by the route.
///
/// A limit's own value passes, one more is refused; a line is counted without its CRLF.
public struct BodyLimits: Sendable, Equatable {
    /// Bytes of one chunk-size line with its extensions.
    ///
    /// Default 256: extensions are dropped, and nobody's are longer. Breach: `bad_chunk` (400).
    public var chunkLine: Int

    /// Bytes of chunk extensions in one body.
    ///
    /// Default 4096: one-byte chunks with extensions would else cost a hundred times what they carry.
    /// Breach: `bad_chunk` (400).
    public var chunkExtensions: Int

    /// The trailer section: its bytes, lines, and the length of a line.
    ///
    /// Default: 8192 bytes, 32 lines. Breach: `bad_trailer` (400).
    public var trailers: HeadLimits

    /// Limits of the given values; each is raised to 1.
    public init(
        chunkLine: Int = 256, chunkExtensions: Int = 4096,
        trailers: HeadLimits = HeadLimits(fieldLine: 8192, head: 8192, fields: 32)
    ) {
        self.chunkLine = max(chunkLine, 1)
        self.chunkExtensions = max(chunkExtensions, 1)
        self.trailers = trailers
    }

    /// The defaults.
    public static let standard = BodyLimits()
}
