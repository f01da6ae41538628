import GatePattern

/// Decides conditions that do not depend on the request.
enum ConstantTest {
    /// Whether a link matches under `state`; nil where that depends on the request or is not worth knowing before.
    static func outcome(of link: RuleSyntax, in state: ConstantState) -> Bool? {
        guard let operation = link.operation else { return true }
        if operation.name == "unconditionalmatch" || operation.name == "nomatch" { return nil }
        guard !link.actions.multiMatch, let argument = try? TemplateSyntax(parsing: operation.argument[...]),
            let text = state.text(argument)
        else { return couldMatch(link, state) ? nil : false }
        var matches = false
        for target in link.targets {
            if target.isExclusion { return nil }
            guard case .known(let variable) = target.variable, variable.isWritable,
                case .name(let name) = target.selector
            else { return nil }
            let slot = SlotName(variable, name)
            let value: [UInt8]
            switch state[slot] {
            case .unknown: return nil
            case .unset where target.isCount: value = [UInt8(ascii: "0")]
            case .bytes where target.isCount: value = [UInt8(ascii: "1")]
            case .unset: continue
            case .bytes(let bytes):
                if slot == RouteAllowances.methodsSlot || slot == RouteAllowances.contentTypesSlot { return nil }
                value = bytes
            }
            guard let transformed = transform(value, link.actions.transformations),
                let holds = holds(operation.name, argument: text, value: transformed)
            else { return nil }
            if holds != operation.isNegated { matches = true }
        }
        return matches
    }

    /// Whether any target has a value at all: without one, nothing matches, whatever the test.
    private static func couldMatch(_ link: RuleSyntax, _ state: ConstantState) -> Bool {
        for target in link.targets where !target.isExclusion {
            guard case .known(let variable) = target.variable, variable.isWritable, !target.isCount,
                case .name(let name) = target.selector, state[SlotName(variable, name)] == .unset
            else { return true }
        }
        return false
    }

    private static func transform(_ value: [UInt8], _ names: [String]) -> [UInt8]? {
        var value = value
        for name in names {
            guard let transformation = Transformation(secLangName: name) else { return nil }
            var output: [UInt8] = []
            if transformation.apply(to: value.span, into: &output) { value = output }
        }
        return value
    }

    private static func holds(_ name: String, argument: [UInt8], value: [UInt8]) -> Bool? {
        if let comparison = NumericOperator(rawValue: name) {
            return comparison.matches(value.span, parameter: argument.span)
        }
        switch name {
        case "streq": return value == argument
        case "rx":
            guard
                let pattern = try? Pattern(
                    String(decoding: argument, as: UTF8.self), subject: .bytes,
                    options: [.dotMatchesNewline, .multiline])
            else { return nil }
            switch pattern.matches(value.span, in: MatchScratch()) {
            case .match: return true
            case .noMatch: return false
            case .failed: return nil
            }
        default: return nil
        }
    }
}
