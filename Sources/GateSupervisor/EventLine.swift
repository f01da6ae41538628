public import GatePrimitives
import Glibc

/// One line of the supervisor's event log on standard error.
///
/// The supervisor writes synchronously, but never waits: a reader that has stopped loses lines, not the gateway.
public struct EventLine: Sendable {
    /// How the line looks.
    public enum Format: String, Sendable, CaseIterable {
        /// One JSON object.
        case json
        /// Words for people.
        case text
    }

    /// How grave it is.
    public enum Level: String, Sendable { case info, warning, error }

    private let level: Level
    private let event: String
    private let fields: [(name: String, value: Value)]

    /// A field's value.
    public enum Value: Sendable, ExpressibleByStringLiteral {
        case text(String)
        case number(Int)

        /// A literal is text.
        public init(stringLiteral value: String) { self = .text(value) }
    }

    /// An event with its fields, in the order in which they are written.
    public init(_ level: Level, _ event: String, _ fields: [(String, Value)] = []) {
        self.level = level
        self.event = event
        self.fields = fields.map { (name: $0.0, value: $0.1) }
    }

    /// The line, closed by LF.
    public func rendered(_ format: Format, at time: WallInstant) -> String {
        let stamp = Self.timestamp(time)
        switch format {
        case .json:
            var line = "{\"time\":\"\(stamp)\",\"level\":\"\(level.rawValue)\",\"event\":\"\(event)\""
            for field in fields {
                line += ",\"\(field.name)\":"
                switch field.value {
                case .text(let text): line += "\"\(Self.escaped(text))\""
                case .number(let number): line += String(number)
                }
            }
            return line + "}\n"
        case .text:
            var line = "\(stamp) \(level.rawValue) \(event)"
            for field in fields {
                switch field.value {
                case .text(let text): line += " \(field.name)=\"\(Self.escaped(text))\""
                case .number(let number): line += " \(field.name)=\(number)"
                }
            }
            return line + "\n"
        }
    }

    /// Writes the line to standard error, or drops it where that would block.
    public func write(_ format: Format) {
        var standardError = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        // SAFETY: one pollfd, passed with the count 1.
        guard unsafe poll(&standardError, 1, 0) == 1 else { return }
        // A pipe that can be written takes PIPE_BUF bytes whole (pipe(7)).
        let bytes = Array(rendered(format, at: .now()).utf8.prefix(Int(PIPE_BUF)))
        // SAFETY: the count is the array's.
        _ = unsafe bytes.withUnsafeBytes { raw in unsafe Glibc.write(STDERR_FILENO, raw.baseAddress, raw.count) }
    }

    /// RFC 3339 in UTC with milliseconds.
    private static func timestamp(_ time: WallInstant) -> String {
        var seconds = time_t(time.seconds)
        var parts = unsafe tm()
        // SAFETY: both pointers are to locals.
        _ = unsafe gmtime_r(&seconds, &parts)
        func padded(_ value: Int, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let year = unsafe Int(parts.tm_year) + 1900
        let (month, day) = unsafe (Int(parts.tm_mon) + 1, Int(parts.tm_mday))
        let (hour, minute, second) = unsafe (Int(parts.tm_hour), Int(parts.tm_min), Int(parts.tm_sec))
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T\(padded(hour, 2)):\(padded(minute, 2)):"
            + "\(padded(second, 2)).\(padded(Int(time.milliseconds % 1000), 3))Z"
    }

    /// `text` inside a JSON string: quotes, backslashes and control characters escaped.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{2028}", "\u{2029}":
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: max(0, 4 - hex.count)) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
