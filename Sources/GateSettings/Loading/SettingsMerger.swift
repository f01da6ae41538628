/// Joins what several files define, and reports names that two places define.
struct SettingsMerger {
    private var settings: Settings

    init(_ main: Settings) { settings = main }

    /// Adds what an included file defines; keys of the main file alone cannot be in it.
    mutating func add(_ part: Settings) {
        settings.listeners += part.listeners
        settings.identities += part.identities
        settings.limits += part.limits
        settings.waf += part.waf
        settings.upstreams += part.upstreams
        settings.routes += part.routes
    }

    /// The whole, after reporting each name that stands twice.
    func finish(_ diagnostics: inout Diagnostics) -> Settings {
        Self.reportTwice(settings.listeners.map { ($0.name, $0.position) }, "listener", &diagnostics)
        Self.reportTwice(settings.identities.map { ($0.name, $0.position) }, "identity", &diagnostics)
        Self.reportTwice(settings.limits.map { ($0.name, $0.position) }, "limit", &diagnostics)
        Self.reportTwice(settings.waf.map { ($0.name, $0.position) }, "rule set", &diagnostics)
        Self.reportTwice(settings.upstreams.map { ($0.name, $0.position) }, "upstream", &diagnostics)
        Self.reportTwice(settings.routes.map { ($0.name.value, $0.name.position) }, "route", &diagnostics)
        return settings
    }

    private static func reportTwice(
        _ names: [(name: String, position: SourcePosition)], _ kind: String, _ diagnostics: inout Diagnostics
    ) {
        var first: [String: SourcePosition] = [:]
        for (name, position) in names where !name.isEmpty {
            if let other = first[name] {
                diagnostics.error(
                    at: position,
                    "\(kind) '\(name.abbreviated)' is defined twice, first at \(diagnostics.place(other))",
                    instead: "rename or remove one of them")
            } else {
                first[name] = position
            }
        }
    }
}
