/// What a frame breaks of RFC 6455 §5; whoever sent it is told 1002.
public enum WebSocketViolation: Error, Equatable, Sendable, CaseIterable {
    /// A reserved bit that no negotiated extension gives a meaning (§5.2).
    case reservedBit
    /// An opcode that is not defined (§5.2).
    case opcode
    /// A client's frame without a mask, or a server's with one (§5.1).
    case mask
    /// A length that is not in its shortest form, or has its highest bit set (§5.2).
    case length
    /// A control frame that is fragmented, or longer than 125 bytes; a Close of one byte (§5.5).
    case control
    /// A continuation of nothing, or a new message inside a fragmented one (§5.4).
    case continuation
}

/// Which reserved bits the negotiated extensions give a meaning (RFC 6455 §9).
public enum WebSocketReservedBits: Sendable {
    /// None: no extension.
    case none
    /// The first one, on the first frame of a message: permessage-deflate (RFC 7692 §6).
    case deflate
    /// All of them, on any frame: another extension, which defines them as it likes.
    case any
}
