/// One node of a YAML document, with the place it starts at; no type is guessed, a scalar is its text.
public struct YAMLNode: Sendable {
    /// What kind of node it is.
    public enum Content: Sendable {
        /// Text, with quotes and escapes resolved. `isPlain`: written without quotes and not as a block.
        case scalar(String, isPlain: Bool)
        /// A list.
        case sequence([YAMLNode])
        /// Keys and values in the order of the file; a key stands once.
        case mapping([Entry])
        /// Something refused and already reported; reading it further would only report it again.
        case refused
    }

    /// A key of a mapping and its value.
    public struct Entry: Sendable {
        /// The key's text.
        public let key: String
        /// Where the key starts.
        public let position: SourcePosition
        /// Its value.
        public let value: YAMLNode
    }

    /// What it holds.
    public let content: Content
    /// Where it starts; an empty value stands where its key ends.
    public let position: SourcePosition

    /// Whether nothing was written: `key:` and the end of the line.
    var isEmpty: Bool {
        if case .scalar("", isPlain: true) = content { return true }
        return false
    }

    /// What it is, for messages.
    var description: String {
        switch content {
        case .scalar("", isPlain: true): "nothing"
        case .scalar(let text, _): "'\(text.abbreviated)'"
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .refused: "something refused"
        }
    }
}

extension String {
    /// The text for a message: at most 60 characters, on one line, control characters escaped.
    var abbreviated: String {
        var out = ""
        for (index, scalar) in unicodeScalars.enumerated() {
            if index == 60 { return out + "…" }
            if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) {
                out += "\\u{" + String(scalar.value, radix: 16) + "}"
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
