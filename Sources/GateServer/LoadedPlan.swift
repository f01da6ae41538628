public import GateObserve
public import GatePlan

/// A plan, and what makes it anew from the same settings once files that they name have changed.
public struct LoadedPlan: Sendable {
    /// Compiles the same settings again, beside the plan in force: nil after every problem was reported to the event log.
    public typealias Renew = @Sendable (_ previous: Plan, _ events: EventLog) -> Plan?

    /// The plan.
    public let plan: Plan
    let renew: Renew

    /// A plan with its way to be renewed.
    public init(plan: Plan, renew: @escaping Renew) {
        self.plan = plan
        self.renew = renew
    }
}
