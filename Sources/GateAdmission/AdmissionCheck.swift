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
    /// The whole body, of at most so many bytes.
    case body(limit: UInt64)
    /// A limit's delay.
    case delay(TimeSpan)
    /// An answer of a dependency, by a number that the check chose.
    case question(Int)
}

/// What became of a wait.
public enum AdmissionAnswer: Sendable {
    /// The key set was asked for; whether a newer one came shows in the context. A reason when none may be had.
    case keySetAsked(Reason?)
    /// The whole body.
    case body(ByteBuffer)
    /// The delay is over.
    case delayed
    /// What the dependency said; nil when it did not answer.
    case answered(ByteBuffer?)
}

extension AdmissionAnswer {
    /// Whether this answers `wait` and nothing else.
    func isAnswer(to wait: AdmissionWait) -> Bool {
        switch (self, wait) {
        case (.keySetAsked, .keySet), (.body, .body), (.delayed, .delay), (.answered, .question): true
        case (.keySetAsked, _), (.body, _), (.delayed, _), (.answered, _): false
        }
    }
}
