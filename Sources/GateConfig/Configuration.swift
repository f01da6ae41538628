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
    /// Knows the configuration's files, and nothing that is wrong: for `renew`.
    public let places: Diagnostics

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
        compile(ConfigurationLoader.load(path, from: files), from: files, on: machine, previous: previous)
    }

    /// These settings, validated and compiled anew: certificates, keys and lists that they name have changed.
    ///
    /// The configuration's own files are not read: what somebody is writing there takes effect with a reload alone.
    public static func renew(
        _ settings: Settings, _ places: Diagnostics, from files: any ConfigurationFiles = DiskFiles(),
        on machine: MachineFacts, previous: Plan
    ) -> Configuration {
        let loaded = ConfigurationLoader.validate(settings, places, from: files)
        return compile(loaded, from: files, on: machine, previous: previous)
    }

    private static func compile(
        _ loaded: LoadedSettings, from files: any ConfigurationFiles, on machine: MachineFacts, previous: Plan?
    ) -> Configuration {
        let places = loaded.collected.emptied
        guard let partial = loaded.partial else {
            return Configuration(
                settings: nil, plan: nil, diagnostics: loaded.diagnostics, waivers: loaded.waivers, places: places)
        }
        var compiler = PlanCompiler(
            settings: partial, files: files, machine: machine, previous: previous, diagnostics: loaded.collected)
        let plan = compiler.compile()
        return Configuration(
            settings: plan == nil ? nil : partial, plan: plan, diagnostics: compiler.diagnostics.sorted,
            waivers: loaded.waivers, places: places)
    }
}
