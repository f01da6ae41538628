import GatePrimitives
import Synchronization

/// The event log: what happens to the gateway rather than to one exchange, and what nginx would put in its error log.
///
/// Of each kind that strangers can cause, a few a second are written and the rest counted, so that a flood fills no disk.
public final class EventLog: Sendable {
    /// How events are written.
    public enum Format: Sendable {
        /// One JSON object a line.
        case json
        /// For people: time, level, phrase, then `name=value`.
        case text
    }

    /// How many bytes of one field are written; what is beyond is cut with a mark.
    static let maximumText = 1024

    /// What one kind has used of its second.
    private struct Window {
        var second = Int64.min
        var written = 0
        var suppressed = 0
    }

    private struct State: ~Copyable {
        var windows = [Window](repeating: Window(), count: EventKind.allCases.count)
        var time = LogTime()
        var line = TextBuffer()
    }

    private let sink: LogSink
    private let format: Format
    private let minimum: EventLevel
    private let perSecond: Int
    private let state = Mutex(State())

    /// An event log on `sink`, of events from `minimum` on, at most `perSecond` of a kind (at least one).
    public init(sink: LogSink, format: Format = .json, minimum: EventLevel = .info, perSecond: Int = 10) {
        self.sink = sink
        self.format = format
        self.minimum = minimum
        self.perSecond = max(perSecond, 1)
    }

    /// Logs `kind` with `fields`, unless too many of its kind came in this second.
    ///
    /// `fields` is not evaluated for what is not written. Never blocks on the log's reader.
    public func emit(_ kind: EventKind, _ fields: @autoclosure () -> [EventField] = []) {
        emit(kind, fields(), now: .now(), wall: .now())
    }

    /// ``emit(_:_:)`` at a given time.
    func emit(
        _ kind: EventKind, _ fields: @autoclosure () -> [EventField], now: MonotonicInstant, wall: WallInstant
    ) {
        guard kind.level >= minimum, let suppressed = admit(kind, now: now) else { return }
        write(kind, fields(), suppressed: suppressed, wall: wall)
    }

    /// Reports what was suppressed in seconds that are over; call it about once a second.
    public func tick() { tick(now: .now(), wall: .now()) }

    /// ``tick()`` at a given time.
    func tick(now: MonotonicInstant, wall: WallInstant) {
        let second = now.nanoseconds / 1_000_000_000
        for kind in EventKind.allCases {
            let suppressed = state.withLock { state in
                let index = Int(kind.rawValue)
                guard state.windows[index].second < second else { return 0 }
                defer { state.windows[index].suppressed = 0 }
                return state.windows[index].suppressed
            }
            if suppressed > 0 { write(kind, [], suppressed: suppressed, wall: wall) }
        }
    }

    /// How many of `kind` were suppressed since the last that was written; nil where this one is, too.
    private func admit(_ kind: EventKind, now: MonotonicInstant) -> Int? {
        guard kind.isLimited else { return 0 }
        let second = now.nanoseconds / 1_000_000_000
        return state.withLock { state in
            var window = state.windows[Int(kind.rawValue)]
            defer { state.windows[Int(kind.rawValue)] = window }
            if window.second != second {
                window.second = second
                window.written = 0
            }
            guard window.written < perSecond else {
                window.suppressed &+= 1
                return nil
            }
            window.written &+= 1
            defer { window.suppressed = 0 }
            return window.suppressed
        }
    }

    private func write(_ kind: EventKind, _ fields: [EventField], suppressed: Int, wall: WallInstant) {
        state.withLock { state in
            state.line.removeAll()
            switch format {
            case .json: appendJSON(kind, fields, suppressed: suppressed, wall: wall, to: &state)
            case .text: appendText(kind, fields, suppressed: suppressed, wall: wall, to: &state)
            }
            sink.submit(state.line.span, lines: 1)
        }
    }

    private func appendJSON(
        _ kind: EventKind, _ fields: [EventField], suppressed: Int, wall: WallInstant, to state: inout State
    ) {
        state.line.append(literal: "{\"time\":\"")
        state.time.append(wall, to: &state.line)
        state.line.append(literal: "\",\"level\":\"")
        state.line.append(kind.level.word)
        state.line.append(literal: "\",\"event\":")
        JSONText.append(kind.message, limit: .max, to: &state.line)
        for field in fields {
            state.line.append(literal: ",\"")
            state.line.append(literal: field.name)
            state.line.append(literal: "\":")
            switch field.value {
            case .number(let number): state.line.append(number)
            case .text(let text): JSONText.append(text, limit: Self.maximumText, to: &state.line)
            }
        }
        if suppressed > 0 {
            state.line.append(literal: ",\"suppressed\":")
            state.line.append(suppressed)
        }
        state.line.append(literal: "}\n")
    }

    private func appendText(
        _ kind: EventKind, _ fields: [EventField], suppressed: Int, wall: WallInstant, to state: inout State
    ) {
        state.time.append(wall, to: &state.line)
        state.line.append(literal: " ")
        let level = kind.level.word
        state.line.append(level)
        state.line.append(literal: level.utf8.count < 5 ? "  " : " ")
        state.line.append(kind.message)
        for field in fields {
            state.line.append(literal: " ")
            state.line.append(literal: field.name)
            state.line.append(literal: "=")
            switch field.value {
            case .number(let number): state.line.append(number)
            case .text(let text) where Self.isBare(text): state.line.append(text)
            case .text(let text): JSONText.append(text, limit: Self.maximumText, to: &state.line)
            }
        }
        if suppressed > 0 {
            state.line.append(literal: " suppressed=")
            state.line.append(suppressed)
        }
        state.line.append(literal: "\n")
    }

    /// Whether a text reads unambiguously without quotes.
    private static func isBare(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.count <= maximumText else { return false }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x2f, 0x3a, 0x5b, 0x5d, 0x5f: true
            default: false
            }
        }
    }
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

    /// The field's name: lower-case letters, digits and underscores.
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
