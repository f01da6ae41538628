import GatePrimitives
import NIOCore

/// Tells a peer that is slow from one that is stuck: due only where nothing of what waits was taken for a whole span.
///
/// A total would cut every slow download; a span between two writes, as nginx' `send_timeout`, does not (attacks 63, 66).
struct WriteProgress {
    /// When the peer is looked at next; nil while it keeps up.
    private(set) var due: MonotonicInstant?
    private var waiting = 0

    /// Begins to watch a backlog of `waiting` bytes; one that is watched already and grew by our own writing is not
    /// progress, and moves nothing.
    mutating func watch(_ waiting: Int, until due: MonotonicInstant) {
        self.waiting = max(self.waiting, waiting)
        if self.due == nil { self.due = due }
    }

    /// The backlog is gone or small enough.
    mutating func end() { self = WriteProgress() }

    /// Whether a peer with a backlog of `waiting` bytes took nothing since the last look; else looks again at `next`.
    mutating func isStuck(_ waiting: Int, next: MonotonicInstant) -> Bool {
        guard waiting < self.waiting else { return true }
        self.waiting = waiting
        due = next
        return false
    }
}

extension Channel {
    /// Bytes that were written and did not fit the socket yet.
    var backlog: Int { (try? syncOptions?.getOption(.bufferedWritableBytes)) ?? 0 }

    /// Sets whether the socket is read without being asked.
    func setAutoRead(_ value: Bool) { try? syncOptions?.setOption(.autoRead, value: value) }
}
