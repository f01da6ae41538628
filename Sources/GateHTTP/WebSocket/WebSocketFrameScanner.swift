import GatePrimitives

/// Follows the frames of one direction of a WebSocket by their headers alone (RFC 6455 §5.2).
///
/// A payload is skipped, never looked at: what an extension made of it stays between the two ends. A header is judged
/// once all of it is there, so that of a frame that breaks the rules not one byte is passed on.
public struct WebSocketFrameScanner: Sendable {
    /// Who sends the frames; clients mask, servers do not.
    public enum Sender: Sendable { case client, server }

    /// How a call ended.
    public enum Stop: Equatable, Sendable {
        /// More bytes are needed. What was not passed is the beginning of a header.
        case starved
        /// A frame has ended, and the caller asked to stop there.
        case boundary
        /// A Close frame has ended: nothing after it counts (§5.5.1).
        case closed
        /// The next frame breaks the rules.
        case violation(WebSocketViolation)
    }

    /// LIMIT: a header's bytes without its mask: two, and at most eight of length.
    public static let longestHeader = 10

    private let sender: Sender
    private let reserved: WebSocketReservedBits
    /// Bytes of the current frame, its header's included, that are still to come.
    private var left: UInt64 = 0
    /// Whether the current frame is a Close.
    private var isClosing = false
    /// Whether a message was begun and has not ended.
    private var isFragmented = false

    /// A scanner of the frames that `sender` sends.
    public init(from sender: Sender, reserved: WebSocketReservedBits) {
        self.sender = sender
        self.reserved = reserved
    }

    /// Whether another frame may stand here.
    public var isAtBoundary: Bool { left == 0 }

    /// Passes over `bytes` as far as they may go on, and says how far that is and why no further.
    ///
    /// After `closed` or a violation it must not be called again.
    public mutating func advance(
        _ bytes: Span<UInt8>, stopsAtBoundary: Bool
    ) -> (passed: Int, stop: Stop) {
        var index = 0
        while index < bytes.count {
            if left == 0 {
                do throws(WebSocketViolation) {
                    guard try readHeader(bytes, index) else { return (index, .starved) }
                } catch {
                    return (index, .violation(error))
                }
            }
            let rest = bytes.count &- index
            guard left <= UInt64(rest) else {
                left &-= UInt64(rest)
                return (bytes.count, .starved)
            }
            index &+= Int(truncatingIfNeeded: left)
            left = 0
            if isClosing { return (index, .closed) }
            if stopsAtBoundary { return (index, .boundary) }
        }
        return (index, .starved)
    }

    /// Judges the header at `start`; false where it is not all there.
    private mutating func readHeader(_ bytes: Span<UInt8>, _ start: Int) throws(WebSocketViolation) -> Bool {
        let there = bytes.count &- start
        guard there >= 2 else { return false }
        let first = bytes[start]
        let second = bytes[start &+ 1]
        guard (second & 0x80 != 0) == (sender == .client) else { throw .mask }
        try judge(first, length: second & 0x7F)
        var length = UInt64(second & 0x7F)
        var header = 2
        if length >= 126 {
            let more = length == 126 ? 2 : 8
            guard there >= 2 &+ more else { return false }
            length = 0
            for offset in 0..<more { length = length << 8 | UInt64(bytes[start &+ 2 &+ offset]) }
            guard length >= (more == 2 ? 126 : 65_536), length <= UInt64(Int64.max) else { throw .length }
            header &+= more
        }
        note(first)
        left = length &+ UInt64(header) &+ (sender == .client ? 4 : 0)
        return true
    }

    /// Judges the first byte and the short length; only once the whole header is there it is noted.
    private func judge(_ first: UInt8, length: UInt8) throws(WebSocketViolation) {
        let isFinal = first & 0x80 != 0
        let opcode = first & 0x0F
        switch opcode {
        case 0: guard isFragmented else { throw .continuation }
        case 1, 2: guard !isFragmented else { throw .continuation }
        case 8: guard isFinal, length <= 125, length != 1 else { throw .control }
        case 9, 10: guard isFinal, length <= 125 else { throw .control }
        default: throw .opcode
        }
        switch reserved {
        case .none: guard first & 0x70 == 0 else { throw .reservedBit }
        case .deflate:
            let mayBeDeflated = opcode == 1 || opcode == 2
            guard first & 0x30 == 0, first & 0x40 == 0 || mayBeDeflated else { throw .reservedBit }
        case .any: break
        }
    }

    private mutating func note(_ first: UInt8) {
        let opcode = first & 0x0F
        if opcode < 3 { isFragmented = first & 0x80 == 0 }
        isClosing = opcode == 8
    }
}
