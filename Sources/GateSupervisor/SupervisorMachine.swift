import GatePrimitives

/// How a worker ended.
public enum WorkerEnd: Equatable, Sendable {
    /// By itself, with a status.
    case exited(Int32)
    /// By a signal.
    case signalled(Int32)
}

/// The supervisor's decisions without its system calls: an event in, the actions to carry out, in order, out.
///
/// ```
/// start ─▶ starting ──ready──▶ running ──died──▶ waiting ──time or reload──▶ starting (not the first)
///             │ died (first)      │ stop            │ stop
///             ▼                   ▼                 ▼
///           ended ◀──died── draining             ended
/// ```
struct SupervisorMachine {
    /// What happened.
    enum Event: Equatable {
        /// The sockets are open.
        case start
        /// The worker says that it serves.
        case ready
        /// The worker ended.
        case died(WorkerEnd)
        /// SIGHUP.
        case reload
        /// SIGTERM or SIGINT.
        case stop
        /// SIGUSR1.
        case reopenLogs
        /// SIGUSR2.
        case upgrade
        /// The instant that `wakeAt` named has come.
        case timer
    }

    /// What to do.
    enum Action: Equatable {
        case spawn
        case forward(WorkerSignal)
        /// Close the supervisor's copies of the listening sockets: from now on the worker's are the last.
        case releaseSockets
        case kill
        case report(Report)
        case end(status: Int32)
    }

    /// The signals that a worker understands.
    enum WorkerSignal: Equatable { case reload, stop, reopenLogs }

    /// The lines of the event log.
    enum Report: Equatable {
        case ready
        case died(WorkerEnd)
        case failedToStart(WorkerEnd)
        case restartDelayed(TimeSpan)
        case draining
        case cutShort
        case upgradeUnsupported
        case stopped
    }

    private enum State: Equatable {
        case idle
        case alive(started: MonotonicInstant)
        case waiting
        case draining(stops: Int)
        case ended
    }

    /// LIMIT: the time a worker has to end after a second stop, before it is killed.
    static let grace = TimeSpan.seconds(2)

    private var state = State.idle
    private var everReady = false
    private var policy = RestartPolicy()

    /// When `timer` is due, or nil.
    private(set) var wakeAt: MonotonicInstant?

    /// Takes one event that happened at `now`.
    mutating func handle(_ event: Event, at now: MonotonicInstant) -> [Action] {
        switch (event, state) {
        case (.start, .idle): return spawn(at: now)
        case (_, .idle), (_, .ended), (.start, _): return []
        case (.ready, _):
            everReady = true
            return [.report(.ready)]
        case (.died(let end), let state): return died(end, in: state, at: now)
        case (.reload, .waiting): return spawn(at: now)
        case (.reload, .alive): return [.forward(.reload)]
        case (.reload, .draining): return []
        case (.reopenLogs, .waiting): return []
        case (.reopenLogs, _): return [.forward(.reopenLogs)]
        case (.upgrade, _): return [.report(.upgradeUnsupported)]
        case (.stop, .waiting):
            state = .ended
            return [.report(.stopped), .end(status: 0)]
        case (.stop, .alive):
            state = .draining(stops: 1)
            return [.report(.draining), .forward(.stop), .releaseSockets]
        case (.stop, .draining(let stops)):
            state = .draining(stops: stops &+ 1)
            guard stops == 1 else { return [.kill] }
            wakeAt = now.advanced(by: Self.grace)
            return [.report(.cutShort), .forward(.stop)]
        case (.timer, .waiting): return spawn(at: now)
        case (.timer, .draining):
            wakeAt = nil
            return [.kill]
        case (.timer, .alive): return []
        }
    }

    private mutating func spawn(at now: MonotonicInstant) -> [Action] {
        state = .alive(started: now)
        wakeAt = nil
        return [.spawn]
    }

    private mutating func died(_ end: WorkerEnd, in state: State, at now: MonotonicInstant) -> [Action] {
        if case .draining = state {
            self.state = .ended
            guard case .exited(let status) = end else { return [.report(.died(end)), .end(status: 1)] }
            return [.report(.stopped), .end(status: status)]
        }
        guard case .alive(let started) = state else { return [] }
        // The first worker never served: what stopped it (a certificate, a descriptor limit) would stop the next one, too.
        guard everReady else {
            self.state = .ended
            let status: Int32 = if case .exited(let status) = end, status != 0 { status } else { 1 }
            return [.report(.failedToStart(end)), .end(status: status)]
        }
        let delay = policy.died(at: now, started: started)
        guard delay > .zero else { return [.report(.died(end))] + spawn(at: now) }
        self.state = .waiting
        wakeAt = now.advanced(by: delay)
        return [.report(.died(end)), .report(.restartDelayed(delay))]
    }
}
