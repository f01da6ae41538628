public import GatePattern
public import GatePrimitives
import GateWAF
public import NIOCore
import Synchronization

/// One phase of one request that is too dear for the loop, run by one thread of a pool while the loop waits.
///
/// Owned by one thread at a time: the loop makes it, the pool runs it once, and the loop gets it back.
public final class InspectionJob: @unchecked Sendable {
    // SAFETY: everything but the atomic is touched by the loop before the job is handed over and after it came back, and
    // by the pool's one thread in between; the pool's queue orders the three.
    /// The inspection.
    public let inspection: RequestInspection
    /// Why the request is refused, once it was run; nil where it is not.
    public private(set) var fault: Fault?
    /// Whether it was run.
    public private(set) var isDone = false
    /// The body of the answer for phase 4; nil for phase 2.
    private let answer: ByteBuffer?
    private let isCancelled = Atomic(false)

    /// Phase 2 on the body that `inspection` took, or phase 4 on the body of an `answer`.
    public init(_ inspection: RequestInspection, answer: ByteBuffer? = nil) {
        self.inspection = inspection
        self.answer = answer
    }

    /// Runs it, unless nobody waits for it any more. `scratch` is the thread's own.
    public func run(in scratch: MatchScratch) {
        guard !isCancelled.load(ordering: .relaxed) else { return }
        inspection.inspection.scratch = scratch
        fault = answer.map { inspection.judgeAnswer($0.readableBytesUInt8Span) } ?? inspection.judgeBody()
        isDone = true
    }

    /// The request is gone: a job that did not begin will not.
    public func cancel() { isCancelled.store(true, ordering: .relaxed) }
}
