public import GateAdmission
public import GatePlan
public import GateWire

/// One plan as one loop runs it: the plan and the loop's own state that goes with it.
///
/// An exchange holds on to the loop plan it began with; after a reload the last exchange lets go of it.
public final class LoopPlan {
    /// The compiled configuration.
    public let plan: Plan
    /// What admission consults.
    public let admission: AdmissionContext
    /// The upstreams' pools, in the plan's order.
    public let pools: [any ConnectionPool]

    init(plan: Plan, admission: AdmissionContext, pools: [any ConnectionPool]) {
        self.plan = plan
        self.admission = admission
        self.pools = pools
    }
}
