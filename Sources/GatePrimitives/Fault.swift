/// What went wrong in one exchange, as a value: the step it happened in and the reason.
///
/// Blame, code and the connection's fate follow from the reason, so that no two places can disagree.
public struct Fault: Error, Equatable, Sendable {
    /// The step that refused.
    public let step: Step
    /// Why.
    public let reason: Reason

    /// A fault in `step` for `reason`.
    @inlinable public init(_ step: Step, _ reason: Reason) {
        self.step = step
        self.reason = reason
    }

    /// Who is to blame.
    public var blame: Blame { reason.blame }

    /// What the client is told; a fault without a public code is an internal error.
    public var code: RefusalCode { reason.code ?? .internalError }
}
