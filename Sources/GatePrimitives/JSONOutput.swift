/// A JSON value to be written, for reports and event lines; objects keep the order of their members.
///
/// Off the data path: it makes a string. Control characters, U+2028 and U+2029 are escaped, so that a value can
/// neither end a line nor act on a terminal.
public indirect enum JSONOutput: Equatable, Sendable, ExpressibleByStringLiteral {
    /// A string.
    case text(String)
    /// A whole number.
    case number(Int)
    /// True or false.
    case flag(Bool)
    /// No value.
    case null
    /// Values in order.
    case array([JSONOutput])
    /// Members in order; names are not checked for duplicates.
    case object([Member])

    /// A name and its value.
    public struct Member: Equatable, Sendable {
        let name: String
        let value: JSONOutput

        /// The member `name`.
        public init(_ name: String, _ value: JSONOutput) {
            self.name = name
            self.value = value
        }
    }

    /// A literal is text.
    public init(stringLiteral value: String) { self = .text(value) }

    /// The value as JSON on one line, without spaces.
    public var rendered: String {
        var output = ""
        append(to: &output)
        return output
    }

    private func append(to output: inout String) {
        switch self {
        case .text(let text): Self.quote(text, to: &output)
        case .number(let number): output += String(number)
        case .flag(let flag): output += flag ? "true" : "false"
        case .null: output += "null"
        case .array(let values):
            output += "["
            for (index, value) in values.enumerated() {
                if index > 0 { output += "," }
                value.append(to: &output)
            }
            output += "]"
        case .object(let members):
            output += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { output += "," }
                Self.quote(member.name, to: &output)
                output += ":"
                member.value.append(to: &output)
            }
            output += "}"
        }
    }

    /// Appends `text` as a JSON string (RFC 8259 §7).
    private static func quote(_ text: String, to output: inout String) {
        output += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\r": output += "\\r"
            case "\t": output += "\\t"
            case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{2028}", "\u{2029}":
                let hex = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex
            default: output.unicodeScalars.append(scalar)
            }
        }
        output += "\""
    }
}
