import GateLimits
import GateObserve
import GatePlan
import GatePrimitives
import GateRouting
import GateSettings
import GateWire

/// Compiles settings to a plan with the constructors of the modules that will run it, so that each rule is judged where
/// it lives; what they refuse becomes a diagnostic at the setting's place.
///
/// It runs on settings with errors, too, to report everything at once; then there is no plan.
struct PlanCompiler {
    let settings: Settings
    let files: any ConfigurationFiles
    let machine: MachineFacts
    let previous: Plan?
    var diagnostics: Diagnostics
    /// Files that the plan is made from, each as it was before it was read.
    private var watched: [String: FileVersion] = [:]

    /// The least descriptors that are no connections: standard streams, listeners, logs, the loops' own.
    static let reservedDescriptors = 64

    init(
        settings: Settings, files: any ConfigurationFiles, machine: MachineFacts, previous: Plan?,
        diagnostics: Diagnostics
    ) {
        self.settings = settings
        self.files = files
        self.machine = machine
        self.previous = previous
        self.diagnostics = diagnostics
    }

    /// The plan, or nil after every problem was recorded.
    mutating func compile() -> Plan? {
        let process = compileProcess()
        let listeners = compileListeners(process)
        let admin = compileAdmin()
        let identities = compileIdentities()
        let zones = compileZones()
        let ruleSets = compileRuleSets()
        let upstreams = compileUpstreams()
        let table = compileTable()
        let parts = CompiledParts(
            identities: identities, zones: zones, upstreams: settings.upstreams.map(\.name), ruleSets: ruleSets)
        let routes = settings.routes.compactMap { compile($0, parts) }
        guard !diagnostics.hasErrors, let table else { return nil }
        let revision = Digest.revision(of: settings)
        return Plan(
            revision: revision, listeners: listeners, table: table, routes: routes,
            upstreams: upstreams, limits: LimitTable(zones), keySets: identities.compactMap(\.keySet),
            identities: identities.map(\.name), ruleSets: ruleSets, process: process, admin: admin, logs: logs,
            pseudonym: machine.pseudonym, files: watched,
            report: ConfigurationReport.json(of: settings, revision: revision))
    }

    /// Notes a file of certificates, keys or lists that is about to be read; one that cannot be is reported by its reader.
    mutating func watch(_ path: String) {
        guard watched[path] == nil, let status = try? files.status(of: path) else { return }
        watched[path] = status.version
    }

    mutating func error(at position: SourcePosition, _ problem: String, instead remedy: String? = nil) {
        // A setting with an error has had its say; what follows from it is noise.
        guard !diagnostics.hasError(at: position) else { return }
        diagnostics.error(at: position, problem, instead: remedy)
    }

    private func compileProcess() -> ProcessPlan {
        let available = max(16, machine.descriptorLimit - Self.reservedDescriptors)
        let wanted = settings.process.maxConnections?.multipliedReportingOverflow(by: 2)
        return ProcessPlan(
            loops: settings.process.loops ?? max(1, machine.processors),
            maximumConnections: wanted.map { $0.overflow ? .max : $0.partialValue } ?? available,
            drain: settings.process.drain)
    }

    private mutating func compileAdmin() -> AdminPlan {
        AdminPlan(
            admin: settings.admin?.address.value, token: settings.admin?.token.flatMap { secret($0) },
            telemetry: settings.telemetry?.address.value)
    }

    private var logs: LogPlan {
        LogPlan(
            access: Self.destination(settings.logs.access),
            events: Self.destination(settings.logs.events) ?? .standardError)
    }

    private static func destination(_ target: LogTarget) -> LogSink.Destination? {
        switch target {
        case .stdout: .standardOutput
        case .stderr: .standardError
        case .file(let path): .file(path.path)
        case .none: nil
        }
    }

    /// The secret behind a reference, without the newline at its end; nil after an error was recorded.
    private mutating func secret(_ reference: Located<SecretReference>) -> Secret? {
        var bytes: [UInt8]
        switch reference.value {
        case .environment(let name): bytes = Array((files.environment(name) ?? "").utf8)
        case .file(let path):
            do throws(FileProblem) {
                bytes = try files.contents(of: path.path, limit: 4096)
            } catch {
                self.error(at: reference.position, "\(path.path): \(error.words)")
                return nil
            }
        }
        while let last = bytes.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard !bytes.isEmpty else {
            error(at: reference.position, "the secret \(reference.value) is empty")
            return nil
        }
        return Secret(bytes.span)
    }
}
