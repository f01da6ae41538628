import ArgumentParser
import GateConfig
import GatePlan
import GateSettings
import GateWAF

/// Which rules a command runs: files, a set of a configuration, or the Core Rule Set where Debian puts it.
struct RuleSetArguments: ParsableArguments {
    /// Debian's Core Rule Set.
    static let debian = ["/etc/modsecurity/crs/crs-setup.conf", "/usr/share/modsecurity-crs/rules/*.conf"]

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Rule files or patterns, in their order; without them and --config: Debian's Core Rule Set.",
            valueName: "file"))
    var rules: [String] = []
    @Option(help: ArgumentHelp("A configuration, to take a rule set from.", valueName: "file")) var config: String?
    @Option(help: ArgumentHelp("The rule set's name in it, where there are several.", valueName: "name"))
    var waf: String?
    @Option(help: ArgumentHelp("The Core Rule Set's paranoia level, 1 to 4.", valueName: "level")) var paranoia: Int?

    func validate() throws {
        if config == nil, waf != nil { throw ValidationError("--waf names a set of --config") }
        if config != nil, !rules.isEmpty { throw ValidationError("give --rules or --config, not both") }
        if let paranoia, !(1...4).contains(paranoia) { throw ValidationError("--paranoia takes 1 to 4") }
    }

    /// The rules, compiled; prints every problem and exits 1 where there is one.
    func ruleSet() throws -> RuleSet {
        if let config { return try configured(config) }
        var options = RuleSetOptions()
        options.paranoiaLevel = paranoia
        return try Self.compile(try Self.sources(rules.isEmpty ? Self.debian : rules), options)
    }

    private func configured(_ config: String) throws -> RuleSet {
        let (_, plan) = try ConfigurationCheck(config).good()
        let names = plan.ruleSets.map(\.name)
        guard let wanted = waf ?? (names.count == 1 ? names.first : nil) else {
            throw ValidationError("name one of the rule sets with --waf: \(names.joined(separator: ", "))")
        }
        guard let set = plan.ruleSets.first(where: { $0.name == wanted }) else {
            throw ValidationError("\(config) has no rule set '\(wanted)'")
        }
        guard let rules = set.rules else { throw CommandFailure("rule set '\(wanted)' is disabled") }
        guard let paranoia else { return rules }
        throw ValidationError("--paranoia \(paranoia): the configuration says which level it runs")
    }

    /// The files that paths and patterns name, each once.
    static func sources(_ paths: [String]) throws -> [RuleSource] {
        let loader = RuleSetLoader(files: DiskFiles())
        var sources: [RuleSource] = []
        for path in paths {
            do throws(RuleSetLoader.Problem) {
                for source in try loader.sources(path) where !sources.contains(where: { $0.path == source.path }) {
                    sources.append(source)
                }
            } catch {
                throw CommandFailure(error.words + (error.remedy.map { " (\($0))" } ?? ""))
            }
        }
        return sources
    }

    /// Compiles sources; prints every problem as `file:line` and exits 1 where there is one.
    static func compile(_ sources: [RuleSource], _ options: RuleSetOptions) throws -> RuleSet {
        let compiled = RuleSetLoader(files: DiskFiles()).compile(sources, options: options)
        for problem in compiled.problems { printError(problem.sentence) }
        guard let rules = compiled.rules else { throw ExitCode(1) }
        return rules
    }
}

extension RuleProblem {
    /// `file:line: error: what is wrong (what to write instead)`.
    var sentence: String { "\(path):\(line): error: \(message)" + (remedy.isEmpty ? "" : " (\(remedy))") }
}
