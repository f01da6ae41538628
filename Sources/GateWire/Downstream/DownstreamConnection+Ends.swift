import GateHTTP
public import GatePrimitives
import NIOCore

// How a connection goes from one request to the next, and how it ends.
extension DownstreamConnection {
    // LIMIT: how long a connection that drains waits for a request that may be on its way.
    static let drainGrace = TimeSpan.seconds(1)

    /// The answer is complete: the next request's turn, or the end.
    func answered() {
        guard state == .exchange else { return }
        guard !closesAfterAnswer, body == .complete, !isDraining else { return closeAfterWriting() }
        // With more requests at hand, their answers may join this one.
        if inbound.readableBytes == 0 || outbound.readableBytes >= Self.joinLimit { flush() }
        guard state == .exchange else { return }
        state = .idle
        renewReader()
        setAutoRead(true)
        if inbound.readableBytes == 0 { inbound = ByteBuffer() }
        expectInput(within: settings.timeouts.idle)
        process()
    }

    /// Writes what is left, half-closes, and discards a bounded rest, so that the client reads the answer before a
    /// reset could take it away (RFC 9112 §9.6).
    func closeAfterWriting() {
        guard let context, state == .exchange else { return }
        state = .closing
        lingered = 0
        inputDue = nil
        inbound = ByteBuffer()
        setAutoRead(true)
        let promise = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        promise.futureResult.whenSuccess { bound.value.linger() }
        let last = outbound
        outbound = ByteBuffer()
        context.writeAndFlush(wrapOutboundOut(last), promise: promise)
        watchWrites()
    }

    /// All is written: say so, and give the client time to read it.
    private func linger() {
        guard state == .closing, let context else { return }
        state = .lingering
        writes.end()
        guard lingered <= Self.maximumLingering else { return close() }
        setAutoRead(true)
        expectInput(within: settings.timeouts.lingering)
        context.close(mode: .output, promise: nil)
    }

    /// What comes after the last request is read and thrown away, so far.
    func discard(_ count: Int) {
        lingered += count
        guard lingered > Self.maximumLingering else { return }
        // While the answer is on its way, closing would cut it: the client is only not listened to.
        if state == .closing { setAutoRead(false) } else { close() }
    }

    /// What its buffers hold in memory.
    var pinnedBytes: Int { inbound.storageCapacity + outbound.storageCapacity }

    /// Closes; TLS says goodbye once.
    func close() {
        guard let context, state != .closed else { return }
        if state == .lingering { context.channel.closeBelowTLS() } else { context.close(promise: nil) }
    }

    /// Ends the connection at once, exchange or not: what the client has is not the whole.
    func cut(_ reason: Reason) {
        let channel = context?.channel
        gone(reason)
        channel?.closeWithReset()
    }

    /// Ends the connection when its exchange is done, or soon when it has none (RFC 9112 §9.6).
    func drain() {
        isDraining = true
        closesAfterAnswer = true
        guard state == .idle else { return }
        // A request may be on its way: one that arrives in time is answered with `connection: close`.
        expectInput(within: Self.drainGrace)
    }

    /// The connection is no more; its exchange hears why.
    func gone(_ reason: Reason) {
        loop.removeDeadline(self)
        let wasInExchange = state == .exchange
        state = .closed
        inbound = ByteBuffer()
        outbound = ByteBuffer()
        let delegate = delegate
        let onClose = onClose
        self.delegate = nil
        self.onClose = nil
        if wasInExchange { delegate?.downstreamClosed(reason) }
        onClose?()
    }
}

extension DownstreamConnection: DeadlineHolder {
    /// A deadline passed: which one follows from the state.
    public func deadlinePassed(_ now: MonotonicInstant) {
        if let due = writes.due, due <= now, isStuck(now) { return cut(.timeoutRead) }
        if let due = inputDue, due <= now {
            inputDue = nil
            inputIsLate(now)
        }
        watch()
    }

    private func inputIsLate(_ now: MonotonicInstant) {
        switch state {
        case .idle:
            // An answer that is still on its way is no idle time.
            if writes.due != nil || (context?.channel.backlog ?? 0) > 0 {
                watchWrites()
                inputDue = now.advanced(by: settings.timeouts.idle)
            } else {
                close()
            }
        case .lingering: close()
        case .head: refuseLateHead()
        case .exchange: failBody(Fault(.relay, bodyDeadline <= now ? .timeoutTotal : .timeoutBody))
        case .closing, .closed: break
        }
    }

    private func isStuck(_ now: MonotonicInstant) -> Bool {
        guard let waiting = context?.channel.backlog, waiting > 0 else {
            writes.end()
            return false
        }
        return writes.isStuck(waiting, next: now.advanced(by: settings.timeouts.write))
    }

    /// Bounds the wait for what the state needs next.
    func expectInput(within span: TimeSpan) {
        inputDue = MonotonicInstant.now().advanced(by: span)
        watch()
    }

    /// Bounds the client's silence while its body is wanted.
    func watchBody() {
        guard body == .flowing, !isTunnel else {
            inputDue = nil
            return watch()
        }
        let next = MonotonicInstant.now().advanced(by: settings.timeouts.bodyRead)
        inputDue = min(next, bodyDeadline)
        watch()
    }

    /// Bounds the time in which the client takes nothing of what waits for it.
    func watchWrites() {
        guard let context, state != .closed, state != .lingering else { return }
        guard state == .closing || state == .idle || !context.channel.isWritable else { return }
        let waiting = context.channel.backlog
        guard waiting > 0 else { return }
        writes.watch(waiting, until: MonotonicInstant.now().advanced(by: settings.timeouts.write))
        watch()
    }

    /// Sets the loop's one deadline to the next of both.
    func watch() {
        guard state != .closed else { return }
        guard let due = writes.due else { return loop.setDeadline(self, at: inputDue) }
        loop.setDeadline(self, at: min(due, inputDue ?? due))
    }
}
