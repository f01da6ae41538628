import Glibc

/// Reads a key set from the disk, bounded.
enum KeySetFile {
    struct Unreadable: Error {}

    static func read(_ path: String, limit: Int) throws -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Unreadable() }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while bytes.count <= limit {
            // SAFETY: the kernel writes at most `chunk.count` bytes into `chunk`.
            let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            guard count >= 0 else { throw Unreadable() }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk.prefix(count))
        }
        throw Unreadable()
    }
}
