import CLinux
import Glibc

/// The signals of this process as values to be read, instead of handlers that interrupt.
///
/// Made on the main thread before any other thread starts, so that every thread inherits the mask and no signal takes
/// its default action.
public struct SignalQueue {
    /// What a signal asks for.
    public enum Signal: Equatable, Sendable {
        /// SIGHUP.
        case reload
        /// SIGTERM and SIGINT.
        case stop
        /// SIGUSR1.
        case reopenLogs
        /// SIGUSR2.
        case upgrade
        /// SIGCHLD.
        case child
    }

    /// What ended a wait.
    public enum Wake: Equatable, Sendable {
        case signal(Signal)
        /// The extra descriptor can be read, or its other end is closed.
        case readable
        case timeout
    }

    private static let numbers: [Int32] = [SIGHUP, SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGCHLD]

    private let descriptor: Int32

    /// Blocks the signals of `Signal` in this thread and opens the queue.
    public init() throws(SystemError) {
        // A peer that went away is an error of the write, not the end of the process.
        _ = signal(SIGPIPE, SIG_IGN)
        var set = Self.mask
        // SAFETY: `set` is a local that both calls only read.
        guard unsafe pthread_sigmask(SIG_BLOCK, &set, nil) == 0 else {
            throw SystemError("cannot block signals", number: errno)
        }
        descriptor = unsafe signalfd(-1, &set, Int32(SFD_CLOEXEC | SFD_NONBLOCK))
        guard descriptor >= 0 else { throw SystemError("cannot open the signal descriptor", number: errno) }
    }

    /// The set of signals that are read here.
    static var mask: sigset_t {
        var set = sigset_t()
        // SAFETY: both calls write only to the local set.
        _ = unsafe sigemptyset(&set)
        for number in numbers { _ = unsafe sigaddset(&set, number) }
        return set
    }

    /// Waits for a signal, for `extra` to become readable, or for `milliseconds` to pass (-1: no end).
    public func wait(milliseconds: Int32 = -1, extra: Int32? = nil) -> Wake {
        var descriptors = [pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)]
        if let extra { descriptors.append(pollfd(fd: extra, events: Int16(POLLIN), revents: 0)) }
        while true {
            // SAFETY: the count is the array's.
            let result = unsafe poll(&descriptors, nfds_t(descriptors.count), milliseconds)
            if result == 0 { return .timeout }
            if result < 0 && errno == EINTR { continue }
            if let signal = next() { return .signal(signal) }
            if descriptors.count > 1, descriptors[1].revents != 0 { return .readable }
            if result < 0 { return .timeout }
        }
    }

    private func next() -> Signal? {
        var info = signalfd_siginfo()
        // SAFETY: signalfd(2) fills whole structures of this size.
        let count = unsafe withUnsafeMutableBytes(of: &info) { raw in
            unsafe read(descriptor, raw.baseAddress, raw.count)
        }
        guard count == MemoryLayout<signalfd_siginfo>.size else { return nil }
        switch Int32(truncatingIfNeeded: info.ssi_signo) {
        case SIGHUP: return .reload
        case SIGTERM, SIGINT: return .stop
        case SIGUSR1: return .reopenLogs
        case SIGUSR2: return .upgrade
        case SIGCHLD: return .child
        default: return nil
        }
    }
}
