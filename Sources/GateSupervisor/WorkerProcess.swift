import Glibc

/// A worker: this executable again, with the listening sockets at the numbers they have here.
struct WorkerProcess {
    /// Its process id.
    let id: pid_t
    /// The end of the pipe on which it says that it serves.
    let readiness: Int32

    /// Starts `command`, which inherits `sockets`; `arguments` is given the number of the readiness descriptor.
    ///
    /// The worker is born with the signals of `SignalQueue` blocked: one that comes before it is ready to read waits.
    static func start(
        _ executable: String, arguments: (_ readiness: Int32) -> [String], sockets: [ListeningSocket]
    ) throws(SystemError) -> WorkerProcess {
        var ends: [Int32] = [-1, -1]
        // SAFETY: pipe writes two descriptors into an array of two.
        guard unsafe pipe(&ends) == 0 else { throw SystemError("cannot open a pipe", number: errno) }
        let (reader, writer) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(writer) }

        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        // SAFETY: both are initialised before use and destroyed once; the added values are copied.
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        for descriptor in sockets.map(\.descriptor) + [writer] {
            // A duplicate onto itself clears close-on-exec (glibc 2.29 and later), in the child alone.
            _ = unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, descriptor)
        }
        // A group of its own: Ctrl-C reaches the supervisor alone, which forwards it once.
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK
        _ = unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
        _ = unsafe posix_spawnattr_setpgroup(&attributes, 0)
        var mask = SignalQueue.mask
        _ = unsafe posix_spawnattr_setsigmask(&attributes, &mask)

        var id: pid_t = 0
        let status = unsafe withCStrings(["portcullis"] + arguments(writer)) { argv in
            unsafe withCStrings(environment()) { envp in
                // SAFETY: both arrays end with nil and live for the call.
                unsafe posix_spawn(&id, executable, &actions, &attributes, argv, envp)
            }
        }
        guard status == 0 else {
            close(reader)
            throw SystemError("cannot start the worker \(executable)", number: status)
        }
        return WorkerProcess(id: id, readiness: reader)
    }

    /// How the worker ended, or nil while it runs.
    func reap() -> WorkerEnd? {
        var status: Int32 = 0
        // SAFETY: waitpid writes to a local.
        guard unsafe waitpid(id, &status, WNOHANG) == id else { return nil }
        // wait(2)'s macros, which Swift does not import: the low seven bits are the signal, the next byte the status.
        let signal = status & 0x7f
        return signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
    }

    /// The supervisor's environment, with Swift's backtracer off: it would hold a dying worker for seconds.
    private static func environment() -> [String] {
        var variables: [String] = []
        var next = unsafe environ
        // SAFETY: environ is an array of C strings that ends with nil.
        while let entry = unsafe next.pointee {
            let variable = unsafe String(cString: entry)
            if !variable.hasPrefix("SWIFT_BACKTRACE=") { variables.append(variable) }
            unsafe next += 1
        }
        return variables + ["SWIFT_BACKTRACE=enable=no"]
    }
}

/// Calls `body` with `strings` as a C array that ends with nil.
private func withCStrings<R>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> R) -> R {
    // SAFETY: each copy is freed once, after the call.
    let pointers = unsafe strings.map { unsafe strdup($0) }
    defer { unsafe pointers.forEach { unsafe free($0) } }
    return unsafe body(pointers + [nil])
}
