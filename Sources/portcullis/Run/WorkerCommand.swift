import ArgumentParser
import GateObserve
import GatePlan
import GatePrimitives
import GateServer
import GateSupervisor

/// `portcullis worker`: what `run` starts, with its sockets; hidden from `--help`.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Serve on the supervisor's sockets.", shouldDisplay: false)

    @Option var config: String
    @Option var logFormat = LogFormat.json
    @Option var supervisor: Int32
    @Option var readiness: Int32
    @Option var socket: [String] = []

    func run() throws {
        let sockets = try socket.map { argument in
            guard let socket = ListeningSocket(argument: argument) else {
                throw ValidationError("\(argument) is no socket")
            }
            return socket
        }
        let (config, format) = (config, logFormat)
        throw ExitCode(
            WorkerLoop.run(parent: supervisor, readiness: readiness) { completion in
                WorkerStart(config: config, format: format).start(sockets, completion)
            })
    }
}

/// How a worker begins: configuration, event log, then the gateway.
private struct WorkerStart {
    let config: String
    let format: LogFormat

    /// Starts the gateway; nil where it could not, having said why.
    func start(_ sockets: [ListeningSocket], _ completion: Completion) -> (any WorkerDuties)? {
        let checked = ConfigurationCheck(config)
        guard let loaded = checked.loaded else {
            checked.reportEvents(format.lines)
            return nil
        }
        let sink: LogSink
        do throws(LogSinkError) {
            sink = try LogSink(loaded.plan.logs.events)
        } catch {
            let fields: [(String, JSONOutput)] = [
                ("error", .text("cannot open the event log \(error.path)")), ("number", .number(Int(error.code))),
            ]
            EventLine(.error, "start failed", fields).write(format.lines)
            return nil
        }
        let events = EventLog(sink: sink, format: format == .json ? .json : .text)
        checked.reportWaivers(events)
        let path = config
        return Worker.start(
            loaded, sockets: sockets, eventSink: sink, events: events, completion: completion
        ) { previous, events in
            let checked = ConfigurationCheck(path, previous: previous)
            if checked.isGood { checked.reportWaivers(events) } else { checked.reportProblems(events) }
            return checked.loaded
        }
    }
}
