/// Why a table cannot be compiled, by route, so that a diagnostic can point at its line.
public struct RouteProblem: Error, Equatable, Sendable {
    /// The rules concerned, as indices into what was given; two for a conflict.
    public let routes: [Int]
    /// Which part of the first rule is at fault.
    public let part: Part
    /// What is wrong, naming the routes.
    public let message: String
    /// What to write instead.
    public let remedy: String

    /// The parts of a rule.
    public enum Part: Equatable, Sendable {
        case hosts, path, regex, methods, headers, query, priority
    }
}

/// Everything that is wrong with a set of rules, in their order; never empty.
public struct RouteProblems: Error, Equatable, Sendable {
    /// The problems.
    public let all: [RouteProblem]
}
