public import GateHTTP
public import GateIdentity
public import GatePrimitives
public import NIOCore

/// One check of admission: it narrows, it never widens.
///
/// A check is a function of the request, the facts and what it waited for; it keeps no state of its own between
/// requests. No pass of one check skips a later one; whatever goes wrong inside is a refusal.
public protocol AdmissionCheck: Sendable {
    /// The word under which `explain` and decisions name it.
    var name: StaticString { get }
    /// Judges a request; `answer` is what an earlier `wait` of this check asked for.
    func judge(
        _ request: borrowing VettedRequest, _ facts: AdmissionFacts, principal: Principal?, answer: AdmissionAnswer?
    ) -> CheckVerdict
}

/// What a check says.
public enum CheckVerdict: Sendable {
    /// Nothing against it.
    case pass
    /// No.
    case refuse(Fault)
    /// It cannot say before something is known.
    case wait(AdmissionWait)
}

/// What admission waits for; the exchange performs it and resumes the machine.
public enum AdmissionWait: Equatable, Sendable {
    /// A newer key set, by index in the plan.
    case keySet(Int)
    /// The body, of at most so many bytes.
    case body(limit: UInt64, beyond: BodyExcess = .refuse(.bodyTooLarge))
    /// The rules' verdict on the body that was taken, which another thread finds.
    case inspection
    /// A limit's delay.
    case delay(TimeSpan)
    /// An answer of a dependency, by a number that the check chose.
    case question(Int)
}

/// What becomes of a body beyond the limit of a wait.
public enum BodyExcess: Equatable, Sendable {
    /// The request is refused for this.
    case refuse(Reason)
    /// Its beginning is answered, and the rest is streamed after it.
    case pass
}

/// What became of a wait.
public enum AdmissionAnswer: Sendable {
    /// The key set was asked for; whether a newer one came shows in the context. A reason when none may be had.
    case keySetAsked(Reason?)
    /// The whole body.
    case body(ByteBuffer)
    /// The beginning of a body that is longer than what was asked for, and passes.
    case bodyBeginning(ByteBuffer)
    /// The rules' verdict: a fault where they refuse.
    case inspected(Fault?)
    /// The rules' verdict did not come in time, or nobody was there to find it.
    case inspectionMissed
    /// The delay is over.
    case delayed
    /// What the dependency said; nil when it did not answer.
    case answered(ByteBuffer?)
}

extension AdmissionAnswer {
    /// Whether this answers `wait` and nothing else.
    func isAnswer(to wait: AdmissionWait) -> Bool {
        switch (self, wait) {
        case (.keySetAsked, .keySet), (.body, .body), (.delayed, .delay), (.answered, .question),
            (.bodyBeginning, .body(_, .pass)), (.inspected, .inspection), (.inspectionMissed, .inspection):
            true
        case (.keySetAsked, _), (.body, _), (.delayed, _), (.answered, _), (.bodyBeginning, _), (.inspected, _),
            (.inspectionMissed, _):
            false
        }
    }
}
