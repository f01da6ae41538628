import GatePrimitives

/// Checks what no single key can know: names that must exist, settings that contradict each other, files, waivers.
struct SettingsValidator {
    let settings: Settings
    let files: any ConfigurationFiles
    private(set) var diagnostics: Diagnostics
    private(set) var waivers: [Waiver] = []

    init(settings: Settings, files: any ConfigurationFiles, diagnostics: Diagnostics) {
        self.settings = settings
        self.files = files
        self.diagnostics = diagnostics
    }

    /// Runs every check.
    mutating func validate() {
        validateListeners()
        validateInterfaces()
        validateIdentities()
        validateLimits()
        validateUpstreams()
        validateWAF()
        validateDefaults()
        validateRoutes()
    }

    mutating func error(at position: SourcePosition, _ problem: String, instead remedy: String? = nil) {
        diagnostics.error(at: position, problem, instead: remedy)
    }

    mutating func warning(at position: SourcePosition, _ problem: String, instead remedy: String? = nil) {
        diagnostics.warning(at: position, problem, instead: remedy)
    }

    mutating func waive(at position: SourcePosition, _ sentence: String) {
        // What was not written, or could not be read, gives nothing up.
        guard position.line > 0 else { return }
        waivers.append(Waiver(position: position, file: diagnostics.path(of: position), sentence: sentence))
    }

    /// Reports a name that nothing of this kind has.
    mutating func require(
        _ name: Located<String>, _ kind: String, among known: [String], in names: Set<String>, for owner: String
    ) {
        // A name that could not be read was reported there.
        guard !name.value.isEmpty, !names.contains(name.value) else { return }
        let nearest = Suggestion.nearest(to: name.value, among: known)
        error(
            at: name.position, "\(owner): there is no \(kind) '\(name.value)'",
            instead: nearest.map { "did you mean '\($0)'?" }
                ?? "define it under \(kind == "identity" ? "identities" : kind + "s")")
    }
}
