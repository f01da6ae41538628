import GateHTTP
import GatePattern

/// Turns rules into a table: checks each rule, puts it at its nodes, then looks for what cannot be ordered.
struct RouteCompiler {
    let rules: [RouteRule]
    var problems: [RouteProblem] = []
    var storage = RouteStorage()
    /// What was compiled of each rule; nil for one with a problem.
    var compiled: [Rule?] = []
    /// Patterns by their text, so that one expression in many routes is compiled once.
    var patternIndex: [String: Int] = [:]

    /// The compiled parts of one rule.
    struct Rule {
        var methods: MethodSet
        var policy: UInt8
        var constraints: RouteStorage.ConstraintRange
        /// The index of the path's expression.
        var pattern: Int?
    }

    /// The most routes that one path of one host has: a request may look at all of them. LIMIT
    static let maximumRoutesPerPath = 256
    /// The most expressions at one literal prefix: one bit each, and a request may run all of them. LIMIT
    static let maximumPatternsPerPath = 64
    /// The most header constraints, and the most query constraints, of one route. LIMIT
    static let maximumConstraints = 16
    /// The most pairs of rule and host. LIMIT
    static let maximumEntries = 4_000_000
    /// The longest literal path in bytes: beyond it, no request line of the default limits is left. LIMIT
    static let maximumLiteral = 4096

    init(_ rules: [RouteRule]) { self.rules = rules }

    mutating func compile() throws(RouteProblems) -> RouteTable {
        compiled.reserveCapacity(rules.count)
        for index in rules.indices {
            let before = problems.count
            let rule = compileRule(index)
            compiled.append(problems.count == before ? rule : nil)
        }
        placeRules()
        guard problems.isEmpty else { throw RouteProblems(all: problems) }
        return RouteTable(storage: storage, count: rules.count)
    }

    mutating func report(_ routes: [Int], _ part: RouteProblem.Part, _ message: String, _ remedy: String) {
        problems.append(RouteProblem(routes: routes, part: part, message: message, remedy: remedy))
    }

    func name(_ rule: Int) -> String { "route `\(rules[rule].name)`" }
}

// MARK: - One rule

extension RouteCompiler {
    private mutating func compileRule(_ index: Int) -> Rule? {
        let rule = rules[index]
        if let finding = LiteralPath.finding(of: rule.path.literal, under: rule.policy) {
            report([index], .path, "\(name(index)): \(finding.problem)", finding.remedy)
        }
        let pattern = pathPattern(index)
        let methods = methodSet(index)
        let first = storage.constraints.count
        for part in [(rule.headers, RouteProblem.Part.headers), (rule.query, .query)] {
            guard part.0.count <= RouteCompiler.maximumConstraints else {
                report(
                    [index], part.1, "\(name(index)) has more than \(RouteCompiler.maximumConstraints) constraints",
                    "split the route or decide in the backend")
                continue
            }
            for constraint in part.0 { compile(constraint, part.1, of: index) }
        }
        guard let methods, let policy = policyIndex(rule.policy) else { return nil }
        return Rule(
            methods: methods, policy: policy,
            constraints: RouteStorage.ConstraintRange(
                first: first, headerCount: rule.headers.count, queryCount: rule.query.count),
            pattern: pattern)
    }

    private mutating func pathPattern(_ index: Int) -> Int? {
        guard case .regex(_, let expression) = rules[index].path else { return nil }
        return patternIndex(of: expression, .regex, of: index)
    }

    private mutating func patternIndex(of expression: String, _ part: RouteProblem.Part, of index: Int) -> Int? {
        if let known = patternIndex[expression] { return known }
        do throws(PatternError) {
            storage.patterns.append(try Pattern(expression, subject: .text, options: .wholeSubject))
            patternIndex[expression] = storage.patterns.count - 1
            return storage.patterns.count - 1
        } catch {
            report(
                [index], part, "\(name(index)): \(error.message), at byte \(error.offset) of `\(expression)`",
                "write a PCRE2 expression that matches the whole value")
            return nil
        }
    }

    private mutating func methodSet(_ index: Int) -> MethodSet? {
        let rule = rules[index]
        if let methods = rule.methods {
            if methods.isEmpty {
                report([index], .methods, "\(name(index)) allows no method", "leave `methods` out, or list them")
            }
            for method in methods.sorted() {
                if !Token.isToken(method) {
                    report([index], .methods, "\(name(index)): `\(method)` is no method", "write a token such as GET")
                } else if method == "CONNECT" {
                    report([index], .methods, "\(name(index)): CONNECT is not proxied", "take it out of `methods`")
                } else if method != method.uppercased(), MethodNames.isKnown(method.uppercased()) {
                    report(
                        [index], .methods, "\(name(index)): methods are case-sensitive, `\(method)` is not a usual one",
                        "write \(method.uppercased())")
                }
            }
        }
        guard let set = storage.methodNames.set(of: rule.methods) else {
            report(
                [index], .methods, "the routes name more than \(MethodNames.maximumAdded) methods of their own",
                "leave `methods` out where the backend decides")
            return nil
        }
        return set
    }

    private mutating func policyIndex(_ policy: PathPolicy) -> UInt8? {
        if let known = storage.policies.firstIndex(of: policy) { return UInt8(exactly: known) }
        storage.policies.append(policy)
        // Four choices of three values: 81 policies at most.
        return UInt8(exactly: storage.policies.count - 1)
    }

    private mutating func compile(_ constraint: FieldConstraint, _ part: RouteProblem.Part, of index: Int) {
        let isHeader = part == .headers
        if isHeader, !Token.isToken(constraint.name) || constraint.name != constraint.name.lowercased() {
            report(
                [index], part, "\(name(index)): `\(constraint.name)` is not a field name in lower case",
                "write a token such as x-version")
        }
        if isHeader, constraint.name == "host" {
            report([index], part, "\(name(index)) matches `host` as a header", "use `hosts`")
        }
        var kind = CompiledConstraint.Kind.present
        var value: [UInt8] = []
        switch constraint.value {
        case .present: break
        case .absent: kind = .absent
        case .exact(let text):
            kind = .exact
            value = Array(text.utf8)
        case .regex(let expression):
            if isHeader {
                guard let pattern = patternIndex(of: expression, part, of: index) else { return }
                kind = .regex(pattern)
            } else {
                report(
                    [index], part, "\(name(index)): a query parameter is matched by value, not by expression",
                    "write the value")
            }
        }
        let known = isHeader ? FieldName.allCases.first { $0 != .other && $0.text == constraint.name } : nil
        storage.constraints.append(
            CompiledConstraint(
                known: known ?? .other, name: Array(constraint.name.utf8), kind: kind, value: value))
    }
}
