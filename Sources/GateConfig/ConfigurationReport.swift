import GatePrimitives
import GateSettings

/// The configuration in force as one JSON object, for `/config` of the admin interface.
enum ConfigurationReport {
    /// `{"revision": …, "configuration": {…}}` and a line feed: every key, defaults included, as text.
    ///
    /// Secrets are references in the settings already. Values of fields that a route sets are left out: nothing keeps an
    /// operator from writing a credential there.
    static func json(of settings: Settings, revision: String) -> String {
        let members: [JSONOutput.Member] = [
            .init("revision", .text(revision)), .init("configuration", value(settings.rendered, hides: false)),
        ]
        return JSONOutput.object(members).rendered + "\n"
    }

    /// `hides`: the value is a mapping from field names to values of fields.
    private static func value(_ rendered: Rendered, hides: Bool) -> JSONOutput {
        switch rendered {
        case .text(let text): .text(hides ? "(redacted)" : text)
        case .list(let items): .array(items.map { value($0, hides: hides) })
        case .map(let entries):
            .object(entries.map { .init($0.key, value($0.value, hides: hides || $0.key == "set")) })
        }
    }
}
