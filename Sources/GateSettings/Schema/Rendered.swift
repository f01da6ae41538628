/// A setting written back in one canonical form: for the digest, `/config`, `plan` and golden files.
public enum Rendered: Equatable, Sendable {
    /// A key of a mapping, its value, and whether that is the default.
    public struct Entry: Equatable, Sendable {
        /// The key.
        public let key: String
        /// Its value.
        public let value: Rendered
        /// Whether leaving the key out would mean the same.
        public let isDefault: Bool
    }

    /// A scalar.
    case text(String)
    /// A list.
    case list([Rendered])
    /// Keys in the order of the schema, names in the order of the file.
    case map([Entry])

    /// The canonical text in YAML: two spaces a level, lists of scalars in one line.
    ///
    /// Equal settings have equal texts, and different settings different ones.
    public func text(omittingDefaults: Bool = false) -> String {
        var out = ""
        write(to: &out, indent: 0, omittingDefaults: omittingDefaults)
        return out
    }

    private func write(to out: inout String, indent: Int, omittingDefaults: Bool) {
        let margin = String(repeating: " ", count: indent)
        switch self {
        case .text(let text): out += margin + Self.quoted(text) + "\n"
        case .list(let items):
            for item in items {
                var block = ""
                item.write(to: &block, indent: indent + 2, omittingDefaults: omittingDefaults)
                out += margin + "- " + block.dropFirst(indent + 2)
            }
        case .map(let entries):
            let shown = entries.filter { !(omittingDefaults && $0.isDefault) }
            if shown.isEmpty { out += margin + "{}\n" }
            for entry in shown {
                out += margin + Self.quoted(entry.key) + ":"
                if let line = entry.value.line {
                    out += " " + line + "\n"
                } else {
                    out += "\n"
                    entry.value.write(to: &out, indent: indent + 2, omittingDefaults: omittingDefaults)
                }
            }
        }
    }

    /// The value in one line, where it is a scalar or a list of scalars.
    private var line: String? {
        switch self {
        case .text(let text): return Self.quoted(text)
        case .list(let items):
            var parts: [String] = []
            for item in items {
                guard case .text(let text) = item else { return nil }
                parts.append(Self.quoted(text))
            }
            return "[" + parts.joined(separator: ", ") + "]"
        case .map(let entries): return entries.isEmpty ? "{}" : nil
        }
    }

    /// The text as it stands where that cannot be misread, else in double quotes.
    private static func quoted(_ text: String) -> String {
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "_"),
                    UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "+"):
                    true
                default: false
                }
            }
        if isPlain, !text.hasSuffix(":"), !text.hasPrefix("-"), !text.hasPrefix(":") { return text }
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
                let digits = String(scalar.value, radix: 16)
                out += "\\x" + String(repeating: "0", count: 2 - digits.count) + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
