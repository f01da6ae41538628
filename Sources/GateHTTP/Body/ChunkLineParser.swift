import GatePrimitives

/// Parses a chunk-size line, strictly and incrementally (RFC 9112 §7.1), one byte after another.
struct ChunkLineParser {
    private enum Phase: UInt8 {
        case size, extensionStart, inExtension, lf
    }

    /// The size, complete once a byte was accepted with `true`.
    private(set) var size: UInt64 = 0
    /// Bytes of extensions so far, over all lines of the body.
    private(set) var extensionBytes = 0
    private var phase = Phase.size
    private var length = 0
    private var digits = 0

    /// Makes ready for the next line.
    mutating func reset() {
        (size, phase, length, digits) = (0, .size, 0, 0)
    }

    /// Takes one byte; true when it ends the line.
    mutating func accept(_ byte: UInt8, _ limits: borrowing BodyLimits) throws(HeadError) -> Bool {
        if phase == .lf {
            guard byte == Ascii.lf else { throw .init(.badChunk) }
            return true
        }
        if byte == Ascii.cr {
            // RFC 9112 §7.1: at least one digit; an extension has a name.
            guard digits > 0, phase != .extensionStart else { throw .init(.badChunk) }
            phase = .lf
            return false
        }
        length &+= 1
        // LIMIT: one chunk-size line.
        guard length <= limits.chunkLine else { throw .init(.badChunk) }
        switch phase {
        case .size: try acceptSize(byte)
        case .extensionStart, .inExtension:
            // LIMIT: extensions of the whole body.
            extensionBytes &+= 1
            guard extensionBytes <= limits.chunkExtensions else { throw .init(.badChunk) }
            // RFC 9112 §7.1.1: a token, then values, quoted or not; dropped, so only their bytes are checked.
            let isName = ByteClass.token.contains(byte)
            let isText = byte == Ascii.tab || (byte >= Ascii.space && byte < Ascii.delete)
            guard phase == .inExtension ? isText : isName else { throw .init(.badChunk) }
            phase = .inExtension
        case .lf: break
        }
        return false
    }

    /// Only hexadecimal digits: no sign, prefix, separator or white space (attacks 5).
    private mutating func acceptSize(_ byte: UInt8) throws(HeadError) {
        if let value = Ascii.hexValue(byte) {
            digits &+= 1
            // Sixteen digits fill the word; the top bit stays free, so that sizes never overflow an Int.
            guard digits <= 16, size >> 59 == 0 else { throw .init(.badChunk) }
            size = size &<< 4 | UInt64(value)
        } else {
            guard byte == Ascii.semicolon, digits > 0 else { throw .init(.badChunk) }
            phase = .extensionStart
        }
    }
}
