public import NIOCore

/// A Close frame of the gateway's own (RFC 6455 §5.5.1).
public enum WebSocketClose: UInt16, Sendable {
    /// The gateway drains, the route is gone, or nothing was said for too long.
    case goingAway = 1001
    /// The peer broke the rules.
    case protocolError = 1002
    /// What admitted the client holds no longer.
    case policyViolation = 1008
    /// The backend went away without a Close, or broke the rules.
    case internalError = 1011

    /// The frame as a server sends it.
    public var toClient: ByteBuffer {
        var frame = ByteBuffer()
        frame.writeInteger(0x8802 as UInt16)
        frame.writeInteger(rawValue)
        return frame
    }

    /// The frame as a client sends it, masked with `key` (§5.3).
    public func toServer(mask key: UInt32) -> ByteBuffer {
        var frame = ByteBuffer()
        frame.writeInteger(0x8882 as UInt16)
        frame.writeInteger(key)
        frame.writeInteger(rawValue ^ UInt16(truncatingIfNeeded: key >> 16))
        return frame
    }
}
