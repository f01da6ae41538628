import NIOCore

extension ByteBuffer {
    /// Appends the bytes of `span`.
    mutating func append(_ span: Span<UInt8>) {
        // SAFETY: the raw bytes of a span of bytes are all initialised.
        writeBytes(unsafe span.bytes)
    }
}
