import GateSupervisor
import Glibc

/// Small files in the demo's own directory.
enum DemoFile {
    /// Makes a new directory that only its owner may enter.
    static func makeDirectory() throws -> String {
        // SAFETY: getenv returns a string that nobody changes here.
        let parent = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/tmp"
        var template = Array((parent + "/portcullis-demo-XXXXXX").utf8CString)
        // SAFETY: mkdtemp replaces six characters in place.
        guard unsafe mkdtemp(&template) != nil else {
            throw SystemError("cannot make a directory in \(parent)", number: errno)
        }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Writes a file that only its owner may read.
    static func write(_ text: String, to path: String) throws {
        try CommandFile.write(Array(text.utf8), to: path, mode: 0o600, replacing: true)
    }

    /// A file's text; empty where there is none.
    static func read(_ path: String) throws -> String {
        guard unsafe access(path, F_OK) == 0 else { return "" }
        return String(decoding: try CommandFile.read(path, maxBytes: 1 << 24, isPrivate: false), as: UTF8.self)
    }

    /// Removes a file that may not be there.
    static func remove(_ path: String) throws {
        // SAFETY: the path is copied with its NUL for the call.
        guard unsafe unlink(path) == 0 || errno == ENOENT else {
            throw SystemError("cannot remove \(path)", number: errno)
        }
    }

    /// Starts a program and waits for its end; its standard output and its status (-1 where a signal ended it).
    static func outputOf(
        _ executable: String, _ arguments: [String], in directory: String
    ) throws -> (output: String, status: Int32) {
        let output = directory + "/.output"
        let errors = directory + "/.errors"
        try remove(output)
        try remove(errors)
        let status = try ChildProcess.start(executable, arguments, output: output, errors: errors).wait()
        return (try read(output) + read(errors), status)
    }
}
