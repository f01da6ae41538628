import GateIdentity
import Glibc

/// A failed check: printed on standard error, exit status 1.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// Files and streams of the commands; off the data path.
enum CommandFile {
    /// The bytes of a file of at most `maxBytes`. A private one must not be open to others.
    static func read(_ path: String, maxBytes: Int, isPrivate: Bool) throws -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CommandFailure("\(path): \(reason())") }
        defer { close(descriptor) }
        if isPrivate {
            var status = stat()
            guard unsafe fstat(descriptor, &status) == 0 else { throw CommandFailure("\(path): \(reason())") }
            guard status.st_mode & 0o077 == 0 else {
                throw CommandFailure("\(path): others can read this key; run: chmod 600 \(path)")
            }
        }
        return try readAll(descriptor, name: path, maxBytes: maxBytes)
    }

    /// All of standard input, at most `maxBytes`.
    static func readStandardInput(maxBytes: Int) throws -> [UInt8] {
        try readAll(STDIN_FILENO, name: "standard input", maxBytes: maxBytes)
    }

    /// Writes a new file with exactly `mode`.
    static func write(_ bytes: [UInt8], to path: String, mode: mode_t, replacing: Bool) throws {
        if replacing { _ = unsafe unlink(path) }
        // O_EXCL: the file is new, so that nobody else's mode or link is behind the name.
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else {
            throw CommandFailure("\(path): \(reason())\(errno == EEXIST ? " (--force replaces it)" : "")")
        }
        defer { close(descriptor) }
        try writeAll(bytes, descriptor, name: path)
    }

    /// Makes a directory that only its owner may enter, unless it is there.
    static func makeDirectory(_ path: String) throws {
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else { throw CommandFailure("\(path): \(reason())") }
    }

    /// Writes bytes as they are; to a terminal with a line end behind them.
    static func writeStandardOutput(_ bytes: [UInt8]) throws {
        let ending: [UInt8] = isatty(STDOUT_FILENO) == 1 ? [0x0A] : []
        try writeAll(bytes + ending, STDOUT_FILENO, name: "standard output")
    }

    /// Prints one JSON value on a line.
    static func print(_ value: JSONNode) { Swift.print(String(decoding: value.text, as: UTF8.self)) }

    private static func readAll(_ descriptor: Int32, name: String, maxBytes: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            // SAFETY: read writes at most the buffer's own count.
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw CommandFailure("\(name): \(reason())")
            }
            bytes += chunk.prefix(count)
            guard bytes.count <= maxBytes else { throw CommandFailure("\(name): more than \(maxBytes) bytes") }
        }
    }

    private static func writeAll(_ bytes: [UInt8], _ descriptor: Int32, name: String) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            // SAFETY: write reads at most the buffer's own count.
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw CommandFailure("\(name): \(reason())")
            }
            rest = rest.dropFirst(count)
        }
    }

    private static func reason() -> String {
        // SAFETY: strerror returns a string that lasts until the next call on this thread.
        unsafe String(cString: strerror(errno))
    }
}
