import Glibc

/// A path of its own for one test; the file there goes when the test ends.
final class Scratch {
    let path = "/tmp/portcullis-observe-\(getpid())-\(UInt64.random(in: 0 ... .max))"

    deinit { remove() }

    func remove() {
        // SAFETY: unlink(2) reads the path, which outlives the call.
        _ = unsafe unlink(path)
    }

    func makeFIFO() {
        // SAFETY: mkfifo(3) reads the path, which outlives the call.
        _ = unsafe mkfifo(path, 0o600)
    }

    func makeDirectory() {
        // SAFETY: mkdir(2) reads the path, which outlives the call.
        _ = unsafe mkdir(path, 0o700)
    }

    func removeDirectory() {
        // SAFETY: rmdir(2) reads the path, which outlives the call.
        _ = unsafe rmdir(path)
    }

    func move(to other: Scratch) {
        // SAFETY: rename(2) reads two paths, which outlive the call.
        _ = unsafe rename(path, other.path)
    }

    func open(_ flags: Int32) -> Int32 {
        // SAFETY: open(2) reads the path, which outlives the call.
        unsafe Glibc.open(path, flags)
    }

    /// All that is in the file, empty where there is none.
    func bytes() -> [UInt8] {
        let descriptor = open(O_RDONLY)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        return read(descriptor)
    }

    func text() -> String { String(decoding: bytes(), as: UTF8.self) }
}

/// A pipe whose reader reads when it is told to.
final class Pipe {
    let reader: Int32
    let writer: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        // SAFETY: pipe(2) writes the two descriptors that the array has room for.
        _ = unsafe pipe(&ends)
        (reader, writer) = (ends[0], ends[1])
    }

    deinit {
        close(reader)
        close(writer)
    }

    /// Fills the pipe, so that the next write blocks.
    func fill() {
        let flags = fcntl(writer, F_GETFL)
        _ = fcntl(writer, F_SETFL, flags | O_NONBLOCK)
        let part = [UInt8](repeating: 0, count: 4096)
        // SAFETY: write(2) reads the buffer's own count of bytes.
        while unsafe write(writer, part, part.count) > 0 {}
        _ = fcntl(writer, F_SETFL, flags)
    }
}

/// Reads `descriptor` until its end, or until `count` bytes were read.
func read(_ descriptor: Int32, count: Int = .max) -> [UInt8] {
    var all: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65_536)
    while all.count < count {
        // SAFETY: read(2) writes at most the buffer's own count of bytes.
        let got = unsafe Glibc.read(descriptor, &part, min(part.count, count - all.count))
        guard got > 0 else { break }
        all.append(contentsOf: part.prefix(got))
    }
    return all
}
