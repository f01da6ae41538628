/// Puts the statements of all files together to one program.
struct ProgramBuilder {
    private let sources: [RuleSource]
    private let options: RuleSetOptions
    private var program = RuleProgram()
    private var problems: [RuleProblem] = []
    /// The chain whose next link is awaited.
    private var open: RuleChain?
    private var lines: [Int: (source: Int, line: Int)] = [:]
    private var later: [LocatedStatement] = []

    /// A builder for files that are read already; the first of `sources` is the built-in one.
    init(_ sources: [RuleSource], options: RuleSetOptions) {
        self.sources = sources
        self.options = options
    }

    /// The program of `statements`, one list for each source.
    mutating func build(_ statements: [[LocatedStatement]], problems: inout [RuleProblem]) -> RuleProgram {
        let replaced = ProgramBuilder.ids(statements.dropFirst().joined())
        for list in statements {
            for statement in list {
                if statement.source == 0, case .rule(let rule) = statement.statement, let id = rule.actions.id,
                    replaced.contains(id)
                {
                    continue
                }
                add(statement)
            }
            // A chain does not reach into the next file.
            endChain()
        }
        for statement in later { change(statement) }
        exclude()
        problems += self.problems
        return program
    }

    private static func ids(_ statements: some Sequence<LocatedStatement>) -> Set<Int> {
        var ids: Set<Int> = []
        for statement in statements {
            if case .rule(let rule) = statement.statement, let id = rule.actions.id { ids.insert(id) }
        }
        return ids
    }

    private mutating func add(_ located: LocatedStatement) {
        switch located.statement {
        case .rule(let rule): add(rule)
        case .marker(let name):
            endChain()
            program.items.append(.marker(name))
        case .defaultAction(let actions): addDefault(actions, located)
        default: later.append(located)
        }
    }

    private mutating func addDefault(_ actions: ActionsSyntax, _ located: LocatedStatement) {
        guard let phase = actions.phase else {
            return report(located.source, located.line, "SecDefaultAction has no phase", "write phase:1 or another")
        }
        guard actions.id == nil, !actions.isChained, actions.disruptive != .block, actions.assignments.isEmpty,
            actions.controls.isEmpty
        else {
            return report(
                located.source, located.line, "SecDefaultAction has an action that is no default",
                "keep phase, log, auditlog, tag, status, t, pass, deny, drop and allow")
        }
        program.defaults[phase] = actions
    }

    private mutating func add(_ rule: RuleSyntax) {
        if var chain = open {
            open = nil
            let actions = rule.actions
            if actions.id != nil || actions.phase != nil || actions.disruptive != nil || actions.skip != nil
                || actions.skipAfter != nil || actions.status != nil
            {
                report(
                    rule.source, rule.line, "a chained rule has an id, a phase or an action on the request",
                    "write these actions at the first rule of the chain alone")
            }
            chain.links.append(rule)
            finish(chain, continues: actions.isChained)
            return
        }
        guard let id = rule.actions.id else {
            return report(rule.source, rule.line, "the rule has no id", "write id: with a number of its own")
        }
        if let other = lines[id] {
            report(
                rule.source, rule.line,
                "the id \(id) stands already at \(sources[other.source].path):\(other.line)",
                "give the rule an id of its own")
        }
        lines[id] = (rule.source, rule.line)
        let chain = RuleChain(links: [rule], id: id, phase: rule.actions.phase ?? .requestBody)
        finish(chain, continues: rule.actions.isChained)
    }

    private mutating func finish(_ chain: RuleChain, continues: Bool) {
        if continues { open = chain } else { program.items.append(.chain(chain)) }
    }

    private mutating func endChain() {
        guard let chain = open, let last = chain.links.last else { return }
        open = nil
        report(last.source, last.line, "the chain has no next rule", "leave chain out, or write the rule it needs")
    }

    private mutating func change(_ located: LocatedStatement) {
        switch located.statement {
        case .removeByID(let ranges):
            remove { chain in ranges.contains { $0.contains(chain.id) } }
        case .removeByTag(let tag): remove { $0.hasTag(tag) }
        case .removeByMessage(let message): remove { $0.links.first?.actions.message?.constant == message }
        case .updateTargetByID(let ranges, let targets):
            update { chain in
                ranges.contains { $0.contains(chain.id) }
            } change: {
                $0.targets += targets
            }
        case .updateTargetByTag(let tag, let targets):
            update {
                $0.hasTag(tag)
            } change: {
                $0.targets += targets
            }
        case .updateTargetByMessage(let message, let targets):
            update {
                $0.links.first?.actions.message?.constant == message
            } change: {
                $0.targets += targets
            }
        case .updateActionByID(let ranges, let actions):
            guard actions.id == nil, actions.phase == nil, !actions.isChained else {
                return report(
                    located.source, located.line, "SecRuleUpdateActionById cannot change id, phase or chain",
                    "leave these actions out")
            }
            update { chain in
                ranges.contains { $0.contains(chain.id) }
            } change: {
                $0.actions.update(actions)
            }
        default: break
        }
    }

    /// What the configuration leaves out.
    private mutating func exclude() {
        for exclusion in options.exclusions {
            guard let text = exclusion.target else {
                remove { exclusion.rules.contains($0.id) }
                continue
            }
            do throws(SecLangError) {
                var targets = try TargetSyntax.list(Array(text.utf8))
                for index in targets.indices { targets[index].isExclusion = true }
                update {
                    exclusion.rules.contains($0.id)
                } change: {
                    $0.targets += targets
                }
            } catch {
                problems.append(
                    RuleProblem(
                        path: "(exclusions)", line: 1, message: "\(text): \(error.message)", remedy: error.remedy))
            }
        }
    }

    private mutating func remove(_ isMeant: (RuleChain) -> Bool) {
        program.items.removeAll { item in
            if case .chain(let chain) = item { isMeant(chain) } else { false }
        }
    }

    /// Changes the first link of each rule that is meant, as ModSecurity does; a `SecAction` has no targets to change.
    private mutating func update(_ isMeant: (RuleChain) -> Bool, change: (inout RuleSyntax) -> Void) {
        for index in program.items.indices {
            guard case .chain(var chain) = program.items[index], isMeant(chain) else { continue }
            change(&chain.links[0])
            program.items[index] = .chain(chain)
        }
    }

    private mutating func report(_ source: Int, _ line: Int, _ message: String, _ remedy: String) {
        problems.append(RuleProblem(path: sources[source].path, line: line, message: message, remedy: remedy))
    }
}

extension ActionsSyntax {
    /// Takes over what `other` says: lists are added to, single actions replaced.
    mutating func update(_ other: ActionsSyntax) {
        if let disruptive = other.disruptive { self.disruptive = disruptive }
        if let status = other.status { self.status = status }
        if let skip = other.skip { self.skip = skip }
        if let skipAfter = other.skipAfter { self.skipAfter = skipAfter }
        if let message = other.message { self.message = message }
        if let logData = other.logData { self.logData = logData }
        if let severity = other.severity { self.severity = severity }
        reports += other.reports
        transformations += other.transformations
        assignments += other.assignments
        controls += other.controls
        tags += other.tags
        if other.captures { captures = true }
        if other.multiMatch { multiMatch = true }
    }
}
