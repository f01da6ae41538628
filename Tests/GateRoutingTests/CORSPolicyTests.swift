import GateHTTP
import GateRouting
import NIOCore
import Testing

@Suite struct CORSPolicyTests {
    private func grant(_ policy: CORSPolicy, _ origin: String) -> CORSPolicy.Grant {
        let bytes = Array(origin.utf8)
        return policy.grant(origin: bytes.span)
    }

    private let app = "https://app.example.com"

    @Test func anOriginIsGrantedByteByByte() throws {
        let policy = try CORSPolicy(origins: .list([app, "http://localhost:3000"]))
        #expect(grant(policy, app) == .granted(0))
        #expect(grant(policy, "http://localhost:3000") == .granted(1))
        for origin in [
            "", "null", "*", "https://app.example.com.evil.test", "https://evil.app.example.com",
            "http://app.example.com",
            "https://APP.example.com", "https://app.example.com:443", "https://app.example.com/",
            "https://app_example.com",
        ] {
            #expect(grant(policy, origin) == .refused, "\(origin)")
        }
    }

    @Test func aRequestHasOneOriginOrNone() throws {
        let policy = try CORSPolicy(origins: .list([app]))
        #expect(try policy.grant(request("GET", "/")) == .none)
        #expect(try policy.grant(request("GET", "/", [("Origin", app)])) == .granted(0))
        #expect(try policy.grant(request("GET", "/", [("origin", app), ("origin", app)])) == .refused)
    }

    @Test func aPreflightIsAnsweredWithTheWholePolicy() throws {
        let policy = try CORSPolicy(
            origins: .list([app]), methods: ["GET", "POST"], headers: ["authorization", "x-a"],
            exposedHeaders: ["x-total"],
            credentials: true, maxAge: 600)
        #expect(
            String(buffer: policy.preflightFields(.granted(0)).bytes)
                == "access-control-allow-origin: https://app.example.com\r\n"
                + "access-control-allow-credentials: true\r\nvary: origin\r\n"
                + "access-control-allow-methods: GET, POST\r\naccess-control-allow-headers: authorization, x-a\r\n"
                + "access-control-max-age: 600\r\n")
        #expect(
            String(buffer: policy.answerFields(.granted(0)).bytes)
                == "access-control-allow-origin: https://app.example.com\r\n"
                + "access-control-allow-credentials: true\r\nvary: origin\r\n"
                + "access-control-expose-headers: x-total\r\n")
    }

    @Test func whatIsNotGrantedGetsNothingButVary() throws {
        let policy = try CORSPolicy(origins: .list([app]), credentials: true)
        for grant in [CORSPolicy.Grant.none, .refused, .granted(1), .granted(-1)] {
            #expect(String(buffer: policy.preflightFields(grant).bytes) == "vary: origin\r\n")
            #expect(String(buffer: policy.answerFields(grant).bytes) == "vary: origin\r\n")
        }
    }

    @Test func anyOriginGetsTheAsterisk() throws {
        let policy = try CORSPolicy(origins: .any)
        #expect(grant(policy, "https://whoever.test") == .granted(0))
        #expect(grant(policy, "null") == .granted(0))
        #expect(String(buffer: policy.answerFields(.granted(0)).bytes) == "access-control-allow-origin: *\r\n")
    }

    @Test func anyOriginNeverGoesWithCredentials() {
        let error = #expect(throws: CORSPolicyError.self) { try CORSPolicy(origins: .any, credentials: true) }
        #expect(error?.message == "credentials need a list of origins, never `*`")
        #expect(throws: CORSPolicyError.self) {
            try CORSPolicy(origins: .list([app]), methods: ["*"], credentials: true)
        }
        #expect(throws: CORSPolicyError.self) {
            try CORSPolicy(origins: .list([app]), headers: ["*"], credentials: true)
        }
        #expect(throws: CORSPolicyError.self) {
            try CORSPolicy(origins: .list([app]), exposedHeaders: ["*"], credentials: true)
        }
    }

    @Test(arguments: [
        "null", "*", "https://*.example.com", "app.example.com", "https://", "https://a/", "https://a/b", "ftp://a",
        "https://A.example", "https://a:443", "http://a:80", "https://a b", "https://a\r\nx: y", "//a", "https:a",
        "https://bücher.example", "https://user@a",
    ])
    func whatNoBrowserSendsIsNoOrigin(origin: String) {
        #expect(throws: CORSPolicyError.self) { try CORSPolicy(origins: .list([origin])) }
    }

    @Test func namesAreTokensAndSomeMethodsAreNobodys() {
        for method in ["", "G T", "GET\r\n", "TRACE", "connect", "Track"] {
            #expect(throws: CORSPolicyError.self) { try CORSPolicy(origins: .any, methods: [method]) }
        }
        #expect(throws: CORSPolicyError.self) { try CORSPolicy(origins: .any, headers: ["x a"]) }
        #expect(throws: CORSPolicyError.self) { try CORSPolicy(origins: .any, exposedHeaders: [""]) }
    }

    @Test func originsAndAgeAreBounded() throws {
        func origins(_ count: Int) -> CORSPolicy.Origins { .list((0..<count).map { "https://h\($0)" }) }
        _ = try CORSPolicy(origins: origins(256), maxAge: 86_400)
        _ = try CORSPolicy(origins: .any, maxAge: 0)
        #expect(throws: CORSPolicyError.self) { try CORSPolicy(origins: origins(257)) }
        #expect(throws: CORSPolicyError.self) { try CORSPolicy(origins: origins(0)) }
        #expect(throws: CORSPolicyError.self) { try CORSPolicy(origins: .any, maxAge: 86_401) }
        #expect(throws: CORSPolicyError.self) { try CORSPolicy(origins: .any, maxAge: -1) }
    }
}

@Suite struct PreflightTests {
    private func rule(
        _ name: String, _ path: String = "/a", methods: Set<String>? = nil, cors: Bool = true, priority: Int = 0
    ) -> RouteRule {
        RouteRule(name: name, path: .prefix(path), methods: methods, priority: priority, answersPreflights: cors)
    }

    private func preflight(_ method: String) -> [(String, String)] {
        [("origin", "https://app.example.com"), ("access-control-request-method", method)]
    }

    @Test func aPreflightGoesToTheRouteOfTheMethodThatItAsksFor() throws {
        let routes = try Routes([rule("read", methods: ["GET"]), rule("write", methods: ["POST"])])
        #expect(try routes.answer("OPTIONS", "/a", preflight("GET")) == .preflight("read"))
        #expect(try routes.answer("OPTIONS", "/a", preflight("POST")) == .preflight("write"))
        #expect(try routes.answer("OPTIONS", "/a", preflight("DELETE")) == .preflight("read"))
    }

    @Test func aRouteWithoutAPolicyAnswersNoPreflight() throws {
        let routes = try Routes([
            rule("none", methods: ["GET"], cors: false), rule("own", "/own", methods: ["GET", "OPTIONS"], cors: false),
        ])
        #expect(try routes.answer("OPTIONS", "/a", preflight("GET")) == .allow("GET, HEAD"))
        #expect(try routes.answer("OPTIONS", "/own", preflight("GET")) == .route("own"))
    }

    @Test func onlyOptionsWithBothFieldsIsAPreflight() throws {
        let routes = try Routes([rule("r", methods: ["GET"])])
        #expect(try routes.answer("OPTIONS", "/a") == .allow("GET, HEAD"))
        #expect(try routes.answer("OPTIONS", "/a", [preflight("GET")[0]]) == .allow("GET, HEAD"))
        #expect(try routes.answer("OPTIONS", "/a", [preflight("GET")[1]]) == .allow("GET, HEAD"))
        #expect(try routes.answer("OPTIONS", "/a", preflight("GET") + [preflight("GET")[1]]) == .allow("GET, HEAD"))
        #expect(try routes.answer("GET", "/a", preflight("GET")) == .route("r"))
    }

    @Test func headersDoNotKeepAPreflightFromItsRoute() throws {
        var versioned = rule("v2", priority: 1)
        versioned.headers = [.init("x-version", .exact("2"))]
        #expect(try Routes([versioned]).answer("OPTIONS", "/a", preflight("GET")) == .preflight("v2"))
    }

    @Test func theQueryOfAPreflightChoosesAsUsual() throws {
        var one = rule("one")
        one.query = [.init("v", .exact("1"))]
        var two = rule("two")
        two.query = [.init("v", .exact("2"))]
        let routes = try Routes([one, two])
        #expect(try routes.answer("OPTIONS", "/a?v=2", preflight("GET")) == .preflight("two"))
        #expect(try routes.answer("OPTIONS", "/a?v=3", preflight("GET")) == .notFound)
    }

    @Test func anotherPathsPolicyDoesNotAnswer() throws {
        let routes = try Routes([rule("a"), rule("b", "/a/b", methods: ["GET"], cors: false)])
        #expect(try routes.answer("OPTIONS", "/a/b", preflight("GET")) == .allow("GET, HEAD"))
        #expect(try routes.answer("OPTIONS", "/c", preflight("GET")) == .notFound)
    }
}
