public import GatePattern
import GateWAF

/// The inspections of one loop that wait for their next request.
///
/// Belongs to its loop. Inspections that another thread holds come back when it is done, whatever became of the request.
public final class InspectionPool {
    // LIMIT: inspections of one rule set that are kept; what more there are at a time is made anew and let go.
    static let maximumIdle = 32

    private let scratch: MatchScratch
    private var idle: [(rules: RuleSet, inspections: [RequestInspection])] = []

    /// A pool whose inspections match in `scratch`, the loop's.
    public init(scratch: MatchScratch) { self.scratch = scratch }

    /// An inspection for a request of a route with this plan.
    func take(_ plan: InspectionPlan) -> RequestInspection {
        let inspection: RequestInspection
        if let index = idle.firstIndex(where: { $0.rules === plan.ruleSet }),
            let last = idle[index].inspections.popLast()
        {
            inspection = last
        } else {
            inspection = RequestInspection(plan, scratch: scratch)
        }
        inspection.begin(plan)
        return inspection
    }

    /// Takes back an inspection whose request is over.
    public func giveBack(_ inspection: RequestInspection) {
        inspection.end()
        inspection.inspection.scratch = scratch
        let rules = inspection.plan.ruleSet
        if let index = idle.firstIndex(where: { $0.rules === rules }) {
            if idle[index].inspections.count < Self.maximumIdle { idle[index].inspections.append(inspection) }
        } else {
            idle.append((rules, [inspection]))
        }
    }
}
