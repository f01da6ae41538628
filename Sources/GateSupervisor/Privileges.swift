import CLinux
import Glibc

/// What the process may do, and giving it up.
public enum Privileges {
    /// Forbids, for this process and all that it starts, that executing a file adds a privilege.
    public static func forbidNew() throws(SystemError) {
        guard gate_no_new_privileges() == 0 else {
            throw SystemError("cannot set no_new_privs", number: errno)
        }
    }

    /// Becomes `user` (a name) and `group` (a name; the user's own where nil) for good, once sockets are open.
    public static func drop(toUser user: String, group: String?) throws(SystemError) {
        // SAFETY: getpwnam and getgrnam return static storage that is copied before the next call; one thread runs.
        guard let account = unsafe getpwnam(user) else {
            throw SystemError("process.user \(user)", number: ENOENT, advice: "there is no such user")
        }
        let userID = unsafe account.pointee.pw_uid
        var groupID = unsafe account.pointee.pw_gid
        if let group {
            guard let entry = unsafe getgrnam(group) else {
                throw SystemError("process.group \(group)", number: ENOENT, advice: "there is no such group")
            }
            groupID = unsafe entry.pointee.gr_gid
        }
        guard getuid() != userID || getgid() != groupID else { return }
        // ORDER: groups while still root, the user last.
        guard unsafe setgroups(1, &groupID) == 0, setgid(groupID) == 0, setuid(userID) == 0
        else {
            throw SystemError("cannot become user \(user)", number: errno, advice: "only root can")
        }
        // What can be taken back was not given up.
        if userID != 0, setuid(0) == 0 {
            throw SystemError("cannot give up root", number: EPERM)
        }
    }

    /// Raises the soft limit of open files to the hard one; returns the limit now in force.
    public static func raiseOpenFiles() -> Int {
        var limit = rlimit()
        // SAFETY: the calls fill and read a local.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 0 }
        if limit.rlim_cur < limit.rlim_max {
            var raised = rlimit(rlim_cur: limit.rlim_max, rlim_max: limit.rlim_max)
            if unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
        }
        return Int(clamping: limit.rlim_cur)
    }

    /// Ends this process when the process that started it has ended; `parent` is that process's id.
    ///
    /// Between the start and this call the parent may have gone already: then the answer is false.
    public static func dieWithParent(_ parent: Int32) -> Bool {
        gate_die_with_parent(SIGKILL) == 0 && getppid() == parent
    }

    /// The number of processors this process may run on.
    public static var usableProcessors: Int { Int(gate_usable_processors()) }
}
