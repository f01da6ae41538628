import GatePattern

// Finds pairs of routes that one request could match and nothing orders.
extension RouteCompiler {
    /// Reports each route of `ordered` (one path, by falling priority) with the first of the same priority that a
    /// request could match as well. A pair that meets at several hosts or paths is reported once.
    mutating func reportConflicts(
        _ ordered: [Int], _ literal: String, _ host: HostPattern, _ reported: inout Set<Int>
    ) {
        let scratch = MatchScratch()
        for (position, later) in ordered.enumerated() where !reported.contains(later) {
            let rival = ordered[..<position].first { earlier in
                rules[earlier].priority == rules[later].priority && overlap(earlier, later, scratch)
            }
            guard let rival else { continue }
            reported.insert(later)
            report(
                [rival, later], .priority,
                "\(name(rival)) and \(name(later)) can match the same request for \(rules[later].path.text(literal))"
                    + " on \(host.text)",
                "give one of them a higher `priority`, or make methods, headers or query exclude each other")
        }
    }

    /// Whether some request could match both rules, which have one host and one literal path.
    private func overlap(_ one: Int, _ other: Int, _ scratch: MatchScratch) -> Bool {
        guard let first = compiled[one], let second = compiled[other], first.methods.intersects(second.methods) else {
            return false
        }
        // Whether two different expressions share a subject is not decided here: they are taken to.
        for constraint in rules[one].headers {
            for rival in rules[other].headers where exclude(constraint, rival, scratch) { return false }
        }
        for constraint in rules[one].query {
            for rival in rules[other].query where exclude(constraint, rival, scratch) { return false }
        }
        return true
    }

    /// Whether no request satisfies both constraints.
    private func exclude(_ one: FieldConstraint, _ other: FieldConstraint, _ scratch: MatchScratch) -> Bool {
        guard one.name == other.name else { return false }
        switch (one.value, other.value) {
        case (.absent, .absent), (.present, .present): return false
        case (.absent, _), (_, .absent): return true
        case (.exact(let first), .exact(let second)): return first != second
        case (.exact(let value), .regex(let expression)), (.regex(let expression), .exact(let value)):
            guard let index = patternIndex[expression] else { return false }
            let bytes = Array(value.utf8)
            return storage.patterns[index].matches(bytes.span, in: scratch) == .noMatch
        case (.present, _), (_, .present), (.regex, .regex): return false
        }
    }
}

extension PathPattern {
    /// The path as a diagnostic names it.
    fileprivate func text(_ literal: String) -> String {
        switch self {
        case .exact: "the path `\(literal)`"
        case .prefix: "paths at `\(literal)`"
        case .regex(_, let expression): "paths at `\(literal)` that match `\(expression)`"
        }
    }
}
