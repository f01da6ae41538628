/// One key as the reference describes it.
public struct ReferenceKey: Equatable, Sendable {
    /// Whether a key must be written, and what it means to leave it out.
    public enum Presence: Equatable, Sendable {
        /// It must be written.
        case required
        /// Left out, it has this value.
        case defaulted(String)
        /// Left out, it means this.
        case optional(String)
        /// The contract has it, this version has not.
        case planned
    }

    /// The key as written.
    public let key: String
    /// The type of its value.
    public let type: String
    /// Whether it must be written.
    public let presence: Presence
    /// What it does and why its default is what it is.
    public let text: String
}

/// One mapping as the reference describes it.
public struct ReferenceSection: Equatable, Sendable {
    /// Path of the mapping, as in `listeners.NAME.tls`; empty for the file itself.
    public let path: String
    /// What the mapping is for.
    public let summary: String
    /// Its keys.
    public let keys: [ReferenceKey]

    /// The section in Markdown.
    var markdown: String {
        var out = "## " + (path.isEmpty ? "The file" : "`\(path)`") + "\n\n" + summary + "\n\n"
        for key in keys {
            let presence =
                switch key.presence {
                case .required: "**required**, \(key.type)"
                case .defaulted(let text): "\(key.type); default `\(text)`"
                case .optional(let absent): "\(key.type); \(absent) when left out"
                case .planned: "not in this version"
                }
            out += "- `\(key.key)` (\(presence)). \(key.text)\n"
        }
        return out
    }
}
