import GateHTTP
import GateRouting
import GateSettings

extension PlanCompiler {
    /// The route table, or nil after problems were recorded.
    ///
    /// Routes that could not be read as they were meant are left out: what they would match is not known.
    mutating func compileTable() -> RouteTable? {
        var routes: [RouteSettings] = []
        var rules: [RouteRule] = []
        for route in settings.routes where !route.hasErrors {
            guard let rule = rule(for: route) else { continue }
            routes.append(route)
            rules.append(rule)
        }
        do throws(RouteProblems) {
            let table = try RouteTable.compile(rules)
            return rules.count == settings.routes.count ? table : nil
        } catch {
            for problem in error.all {
                guard let first = problem.routes.first, routes.indices.contains(first) else { continue }
                let others = problem.routes.dropFirst().filter(routes.indices.contains)
                let places = others.map { ", at " + diagnostics.place(routes[$0].name.position) }
                self.error(
                    at: Self.place(of: problem.part, in: routes[first]), problem.message + places.joined(),
                    instead: problem.remedy)
            }
            return nil
        }
    }

    private static func place(of part: RouteProblem.Part, in route: RouteSettings) -> SourcePosition {
        let match = route.match
        switch part {
        case .hosts: return match.hosts.first?.position ?? match.position
        case .path:
            switch match.path {
            case .prefix(let path)?, .exact(let path)?, .regex(let path, _)?: return path.position
            case nil: return match.position
            }
        case .regex:
            if case .regex(_, let expression)? = match.path { return expression.position }
            return match.position
        case .headers: return match.headers.first?.position ?? match.position
        case .query: return match.query.first?.position ?? match.position
        case .methods: return match.position
        case .priority: return route.name.position
        }
    }

    /// The rule of one route, or nil after a problem was recorded.
    private mutating func rule(for route: RouteSettings) -> RouteRule? {
        var hosts: [HostPattern] = []
        for host in route.match.hosts {
            do throws(HostPatternError) {
                hosts.append(try HostPattern(host.value))
            } catch {
                self.error(at: host.position, "route '\(route.name.value)': \(error.message)")
            }
        }
        guard hosts.count == route.match.hosts.count else { return nil }
        let path: PathPattern =
            switch route.match.path {
            case .prefix(let path)?: .prefix(path.value)
            case .exact(let path)?: .exact(path.value)
            case .regex(let prefix, let expression)?: .regex(prefix: prefix.value, expression: expression.value)
            case nil: .prefix("/")
            }
        return RouteRule(
            name: route.name.value, hosts: hosts, path: path,
            methods: route.match.methods.isEmpty ? nil : Set(route.match.methods),
            headers: route.match.headers.map { FieldConstraint($0.name, .exact($0.value)) },
            query: route.match.query.map { FieldConstraint($0.name, .exact($0.value)) }, priority: route.priority,
            policy: Self.policy(route.path ?? settings.defaults.path), answersPreflights: route.cors != nil)
    }

    private static func policy(_ path: PathSettings) -> PathPolicy {
        PathPolicy(
            dotSegments: choice(path.dotSegments), duplicateSlashes: choice(path.duplicateSlashes),
            encodedSlash: choice(path.encodedSlash), parameters: choice(path.parameters))
    }

    private static func choice(_ choice: PathSettings.Choice) -> PathPolicy.Choice {
        switch choice {
        case .refuse: .refuse
        case .keep: .keep
        case .resolve: .resolve
        }
    }
}
