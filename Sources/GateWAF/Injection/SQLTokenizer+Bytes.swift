import GatePrimitives

// Which bytes part tokens. NUL does everywhere: some databases end the statement there, others skip it.

extension SQLTokenizer {
    /// Bytes between tokens: controls, space, DEL and the space of Latin-1.
    @inline(__always)
    static func isSkipped(_ byte: UInt8) -> Bool { byte <= 0x20 || byte == 0x7f || byte == 0xa0 }

    /// White space after `--` and after the suffix of a number.
    @inline(__always)
    static func isWhite(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0xa0 || byte == 0 || 0x09...0x0d ~= byte
    }

    /// Bytes at which a word ends.
    @inline(__always)
    static func endsWord(_ byte: UInt8) -> Bool {
        wordEnds.contains(byte) || byte == 0xa0
    }

    /// Bytes at which the name of a variable ends.
    @inline(__always)
    static func endsVariable(_ byte: UInt8) -> Bool {
        variableEnds.contains(byte)
    }

    private static let wordEnds = ByteSet("\0\t\n\u{b}\u{c}\r !\"#%&'()*+,-/:;<=>?@[\\]^{|}~")
    private static let variableEnds = ByteSet("\0\t\n\u{b}\u{c}\r !\"#%&'()*+,-/:;<=>?@\\^`|~")
}
