import ArgumentParser
import GateConfig
import GateObserve
import GatePlan
import GatePrimitives
import GateServer
import GateSettings
import GateSupervisor

/// A configuration that has been loaded, compiled and judged, and how that is told.
struct ConfigurationCheck {
    /// The file that was asked for.
    let path: String
    private let configuration: Configuration

    /// Loads, compiles and judges the configuration at `path`; `previous` hands on what survives a reload.
    init(_ path: String, previous: Plan? = nil) {
        self.path = path
        configuration = Configuration.load(path, on: .thisMachine(configuration: path), previous: previous)
    }

    private init(_ path: String, _ configuration: Configuration) {
        self.path = path
        self.configuration = configuration
    }

    /// The plan for a worker; nil where something is wrong.
    ///
    /// What renews it holds the settings and not the plan, so that a plan that was replaced can go.
    var loaded: LoadedPlan? {
        guard let settings, let plan else { return nil }
        let (path, places) = (path, configuration.places)
        return LoadedPlan(plan: plan) { previous, events in
            let renewed = ConfigurationCheck(
                path,
                Configuration.renew(settings, places, on: .thisMachine(configuration: path), previous: previous))
            if !renewed.isGood { renewed.reportProblems(events, as: .certificateRenewalFailed) }
            return renewed.plan
        }
    }

    /// The settings, where nothing is wrong.
    var settings: Settings? { configuration.settings }

    /// What they compile to, where nothing is wrong.
    var plan: Plan? { configuration.plan }

    private var diagnostics: [Diagnostic] { configuration.diagnostics }
    private var waivers: [Waiver] { configuration.waivers }

    /// Settings and plan; prints every problem and exits 1 where something is wrong.
    func good() throws -> (settings: Settings, plan: Plan) {
        guard let settings, let plan else {
            lines.forEach(printError)
            throw ExitCode(1)
        }
        return (settings, plan)
    }

    /// Whether the gateway would start with it.
    var isGood: Bool { plan != nil }

    /// The worst case that it allows; nil where it is not good.
    var capacity: CapacityEstimate? {
        guard let settings, let plan else { return nil }
        return CapacityEstimate(settings, plan)
    }

    /// One line a problem and a waiver.
    var lines: [String] { diagnostics.map(\.line) + waivers.map(\.line) }

    /// The last line: the verdict in numbers.
    var summary: String {
        let errors = diagnostics.count { $0.severity == .error }
        let counts = [
            (errors, "error"), (diagnostics.count - errors, "warning"), (waivers.count, "waiver"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)\($0.0 == 1 ? "" : "s")" }
        let details = counts.isEmpty ? "" : ": " + counts.joined(separator: ", ")
        return isGood ? "\(path) is good\(details)" : "\(path) is not good\(details)"
    }

    /// The report as one object.
    func json(capacity wanted: Bool) -> JSONOutput {
        let problems = diagnostics.map { problem in
            JSONOutput.object([
                .init("file", .text(problem.file)), .init("line", .number(Int(problem.position.line))),
                .init("column", .number(Int(problem.position.column))),
                .init("severity", .text(problem.severity.rawValue)), .init("problem", .text(problem.problem)),
                .init("remedy", problem.remedy.map { .text($0) } ?? .null),
            ])
        }
        let given = waivers.map { waiver in
            JSONOutput.object([
                .init("file", .text(waiver.file)), .init("line", .number(Int(waiver.position.line))),
                .init("column", .number(Int(waiver.position.column))), .init("waiver", .text(waiver.sentence)),
            ])
        }
        var members: [JSONOutput.Member] = [
            .init("good", .flag(isGood)), .init("problems", .array(problems)), .init("waivers", .array(given)),
        ]
        if wanted, let capacity { members.append(.init("capacity", capacity.json)) }
        return .object(members)
    }

    /// Writes problems as event lines to standard error; the worker tells the waivers that are in force.
    func reportEvents(_ format: EventLine.Format) {
        for problem in diagnostics {
            let level: EventLine.Level = problem.severity == .error ? .error : .warn
            EventLine(level, "configuration problem", [("problem", .text(problem.line))]).write(format)
        }
    }

    /// Tells the event log why the configuration, or files that it names, are not taken.
    func reportProblems(_ events: EventLog, as kind: EventKind = .configurationReloadFailed) {
        for problem in diagnostics { events.emit(kind, [EventField("problem", problem.line)]) }
    }

    /// Tells the event log which protections the configuration in force gives up.
    func reportWaivers(_ events: EventLog) {
        for waiver in waivers { events.emit(.waiver, [EventField("waiver", waiver.line)]) }
    }
}
