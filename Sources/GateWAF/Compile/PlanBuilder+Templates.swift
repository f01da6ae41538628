extension PlanBuilder {
    /// The number of a template; macros of what never changes become text, those of the rule itself what it says.
    mutating func template(_ syntax: TemplateSyntax, in chain: RuleChain?) -> Int {
        var parts: [PlanTemplatePart] = []
        var pending: [UInt8] = []
        append(syntax, in: chain, depth: 0, &parts, &pending)
        if !pending.isEmpty { parts.append(.text(text(pending))) }
        let start = plan.templateParts.count
        plan.templateParts += parts
        plan.templates.append(PlanRange(start..<plan.templateParts.count))
        return plan.templates.count - 1
    }

    /// The text of a template whose macros never change; nil otherwise.
    func constantText(_ syntax: TemplateSyntax) -> [UInt8]? {
        var text: [UInt8] = []
        for part in syntax.parts {
            switch part {
            case .text(let bytes): text += bytes
            case .variable(.known(let variable), let name) where variable.isWritable && !name.isEmpty:
                guard let value = constant(SlotName(variable, name)) else { return nil }
                text += value ?? []
            default: return nil
            }
        }
        return text
    }

    private mutating func append(
        _ syntax: TemplateSyntax, in chain: RuleChain?, depth: Int, _ parts: inout [PlanTemplatePart],
        _ pending: inout [UInt8]
    ) {
        for part in syntax.parts {
            switch part {
            case .text(let bytes): pending += bytes
            case .rule(let field): append(field, in: chain, depth: depth, &parts, &pending)
            case .variable(.unsupported(let name), _):
                report("the macro of \(name) is not supported", "leave it out")
            case .variable(.known(let variable), let name):
                if variable.isWritable, !name.isEmpty, let value = constant(SlotName(variable, name)) {
                    pending += value ?? []
                    continue
                }
                if !pending.isEmpty { parts.append(.text(text(pending))) }
                pending = []
                parts.append(self.part(variable, name))
            }
        }
    }

    private mutating func part(_ variable: Variable, _ name: String) -> PlanTemplatePart {
        switch variable {
        case .tx, .ip, .global:
            guard !name.isEmpty else {
                report("a macro of \(variable.rawValue) has no name", "write the name after a point")
                return .text(.empty)
            }
            return .slot(Int32(slot(SlotName(variable, name), written: name)))
        case .matchedVar, .matchedVars: return .matchedVar
        case .matchedVarName, .matchedVarsNames: return .matchedVarName
        case .reqbodyProcessor: return .processor
        default: return .row(variable, name: name.isEmpty ? -1 : self.name(name, of: variable))
        }
    }

    /// `%{RULE.field}`; a message that quotes itself ends there.
    private mutating func append(
        _ field: TemplateSyntax.RuleField, in chain: RuleChain?, depth: Int, _ parts: inout [PlanTemplatePart],
        _ pending: inout [UInt8]
    ) {
        guard let chain, depth < 2 else { return }
        let actions = chain.links[0].actions
        switch field {
        case .id: pending += Array(String(chain.id).utf8)
        case .rev: pending += actions.revision
        case .severity: if let severity = actions.severity { pending += Array(String(severity.rawValue).utf8) }
        case .msg:
            if let message = actions.message { append(message, in: chain, depth: depth + 1, &parts, &pending) }
        case .logdata:
            if let logData = actions.logData { append(logData, in: chain, depth: depth + 1, &parts, &pending) }
        }
    }
}
