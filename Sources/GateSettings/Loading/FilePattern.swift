/// A path whose last part may hold wildcards: `*` for any bytes, `?` for one, neither for a leading dot.
public struct FilePattern {
    /// What stands before the last part.
    private let directory: String
    private let last: String
    private let text: String

    /// The pattern `text`.
    public init(_ text: String) {
        self.text = text
        directory = FilePath.directory(of: text)
        last = text.split(separator: "/").last.map(String.init) ?? ""
    }

    /// Whether it may name several files.
    public var hasWildcards: Bool { Self.hasWildcards(last) }

    /// Whether a wildcard stands where none may.
    public var hasMisplacedWildcards: Bool { Self.hasWildcards(directory) }

    /// The files that it names, in the order of their names, relative to `root` as it is itself; a path without wildcard
    /// must exist.
    public func files(in files: any ConfigurationFiles, below root: String = "") throws(FileProblem) -> [String] {
        guard hasWildcards else {
            _ = try files.status(of: FilePath.join(root, text))
            return [text]
        }
        let searched = FilePath.join(root, directory)
        return try files.names(in: searched.isEmpty ? "." : searched)
            .filter { Glob.matches(Array($0.utf8), pattern: Array(last.utf8)) }
            .sorted()
            .map { FilePath.join(directory, $0) }
    }

    private static func hasWildcards(_ text: String) -> Bool { text.contains { $0 == "*" || $0 == "?" } }
}
