import GatePattern

/// The state of one transaction: what rules have made of the message so far. Its storage outlives the transaction.
struct Transaction {
    let plan: Plan
    /// The variables, lent by the inspection while a phase runs.
    var table = VariableTable()
    /// Bytes that the transaction made: transformed values, expanded macros, values of collections.
    var arena: [UInt8] = []
    /// Where transformations write.
    var buffer: [UInt8] = []
    var values = ValueStore()
    var rows = RowIndex()
    var collections: Collections
    /// Where the values end that are kept for all rules; nil while all are.
    var kept: Mark?
    /// The values that the rule at hand matched, in their order.
    var matched: [MatchedValue] = []
    var matches: [RuleMatch] = []
    var refusal: InspectionRefusal?
    var bodyControls = BodyControls()
    var engine = RuleEngineState.on
    /// How far an `allow` reaches.
    var allowed: AllowScope?
    /// The rules that controls removed, a bit for each rule of the plan; empty while there is none.
    var removed: [UInt64] = []
    /// The targets that controls removed.
    var removedTargets: [RemovedTarget] = []
    /// The places of the phase at hand that are evaluated.
    var active: [UInt64] = []
    /// What scans of values found, see `ValueStore.Value.scans`.
    var scans: [UInt64] = []
    /// What kinds of values concern, kept from one transaction to the next.
    var interests = InterestCache()
    /// Where a scanner writes.
    var scanAnswer: [UInt64] = []
    /// The rules that values of the phase at hand may match.
    var candidates: [UInt64] = []

    /// A transaction under `plan`, begun.
    init(_ plan: Plan, mode: RuleSetMode) {
        self.plan = plan
        collections = Collections(plan)
        begin(mode: mode, nil)
    }

    /// Begins a new transaction.
    mutating func begin(mode: RuleSetMode, _ allowances: RouteAllowances?) {
        // Storage is kept for the next transaction, unless one message made it large.
        arena.removeAll(keepingCapacity: arena.capacity <= Transaction.keptCapacity)
        buffer.removeAll(keepingCapacity: buffer.capacity <= Transaction.keptCapacity)
        values.removeAll()
        scans.removeAll(keepingCapacity: scans.capacity * 8 <= Transaction.keptCapacity)
        // The first answer is the place of those that are not kept.
        for _ in 0..<plan.longestAnswer { scans.append(0) }
        kept = nil
        rows.removeAll()
        collections.begin(plan)
        matched.removeAll(keepingCapacity: true)
        matches.removeAll(keepingCapacity: true)
        refusal = nil
        bodyControls = BodyControls()
        engine = mode == .block ? .on : .detectionOnly
        allowed = nil
        removed.removeAll(keepingCapacity: true)
        removedTargets.removeAll(keepingCapacity: true)
        guard let allowances else { return }
        if let methods = allowances.methods, let slot = plan.methodsSlot { collections[slot] = append(methods) }
        if let types = allowances.contentTypes, let slot = plan.contentTypesSlot { collections[slot] = append(types) }
    }

    /// Runs the rules of one phase.
    mutating func evaluate(_ phase: RulePhase, _ scratch: MatchScratch) -> InspectionVerdict {
        guard engine != .off || phase == .logging else { return .pass }
        // `allow` ends with what it was meant for.
        switch allowed {
        case .transaction where phase != .logging: return .pass
        case .request where phase.rawValue <= RulePhase.requestBody.rawValue: return .pass
        default: allowed = nil
        }
        rows.update(table, plan, &values)
        do throws(InspectionFailure) {
            return try run(phase, scratch)
        } catch {
            return .failed(error)
        }
    }

    private mutating func run(
        _ phase: RulePhase, _ scratch: MatchScratch
    ) throws(InspectionFailure) -> InspectionVerdict {
        let index = Int(phase.rawValue) &- 1
        selectCandidates(phase)
        var place = 0
        while let next = firstActive(from: place) {
            let rule = Int(plan.phases[index].rules[next])
            place = next &+ 1
            if isRemoved(rule) { continue }
            guard try matches(rule, scratch) else { continue }
            if let verdict = finish(rule) { return verdict }
            if allowed != nil { return .pass }
            let jump = Int(plan.rules[rule].jump)
            if jump >= 0 { place = jump }
        }
        return .pass
    }

    /// The first place from `place` on whose rule is evaluated.
    @inline(__always)
    private func firstActive(from place: Int) -> Int? {
        var word = place &>> 6
        guard word < active.count else { return nil }
        var bits = active[word] & (UInt64.max &<< UInt64(place & 63))
        while bits == 0 {
            word &+= 1
            guard word < active.count else { return nil }
            bits = active[word]
        }
        return word &<< 6 &+ bits.trailingZeroBitCount
    }

    @inline(__always)
    private func isRemoved(_ rule: Int) -> Bool {
        guard !removed.isEmpty else { return false }
        return removed[rule &>> 6] &>> UInt64(rule & 63) & 1 != 0
    }

    /// Whether all links of a rule match.
    private mutating func matches(_ rule: Int, _ scratch: MatchScratch) throws(InspectionFailure) -> Bool {
        matched.removeAll(keepingCapacity: true)
        for link in plan.rules[rule].links.indices {
            guard try evaluate(link, of: rule, scratch) else { return false }
        }
        return true
    }

    /// The bytes of a value.
    @_lifetime(borrow self)
    @inline(__always)
    func bytes(_ blob: Blob) -> Span<UInt8> {
        switch blob.space {
        case .message: table.span(blob.range)
        case .arena: arena.span.extracting(blob.range)
        case .constants: plan.constants.span.extracting(blob.range)
        }
    }

    /// The inbound anomaly score.
    var score: Int {
        guard let slot = plan.scoreSlot, let value = collections[slot] else { return 0 }
        return NumericOperator.eq.number(in: bytes(value))
    }

    /// LIMIT: bytes of storage that an inspection keeps between transactions, in each of its tables.
    static let keptCapacity = 256 * 1024

    /// Adds bytes to the arena.
    mutating func append(_ bytes: [UInt8]) -> Blob {
        let start = arena.count
        arena.append(contentsOf: bytes)
        return Blob(.arena, start..<arena.count)
    }
}

/// A value that a rule matched.
struct MatchedValue {
    let variable: Variable
    /// Empty for a variable of one value.
    let name: Blob
    let isCount: Bool
    let value: Blob
}

/// A target that a control removed: the mask of the rules it is removed from, and the exclusion.
struct RemovedTarget {
    let mask: Int32
    let exclusion: Int32
}
