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
    public enum Level: String, Sendable { case info, warn, error }

    private let level: Level
    private let event: String
    private let fields: [(name: String, value: JSONOutput)]

    /// An event with its fields, in the order in which they are written.
    public init(_ level: Level, _ event: String, _ fields: [(String, JSONOutput)] = []) {
        self.level = level
        self.event = event
        self.fields = fields.map { (name: $0.0, value: $0.1) }
    }

    /// The line, closed by LF.
    public func rendered(_ format: Format, at time: WallInstant) -> String {
        let stamp = Self.timestamp(time)
        switch format {
        case .json:
            let head: [JSONOutput.Member] = [
                .init("time", .text(stamp)), .init("level", .text(level.rawValue)), .init("event", .text(event)),
            ]
            return JSONOutput.object(head + fields.map { .init($0.name, $0.value) }).rendered + "\n"
        case .text:
            let details = fields.map { " \($0.name)=\($0.value.rendered)" }
            return "\(stamp) \(level.rawValue) \(event)\(details.joined())\n"
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
}
