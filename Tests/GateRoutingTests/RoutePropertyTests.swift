import GatePattern
import GateRouting
import Testing

/// Random tables and random requests: the table against the contract written down slowly.
@Suite struct RoutePropertyTests {
    /// A small generator with a seed (SplitMix64), so that a failure can be repeated.
    private struct Random {
        var state: UInt64

        mutating func below(_ bound: Int) -> Int {
            state &+= 0x9e37_79b9_7f4a_7c15
            var value = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
            value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
            return Int((value ^ (value >> 31)) % UInt64(bound))
        }

        mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }
        mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
    }

    private static let expressions: [String: @Sendable (String) -> Bool] = [
        "/.*b": { $0.hasPrefix("/") && $0.hasSuffix("b") },
        "(/a)*": {
            $0.isEmpty
                || $0.split(separator: "/", omittingEmptySubsequences: false).dropFirst().allSatisfy { $0 == "a" }
                    && $0.hasPrefix("/")
        },
        "[12]": { $0 == "1" || $0 == "2" },
    ]

    private func hostPattern(_ random: inout Random) -> HostPattern {
        switch random.below(4) {
        case 0: .any
        case 1: .wildcard(suffix: random.pick([".t", ".a.t", ".b.a.t"]))
        default: .exact(random.pick(["t", "a.t", "b.t", "b.a.t"]))
        }
    }

    private func path(_ random: inout Random) -> String {
        var path = ""
        for _ in 0..<random.below(5) { path += "/" + random.pick(["a", "b", "ab", "c*"]) }
        return path.isEmpty || random.chance(25) ? path + "/" : path
    }

    private func constraint(_ random: inout Random, header: Bool) -> FieldConstraint {
        let value: FieldConstraint.Value =
            switch random.below(header ? 5 : 4) {
            case 0: .present
            case 1: .absent
            case 4: .regex("[12]")
            default: .exact(random.pick(["1", "2"]))
            }
        return FieldConstraint(random.pick(["x-a", "accept"]), value)
    }

    private func rule(_ random: inout Random, _ index: Int, priority: Int) -> RouteRule {
        var rule = RouteRule(name: "r\(index)", path: .prefix("/"), priority: priority)
        rule.hosts = (0..<random.below(3)).map { _ in hostPattern(&random) }
        let literal = path(&random)
        switch random.below(4) {
        case 0: rule.path = .exact(literal)
        case 1: rule.path = .regex(prefix: literal, expression: random.pick(["/.*b", "(/a)*"]))
        default: rule.path = .prefix(literal)
        }
        if random.chance(60) {
            rule.methods = Set(
                (0..<1 + random.below(2)).map { _ in random.pick(["GET", "POST", "HEAD", "PURGE", "TRACE"]) })
        }
        if random.chance(30) { rule.headers.append(constraint(&random, header: true)) }
        if random.chance(30) { rule.query.append(constraint(&random, header: false)) }
        return rule
    }

    private func plainRequest(_ random: inout Random) -> PlainRequest {
        var request = PlainRequest(
            method: random.pick(["GET", "HEAD", "POST", "PURGE", "TRACE", "LOCK"]),
            host: random.pick(["t", "a.t", "b.t", "c.t", "b.a.t", "c.a.t", "c.b.a.t", "u"]), path: path(&random))
        for _ in 0..<random.below(3) {
            request.headers.append((random.pick(["x-a", "accept"]), random.pick(["1", "2", "3"])))
        }
        for _ in 0..<random.below(3) {
            request.query.append((random.pick(["x-a", "accept"]), random.pick(["1", "2", "3"])))
        }
        return request
    }

    private func check(_ rules: [RouteRule], _ random: inout Random, requests: Int) throws {
        let routes = try Routes(rules)
        let reference = ReferenceMatcher(rules: rules, expressions: Self.expressions)
        for _ in 0..<requests {
            let plain = plainRequest(&random)
            let query = plain.query.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
            var vetted = try request(
                plain.method, query.isEmpty ? plain.path : plain.path + "?" + query, host: plain.host, plain.headers)
            let answer = routes.table.match(&vetted, in: routes.scratch)
            switch reference.answer(plain) {
            case .notFound: #expect(answer == .notFound, "\(plain) in \(rules)")
            case .methodNotAllowed:
                guard case .methodNotAllowed = answer else {
                    Issue.record("\(answer) instead of a 405 for \(plain) in \(rules)")
                    continue
                }
            case .routes(let indices):
                // More than one would be an ambiguity that compiling has to find.
                #expect(indices.map { .route($0) } == [answer], "\(plain) in \(rules)")
            }
        }
    }

    /// Few rules a host are scanned, many are looked up: both sizes.
    @Test(arguments: [4, 12, 60])
    func aTableAnswersAsTheContractSays(size: Int) throws {
        for seed in 0..<25 {
            var random = Random(state: UInt64(seed * 1000 + size))
            // A priority of its own for each rule, so that every table compiles.
            let rules = (0..<size).map { rule(&random, $0, priority: $0 % 2 == 0 ? $0 : -$0) }
            try check(rules, &random, requests: 100)
        }
    }

    @Test func whatCompilesWithoutPrioritiesIsNeverAmbiguous() throws {
        var compiled = 0
        for seed in 0..<150 {
            var random = Random(state: UInt64(seed))
            let rules = (0..<2 + random.below(6)).map { rule(&random, $0, priority: 0) }
            guard (try? RouteTable.compile(rules)) != nil else { continue }
            compiled += 1
            try check(rules, &random, requests: 50)
        }
        #expect(compiled > 20)
    }

    @Test func whatIsAmbiguousDoesNotCompile() throws {
        var ambiguous = 0
        for seed in 0..<300 {
            var random = Random(state: UInt64(seed))
            let rules = (0..<16).map { rule(&random, $0, priority: 0) }
            let reference = ReferenceMatcher(rules: rules, expressions: Self.expressions)
            for _ in 0..<50 {
                guard case .routes(let found) = reference.answer(plainRequest(&random)), found.count > 1 else {
                    continue
                }
                ambiguous += 1
                #expect(throws: RouteProblems.self) { try RouteTable.compile(rules) }
                break
            }
        }
        #expect(ambiguous > 20)
    }
}
