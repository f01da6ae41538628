import ArgumentParser
import GatePrimitives
import GateSettings
import GateSupervisor
import Glibc

/// `portcullis run`: the gateway in the foreground, as a supervisor with one worker.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run the gateway in the foreground.",
        discussion: """
            SIGHUP reloads the configuration (a bad one changes nothing), SIGTERM and SIGINT drain and end, a second \
            one ends at once, SIGUSR1 reopens log files. The event log is on standard error.
            """)

    @Option(help: ArgumentHelp("The configuration file.", valueName: "file"))
    var config: String
    @Option(help: "The form of the event log: json or text.")
    var logFormat = LogFormat.json

    func run() throws {
        // A process of its own compiles everything, keys included, so that this one, which lives on, never holds them.
        let check = ["check", "--config", config, "--events", logFormat.rawValue]
        guard try ChildProcess.start(ChildProcess.own, check).wait() == 0 else { throw ExitCode(1) }
        guard let settings = ConfigurationLoader.load(config, from: DiskFiles()).settings else {
            throw CommandFailure("\(config) changed while it was checked")
        }
        let (config, format, parent) = (config, logFormat, getpid())
        var supervised = Supervisor.Settings(listeners: settings.listenRequests, format: format.lines) {
            sockets, ready in
            ["worker", "--config", config, "--log-format", format.rawValue]
                + ["--supervisor", String(parent), "--readiness", String(ready)]
                + sockets.flatMap { ["--socket", $0.argument] }
        }
        supervised.user = settings.process.user?.value
        supervised.group = settings.process.group?.value
        throw ExitCode(Supervisor.run(supervised))
    }
}

extension Settings {
    /// What the supervisor opens: each listener with a socket per loop, admin and telemetry with one.
    var listenRequests: [ListenRequest] {
        let loops = process.loops ?? Privileges.usableProcessors
        // A unix listener is for programs of the service's own group, the admin interface for its user alone.
        var requests = listeners.map { listener in
            ListenRequest(name: listener.name, address: listener.address.value, sockets: loops, mode: 0o660)
        }
        if let admin {
            requests.append(.init(name: Self.adminListener, address: admin.address.value, sockets: 1))
        }
        if let telemetry {
            requests.append(
                .init(name: Self.telemetryListener, address: telemetry.address.value, sockets: 1, mode: 0o660))
        }
        return requests
    }

    /// The names under which the gateway's own interfaces stand in the event log.
    static let adminListener = "admin"
    static let telemetryListener = "telemetry"
}
