public import NIOCore

/// One direction of a WebSocket: which bytes go on, and where a Close of the gateway's own may stand.
///
/// ```
/// open ──(Close of the sender passed)──> closed      open ──(violation)──> broken
///   └──(requestClose, at a boundary)──> ended: the gateway's Close is the last frame
/// ```
/// No I/O: bytes in, bytes and what follows from them out.
public struct WebSocketDirection: Sendable {
    /// Whether and why no more goes on.
    public enum State: Equatable, Sendable {
        /// Frames go on.
        case open
        /// The sender's own Close was the last frame.
        case closed
        /// A Close of the gateway's own is the last frame.
        case ended
        /// The sender broke the rules; what the other side got ends with a whole frame.
        case broken(WebSocketViolation)
    }

    /// Whether frames go on.
    public private(set) var state = State.open
    private var scanner: WebSocketFrameScanner
    /// The beginning of a header, shorter than one.
    private var rest = ByteBuffer()
    private var wantsClose = false

    /// A direction in which `sender` sends.
    public init(from sender: WebSocketFrameScanner.Sender, reserved: WebSocketReservedBits) {
        scanner = WebSocketFrameScanner(from: sender, reserved: reserved)
    }

    /// What of `chunk` goes on, which may be empty; look at `state` afterwards.
    ///
    /// Nothing goes on any more once the direction is not open.
    public mutating func pass(_ chunk: ByteBuffer) -> ByteBuffer {
        guard state == .open else { return ByteBuffer() }
        var bytes = chunk
        if rest.readableBytes > 0 {
            bytes = rest
            bytes.writeImmutableBuffer(chunk)
            rest = ByteBuffer()
        }
        let (passed, stop) = scanner.advance(bytes.readableBytesUInt8Span, stopsAtBoundary: wantsClose)
        switch stop {
        case .starved:
            guard passed < bytes.readableBytes else { return bytes }
            let going = bytes.readSlice(length: passed) ?? ByteBuffer()
            // Copied: a slice of a few bytes would keep the whole buffer.
            rest = ByteBuffer()
            rest.writeImmutableBuffer(bytes)
            return going
        case .boundary: state = .ended
        case .closed: state = .closed
        case .violation(let violation): state = .broken(violation)
        }
        return bytes.readSlice(length: passed) ?? ByteBuffer()
    }

    /// Ends the direction at the next boundary, which may be now: then `state` is `ended`, and a Close frame is to be
    /// written; else it becomes so after a later `pass`.
    public mutating func requestClose() {
        wantsClose = true
        switch state {
        // Of a frame that broke the rules nothing went on: the other side stands at a boundary.
        case .open where scanner.isAtBoundary, .broken: state = .ended
        case .open, .closed, .ended: break
        }
    }
}
