import GateHTTP
import GatePrimitives
import NIOCore

/// The body of one message that waits for the peer's windows, and how it ends.
struct HTTP2Outbox {
    /// What the next DATA frame may take.
    struct Next {
        let count: Int
        let isLast: Bool
        /// What follows the last frame; nil: that frame ends the stream.
        let trailers: FieldBlock?
    }

    /// Bytes in one buffer.
    private struct Piece {
        var bytes: ByteBuffer
        /// The storage is the loop's, and nobody else's.
        let isCopy: Bool
    }

    private var queue = CircularBuffer<Piece>()
    /// Bytes that wait.
    private(set) var queued = 0
    /// Nothing follows what waits.
    private(set) var hasEnded = false
    private var trailers: FieldBlock?
    /// The session waits for `resume`.
    private var isDeferred = false
    private var sent: UInt64 = 0
    private var sentBefore: UInt64 = 0
    private var due: MonotonicInstant?

    /// Puts body bytes behind what waits; small ones in storage of the loop's.
    mutating func append(_ chunk: ByteBuffer, _ loop: WireLoop) {
        let count = chunk.readableBytes
        if queued == 0 { due = nil }
        queued &+= count
        guard count <= HTTP2Limits.joined else { return queue.append(Piece(bytes: chunk, isCopy: false)) }
        // Copied, since a slice would keep the whole buffer that the bytes were read into.
        if let last = queue.indices.last, queue[last].isCopy, queue[last].bytes.readableBytes <= HTTP2Limits.joined {
            queue[last].bytes.writeImmutableBuffer(chunk)
        } else {
            var copy = loop.takeBuffer()
            copy.writeImmutableBuffer(chunk)
            queue.append(Piece(bytes: copy, isCopy: true))
        }
    }

    /// Nothing but `trailers` follows what waits.
    mutating func end(_ trailers: FieldBlock?) {
        hasEnded = true
        self.trailers = trailers
    }

    /// Whether the session has to be told that more is there; true once.
    mutating func wantsResume() -> Bool {
        guard isDeferred else { return false }
        isDeferred = false
        return true
    }

    /// What the next DATA frame may take; nil where there is nothing yet.
    mutating func next(limit: Int) -> Next? {
        guard queued > 0 || hasEnded else {
            isDeferred = true
            return nil
        }
        let count = min(queued, max(0, limit))
        let isLast = hasEnded && count == queued
        return Next(count: count, isLast: isLast, trailers: isLast ? trailers : nil)
    }

    /// Moves `count` bytes of what waits to `output`; false where there are fewer.
    mutating func take(_ count: Int, into output: inout ByteBuffer, _ loop: WireLoop) -> Bool {
        guard count >= 0, count <= queued else { return false }
        var left = count
        while left > 0, !queue.isEmpty {
            let part = min(left, queue[queue.startIndex].bytes.readableBytes)
            if let slice = queue[queue.startIndex].bytes.readSlice(length: part) { output.writeImmutableBuffer(slice) }
            left &-= part
            guard queue[queue.startIndex].bytes.readableBytes == 0 else { continue }
            var piece = queue.removeFirst()
            if piece.isCopy { loop.keep(&piece.bytes) }
        }
        queued &-= count
        sent &+= UInt64(count)
        return left == 0
    }

    /// Whether something waits of which the peer took nothing within `span`; looked at now and then.
    mutating func isStuck(_ now: MonotonicInstant, within span: TimeSpan) -> Bool {
        guard queued > 0 else {
            due = nil
            return false
        }
        guard let due, sent == sentBefore else {
            due = now.advanced(by: span)
            sentBefore = sent
            return false
        }
        return due <= now
    }

    /// Forgets what waits.
    mutating func drop() {
        queue.removeAll(keepingCapacity: queue.count <= 1)
        queued = 0
    }

    /// Begins anew with another body.
    mutating func reset() {
        drop()
        hasEnded = false
        trailers = nil
        isDeferred = false
        sent = 0
        sentBefore = 0
        due = nil
    }
}
