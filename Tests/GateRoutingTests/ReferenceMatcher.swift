import GateRouting

/// A request in plain values.
struct PlainRequest {
    var method: String
    var host: String
    var path: String
    var query: [(String, String)] = []
    var headers: [(String, String)] = []
}

/// The contract's "Which route" written down as it stands, slowly: the oracle for the table.
struct ReferenceMatcher {
    let rules: [RouteRule]
    /// What the expressions of the rules mean, without PCRE2.
    let expressions: [String: @Sendable (String) -> Bool]

    /// The routes that no rule of the contract puts behind another; more than one is an ambiguity.
    enum Answer: Equatable {
        case routes([Int])
        case notFound
        case methodNotAllowed
    }

    func answer(_ request: PlainRequest) -> Answer {
        let path = routesOfPath(request.path, among: routesOfHost(request.host))
        guard !path.isEmpty else { return .notFound }
        let method = path.filter { allows(rules[$0], request.method) }
        guard !method.isEmpty else { return .methodNotAllowed }
        let matching = method.filter { rule in
            rules[rule].headers.allSatisfy { holds($0, request.headers) }
                && rules[rule].query.allSatisfy { holds($0, request.query) }
        }
        guard let top = matching.map({ rules[$0].priority }).max() else { return .notFound }
        return .routes(matching.filter { rules[$0].priority == top })
    }

    /// Exact host before the longest wildcard before any.
    private func routesOfHost(_ host: String) -> [Int] {
        func rank(_ pattern: HostPattern) -> Int? {
            switch pattern {
            case .any: 0
            case .wildcard(let suffix): host.hasSuffix(suffix) && host.count > suffix.count ? suffix.count : nil
            case .exact(let name): name == host ? 10_000 : nil
            }
        }
        func rank(_ rule: RouteRule) -> Int? {
            (rule.hosts.isEmpty ? [.any] : rule.hosts).compactMap { rank($0) }.max()
        }
        guard let best = rules.compactMap({ rank($0) }).max() else { return [] }
        return rules.indices.filter { index in
            (rules[index].hosts.isEmpty ? [.any] : rules[index].hosts).contains { rank($0) == best }
        }
    }

    /// The exact path, then the longest literal prefix of whole segments, where an expression beats a plain prefix.
    private func routesOfPath(_ path: String, among routes: [Int]) -> [Int] {
        let exact = routes.filter { rules[$0].path == .exact(path) }
        if !exact.isEmpty { return exact }
        let literals = Set(routes.map { rules[$0].path.literal }).sorted { $0.count > $1.count }
        for literal in literals where isPrefixOfSegments(literal, path) {
            let regex = routes.filter {
                if case .regex(literal, let expression) = rules[$0].path {
                    expressions[expression]?(path) == true
                } else {
                    false
                }
            }
            if !regex.isEmpty { return regex }
            let plain = routes.filter { rules[$0].path == .prefix(literal) }
            if !plain.isEmpty { return plain }
        }
        return []
    }

    private func isPrefixOfSegments(_ literal: String, _ path: String) -> Bool {
        guard path.hasPrefix(literal) else { return false }
        return path == literal || literal.hasSuffix("/") || path.dropFirst(literal.count).hasPrefix("/")
    }

    private func allows(_ rule: RouteRule, _ method: String) -> Bool {
        guard let methods = rule.methods else { return method != "TRACE" && method != "CONNECT" }
        return methods.contains(method) || (method == "HEAD" && methods.contains("GET"))
    }

    private func holds(_ constraint: FieldConstraint, _ fields: [(String, String)]) -> Bool {
        let values = fields.filter { $0.0 == constraint.name }.map(\.1)
        switch constraint.value {
        case .present: return !values.isEmpty
        case .absent: return values.isEmpty
        case .exact(let value): return values == [value]
        case .regex(let expression): return values.count == 1 && expressions[expression]?(values[0]) == true
        }
    }
}
