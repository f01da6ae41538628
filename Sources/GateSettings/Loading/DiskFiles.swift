import GatePrimitives
import Glibc

/// The disk, as the gateway's user sees it.
public struct DiskFiles: ConfigurationFiles {
    /// The disk.
    public init() {}

    /// The bytes of a file, at most `limit` of them.
    ///
    /// Opened without waiting: a named pipe in place of a file must not hold a reload.
    public func contents(of path: String, limit: Int) throws(FileProblem) -> [UInt8] {
        // SAFETY: the path is copied with its NUL for the call.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Self.problem() }
        defer { close(descriptor) }
        var information = stat()
        // SAFETY: fstat fills a local.
        guard unsafe fstat(descriptor, &information) == 0 else { throw Self.problem() }
        guard information.st_mode & S_IFMT == S_IFREG else { throw FileProblem("is no regular file") }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            // SAFETY: the count is the array's.
            let count = unsafe read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw Self.problem()
            }
            bytes += chunk.prefix(count)
            guard bytes.count <= limit else { throw FileProblem("has more than \(limit) bytes") }
        }
    }

    /// The names in a directory, in any order, without `.` and `..`.
    public func names(in directory: String) throws(FileProblem) -> [String] {
        // SAFETY: the stream is open until closedir; each entry is copied before the next is read.
        guard let stream = unsafe opendir(directory) else { throw Self.problem() }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { raw in
                unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// Who owns a file and who may read it; symbolic links are followed.
    public func status(of path: String) throws(FileProblem) -> FileStatus {
        var information = stat()
        // SAFETY: the path is copied with its NUL for the call; stat fills a local.
        guard unsafe stat(path, &information) == 0 else { throw Self.problem() }
        return FileStatus(
            permissions: UInt32(information.st_mode) & 0o7777, owner: information.st_uid, group: information.st_gid,
            version: FileVersion(
                device: UInt64(information.st_dev), inode: UInt64(information.st_ino),
                modified: Int64(information.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(information.st_mtim.tv_nsec),
                size: Int64(information.st_size)))
    }

    /// The number of a group by name, or nil.
    public func group(named name: String) -> UInt32? {
        var entry = unsafe Glibc.group()
        var found: UnsafeMutablePointer<Glibc.group>?
        // LIMIT: a group of more members than fit here is not found.
        var space = [CChar](repeating: 0, count: 1 << 16)
        // SAFETY: getgrnam_r writes to locals and to the space whose size is passed; the number is read while it lives.
        guard unsafe getgrnam_r(name, &entry, &space, space.count, &found) == 0, unsafe found != nil else {
            return nil
        }
        return unsafe entry.gr_gid
    }

    /// The group that the gateway runs under unless the configuration names one.
    public var ownGroup: UInt32 { getegid() }

    /// An environment variable.
    public func environment(_ name: String) -> String? {
        // SAFETY: getenv returns a string that nobody changes: nothing here calls setenv.
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    /// What errno says, in words that follow a path.
    private static func problem() -> FileProblem {
        switch errno {
        case ENOENT, ENOTDIR: return FileProblem("no such file")
        case EACCES, EPERM: return FileProblem("may not be read by this user")
        case EISDIR: return FileProblem("is a directory")
        case EMFILE, ENFILE: return FileProblem("cannot be opened: too many open files")
        case let number: return FileProblem("cannot be read (error \(number))")
        }
    }
}
