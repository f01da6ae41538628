public import GatePlan
public import GateSettings

/// A configuration that was read and compiled: the plan, or everything that is wrong.
public struct Configuration: Sendable {
    /// The settings; nil when there is any error.
    public let settings: Settings?
    /// What they compile to; nil when there is any error.
    public let plan: Plan?
    /// Every problem, by place.
    public let diagnostics: [Diagnostic]
    /// Every protection given up, by place.
    public let waivers: [Waiver]

    /// The digest of the settings, as logs and metrics show it; nil when there is any error.
    public var revision: String? { plan?.revision }

    /// Reads the file at `path` and what it includes, validates and compiles it. Opens no socket; reads the disk: not for
    /// a loop.
    ///
    /// From `previous` the new plan takes over what survives a reload: limiter zones whose parameters hold, and what is
    /// known of endpoints.
    public static func load(
        _ path: String, from files: any ConfigurationFiles = DiskFiles(), on machine: MachineFacts,
        previous: Plan? = nil
    ) -> Configuration {
        let loaded = ConfigurationLoader.load(path, from: files)
        guard let partial = loaded.partial else {
            return Configuration(settings: nil, plan: nil, diagnostics: loaded.diagnostics, waivers: loaded.waivers)
        }
        var compiler = PlanCompiler(
            settings: partial, files: files, machine: machine, previous: previous, diagnostics: loaded.collected)
        let plan = compiler.compile()
        return Configuration(
            settings: plan == nil ? nil : partial, plan: plan, diagnostics: compiler.diagnostics.sorted,
            waivers: loaded.waivers)
    }
}
