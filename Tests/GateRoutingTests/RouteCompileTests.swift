import GateHTTP
import GateRouting
import Testing

@Suite struct RouteCompileTests {
    private func problems(_ rules: [RouteRule]) -> [RouteProblem] {
        do throws(RouteProblems) {
            _ = try RouteTable.compile(rules)
            return []
        } catch {
            return error.all
        }
    }

    private func rule(
        _ name: String, _ path: PathPattern = .prefix("/a"), host: String = "example.com",
        methods: Set<String>? = nil,
        headers: [FieldConstraint] = [], query: [FieldConstraint] = [], priority: Int = 0
    ) -> RouteRule {
        RouteRule(
            name: name, hosts: [.exact(host)], path: path, methods: methods, headers: headers, query: query,
            priority: priority)
    }

    @Test func twoRoutesForOneRequestAreNamedAndTheRemedySaid() throws {
        let found = problems([rule("one"), rule("between", .exact("/a")), rule("two")])
        let problem = try #require(found.first)
        #expect(found.count == 1)
        #expect(problem.routes == [0, 2])
        #expect(problem.part == .priority)
        #expect(
            problem.message
                == "route `one` and route `two` can match the same request for paths at `/a` on example.com")
        #expect(
            problem.remedy
                == "give one of them a higher `priority`, or make methods, headers or query exclude each other")
    }

    @Test func aPairThatMeetsOnSeveralHostsIsReportedOnce() {
        let hosts: [HostPattern] = [.any, .exact("a"), .exact("b"), .exact("a")]
        let one = RouteRule(name: "one", hosts: hosts, path: .prefix("/"))
        #expect(problems([one]) == [])
        #expect(problems([one, one]).map(\.routes) == [[0, 1]])
    }

    @Test func whatHostOrPathOrdersIsNoConflict() {
        let rules = [
            rule("exact", .exact("/a")), rule("prefix"), rule("directory", .prefix("/a/")),
            rule("longer", .prefix("/a/b")),
            rule("regex", .regex(prefix: "/a", expression: "/a/[0-9]+")), rule("other", host: "other.example.com"),
            RouteRule(name: "wildcard", hosts: [.wildcard(suffix: ".example.com")], path: .prefix("/a")),
            RouteRule(name: "longer wildcard", hosts: [.wildcard(suffix: ".a.example.com")], path: .prefix("/a")),
            RouteRule(name: "any", path: .prefix("/a")),
        ]
        #expect(problems(rules) == [])
    }

    @Test func priorityOrders() {
        #expect(problems([rule("one"), rule("two", priority: 1)]) == [])
        #expect(problems([rule("one", priority: 1), rule("two"), rule("three")]).map(\.routes) == [[1, 2]])
    }

    @Test func methodsThatDoNotMeetOrder() {
        #expect(problems([rule("one", methods: ["GET"]), rule("two", methods: ["POST", "PURGE"])]) == [])
        #expect(problems([rule("one", methods: ["GET"]), rule("two", methods: ["POST", "GET"])]).count == 1)
        #expect(problems([rule("one", methods: ["PURGE"]), rule("two", methods: ["PURGE"])]).count == 1)
        #expect(problems([rule("one", methods: ["PURGE"]), rule("two")]).count == 1)
    }

    @Test func getImpliesHeadInConflictsToo() {
        #expect(problems([rule("one", methods: ["GET"]), rule("two", methods: ["HEAD"])]).count == 1)
    }

    @Test func aRouteForAnyMethodDoesNotMeetOneForTrace() {
        #expect(problems([rule("one"), rule("two", methods: ["TRACE"])]) == [])
    }

    @Test func constraintsThatExcludeEachOtherOrder() {
        func conflicts(_ one: FieldConstraint.Value, _ other: FieldConstraint.Value) -> Bool {
            let rules = [
                rule("one", headers: [.init("x-a", one)]),
                rule("two", headers: [.init("x-b", .present), .init("x-a", other)]),
            ]
            return !problems(rules).isEmpty
        }
        #expect(!conflicts(.exact("1"), .exact("2")))
        #expect(conflicts(.exact("1"), .exact("1")))
        #expect(conflicts(.exact("1"), .present))
        #expect(!conflicts(.absent, .present))
        #expect(!conflicts(.exact("1"), .absent))
        #expect(conflicts(.absent, .absent))
        #expect(!conflicts(.exact("x"), .regex("[0-9]+")))
        #expect(!conflicts(.exact("1x"), .regex("[0-9]+")))
        #expect(conflicts(.regex("[0-9]+"), .exact("17")))
        #expect(conflicts(.regex("[0-9]+"), .regex("[a-z]+")))
        #expect(!conflicts(.regex("[0-9]+"), .absent))
    }

    @Test func aConstraintOnOneOfTwoRoutesDoesNotOrder() {
        #expect(problems([rule("one", headers: [.init("x-a", .present)]), rule("two")]).count == 1)
        #expect(problems([rule("one", query: [.init("v", .exact("1"))]), rule("two")]).count == 1)
    }

    @Test func queryConstraintsThatExcludeEachOtherOrder() {
        let one = rule("one", query: [.init("v", .exact("1"))])
        #expect(problems([one, rule("two", query: [.init("v", .exact("2"))])]) == [])
        #expect(problems([one, rule("two", query: [.init("w", .exact("2"))])]).count == 1)
    }

    @Test func differentExpressionsAtOnePrefixAreNotOrdered() {
        let one = rule("one", .regex(prefix: "/a", expression: "/a/[0-9]+"))
        let two = rule("two", .regex(prefix: "/a", expression: "/a/[a-z]+"))
        #expect(problems([one, two]).map(\.routes) == [[0, 1]])
        let longer = rule("longer", .regex(prefix: "/a/b", expression: "/a/b/[a-z]+"))
        #expect(problems([one, longer]) == [])
    }

    @Test(arguments: [
        ("a", PathPolicy()), ("", PathPolicy()), ("/a?b", PathPolicy()), ("/a#b", PathPolicy()), ("/a b", PathPolicy()),
        ("/ä", PathPolicy()), ("/%2", PathPolicy()), ("/%2f", PathPolicy()), ("/%41", PathPolicy()),
        ("/%", PathPolicy()),
        ("/a//b", PathPolicy()), ("//", PathPolicy()), ("/./a", PathPolicy()), ("/a/..", PathPolicy()),
        ("/a../b", PathPolicy()), ("/a%2Fb", PathPolicy()), ("/a%5Cb", PathPolicy()), (#"/a\b"#, PathPolicy()),
        ("/a;b", PathPolicy()), ("/a//b", PathPolicy(duplicateSlashes: .resolve)),
        ("/a/../b", PathPolicy(dotSegments: .resolve)),
    ])
    func aPathThatCannotMatchIsAnError(path: String, policy: PathPolicy) throws {
        for pattern in [PathPattern.exact(path), .prefix(path), .regex(prefix: path, expression: ".*")] {
            let found = problems([RouteRule(name: "r", path: pattern, policy: policy)])
            #expect(found.count == 1)
            #expect(found.first?.part == .path)
        }
    }

    @Test func aPathMayHoldWhatItsPolicyKeeps() {
        for (path, policy) in [
            ("/a//b", PathPolicy(duplicateSlashes: .keep)), ("/a%2Fb", PathPolicy(encodedSlash: .keep)),
            ("/a;v=1", PathPolicy(parameters: .keep)), ("/a/../b", PathPolicy(dotSegments: .keep)),
        ] {
            #expect(problems([RouteRule(name: "r", path: .prefix(path), policy: policy)]) == [])
        }
    }

    @Test func anExpressionThatDoesNotCompileSaysWhere() {
        let found = problems([rule("r", .regex(prefix: "/", expression: "/(a"))])
        #expect(found.map(\.part) == [.regex])
        #expect(found.first?.message.contains("at byte 3 of `/(a`") == true)
    }

    @Test func everyProblemIsReportedAtOnce() {
        let found = problems([
            rule("path", .prefix("a")), rule("methods", .prefix("/m"), methods: []),
            rule("token", .prefix("/t"), methods: ["G T"]),
            rule("case", .prefix("/c"), methods: ["get"]), rule("connect", .prefix("/k"), methods: ["CONNECT"]),
            rule("header", .prefix("/h"), headers: [.init("X-A", .present)]),
            rule("host", .prefix("/o"), headers: [.init("host", .present)]),
            rule("query", .prefix("/q"), query: [.init("a", .regex("b"))]), rule("one"), rule("two"),
        ])
        #expect(
            found.map(\.part) == [.path, .methods, .methods, .methods, .methods, .headers, .headers, .query, .priority])
        #expect(found.map { $0.routes[0] } == [0, 1, 2, 3, 4, 5, 6, 7, 8])
        #expect(found.allSatisfy { !$0.message.isEmpty && !$0.remedy.isEmpty })
    }

    @Test func theRoutesOfOnePathAreBounded() {
        func routes(_ count: Int) -> [RouteRule] {
            (0..<count).map { rule("r\($0)", headers: [.init("x-a", .exact("\($0)"))]) }
        }
        #expect(problems(routes(256)) == [])
        #expect(problems(routes(257)).map(\.part) == [.path])
    }

    @Test func theExpressionsOfOnePathAreBounded() {
        func routes(_ count: Int) -> [RouteRule] {
            (0..<count).map { rule("r\($0)", .regex(prefix: "/a", expression: "/a/\($0)"), priority: $0) }
        }
        #expect(problems(routes(64)) == [])
        #expect(problems(routes(65)).map(\.part) == [.regex])
    }

    @Test func theMethodsOfATableAreBounded() {
        func routes(_ count: Int) -> [RouteRule] { [rule("r", methods: Set((0..<count).map { "METHOD\($0)" }))] }
        #expect(problems(routes(54)) == [])
        #expect(problems(routes(55)).map(\.part) == [.methods])
    }

    @Test func constraintsDepthAndLengthAreBounded() {
        func constraints(_ count: Int) -> [FieldConstraint] { (0..<count).map { .init("x-\($0)", .present) } }
        #expect(problems([rule("r", headers: constraints(16), query: constraints(16))]) == [])
        #expect(problems([rule("r", headers: constraints(17))]).map(\.part) == [.headers])
        #expect(problems([rule("r", query: constraints(17))]).map(\.part) == [.query])
        #expect(problems([rule("r", .prefix(String(repeating: "/a", count: 63)))]) == [])
        #expect(problems([rule("r", .prefix(String(repeating: "/a", count: 64)))]).map(\.part) == [.path])
        #expect(problems([rule("r", .prefix("/" + String(repeating: "a", count: 4095)))]) == [])
        #expect(problems([rule("r", .prefix("/" + String(repeating: "a", count: 4096)))]).map(\.part) == [.path])
    }

    @Test func aHundredThousandRoutesCompile() throws {
        let rules = (0..<100_000).map { index in
            rule(
                "route-\(index)", .prefix("/service/\(index)"), host: "host-\(index % 50_000).example.com",
                methods: ["GET"])
        }
        let clock = ContinuousClock()
        var count = 0
        let time = try clock.measure { count = try RouteTable.compile(rules).count }
        #expect(count == 100_000)
        // One-sided, at ten times what a release build must reach.
        #expect(time < .seconds(10))
    }
}
