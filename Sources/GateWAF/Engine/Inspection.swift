public import GatePattern

/// One transaction under a rule set; reusable, and owned by one loop or one thread of a pool at a time.
///
/// The caller fills `variables` before each phase, adding to what the phases before had, and evaluates the phases in
/// their order. Not Sendable as long as it runs: it is handed over whole.
public final class Inspection {
    /// The rules.
    public let ruleSet: RuleSet
    /// What the message brought: filled by the caller before each phase, only ever added to within a transaction.
    public var variables = VariableTable()
    /// What matching needs: the loop's or thread's that runs the next phase; replaced where the inspection changes hands.
    public var scratch: MatchScratch

    private var transaction: Transaction

    /// An inspection that matches in `scratch`, which belongs to the same loop or thread.
    public init(ruleSet: RuleSet, scratch: MatchScratch) {
        self.ruleSet = ruleSet
        self.scratch = scratch
        transaction = Transaction(ruleSet.plan, mode: ruleSet.options.mode)
    }

    /// The rules that matched and are logged, in their order.
    public var matches: [RuleMatch] { transaction.matches }
    /// The first rule that refuses; in detect mode the first that would have.
    public var refusal: InspectionRefusal? { transaction.refusal }
    /// What the rules say about reading the request's body, after phase 1.
    public var bodyControls: BodyControls { transaction.bodyControls }
    /// The inbound anomaly score: `tx.blocking_inbound_anomaly_score` of version 4 of the Core Rule Set, or
    /// `tx.anomaly_score` of version 3.
    public var score: Int { transaction.score }

    /// Forgets the last transaction and keeps its storage; `allowances` are those of the route that the next one took.
    public func begin(_ allowances: RouteAllowances? = nil) {
        variables.removeAll()
        transaction.begin(mode: ruleSet.options.mode, allowances)
    }

    /// Runs the rules of one phase over `variables`.
    public func evaluate(_ phase: RulePhase) -> InspectionVerdict {
        // Lent, not copied.
        swap(&transaction.table, &variables)
        let verdict = transaction.evaluate(phase, scratch)
        swap(&transaction.table, &variables)
        return verdict
    }
}
