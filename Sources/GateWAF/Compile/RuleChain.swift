/// A rule with the rules that are chained to it: it matches when all of them do.
struct RuleChain {
    /// The links, the first of which has the id, the phase and what becomes of the request.
    var links: [RuleSyntax]
    /// The id of the first link.
    var id: Int
    /// The phase of all links.
    var phase: RulePhase

    /// The tags of its first link that hold no macro; others name no rule.
    var tags: [[UInt8]] { links.first?.actions.tags.compactMap(\.constant) ?? [] }

    /// Whether `ctl` or a directive that removes by `tag` means this rule.
    func hasTag(_ tag: [UInt8]) -> Bool { tags.contains(tag) }
}

/// A place in the order of a rule set.
enum ProgramItem {
    /// A rule.
    case chain(RuleChain)
    /// Where `skipAfter` goes on.
    case marker(String)
}

/// The rules of all files, put together: chains linked, rules removed and changed as directives and options say.
struct RuleProgram {
    /// Rules and markers in their order.
    var items: [ProgramItem] = []
    /// `SecDefaultAction` by phase.
    var defaults: [RulePhase: ActionsSyntax] = [:]
    /// How many rules the files hold, the removed ones left out.
    var ruleCount: Int {
        items.reduce(0) { count, item in if case .chain = item { count + 1 } else { count } }
    }
}
