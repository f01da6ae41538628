extension SettingsValidator {
    /// The rule sets' waivers; their files are read where they are compiled.
    mutating func validateWAF() {
        for set in settings.waf {
            let owner = "rule set '\(set.name)'"
            if set.name == "none" {
                error(at: set.position, "'none' means no rule set", instead: "give the set another name")
            }
            switch set.mode.value {
            case .block: break
            case .detect: waive(at: set.mode.position, "\(owner) refuses nothing: mode detect")
            case .disabled: waive(at: set.mode.position, "\(owner) inspects nothing: mode disabled")
            }
            for exclusion in set.exclusions { validate(exclusion, owner) }
            if set.body.oversize.value == .pass {
                waive(
                    at: set.body.oversize.position,
                    "\(owner) lets bodies beyond \(set.body.limit) pass uninspected there")
            }
            if set.responses.inspect, set.responses.oversize.value == .pass {
                waive(
                    at: set.responses.oversize.position,
                    "\(owner) lets answers beyond \(set.responses.limit) pass uninspected there")
            }
        }
    }

    private mutating func validate(_ exclusion: WAFExclusionSettings, _ owner: String) {
        // A rule that could not be read was reported there.
        guard exclusion.rule.value.range.lowerBound > 0 else { return }
        let rules = exclusion.rule.value.range.count == 1 ? "rule" : "rules"
        let what = "\(owner) excludes \(rules) \(exclusion.rule.value)"
        switch (exclusion.argument, exclusion.target) {
        case (nil, nil): waive(at: exclusion.rule.position, what)
        case (let argument?, nil): waive(at: exclusion.rule.position, "\(what) for the argument '\(argument.value)'")
        case (nil, let target?): waive(at: exclusion.rule.position, "\(what) for \(target.value)")
        case (_?, let target?):
            error(
                at: target.position, "\(owner): an exclusion has an argument or a target, not both",
                instead: "write two exclusions")
        }
    }

    /// The rule set that a route or `defaults` names must exist.
    mutating func require(
        _ choice: Located<WAFChoice>?, among known: [String], in names: Set<String>, for owner: String
    ) {
        guard let choice, let name = choice.value.name, !names.contains(name) else { return }
        let nearest = Suggestion.nearest(to: name, among: known)
        error(
            at: choice.position, "\(owner): there is no rule set '\(name)'",
            instead: nearest.map { "did you mean '\($0)'?" } ?? "define it under waf, or write none")
    }
}
