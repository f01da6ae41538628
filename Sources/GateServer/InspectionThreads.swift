import GateAdmission
import GatePattern
import NIOPosix
import Synchronization

/// The threads that inspect large bodies, so that the loops go on serving others.
final class InspectionThreads: Sendable {
    // LIMIT: jobs that wait or run, all loops together; each holds a body, and the loops bound those by bytes.
    static let maximumJobs = 256

    /// A scratch of whoever has taken it out of the list.
    private struct Scratch: @unchecked Sendable {
        // SAFETY: taken out of the list, under its lock, by the one thread that uses it, and put back when it is done.
        let value: MatchScratch
    }

    private struct State {
        var jobs = 0
        var scratches: [Scratch] = []
    }

    private let pool: NIOThreadPool
    private let state = Mutex(State())

    /// As many threads as loops, at most four: inspection must not starve the loops.
    init(loops: Int) {
        pool = NIOThreadPool(numberOfThreads: min(max(1, loops), 4))
        pool.start()
    }

    /// Runs a job and calls `completion` on a thread of the pool; false where there is no room for it.
    func run(_ job: InspectionJob, completion: @escaping @Sendable () -> Void) -> Bool {
        let hasRoom = state.withLock { state in
            guard state.jobs < Self.maximumJobs else { return false }
            state.jobs += 1
            return true
        }
        guard hasRoom else { return false }
        pool.submit { [self] _ in
            let scratch = state.withLock { $0.scratches.popLast() } ?? Scratch(value: MatchScratch())
            job.run(in: scratch.value)
            state.withLock { state in
                state.scratches.append(scratch)
                state.jobs -= 1
            }
            completion()
        }
        return true
    }
}
