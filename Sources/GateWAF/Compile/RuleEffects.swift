/// What a rule does when it matches, for the folding of constants.
struct RuleEffects {
    /// All assignments of the chain.
    let assignments: [AssignmentSyntax]
    /// The slots that it sets by name, those of captures left out.
    private(set) var assignedSlots: [SlotName] = []
    /// The beginnings of the names that a macro completes.
    private(set) var assignedPrefixes: [SlotName] = []
    /// The slots that it reads.
    private(set) var readSlots: [SlotName] = []
    /// Collections that it reads by pattern or as a whole.
    private(set) var readCollections: [Variable] = []
    /// The same, each with its pattern; nil for the whole.
    private(set) var readPatterns: [(Variable, String?)] = []
    /// Its controls that remove rules.
    let removals: [ControlSyntax]
    /// Whether nothing but its assignments and `skipAfter` is left of it: no report, no refusal, no control.
    let areSilent: Bool
    /// Whether rules after it in its phase may not run, but for `skipAfter`.
    let mayEndPhase: Bool
    /// The status with which it refuses.
    let refusal: Int?

    /// The effects of `chain`, whose phase has `defaults`.
    init(_ chain: RuleChain, defaults: ActionsSyntax?) {
        let first = chain.links[0].actions
        assignments = chain.links.flatMap(\.actions.assignments)
        let controls = chain.links.flatMap(\.actions.controls)
        removals = controls.filter(\.removesRules)
        let disruptive = first.disruptive == .block || first.disruptive == nil ? defaults?.disruptive : first.disruptive
        let reports = (first.reports.last ?? defaults?.reports.last) ?? true
        let isPass = disruptive == nil || disruptive == .pass
        areSilent =
            isPass && !reports && controls.isEmpty && first.skip == nil && !chain.links.contains { $0.actions.captures }
        if case .allow = disruptive { mayEndPhase = true } else { mayEndPhase = first.skip != nil }
        refusal = disruptive == .deny || disruptive == .drop ? first.status ?? defaults?.status ?? 403 : nil
        for assignment in assignments { note(assignment) }
        for link in chain.links { note(link) }
    }

    private mutating func note(_ assignment: AssignmentSyntax) {
        if let name = assignment.name.constant {
            assignedSlots.append(SlotName(assignment.collection, String(decoding: name, as: UTF8.self)))
        } else {
            var prefix: [UInt8] = []
            if case .text(let text) = assignment.name.parts.first { prefix = text }
            assignedPrefixes.append(SlotName(assignment.collection, String(decoding: prefix, as: UTF8.self)))
            note(assignment.name)
        }
        switch assignment.operation {
        case .set(let template): note(template)
        case .add(let template), .subtract(let template):
            note(template)
            readSlots += assignedSlots.suffix(1)
        case .remove: break
        }
    }

    private mutating func note(_ link: RuleSyntax) {
        for target in link.targets {
            guard case .known(let variable) = target.variable, variable.isWritable else { continue }
            if case .name(let name) = target.selector {
                readSlots.append(SlotName(variable, name))
            } else {
                readCollections.append(variable)
                if case .pattern(let source) = target.selector {
                    readPatterns.append((variable, source))
                } else {
                    readPatterns.append((variable, nil))
                }
            }
        }
        if let operation = link.operation, let template = try? TemplateSyntax(parsing: operation.argument[...]) {
            note(template)
        }
        for template in [link.actions.message, link.actions.logData].compactMap({ $0 }) + link.actions.tags {
            note(template)
        }
    }

    private mutating func note(_ template: TemplateSyntax) {
        for case .variable(.known(let variable), let name) in template.parts where variable.isWritable {
            if name.isEmpty {
                readCollections.append(variable)
                readPatterns.append((variable, nil))
            } else {
                readSlots.append(SlotName(variable, name))
            }
        }
    }
}

/// The slots that rules read or set.
struct TouchedSlots {
    private var slots: Set<SlotName> = []
    private var collections: Set<Variable> = []
    private var prefixes: [SlotName] = []

    /// Adds those of one rule.
    mutating func add(_ effects: RuleEffects) {
        slots.formUnion(effects.readSlots)
        slots.formUnion(effects.assignedSlots)
        collections.formUnion(effects.readCollections)
        prefixes += effects.assignedPrefixes
    }

    /// Adds slots by name and by the beginning of their names.
    mutating func add(slots: [SlotName], prefixes: [SlotName]) {
        self.slots.formUnion(slots)
        self.prefixes += prefixes
    }

    /// Whether `slot` may be among them.
    func contains(_ slot: SlotName) -> Bool {
        slots.contains(slot) || collections.contains(slot.collection)
            || prefixes.contains { $0.collection == slot.collection && slot.name.hasPrefix($0.name) }
    }
}

extension ControlSyntax {
    /// Whether it removes whole rules.
    var removesRules: Bool {
        switch self {
        case .removeRules, .removeTag: true
        default: false
        }
    }

    /// Whether it removes `chain`.
    func removes(_ chain: RuleChain) -> Bool {
        switch self {
        case .removeRules(let ranges): ranges.contains { $0.contains(chain.id) }
        case .removeTag(let tag): chain.hasTag(tag)
        default: false
        }
    }
}
