public import NIOCore

/// Writes the chunked transfer coding (RFC 9112 §7.1).
public enum ChunkWriter {
    /// Writes the line that goes before `size` bytes of content; a `size` of 0 or less writes nothing, since an empty
    /// chunk would end the body.
    public static func writeChunkHead(size: Int, into out: inout ByteBuffer) {
        guard size > 0 else { return }
        var shift = (Int.bitWidth &- size.leadingZeroBitCount &- 1) / 4
        while shift >= 0 {
            let digit = Ascii.hexDigit(UInt8(truncatingIfNeeded: size &>> (4 &* shift)))
            out.writeInteger(digit | (digit >= 0x41 ? 0x20 : 0))
            shift &-= 1
        }
        out.writeStaticString("\r\n")
    }

    /// Writes what goes behind the content of each chunk.
    public static func writeChunkTail(into out: inout ByteBuffer) {
        out.writeStaticString("\r\n")
    }

    /// Writes the last chunk, the trailer section and the end.
    public static func writeEnd(trailers: FieldBlock? = nil, into out: inout ByteBuffer) {
        out.writeStaticString("0\r\n")
        if let trailers { out.writeImmutableBuffer(trailers.bytes) }
        out.writeStaticString("\r\n")
    }
}
