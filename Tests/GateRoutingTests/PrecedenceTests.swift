import GateHTTP
import GatePattern
import GateRouting
import Testing

/// The contract's "Which route", line by line.
@Suite struct PrecedenceTests {
    private func rule(
        _ name: String, _ path: PathPattern, hosts: [HostPattern] = [], methods: Set<String>? = nil, priority: Int = 0
    ) -> RouteRule {
        RouteRule(name: name, hosts: hosts, path: path, methods: methods, priority: priority)
    }

    @Test func anExactHostBeatsTheLongestWildcardBeatsAny() throws {
        let routes = try Routes([
            rule("any", .prefix("/")), rule("short", .prefix("/"), hosts: [.wildcard(suffix: ".example.com")]),
            rule("long", .prefix("/"), hosts: [.wildcard(suffix: ".b.example.com")]),
            rule("exact", .prefix("/"), hosts: [.exact("a.b.example.com")]),
        ])
        #expect(try routes.answer("/", host: "a.b.example.com") == .route("exact"))
        #expect(try routes.answer("/", host: "c.b.example.com") == .route("long"))
        #expect(try routes.answer("/", host: "d.c.b.example.com") == .route("long"))
        #expect(try routes.answer("/", host: "b.example.com") == .route("short"))
        #expect(try routes.answer("/", host: "example.com") == .route("any"))
        #expect(try routes.answer("/", host: "xexample.com") == .route("any"))
        #expect(try routes.answer("/", host: "b.example.com.evil.test") == .route("any"))
        #expect(try routes.answer("/", host: "[::1]") == .route("any"))
    }

    @Test func aHostThatTheTableNamesDoesNotFallThroughToAnother() throws {
        let routes = try Routes([
            rule("any", .prefix("/health")),
            rule("wildcard", .prefix("/wild"), hosts: [.wildcard(suffix: ".example.com")]),
            rule("exact", .prefix("/orders"), hosts: [.exact("api.example.com")]),
        ])
        #expect(try routes.answer("/orders", host: "api.example.com") == .route("exact"))
        #expect(try routes.answer("/wild", host: "api.example.com") == .notFound)
        #expect(try routes.answer("/health", host: "api.example.com") == .notFound)
        #expect(try routes.answer("/wild", host: "www.example.com") == .route("wildcard"))
        #expect(try routes.answer("/health", host: "www.example.com") == .notFound)
        #expect(try routes.answer("/health", host: "example.com") == .route("any"))
    }

    /// attacks 36
    @Test func hostsMatchInAnyCaseAndPathsInTheirOwn() throws {
        let routes = try Routes([rule("r", .prefix("/admin"), hosts: [try HostPattern("API.example.com")])])
        #expect(try routes.answer("/admin", host: "ApI.eXample.COM") == .route("r"))
        #expect(try routes.answer("/admin", host: "api.example.com:8443") == .route("r"))
        #expect(try routes.answer("/ADMIN", host: "api.example.com") == .notFound)
        #expect(try routes.answer("/Admin/x", host: "api.example.com") == .notFound)
    }

    /// attacks 36
    @Test func hostsMatchInAnyCaseInALongList() throws {
        let hosts = try (0..<300).map { try HostPattern("Host-\($0).example.com") }
        let routes = try Routes([rule("r", .prefix("/"), hosts: hosts)])
        for index in [0, 99, 100, 101, 299] {
            #expect(try routes.answer("/", host: "HOST-\(index).Example.com") == .route("r"))
        }
        #expect(try routes.answer("/", host: "host-300.example.com") == .notFound)
    }

    @Test func theExactPathBeatsEveryPrefixAndExpression() throws {
        let routes = try Routes([
            rule("prefix", .prefix("/a/b")), rule("regex", .regex(prefix: "/a/b", expression: ".*")),
            rule("exact", .exact("/a/b")),
        ])
        #expect(try routes.answer("/a/b") == .route("exact"))
        #expect(try routes.answer("/a/b/") == .route("regex"))
        #expect(try routes.answer("/a/b/c") == .route("regex"))
    }

    /// attacks 33
    @Test func aPrefixIsWholeSegments() throws {
        let routes = try Routes([rule("orders", .prefix("/orders")), rule("directory", .prefix("/files/"))])
        for path in ["/orders", "/orders/", "/orders/7", "/orders/7/lines"] {
            #expect(try routes.answer(path) == .route("orders"))
        }
        for path in ["/orders7", "/orders-old", "/order", "/", "/x/orders", "/files", "/filesx"] {
            #expect(try routes.answer(path) == .notFound)
        }
        #expect(try routes.answer("/files/") == .route("directory"))
        #expect(try routes.answer("/files/a") == .route("directory"))
    }

    @Test func theLongestPrefixWins() throws {
        let routes = try Routes([
            rule("root", .prefix("/")), rule("a", .prefix("/a")), rule("a/", .prefix("/a/")),
            rule("ab", .prefix("/a/b")),
        ])
        #expect(try routes.answer("/") == .route("root"))
        #expect(try routes.answer("/ab") == .route("root"))
        #expect(try routes.answer("/a") == .route("a"))
        #expect(try routes.answer("/a/") == .route("a/"))
        #expect(try routes.answer("/a/c") == .route("a/"))
        #expect(try routes.answer("/a/b") == .route("ab"))
        #expect(try routes.answer("/a/b/c") == .route("ab"))
    }

    /// attacks 33
    @Test func aTrailingSlashIsAPathOfItsOwn() throws {
        let routes = try Routes([rule("bare", .exact("/admin")), rule("slash", .exact("/users/"))])
        #expect(try routes.answer("/admin") == .route("bare"))
        #expect(try routes.answer("/admin/") == .notFound)
        #expect(try routes.answer("/users") == .notFound)
        #expect(try routes.answer("/users/") == .route("slash"))
    }

    @Test func onEqualLengthAnExpressionBeatsAPrefixAndALongerPrefixBeatsBoth() throws {
        let routes = try Routes([
            rule("plain", .prefix("/users")), rule("number", .regex(prefix: "/users", expression: "/users/[0-9]+")),
            rule("me", .prefix("/users/7")),
        ])
        #expect(try routes.answer("/users/8") == .route("number"))
        #expect(try routes.answer("/users/7") == .route("me"))
        #expect(try routes.answer("/users/x") == .route("plain"))
        #expect(try routes.answer("/users/8/x") == .route("plain"))
        #expect(try routes.answer("/users") == .route("plain"))
    }

    @Test func anExpressionMatchesTheWholePathAndNeedsItsPrefix() throws {
        let routes = try Routes([rule("r", .regex(prefix: "/v", expression: "/v/(a|ab)"))])
        #expect(try routes.answer("/v/ab") == .route("r"))
        #expect(try routes.answer("/v/abc") == .notFound)
        #expect(try routes.answer("/w/v/ab") == .notFound)
        let loose = try Routes([rule("r", .regex(prefix: "/v", expression: ".*"))])
        #expect(try loose.answer("/vx") == .notFound)
    }

    @Test func anExpressionThatDoesNotMatchLeavesThePathToAShorterPrefix() throws {
        let routes = try Routes([
            rule("root", .prefix("/")), rule("number", .regex(prefix: "/users", expression: "/users/[0-9]+")),
        ])
        #expect(try routes.answer("/users/x") == .route("root"))
    }

    @Test func methodsChooseOnlyAmongTheRoutesOfThePath() throws {
        let routes = try Routes([
            rule("root", .prefix("/")), rule("read", .prefix("/a"), methods: ["GET"]),
            rule("write", .prefix("/a"), methods: ["POST", "PURGE"]),
        ])
        #expect(try routes.answer("GET", "/a") == .route("read"))
        #expect(try routes.answer("HEAD", "/a") == .route("read"))
        #expect(try routes.answer("POST", "/a") == .route("write"))
        #expect(try routes.answer("PURGE", "/a") == .route("write"))
        #expect(try routes.answer("DELETE", "/a") == .allow("GET, HEAD, POST, PURGE"))
        #expect(try routes.answer("purge", "/a") == .allow("GET, HEAD, POST, PURGE"))
        #expect(try routes.answer("PATCH", "/b") == .route("root"))
    }

    @Test func aMissWithTheMethodIsA404AndWithoutItA405() throws {
        var versioned = rule("v2", .prefix("/a"), methods: ["GET"])
        versioned.headers = [.init("x-version", .exact("2"))]
        let routes = try Routes([versioned, rule("write", .prefix("/a"), methods: ["POST"])])
        #expect(try routes.answer("GET", "/a") == .notFound)
        #expect(try routes.answer("PUT", "/a", [("x-version", "2")]) == .allow("GET, HEAD, POST"))
    }

    /// attacks 9
    @Test func traceIsA405UnlessNamed() throws {
        let routes = try Routes([rule("any", .prefix("/a")), rule("trace", .prefix("/t"), methods: ["TRACE"])])
        #expect(try routes.answer("TRACE", "/t") == .route("trace"))
        #expect(try routes.answer("TRACE", "/a") == .allow("GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS"))
    }

    @Test func theAsteriskFormHasNoRoute() throws {
        let routes = try Routes([rule("any", .prefix("/"))])
        #expect(try routes.answer("OPTIONS", "*") == .notFound)
    }

    @Test func theHigherPriorityIsAskedFirst() throws {
        var canary = rule("canary", .prefix("/a"), priority: 1)
        canary.headers = [.init("x-canary", .present)]
        let routes = try Routes([rule("main", .prefix("/a")), canary, rule("never", .prefix("/a"), priority: -1)])
        #expect(try routes.answer("/a") == .route("main"))
        #expect(try routes.answer("/a", [("X-Canary", "")]) == .route("canary"))
    }

    @Test func priorityDoesNotBeatThePath() throws {
        let routes = try Routes([rule("short", .prefix("/a"), priority: 9), rule("long", .prefix("/a/b"))])
        #expect(try routes.answer("/a/b") == .route("long"))
    }

    /// attacks 38
    @Test(arguments: ["/*", "/a*", "/$&'()+,=:@!~", "/.well-known/x", "/%7C"])
    func everyLegalCharacterStandsForItself(path: String) throws {
        let routes = try Routes([rule("exact", .exact(path)), rule("prefix", .prefix(path))])
        #expect(try routes.answer(path) == .route("exact"))
        #expect(try routes.answer(path + "/x") == .route("prefix"))
        #expect(try routes.answer("/anything") == .notFound)
    }

    @Test func aPathIsMatchedInItsCanonicalForm() throws {
        let routes = try Routes([rule("r", .exact("/a~b/%7C"))])
        #expect(try routes.answer("/%61%7eb/%7c") == .route("r"))
    }

    @Test func manyPathsOnOneHostFollowTheSameRules() throws {
        var rules = (0..<20).map { rule("other\($0)", .prefix("/other/\($0)")) }
        rules += [
            rule("root", .prefix("/")), rule("a/", .prefix("/a/")), rule("a", .prefix("/a")),
            rule("abc", .prefix("/a/b/c")), rule("exact", .exact("/a/b")),
            rule("number", .regex(prefix: "/a/b", expression: "/a/b/[0-9]+")),
        ]
        let routes = try Routes(rules)
        let expected = [
            "/": "root", "/x": "root", "/a": "a", "/a/": "a/", "/a/x": "a/", "/a/b": "exact", "/a/b/7": "number",
            "/a/b/x": "a/", "/a/b/c": "abc", "/a/b/c/d": "abc", "/a/b/cd": "a/", "/other/7": "other7",
            "/other/7/x": "other7", "/other/77": "root", "/other": "root",
        ]
        for (path, name) in expected { #expect(try routes.answer(path) == .route(name), "\(path)") }
        let deep = String(repeating: "/a", count: 500)
        #expect(try routes.answer(deep) == .route("a/"))
    }

    @Test func theTableSaysWhetherAnExpressionIsInterpreted() throws {
        func table(_ expression: String) throws -> RouteTable {
            try RouteTable.compile([rule("r", .regex(prefix: "/", expression: expression))])
        }
        #expect(try table("/a+").usesInterpreter == !MatchScratch.isJITBuiltIn)
        #expect(try table("(*NO_JIT)/a+").usesInterpreter)
    }
}
