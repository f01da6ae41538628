import GateConfig
import GateExchange
import GateIdentity
public import GateObserve
public import GatePlan
import GatePrimitives
public import GateSupervisor
import GateWire
import NIOCore
import NIOPosix
import Synchronization

/// The process that serves: loops, listeners, key sets, the gateway's own interfaces, reload and drain.
///
/// Everything of a request runs on its loop; the worker only starts, replaces and ends what is there.
public final class Worker: WorkerDuties, Sendable {
    /// Reads the configuration anew: a plan, or nil after every problem was reported to the event log.
    public typealias Load = @Sendable (_ previous: Plan?, _ events: EventLog) -> LoadedPlan?

    private struct State {
        var loaded: LoadedPlan
        var watch = FileWatch()
        var isDraining = false
        var isEnded = false
    }

    let group: MultiThreadedEventLoopGroup
    let loops: [NIOLoopBound<LoopServer>]
    let registry: MetricsRegistry
    let events: EventLog
    let resolver: EndpointResolver
    private let load: Load
    private let completion: Completion
    private let accessLog: LogSink?
    private let eventSink: LogSink
    let keeper: NIOLoopBound<KeySetKeeper>
    let background: NIOThreadPool
    private let state: Mutex<State>

    /// Starts serving on the supervisor's sockets; nil where it could not, having said why in the event log.
    public static func start(
        _ loaded: LoadedPlan, sockets: [ListeningSocket], eventSink: LogSink, events: EventLog, completion: Completion,
        load: @escaping Load
    ) -> Worker? {
        let plan = loaded.plan
        guard Capacity.check(plan, events) else { return nil }
        var accessLog: LogSink?
        if let destination = plan.logs.access {
            do throws(LogSinkError) { accessLog = try LogSink(destination) } catch {
                events.emit(.logReopenFailed, [EventField("path", error.path), EventField("error", Int(error.code))])
                return nil
            }
        }
        guard
            let worker = try? Worker(
                loaded, accessLog: accessLog, eventSink: eventSink, events: events, completion: completion,
                load: load),
            worker.listen(sockets)
        else { return nil }
        events.emit(.started, [EventField("revision", plan.revision), EventField("loops", plan.process.loops)])
        return worker
    }

    private init(
        _ loaded: LoadedPlan, accessLog: LogSink?, eventSink: LogSink, events: EventLog, completion: Completion,
        load: @escaping Load
    ) throws {
        let plan = loaded.plan
        let group = MultiThreadedEventLoopGroup(numberOfThreads: plan.process.loops)
        let registry = MetricsRegistry()
        let resolver = EndpointResolver()
        let background = NIOThreadPool(numberOfThreads: 1)
        background.start()
        let inspectors = InspectionThreads(loops: plan.process.loops)
        _ = resolver.refresh(plan.endpointNames)
        var loops: [NIOLoopBound<LoopServer>] = []
        for (index, eventLoop) in group.makeIterator().enumerated() {
            let made = try eventLoop.submit {
                NIOLoopBound(
                    LoopServer(
                        index: index, eventLoop: eventLoop, plan: plan, registry: registry, accessLog: accessLog,
                        events: events, resolver: resolver, inspectors: inspectors),
                    eventLoop: eventLoop)
            }.wait()
            loops.append(made)
        }
        self.group = group
        self.loops = loops
        self.registry = registry
        self.events = events
        self.resolver = resolver
        self.load = load
        self.completion = completion
        self.accessLog = accessLog
        self.eventSink = eventSink
        self.background = background
        self.keeper = try KeySetKeeper.make(loops: loops, plan: plan, events: events, resolver: resolver)
        self.state = Mutex(State(loaded: loaded))
        keepResolving()
        keepRenewing()
    }

    /// The plan in force.
    var plan: Plan { state.withLock { $0.loaded.plan } }

    /// Whether new traffic is welcome.
    var isReady: Bool { state.withLock { !$0.isDraining } }

    // MARK: Listening

    private func listen(_ sockets: [ListeningSocket]) -> Bool {
        let plan = plan
        for socket in sockets {
            guard socket.loop < loops.count else { continue }
            let loop = loops[socket.loop]
            let started = loop.eventLoop.flatSubmit { () -> EventLoopFuture<Void> in
                if let listener = plan.listeners.first(where: { $0.name == socket.name }) {
                    return loop.value.listen(listener.settings, name: socket.name, descriptor: socket.descriptor)
                }
                let interface = AdminInterface(
                    kind: socket.name == "telemetry" ? .telemetry : .admin, address: socket.address, worker: self)
                return loop.value.serve(interface, settings: .own, descriptor: socket.descriptor)
            }
            do { try started.wait() } catch {
                events.emit(
                    .overloaded,
                    [EventField("listener", socket.name), EventField("error", String(describing: error))])
                return false
            }
        }
        return true
    }

    // MARK: Duties

    /// Reads the configuration again; a bad one changes nothing.
    public func reload() { background.submit { _ in _ = self.reloadNow() } }

    /// As `reload()`; `body` hears whether the new configuration is in force.
    func reloadThen(_ body: @escaping @Sendable (Bool) -> Void) {
        background.submit { _ in body(self.reloadNow()) }
    }

    /// Lines that the logs lost.
    var droppedLogLines: UInt64 { (accessLog?.droppedLines ?? 0) + eventSink.droppedLines }

    /// Reads the configuration again on this thread; whether it is in force now.
    private func reloadNow() -> Bool {
        let old = plan
        guard !state.withLock({ $0.isDraining }) else { return false }
        guard let new = load(old, events) else {
            events.emit(.configurationReloadFailed, [EventField("revision", old.revision)])
            return false
        }
        if let problem = old.whatNeedsRestart(for: new.plan) {
            events.emit(
                .configurationReloadFailed, [EventField("revision", old.revision), EventField("error", problem)])
            return false
        }
        guard adopt(new) else { return false }
        events.emit(.configurationReloaded, [EventField("revision", new.plan.revision)])
        return true
    }

    /// Puts a plan in force on every loop: what is under way finishes on its own.
    private func adopt(_ loaded: LoadedPlan) -> Bool {
        let new = loaded.plan
        _ = resolver.refresh(new.endpointNames)
        state.withLock { $0.loaded = loaded }
        let keeper = keeper
        do {
            let keySets = try keeper.eventLoop.submit { keeper.value.adopt(new) }.wait()
            for loop in loops {
                try loop.eventLoop.submit { loop.value.adopt(new, keySets: keySets) }.wait()
            }
            keeper.eventLoop.execute { keeper.value.publishAll() }
        } catch { return false }
        return true
    }

    // MARK: Certificates

    /// How often the files of certificates, keys and lists are looked at.
    private static let renewalInterval = TimeAmount.seconds(2)

    /// Reads certificates, keys and lists again when their files have changed, off the loops; what cannot be used changes
    /// nothing (attacks 73).
    private func keepRenewing() {
        loops[0].eventLoop.scheduleRepeatedTask(
            initialDelay: Self.renewalInterval, delay: Self.renewalInterval
        ) { _ in
            self.background.submit { _ in self.renew() }
        }
    }

    private func renew() {
        let (loaded, isDraining) = state.withLock { ($0.loaded, $0.isDraining) }
        let changes = loaded.plan.changedFiles()
        guard !isDraining, state.withLock({ $0.watch.observe(changes) }) else { return }
        let names = EventField("files", changes.keys.sorted().joined(separator: ", "))
        if let plan = loaded.renew(loaded.plan, events), adopt(LoadedPlan(plan: plan, renew: loaded.renew)) {
            events.emit(.certificatesRenewed, [names])
        } else {
            state.withLock { $0.watch.refuse() }
            events.emit(.certificateRenewalFailed, [names])
        }
    }

    /// Opens log files anew.
    public func reopenLogs() {
        for sink in [accessLog, eventSink] {
            do throws(LogSinkError) { try sink?.reopen() } catch {
                events.emit(.logReopenFailed, [EventField("path", error.path), EventField("error", Int(error.code))])
            }
        }
        events.emit(.logsReopened, [])
    }

    /// Stops accepting and lets exchanges finish, at most for the configured time.
    public func drain() {
        let plan = state.withLock { state in
            state.isDraining = true
            return state.loaded.plan
        }
        events.emit(.draining, [EventField("seconds", Int(plan.process.drain.seconds))])
        // What the kernel has queued is accepted first: closing a listening socket resets it.
        each(after: .milliseconds(200)) { $0.stopAccepting() }
        each(after: .zero) { $0.drain() }
        waitForDrain(until: MonotonicInstant.now().advanced(by: plan.process.drain))
    }

    /// Cuts what is under way: a failure, since somebody's answer was lost.
    public func cutShort() { end(status: 1) }

    private func each(after delay: TimeAmount, _ body: @escaping @Sendable (LoopServer) -> Void) {
        for loop in loops { loop.eventLoop.scheduleTask(in: delay) { body(loop.value) } }
    }

    private func waitForDrain(until deadline: MonotonicInstant) {
        let counts = loops.map { loop in loop.eventLoop.submit { loop.value.openConnections } }
        let anchor = loops[0].eventLoop
        EventLoopFuture.whenAllSucceed(counts, on: anchor).whenSuccess { counts in
            if counts.reduce(0, +) == 0 || MonotonicInstant.now() >= deadline {
                anchor.scheduleTask(in: .milliseconds(250)) { self.end() }
            } else {
                anchor.scheduleTask(in: .milliseconds(100)) { self.waitForDrain(until: deadline) }
            }
        }
    }

    private func end(status: UInt8 = 0) {
        let isFirst = state.withLock { state in
            defer { state.isEnded = true }
            return !state.isEnded
        }
        guard isFirst else { return }
        let flushed = loops.map { loop in
            loop.eventLoop.submit {
                loop.value.abandon()
                loop.value.exchange.observer.flush()
            }
        }
        EventLoopFuture.andAllComplete(flushed, on: loops[0].eventLoop).whenComplete { _ in
            self.background.submit { _ in
                self.accessLog?.close(within: 1000)
                self.events.emit(.stopped, [])
                self.eventSink.close(within: 1000)
                self.completion.finish(status: status)
            }
        }
    }

    /// Resolves endpoint names again and again, off the loops; a name's last good addresses are kept (attacks 74).
    private func keepResolving() {
        loops[0].eventLoop.scheduleRepeatedTask(initialDelay: .seconds(30), delay: .seconds(30)) { _ in
            self.background.submit { _ in
                self.events.tick()
                for name in self.resolver.refresh(self.plan.endpointNames) {
                    self.events.emit(.nameResolutionFailed, [EventField("name", name)])
                }
            }
        }
    }
}
