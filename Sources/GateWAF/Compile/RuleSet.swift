import GatePattern

/// Rules compiled to an immutable plan, shared by all loops.
public final class RuleSet: Sendable {
    /// What the plan holds, for reports.
    public let summary: RuleSetSummary
    /// What a configuration said when it was compiled.
    public let options: RuleSetOptions
    let plan: Plan

    private init(plan: Plan, summary: RuleSetSummary, options: RuleSetOptions) {
        self.plan = plan
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
        let before = problems.count
        let sources = [BaseRules.source] + sources
        var statements: [[LocatedStatement]] = []
        for (index, source) in sources.enumerated() {
            statements.append(SecLangParser(source, source: index).statements(problems: &problems))
        }
        var programBuilder = ProgramBuilder(sources, options: options)
        var program = programBuilder.build(statements, problems: &problems)
        let overrides = options.overrides
        program.leaveOut(assignmentsTo: overrides)
        var folder = ConstantFolder(program, overrides: overrides, paths: sources.map(\.path))
        var folded = folder.fold(problems: &problems)
        DeadStores.remove(from: program, isKept: &folded.isKept)
        var builder = PlanBuilder(sources: sources, defaults: program.defaults)
        builder.build(program, folded, files: files)
        problems += builder.problems
        guard problems.count == before else { return nil }
        let summary = RuleSetSummary(program, builder.plan)
        return RuleSet(plan: builder.plan, summary: summary, options: options)
    }
}

extension RuleProgram {
    /// Leaves out what unconditional actions set and the configuration sets instead.
    mutating func leaveOut(assignmentsTo overrides: [SlotName: [UInt8]]) {
        guard !overrides.isEmpty else { return }
        for index in items.indices {
            guard case .chain(var chain) = items[index], chain.links[0].operation == nil else { continue }
            chain.links[0].actions.assignments.removeAll { assignment in
                guard let name = assignment.name.constant else { return false }
                return overrides[SlotName(assignment.collection, String(decoding: name, as: UTF8.self))] != nil
            }
            items[index] = .chain(chain)
        }
    }
}

extension RuleSetSummary {
    /// The report of a plan.
    init(_ program: RuleProgram, _ plan: Plan) {
        self.init()
        rules = program.ruleCount
        rulesByPhase = plan.phases.map { $0.rules.reduce(0) { $0 + ($1 >= 0 ? 1 : 0) } }
        patterns = plan.patterns.count
        interpretedPatterns = plan.patterns.reduce(0) { $0 + ($1.isJITCompiled ? 0 : 1) }
        transformationChains = plan.chains.count
        var filtered: Set<Int32> = []
        for link in plan.links where link.filter >= 0 {
            if case .expression(let index) = link.test { filtered.insert(index) }
        }
        prefilteredPatterns = filtered.count
    }
}
