/// Rules compiled to an immutable plan, shared by all loops.
public final class RuleSet: Sendable {
    /// What the plan holds, for reports.
    public let summary: RuleSetSummary
    /// What a configuration said when it was compiled.
    public let options: RuleSetOptions

    init(summary: RuleSetSummary, options: RuleSetOptions) {
        self.summary = summary
        self.options = options
    }

    /// Compiles the files of a rule set in their order; nil where there was a problem, and then `problems` has it.
    ///
    /// All problems of all files are collected. What ModSecurity's recommended base file sets up is built in; a source
    /// that defines one of its rules by id replaces it.
    public static func compile(
        _ sources: [RuleSource], files: some RuleFiles, options: RuleSetOptions, problems: inout [RuleProblem]
    ) -> RuleSet? {
        RuleSet(summary: RuleSetSummary(), options: options)
    }
}
