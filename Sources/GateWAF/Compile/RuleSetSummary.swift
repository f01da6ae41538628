/// What a compiled rule set holds and costs, as `portcullis waf check` reports it.
public struct RuleSetSummary: Equatable, Sendable {
    /// Rules of the files, each chain counted once, without those that are excluded.
    public var rules = 0
    /// Rules left to run in each phase, by phase number less one; the others were decided when the set was compiled.
    public var rulesByPhase = [0, 0, 0, 0, 0]
    /// Regular expressions in the plan, equal ones counted once.
    public var patterns = 0
    /// Those of them that the prefilter can rule out by their literals.
    public var prefilteredPatterns = 0
    /// Those of them without machine code.
    public var interpretedPatterns = 0
    /// Distinct chains of transformations.
    public var transformationChains = 0

    /// An empty report.
    public init() {}
}
