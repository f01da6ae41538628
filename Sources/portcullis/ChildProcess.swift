import GateSupervisor
import Glibc

/// A child of this process; ended by its own id, never by name.
struct ChildProcess {
    /// Its process id.
    let id: pid_t

    /// This executable.
    static let own = "/proc/self/exe"

    /// Starts `executable`, found in PATH where it holds no slash. Standard output and error go to these files; nil: where
    /// this process's go.
    static func start(
        _ executable: String, _ arguments: [String], output: String? = nil, errors: String? = nil
    ) throws -> ChildProcess {
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
        if let output { unsafe posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, flags, 0o600) }
        if let errors { unsafe posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors, flags, 0o600) }
        // Ctrl-C is this process's alone; children begin with every signal as usual.
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
        let name = executable == own ? "portcullis" : executable
        let argv = unsafe ([name] + arguments).map { unsafe strdup($0) }
        defer { unsafe argv.forEach { unsafe free($0) } }
        var id: pid_t = 0
        let status = unsafe posix_spawnp(&id, executable, &actions, &attributes, argv + [nil], environ)
        guard status == 0 else { throw SystemError("cannot start \(executable)", number: status) }
        return ChildProcess(id: id)
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
