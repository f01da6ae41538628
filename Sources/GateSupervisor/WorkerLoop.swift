import GatePrimitives
import Glibc

/// What the worker's main thread asks of the gateway that runs on the other threads; each call returns at once.
public protocol WorkerDuties {
    /// SIGHUP: read the configuration again, and take it if it is good.
    func reload()
    /// SIGUSR1: open the log files anew.
    func reopenLogs()
    /// The first SIGTERM: stop accepting, finish what is under way, then call `Completion.finish`.
    func drain()
    /// A second SIGTERM: end what is under way, then call `Completion.finish`.
    func cutShort()
}

/// The end of the worker, announced by whichever thread finishes last.
public final class Completion: Sendable {
    private let reader: Int32
    private let writer: Int32

    /// A completion that has not come.
    public init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        // SAFETY: pipe writes two descriptors into an array of two.
        guard unsafe pipe(&ends) == 0 else { throw SystemError("cannot open a pipe", number: errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (reader, writer) = (ends[0], ends[1])
    }

    /// The worker ends with `status`; only the first call counts.
    public func finish(status: UInt8) {
        var status = status
        // SAFETY: one byte of a local.
        _ = unsafe write(writer, &status, 1)
    }

    /// The descriptor that becomes readable when the end has come.
    var descriptor: Int32 { reader }

    /// The status of the end that has come.
    func status() -> Int32 {
        var status: UInt8 = 1
        // SAFETY: one byte into a local.
        return unsafe read(reader, &status, 1) == 1 ? Int32(status) : 1
    }

    deinit {
        close(reader)
        close(writer)
    }
}

/// The main thread of a worker: signals in, duties out.
public enum WorkerLoop {
    /// Starts the gateway, tells the supervisor, and carries out signals until `Completion.finish`; returns the status.
    ///
    /// - Parameters:
    ///   - parent: the supervisor's process id; the worker does not outlive it.
    ///   - readiness: the descriptor on which the supervisor waits for one byte.
    ///   - start: starts every thread that serves; nil where it could not, having said why.
    public static func run(
        parent: Int32, readiness: Int32, start: (Completion) -> (any WorkerDuties)?
    ) -> Int32 {
        do throws(SystemError) {
            // ORDER: before any other thread, so that all inherit the mask.
            let signals = try SignalQueue()
            guard Privileges.dieWithParent(parent) else { return 1 }
            let completion = try Completion()
            guard let duties = start(completion) else { return 1 }
            var ready: UInt8 = 1
            // SAFETY: one byte of a local.
            _ = unsafe write(readiness, &ready, 1)
            close(readiness)
            return serve(duties, signals, completion)
        } catch {
            EventLine(.error, "start failed", [("error", .text(error.description))]).write(.json)
            return 1
        }
    }

    private static func serve(_ duties: any WorkerDuties, _ signals: SignalQueue, _ completion: Completion) -> Int32 {
        var stops = 0
        while true {
            switch signals.wait(extra: completion.descriptor) {
            case .signal(.reload) where stops == 0: duties.reload()
            case .signal(.reopenLogs): duties.reopenLogs()
            case .signal(.stop):
                if stops == 0 { duties.drain() } else { duties.cutShort() }
                stops = min(stops + 1, 2)
            case .readable: return completion.status()
            case .signal, .timeout: continue
            }
        }
    }
}
