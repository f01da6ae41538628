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
        String(decoding: bytes(omittingDefaults: omittingDefaults), as: UTF8.self)
    }

    /// The canonical text in UTF-8.
    public func bytes(omittingDefaults: Bool = false) -> [UInt8] {
        var writer = RenderedWriter(omittingDefaults: omittingDefaults)
        writer.write(self, indent: 0, isInItem: false)
        return writer.bytes
    }
}

/// Writes the canonical form.
struct RenderedWriter {
    private(set) var bytes: [UInt8] = []
    private let omittingDefaults: Bool

    init(omittingDefaults: Bool) { self.omittingDefaults = omittingDefaults }

    /// Writes a value as lines; `isInItem`: the first of them continues a line that begins with `- `.
    mutating func write(_ value: Rendered, indent: Int, isInItem: Bool) {
        var continuesLine = isInItem
        switch value {
        case .text(let text):
            if !continuesLine { space(indent) }
            quote(text)
            newline()
        case .list(let items):
            if items.isEmpty {
                if !continuesLine { space(indent) }
                append("[]")
                newline()
            }
            for item in items {
                if !continuesLine { space(indent) }
                continuesLine = false
                append("- ")
                write(item, indent: indent + 2, isInItem: true)
            }
        case .map(let entries):
            var isEmpty = true
            for entry in entries where !(omittingDefaults && entry.isDefault) {
                if !continuesLine { space(indent) }
                continuesLine = false
                isEmpty = false
                write(entry, indent: indent)
            }
            if isEmpty {
                if !continuesLine { space(indent) }
                append("{}")
                newline()
            }
        }
    }

    private mutating func write(_ entry: Rendered.Entry, indent: Int) {
        quote(entry.key)
        if isLine(entry.value) {
            append(": ")
            writeLine(entry.value)
            newline()
        } else {
            append(":")
            newline()
            write(entry.value, indent: indent + 2, isInItem: false)
        }
    }

    /// Whether the value fits behind its key: a scalar, a list of scalars, or nothing.
    private func isLine(_ value: Rendered) -> Bool {
        switch value {
        case .text: true
        case .list(let items):
            items.allSatisfy { if case .text = $0 { true } else { false } }
        case .map(let entries): entries.isEmpty
        }
    }

    private mutating func writeLine(_ value: Rendered) {
        switch value {
        case .text(let text): quote(text)
        case .list(let items):
            append("[")
            for (index, item) in items.enumerated() {
                if index > 0 { append(", ") }
                if case .text(let text) = item { quote(text) }
            }
            append("]")
        case .map: append("{}")
        }
    }

    /// Writes the text as it stands where that cannot be misread, else in double quotes.
    private mutating func quote(_ text: String) {
        let source = text.utf8
        guard source.isEmpty || !source.allSatisfy(Self.isPlain) || Self.isTricky(source) else {
            bytes.append(contentsOf: source)
            return
        }
        append("\"")
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": append("\\\"")
            case "\\": append("\\\\")
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
                let digits = String(scalar.value, radix: 16)
                append("\\x" + String(repeating: "0", count: 2 - digits.utf8.count) + digits)
            default: bytes.append(contentsOf: scalar.utf8)
            }
        }
        append("\"")
    }

    /// A character that means nothing to YAML where ``isTricky(_:)`` does not say otherwise.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x61...0x7a, 0x41...0x5a, 0x30...0x39, UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: "_"),
            UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "+"):
            true
        default: false
        }
    }

    /// Whether plain characters mean something where they stand: a list's dash, a mapping's colon.
    private static func isTricky(_ text: String.UTF8View) -> Bool {
        let colon = UInt8(ascii: ":")
        return text.first == UInt8(ascii: "-") || text.first == colon || text.last == colon
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
    private mutating func newline() { bytes.append(0x0A) }
    private mutating func space(_ count: Int) { bytes.append(contentsOf: repeatElement(0x20, count: count)) }
}
