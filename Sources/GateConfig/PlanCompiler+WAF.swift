import GateAdmission
import GatePlan
import GateSettings
import GateWAF

extension PlanCompiler {
    /// The rule sets in their order: compiled, shared with an equal one, or the previous plan's where nothing changed.
    mutating func compileRuleSets() -> [RuleSetPlan] {
        var plans: [RuleSetPlan] = []
        for set in settings.waf { plans.append(compile(set, among: plans)) }
        return plans
    }

    private mutating func compile(_ set: WAFSettings, among made: [RuleSetPlan]) -> RuleSetPlan {
        // A disabled set is not even read: it may be one that is being written.
        let nothing = RuleSetPlan(name: set.name, rules: nil, digest: "", dataFiles: [], settles: [])
        guard set.mode.value != .disabled, let sources = sources(of: set) else { return nothing }
        let loader = RuleSetLoader(files: files)
        let options = Self.options(set)
        let digest = Self.digest(of: sources)
        let settles = RuleSetPlan.Settled(sources)
        let types = RuleSetPlan.defaultContentTypes(in: sources)
        let known = (made + (previous?.ruleSets ?? [])).first {
            $0.rules != nil && $0.digest == digest && $0.rules?.options == options
        }
        if let known, loader.holds(known.dataFiles) {
            return RuleSetPlan(
                name: set.name, rules: known.rules, digest: digest, dataFiles: known.dataFiles, settles: settles,
                defaultContentTypes: types)
        }
        let compiled = loader.compile(sources, options: options)
        report(compiled.problems, of: set)
        return RuleSetPlan(
            name: set.name, rules: compiled.rules, digest: digest, dataFiles: compiled.dataFiles, settles: settles,
            defaultContentTypes: types)
    }

    /// The rule files, each once; nil after a problem was recorded.
    private mutating func sources(of set: WAFSettings) -> [RuleSource]? {
        let loader = RuleSetLoader(files: files)
        var sources: [RuleSource] = []
        var isWhole = !set.rules.isEmpty
        for path in set.rules {
            do throws(RuleSetLoader.Problem) {
                for source in try loader.sources(path.value.path)
                where !sources.contains(where: { $0.path == source.path }) {
                    sources.append(source)
                }
            } catch {
                self.error(at: path.position, "rule set '\(set.name)': \(error.words)", instead: error.remedy)
                isWhole = false
            }
        }
        return isWhole ? sources : nil
    }

    /// Each problem at its line of the rule file, or of the configuration where that is to blame.
    private mutating func report(_ problems: [RuleProblem], of set: WAFSettings) {
        var indices: [String: Int] = [:]
        for problem in problems {
            let index = indices[problem.path] ?? diagnostics.addFile(problem.path)
            indices[problem.path] = index
            diagnostics.error(
                at: SourcePosition(file: index, line: problem.line, column: 1),
                "rule set '\(set.name)': \(problem.message)", instead: problem.remedy.isEmpty ? nil : problem.remedy)
        }
    }

    private static func options(_ set: WAFSettings) -> RuleSetOptions {
        var options = RuleSetOptions()
        options.paranoiaLevel = set.paranoia
        options.inboundThreshold = set.thresholds.inbound
        options.outboundThreshold = set.thresholds.outbound
        options.allowedMethods = set.methods
        options.allowedContentTypes = set.contentTypes
        options.exclusions = set.exclusions.map { exclusion in
            RuleExclusion(
                rules: exclusion.rule.value.range,
                target: exclusion.target?.value ?? exclusion.argument.map { "ARGS:\($0.value)" })
        }
        options.mode = set.mode.value == .detect ? .detect : .block
        return options
    }

    private static func digest(of sources: [RuleSource]) -> String {
        var bytes: [UInt8] = []
        for source in sources { bytes += Array("\(source.path)\n\(Digest.of(source.bytes))\n".utf8) }
        return Digest.of(bytes)
    }

    // MARK: Routes

    /// How a route's requests are inspected; nil where no set is named, or the one that is inspects nothing.
    func inspection(of route: RouteSettings, _ ruleSets: [RuleSetPlan]) -> InspectionPlan? {
        guard let name = (route.waf ?? settings.defaults.waf)?.value.name,
            let index = ruleSets.firstIndex(where: { $0.name == name }), let rules = ruleSets[index].rules,
            let set = settings.waf.first(where: { $0.name == name })
        else { return nil }
        let body = route.body ?? settings.defaults.body
        return InspectionPlan(
            index: index, ruleSet: rules, allowances: allowances(of: route, set, ruleSets[index]),
            requests: .init(
                readsBody: body.inspect.value == .full, limit: Int(clamping: set.body.limit.bytes),
                inflatedLimit: Int(clamping: set.body.inflated.bytes), oversize: Self.oversize(set.body.oversize.value)),
            responses: set.responses.inspect
                ? .init(
                    limit: Int(clamping: set.responses.limit.bytes), contentTypes: set.responses.contentTypes,
                    oversize: Self.oversize(set.responses.oversize.value)) : nil,
            hidesValues: set.redact == .values)
    }

    /// What the route declares, so that stock rules do not refuse what it takes: its methods, and gRPC. What the
    /// configuration or a rule file says itself stands.
    private func allowances(of route: RouteSettings, _ set: WAFSettings, _ plan: RuleSetPlan) -> RouteAllowances? {
        var methods: [String]?
        if set.methods == nil, !plan.settles.contains(.methods), !route.match.methods.isEmpty {
            methods = route.match.methods
            // GET implies HEAD.
            if route.match.methods.contains("GET"), !route.match.methods.contains("HEAD") { methods?.append("HEAD") }
        }
        let isOpen =
            set.contentTypes == nil && !plan.settles.contains(.contentTypes) && !plan.defaultContentTypes.isEmpty
        return RouteAllowances(
            methods: methods, contentTypes: isOpen ? plan.defaultContentTypes + Self.callTypes : nil)
    }

    private static func oversize(_ oversize: WAFBodySettings.Oversize) -> InspectionPlan.Oversize {
        switch oversize {
        case .refuse: .refuse
        case .pass: .pass
        }
    }

    /// The media types of gRPC and gRPC-Web, which no version of the Core Rule Set names.
    private static let callTypes = [
        "application/grpc", "application/grpc+proto", "application/grpc-web", "application/grpc-web+proto",
        "application/grpc-web-text", "application/grpc-web-text+proto",
    ]
}
