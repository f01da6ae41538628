public import GatePrimitives

/// Where configuration is read from: the disk, or a table in tests and fuzzing.
public protocol ConfigurationFiles: Sendable {
    /// The bytes of a file, at most `limit` of them.
    func contents(of path: String, limit: Int) throws(FileProblem) -> [UInt8]
    /// The names in a directory, in any order, without `.` and `..`.
    func names(in directory: String) throws(FileProblem) -> [String]
    /// Who owns a file and who may read it; symbolic links are followed.
    func status(of path: String) throws(FileProblem) -> FileStatus
    /// The number of a group by name, or nil.
    func group(named name: String) -> UInt32?
    /// The group that the gateway runs under unless the configuration names one.
    var ownGroup: UInt32 { get }
    /// An environment variable.
    func environment(_ name: String) -> String?
}

/// Why a file could not be read, in words that follow its path.
public struct FileProblem: Error, Equatable, Sendable {
    /// The words, such as `no such file`.
    public let words: String

    /// A problem in these words.
    public init(_ words: String) { self.words = words }
}

/// Who owns a file, who may read it, and which version of it there is.
public struct FileStatus: Equatable, Sendable {
    /// The permission bits, `0o600`.
    public let permissions: UInt32
    /// The owner's number.
    public let owner: UInt32
    /// The group's number.
    public let group: UInt32
    /// Its version.
    public let version: FileVersion

    /// A file with these.
    public init(permissions: UInt32, owner: UInt32, group: UInt32, version: FileVersion = FileVersion()) {
        self.permissions = permissions
        self.owner = owner
        self.group = group
        self.version = version
    }
}

/// Files that exist in memory alone.
public struct MemoryFiles: ConfigurationFiles {
    /// What a file holds, and who may read it.
    public struct File: Sendable {
        /// Its bytes.
        public var bytes: [UInt8]
        /// Its owner and permissions.
        public var status: FileStatus

        /// A file that only its owner may read.
        public init(
            _ text: String, status: FileStatus = FileStatus(permissions: 0o600, owner: 1000, group: 1000)
        ) {
            bytes = Array(text.utf8)
            self.status = status
        }
    }

    /// Files by path.
    public var files: [String: File]
    /// Groups by name.
    public var groups: [String: UInt32] = [:]
    /// The gateway's group.
    public var ownGroup: UInt32 = 1000
    /// Environment variables.
    public var variables: [String: String] = [:]

    /// These files.
    public init(_ files: [String: File] = [:]) { self.files = files }

    /// The bytes of a file, at most `limit` of them.
    public func contents(of path: String, limit: Int) throws(FileProblem) -> [UInt8] {
        guard let file = files[path] else { throw FileProblem("no such file") }
        guard file.bytes.count <= limit else { throw FileProblem("has more than \(limit) bytes") }
        return file.bytes
    }

    /// The names of files directly in a directory.
    public func names(in directory: String) throws(FileProblem) -> [String] {
        let names = files.keys.filter { FilePath.directory(of: $0) == (directory == "." ? "" : directory) }
        guard !names.isEmpty else { throw FileProblem("no such directory") }
        return names.map { String($0.split(separator: "/").last ?? "") }
    }

    /// Who owns a file and who may read it.
    public func status(of path: String) throws(FileProblem) -> FileStatus {
        guard let file = files[path] else { throw FileProblem("no such file") }
        return file.status
    }

    /// The number of a group by name, or nil.
    public func group(named name: String) -> UInt32? { groups[name] }

    /// An environment variable.
    public func environment(_ name: String) -> String? { variables[name] }
}
