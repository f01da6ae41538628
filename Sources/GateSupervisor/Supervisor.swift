import GatePrimitives
import Glibc

/// The process that holds the listening sockets and starts the worker, again and again; it serves nothing itself.
///
/// It starts no thread, reads nothing from the network, and holds no key. Killing it kills the worker.
public struct Supervisor {
    /// What it supervises.
    public struct Settings {
        /// The listeners, each opened before the first worker starts.
        public var listeners: [ListenRequest]
        /// The user and group to become once the sockets are open.
        public var user: String?
        /// The group; the user's own where nil.
        public var group: String?
        /// The form of the event log.
        public var format: EventLine.Format
        /// The worker's executable.
        public var executable: String
        /// The worker's arguments, given its sockets and the descriptor on which it says that it serves.
        public var arguments: ([ListeningSocket], _ readiness: Int32) -> [String]

        /// Settings with this very executable as the worker.
        public init(
            listeners: [ListenRequest], format: EventLine.Format = .json, executable: String = "/proc/self/exe",
            arguments: @escaping ([ListeningSocket], _ readiness: Int32) -> [String]
        ) {
            self.listeners = listeners
            self.format = format
            self.executable = executable
            self.arguments = arguments
        }
    }

    private let settings: Settings
    private let signals: SignalQueue
    private var sockets: [ListeningSocket]
    private var machine = SupervisorMachine()
    private var worker: WorkerProcess?
    private var reportsReadiness = false

    /// Supervises until the worker has drained; returns the status to exit with.
    public static func run(_ settings: Settings) -> Int32 {
        do throws(SystemError) {
            var supervisor = try Supervisor(settings)
            return supervisor.loop()
        } catch {
            EventLine(.error, "start failed", [("error", .text(error.description))]).write(settings.format)
            return 1
        }
    }

    private init(_ settings: Settings) throws(SystemError) {
        self.settings = settings
        signals = try SignalQueue()
        let files = Privileges.raiseOpenFiles()
        var sockets: [ListeningSocket] = []
        for request in settings.listeners {
            sockets += try ListeningSocket.open(request)
        }
        self.sockets = sockets
        // ORDER: sockets first, as they may need root; then nothing that the network can reach ever has it.
        if let user = settings.user { try Privileges.drop(toUser: user, group: settings.group) }
        try Privileges.forbidNew()
        for socket in sockets where socket.loop == 0 {
            let fields: [(String, JSONOutput)] = [
                ("listener", .text(socket.name)), ("address", .text(socket.address.description)),
            ]
            EventLine(.info, "listening", fields).write(settings.format)
        }
        EventLine(.info, "supervising", [("pid", .number(Int(getpid()))), ("open_files", .number(files))])
            .write(settings.format)
    }

    private mutating func loop() -> Int32 {
        var events: [SupervisorMachine.Event] = [.start]
        while true {
            for event in events {
                if let status = carryOut(machine.handle(event, at: .now())) { return status }
            }
            events = wait()
        }
    }

    /// Waits for what happens next.
    private mutating func wait() -> [SupervisorMachine.Event] {
        var milliseconds: Int32 = -1
        if let wake = machine.wakeAt {
            let left = wake.since(.now()).milliseconds
            if left < 0 { return [.timer] }
            milliseconds = Int32(clamping: left &+ 1)
        }
        switch signals.wait(milliseconds: milliseconds, extra: reportsReadiness ? worker?.readiness : nil) {
        case .timeout: return machine.wakeAt == nil ? [] : [.timer]
        case .readable: return readReadiness() ? [.ready] : []
        case .signal(.reload): return [.reload]
        case .signal(.stop): return [.stop]
        case .signal(.reopenLogs): return [.reopenLogs]
        case .signal(.upgrade): return [.upgrade]
        case .signal(.child):
            guard let end = worker?.reap() else { return [] }
            // A worker may say that it serves and die before this process has run again.
            let ready = reportsReadiness && readReadiness()
            if let worker { close(worker.readiness) }
            worker = nil
            return ready ? [.ready, .died(end)] : [.died(end)]
        }
    }

    /// Whether the worker said that it serves; either way it is asked no more.
    private mutating func readReadiness() -> Bool {
        guard let worker else { return false }
        reportsReadiness = false
        var descriptor = pollfd(fd: worker.readiness, events: Int16(POLLIN), revents: 0)
        var byte: UInt8 = 0
        // SAFETY: one pollfd with the count 1; one byte read into a local.
        guard unsafe poll(&descriptor, 1, 0) == 1 else { return false }
        return unsafe read(worker.readiness, &byte, 1) == 1
    }

    /// Carries out `actions`; returns the status where one of them ends the supervisor.
    private mutating func carryOut(_ actions: [SupervisorMachine.Action]) -> Int32? {
        for action in actions {
            switch action {
            case .spawn:
                do throws(SystemError) {
                    let sockets = sockets
                    let started = try WorkerProcess.start(
                        settings.executable, arguments: { settings.arguments(sockets, $0) }, sockets: sockets)
                    worker = started
                    reportsReadiness = true
                    EventLine(.info, "worker started", [("pid", .number(Int(started.id)))]).write(settings.format)
                } catch {
                    EventLine(.error, "worker not started", [("error", .text(error.description))])
                        .write(settings.format)
                    if let status = carryOut(machine.handle(.died(.exited(1)), at: .now())) { return status }
                }
            case .forward(.reload): send(SIGHUP)
            case .forward(.stop): send(SIGTERM)
            case .forward(.reopenLogs): send(SIGUSR1)
            case .kill: send(SIGKILL)
            case .releaseSockets:
                for socket in sockets { close(socket.descriptor) }
                sockets = []
            case .report(let report): report.line(worker: worker?.id).write(settings.format)
            case .end(let status): return status
            }
        }
        return nil
    }

    private func send(_ signal: Int32) {
        if let worker { _ = kill(worker.id, signal) }
    }
}

extension SupervisorMachine.Report {
    /// The event's line.
    func line(worker: pid_t?) -> EventLine {
        let process: [(String, JSONOutput)] = worker.map { [("pid", .number(Int($0)))] } ?? []
        switch self {
        case .ready: return EventLine(.info, "worker ready", process)
        case .died(let end): return EventLine(.error, "worker died", end.fields)
        case .failedToStart(let end): return EventLine(.error, "start failed", end.fields)
        case .restartDelayed(let delay):
            return EventLine(.error, "worker restart delayed", [("delay_ms", .number(Int(delay.milliseconds)))])
        case .draining: return EventLine(.info, "stopping", process)
        case .cutShort: return EventLine(.warn, "drain cut short", process)
        case .upgradeUnsupported:
            return EventLine(
                .warn, "upgrade not in this version",
                [("error", "SIGUSR2: a new binary needs a restart")])
        case .stopped: return EventLine(.info, "ended")
        }
    }
}

extension WorkerEnd {
    fileprivate var fields: [(String, JSONOutput)] {
        switch self {
        case .exited(let status): [("status", .number(Int(status)))]
        case .signalled(let signal): [("signal", .number(Int(signal)))]
        }
    }
}
