import GatePrimitives
import NIOCore

// How a connection ends, and what is late on it.
extension HTTP2Connection: ConnectionHandler {
    /// How often open streams are looked at: their deadlines are late by no more.
    private static let look = TimeSpan.milliseconds(500)

    /// Lets what is open finish and takes nothing new, in two steps, so that no request on its way is lost (RFC 9113 §6.8).
    func drain() {
        isDraining = true
        guard state == .open, !hasAnnouncedEnd, let session else { return }
        hasAnnouncedEnd = true
        session.announceEnd()
        drainDue = MonotonicInstant.now().advanced(by: DownstreamConnection.drainGrace)
        watch()
        scheduleSend()
    }

    /// One event for the connection, although no request may exist (attacks 20).
    func report(_ reason: Reason) {
        guard !isReported else { return }
        isReported = true
        loop.observer?.connectionRefused(facts, reason)
    }

    /// Every stream ends, and its exchange hears why.
    func closeStreams(_ reason: Reason) {
        let open = streams
        streams = [:]
        for stream in open.values {
            stream.closed(reason)
            stream.forget()
        }
        dropSpareStreams()
    }

    /// Half-closes behind what was written, and discards a bounded rest, so that the client reads it before a reset could
    /// take it away.
    func closeAfterWriting() {
        guard let context, state == .open else { return }
        closeStreams(.clientAborted)
        state = .closing
        lingered = 0
        let promise = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        promise.futureResult.whenSuccess { bound.value.linger() }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: promise)
        watchWrites()
    }

    private func linger() {
        guard state == .closing, let context else { return }
        state = .lingering
        writes.end()
        lingerDue = MonotonicInstant.now().advanced(by: settings.timeouts.lingering)
        watch()
        context.close(mode: .output, promise: nil)
    }

    /// What comes after the end is thrown away, so far.
    func discard(_ count: Int) {
        lingered &+= count
        if lingered > DownstreamConnection.maximumLingering, state == .lingering { context?.channel.closeBelowTLS() }
    }

    /// Ends the connection at once.
    func cut(_ reason: Reason) {
        let channel = context?.channel
        gone(reason)
        channel?.closeWithReset()
    }

    /// The connection is no more; its exchanges hear why.
    func gone(_ reason: Reason) {
        guard state != .closed else { return }
        loop.removeDeadline(self)
        state = .closed
        closeStreams(reason)
        session = nil
        head = nil
        let onClose = onClose
        self.onClose = nil
        onClose?()
    }

    // MARK: Deadlines

    /// Looks at everything that can be late.
    func deadlinePassed(_ now: MonotonicInstant) {
        switch state {
        case .closed: return
        case .lingering:
            context?.channel.closeBelowTLS()
            return
        case .open, .closing: break
        }
        if let due = writes.due, due <= now, isStuck(now) { return cut(.timeoutRead) }
        if state == .open { checkOpen(now) }
        watch()
    }

    private func checkOpen(_ now: MonotonicInstant) {
        if let due = drainDue, due <= now {
            drainDue = nil
            session?.refuseNewStreams()
        }
        if let due = headDue, due <= now, ending == nil {
            ending = (.timeoutHeader, HTTP2Session.ErrorCode.enhanceYourCalm)
        }
        if let due = idleDue, due <= now, streams.isEmpty, ending == nil {
            idleDue = nil
            session?.terminate(HTTP2Session.ErrorCode.noError)
        }
        // A connection that idles keeps no storage for streams.
        if streams.isEmpty { dropSpareStreams() }
        for stream in Array(streams.values) where stream.checkDeadlines(now, write: settings.timeouts.write) {
            // attacks 28: a client that holds its window shut holds a backend.
            reset(stream, HTTP2Session.ErrorCode.cancel)
            stream.expire()
        }
        send()
    }

    private func isStuck(_ now: MonotonicInstant) -> Bool {
        guard let backlog = context?.channel.backlog, backlog > 0 else {
            writes.end()
            return false
        }
        return writes.isStuck(backlog, next: now.advanced(by: settings.timeouts.write))
    }

    /// Sets the loop's one deadline to the next of all.
    func watch() {
        guard state != .closed else { return }
        var next = state == .lingering ? lingerDue : writes.due
        if state == .open {
            for due in [drainDue, headDue, idleDue] {
                if let due { next = min(due, next ?? due) }
            }
            if !streams.isEmpty || !spareStreams.isEmpty {
                let look = MonotonicInstant.now().advanced(by: Self.look)
                next = min(look, next ?? look)
            }
        }
        loop.setDeadline(self, at: next)
    }
}

extension HTTP2Stream {
    /// The client takes nothing of its answer: the exchange hears it, and the backend is let go.
    func expire() {
        guard !isOver else { return }
        isOver = true
        delegate?.downstreamClosed(.timeoutRead)
    }
}
