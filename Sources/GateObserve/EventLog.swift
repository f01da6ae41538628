/// The event log: what happens to the gateway rather than to one exchange, and what nginx would put in its error log.
public final class EventLog: Sendable {
    /// How events are written.
    public enum Format: Sendable {
        /// One JSON object a line.
        case json
        /// For people.
        case text
    }

    /// An event log on `sink`.
    public init(sink: LogSink, format: Format = .json) {}

    /// Logs `kind` with `fields`, unless too many of its kind came in this second.
    public func emit(_ kind: EventKind, _ fields: @autoclosure () -> [EventField] = []) {}

    /// Reports what was suppressed; call it about once a second.
    public func tick() {}
}

/// One fact of an event; texts are escaped and truncated.
public struct EventField: Sendable {
    /// A field's value.
    public enum Value: Sendable {
        /// A text, possibly a stranger's.
        case text(String)
        /// A number.
        case number(Int64)
    }

    /// The field's name.
    public let name: StaticString
    /// Its value.
    public let value: Value

    /// The field `name` with a text.
    public init(_ name: StaticString, _ text: String) {
        self.name = name
        value = .text(text)
    }

    /// The field `name` with a number.
    public init(_ name: StaticString, _ number: Int) {
        self.name = name
        value = .number(Int64(number))
    }
}

/// What happened.
public enum EventKind: UInt8, Sendable, CaseIterable {
    /// A listener is open.
    case listening
    /// A new configuration is in force.
    case configurationReloaded
    /// A new configuration was refused; the old one stays.
    case configurationReloadFailed
    /// The process takes no new connections.
    case draining
    /// The process ends.
    case stopped
    /// A connection was closed before a request.
    case connectionRefused
}
