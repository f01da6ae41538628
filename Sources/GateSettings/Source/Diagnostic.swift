/// One problem of a configuration: where, what is wrong, and what to write instead.
public struct Diagnostic: Equatable, Sendable {
    /// How bad it is.
    public enum Severity: String, Sendable {
        /// The configuration does not load.
        case error
        /// It loads; somebody should look.
        case warning
    }

    /// How bad it is.
    public let severity: Severity
    /// Where it stands, for sorting.
    public let position: SourcePosition
    /// The file's path as given or as found by `include`.
    public let file: String
    /// What is wrong, one sentence without a full stop.
    public let problem: String
    /// What to write instead, where that can be said.
    public let remedy: String?

    /// `file:line:column: error: what is wrong (what to write instead)`; without numbers where the file as a whole is meant.
    public var line: String {
        let place = position.line == 0 ? file : "\(file):\(position.line):\(position.column)"
        let tail = remedy.map { " (\($0))" } ?? ""
        return "\(place): \(severity.rawValue): \(problem)\(tail)"
    }
}

/// Collects every problem of a load; none stops the collecting of the next.
public struct Diagnostics: Sendable {
    // LIMIT: 10,000 problems, so that a hostile file of one-byte mistakes cannot grow the list without end.
    static let limit = 10_000

    private var collected: [Diagnostic] = []
    private var dropped = 0
    /// Paths of the files read, by index.
    private(set) var files: [String] = []

    /// Nothing collected, no file read.
    public init() {}

    /// Gives a file its index; call it in the order of reading.
    public mutating func addFile(_ path: String) -> Int {
        files.append(path)
        return files.count - 1
    }

    /// As new, with the same files: for settings that are judged again.
    public var emptied: Diagnostics {
        var emptied = Diagnostics()
        emptied.files = files
        return emptied
    }

    /// The path of the file that `position` stands in.
    public func path(of position: SourcePosition) -> String {
        let index = Int(position.file)
        return index < files.count ? files[index] : "configuration"
    }

    /// `file:line:column` of a place, for messages that name a second one.
    public func place(_ position: SourcePosition) -> String {
        position.line == 0 ? path(of: position) : "\(path(of: position)):\(position.line):\(position.column)"
    }

    /// Records an error.
    public mutating func error(at position: SourcePosition, _ problem: String, instead remedy: String? = nil) {
        add(.error, position, problem, remedy)
    }

    /// Records a warning.
    public mutating func warning(at position: SourcePosition, _ problem: String, instead remedy: String? = nil) {
        add(.warning, position, problem, remedy)
    }

    /// Whether an error was recorded at this very place.
    public func hasError(at position: SourcePosition) -> Bool { places.contains(position) }

    /// Places of errors.
    private var places: Set<SourcePosition> = []

    /// How many errors were recorded.
    public private(set) var errorCount = 0

    /// Whether any error was recorded.
    public var hasErrors: Bool { errorCount > 0 }

    /// Everything recorded, by file, line and column; equal places keep the order of recording.
    public var sorted: [Diagnostic] {
        var all = collected.enumerated()
            .sorted { ($0.element.position, $0.offset) < ($1.element.position, $1.offset) }
            .map(\.element)
        if dropped > 0 {
            all.append(
                Diagnostic(
                    severity: .error, position: .unknown, file: files.first ?? "configuration",
                    problem: "\(dropped) more problems are not listed", remedy: nil))
        }
        return all
    }

    private mutating func add(
        _ severity: Diagnostic.Severity, _ position: SourcePosition, _ problem: String, _ remedy: String?
    ) {
        if severity == .error {
            errorCount &+= 1
            if places.count < Self.limit { places.insert(position) }
        }
        guard collected.count < Self.limit else {
            dropped &+= 1
            return
        }
        collected.append(
            Diagnostic(
                severity: severity, position: position, file: path(of: position), problem: problem, remedy: remedy))
    }
}
