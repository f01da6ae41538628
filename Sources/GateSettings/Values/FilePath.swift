/// A path as written, and what it means: a relative path is relative to the file it is written in.
public struct FilePath: Hashable, Sendable, CustomStringConvertible {
    /// The path relative to the main file's directory, or absolute.
    public let written: String
    /// The path to open.
    public let path: String

    /// The path `written`, which stands for `path`.
    public init(written: String, path: String) {
        self.written = written
        self.path = path
    }

    /// The path to open.
    public var description: String { path }

    /// What `text` means in a file that stands in `directory`, itself relative to `root`.
    static func resolve(_ text: String, directory: String, root: String) -> FilePath {
        let written = join(directory, text)
        return FilePath(written: written, path: join(root, written))
    }

    /// `path` below `directory`, unless it is absolute or there is no directory.
    static func join(_ directory: String, _ path: String) -> String {
        if path.hasPrefix("/") || directory.isEmpty { return path }
        return directory.hasSuffix("/") ? directory + path : directory + "/" + path
    }

    /// What stands before the last slash; empty when there is none.
    static func directory(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
        return slash == path.utf8.startIndex ? "/" : String(path[..<slash])
    }
}
