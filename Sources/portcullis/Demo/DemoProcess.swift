import GateSupervisor
import Glibc

/// A child of the demo, with its output in a file; ended by its own id, never by name.
struct DemoProcess {
    /// Its process id.
    let id: pid_t

    /// Starts `executable`, found in PATH where it holds no slash; standard output and error go to `output` and `errors`.
    static func start(
        _ executable: String, _ arguments: [String], output: String, errors: String
    ) throws -> DemoProcess {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        // SAFETY: both are initialised before use and destroyed once; paths are copied when they are added.
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        let flags = O_WRONLY | O_CREAT | O_APPEND
        unsafe posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, flags, 0o600)
        unsafe posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors, flags, 0o600)
        // Ctrl-C is the demo's alone; the children begin with every signal as usual.
        var none = sigset_t()
        var usual = sigset_t()
        unsafe sigemptyset(&none)
        unsafe sigemptyset(&usual)
        unsafe sigaddset(&usual, SIGPIPE)
        let wanted = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        unsafe posix_spawnattr_setflags(&attributes, Int16(wanted))
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setsigdefault(&attributes, &usual)

        // SAFETY: each copy is freed once, after the call.
        let argv = unsafe ([executable] + arguments).map { unsafe strdup($0) }
        defer { unsafe argv.forEach { unsafe free($0) } }
        var id: pid_t = 0
        let status = unsafe posix_spawnp(&id, executable, &actions, &attributes, argv + [nil], environ)
        guard status == 0 else { throw SystemError("cannot start \(executable)", number: status) }
        return DemoProcess(id: id)
    }

    /// Starts a program and waits for its end; its standard output and its status (-1 where a signal ended it).
    static func run(
        _ executable: String, _ arguments: [String], in directory: String
    ) throws -> (output: String, status: Int32) {
        let output = directory + "/.output"
        let errors = directory + "/.errors"
        try DemoFile.remove(output)
        try DemoFile.remove(errors)
        let status = try start(executable, arguments, output: output, errors: errors).wait()
        return (try DemoFile.read(output) + DemoFile.read(errors), status)
    }

    /// Whether it has ended.
    var hasEnded: Bool {
        var status: Int32 = 0
        // SAFETY: waitpid writes to a local.
        return unsafe waitpid(id, &status, WNOHANG) != 0
    }

    /// Waits for its end; its exit status, or -1 where a signal ended it.
    func wait() -> Int32 {
        var status: Int32 = 0
        // SAFETY: waitpid writes to a local.
        while unsafe waitpid(id, &status, 0) < 0 && errno == EINTR {}
        return status & 0x7f == 0 ? (status >> 8) & 0xff : -1
    }

    /// Asks it to end.
    func stop() { _ = kill(id, SIGTERM) }
}

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
}
