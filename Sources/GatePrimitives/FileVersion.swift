/// What tells one content of a file from the next without reading it: where it is, when it was written, how long it is.
///
/// A file that is replaced by renaming has another inode; one that is written in place another time or length.
public struct FileVersion: Hashable, Sendable {
    /// The file system.
    public let device: UInt64
    /// The file in it.
    public let inode: UInt64
    /// When it was last written, in nanoseconds since the epoch.
    public let modified: Int64
    /// Its bytes.
    public let size: Int64

    /// A version; all zero for files that exist in memory alone.
    public init(device: UInt64 = 0, inode: UInt64 = 0, modified: Int64 = 0, size: Int64 = 0) {
        self.device = device
        self.inode = inode
        self.modified = modified
        self.size = size
    }
}
