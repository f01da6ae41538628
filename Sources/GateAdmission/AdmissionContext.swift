public import GateIdentity
public import GateLimits

/// What admission consults on one loop: key sets, verified tokens, limits. Owned by the loop.
public final class AdmissionContext {
    /// The current key sets by the plan's index; nil where none was ever had. Replaced when a newer one is published.
    public var keySets: [KeySet?]
    /// Verified tokens.
    public let tokens: TokenCache
    /// The plan's limits.
    public var limits: LimitTable
    /// The inspections of the firewall's rule sets; without them a route that has one admits nobody.
    public let inspections: InspectionPool?
    /// Whether somebody takes inspections that are too dear for the loop.
    public var inspectsElsewhere = false

    /// A context; `keySets` in the plan's order.
    public init(keySets: [KeySet?], tokens: TokenCache, limits: LimitTable, inspections: InspectionPool? = nil) {
        self.keySets = keySets
        self.tokens = tokens
        self.limits = limits
        self.inspections = inspections
    }

    func keySet(_ index: Int) -> KeySet? { keySets.indices.contains(index) ? keySets[index] : nil }
}
