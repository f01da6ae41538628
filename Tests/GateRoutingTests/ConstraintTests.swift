import GateHTTP
import GatePattern
import GatePrimitives
import GateRouting
import Testing

@Suite struct ConstraintTests {
    private func routes(
        headers: [FieldConstraint] = [], query: [FieldConstraint] = [], limits: MatchLimits = MatchLimits()
    ) throws -> Routes {
        try Routes([RouteRule(name: "r", path: .prefix("/"), headers: headers, query: query)], limits: limits)
    }

    @Test func aHeaderHasItsValueByteByByte() throws {
        let routes = try routes(headers: [.init("x-version", .exact("2"))])
        #expect(try routes.answer("/", [("X-Version", "2")]) == .route("r"))
        #expect(try routes.answer("/", [("x-version", " 2 ")]) == .route("r"))
        #expect(try routes.answer("/", [("x-version", "20")]) == .notFound)
        #expect(try routes.answer("/", [("x-version", "")]) == .notFound)
        #expect(try routes.answer("/") == .notFound)
    }

    @Test func aKnownHeaderIsFoundAsAnyOther() throws {
        let routes = try routes(headers: [.init("content-type", .exact("application/json")), .init("accept", .present)])
        #expect(try routes.answer("/", [("Content-Type", "application/json"), ("Accept", "*/*")]) == .route("r"))
        #expect(try routes.answer("/", [("Content-Type", "application/json")]) == .notFound)
    }

    @Test func aHeaderIsPresentOrAbsent() throws {
        let present = try routes(headers: [.init("x-a", .present)])
        let absent = try routes(headers: [.init("x-a", .absent)])
        #expect(try present.answer("/", [("x-a", "")]) == .route("r"))
        #expect(try present.answer("/", [("x-ab", "")]) == .notFound)
        #expect(try absent.answer("/", [("x-a", "")]) == .notFound)
        #expect(try absent.answer("/", [("x-ab", "")]) == .route("r"))
    }

    @Test func aHeaderThatComesTwiceIsOnlyPresent() throws {
        let twice = [("x-a", "1"), ("x-a", "1")]
        #expect(try routes(headers: [.init("x-a", .exact("1"))]).answer("/", twice) == .notFound)
        #expect(try routes(headers: [.init("x-a", .regex("1"))]).answer("/", twice) == .notFound)
        #expect(try routes(headers: [.init("x-a", .present)]).answer("/", twice) == .route("r"))
    }

    @Test func anExpressionMatchesTheWholeValue() throws {
        let routes = try routes(headers: [.init("x-a", .regex("[0-9]+"))])
        #expect(try routes.answer("/", [("x-a", "17")]) == .route("r"))
        #expect(try routes.answer("/", [("x-a", "17x")]) == .notFound)
    }

    /// attacks 37: what is not UTF-8 does not come as far as an expression.
    @Test func aValueThatIsNotUTF8IsRefusedBeforeItIsMatched() {
        let head = Array("GET / HTTP/1.1\r\nhost: example.com\r\nx-a: ".utf8) + [0xff] + Array("\r\n\r\n".utf8)
        #expect(throws: Fault.self) { try vetted(head) }
    }

    /// attacks 61
    @Test func anExpressionWithoutAnAnswerRefuses() throws {
        let value = String(repeating: "a", count: 200) + "!"
        let header = try routes(headers: [.init("x-a", .regex("(a+)+"))])
        #expect(try header.answer("/", [("x-a", value)]) == .refused("pattern_limit"))
        let path = try Routes([
            RouteRule(name: "open", path: .prefix("/")),
            RouteRule(name: "guarded", path: .regex(prefix: "/a", expression: "/a/(a+)+")),
        ])
        #expect(try path.answer("/a/" + value) == .refused("pattern_limit"))
        #expect(try path.answer("/a/aaa") == .route("guarded"))
        #expect(try path.answer("/a/b") == .route("open"))
    }

    @Test func aQueryParameterHasItsValueAsDecoded() throws {
        let routes = try routes(query: [.init("version", .exact("a b"))])
        for query in ["version=a+b", "version=a%20b", "x&version=a%20b&y=1", "%76ersion=a+b", "&&version=a+b&"] {
            #expect(try routes.answer("/?" + query) == .route("r"), "\(query)")
        }
        for query in [
            "", "version", "version=", "version=a", "version=a+b+", "versio=a+b", "xversion=a+b", "version=a%2bb",
        ] {
            #expect(try routes.answer("/?" + query) == .notFound, "\(query)")
        }
    }

    @Test func aQueryParameterIsPresentOrAbsent() throws {
        let present = try routes(query: [.init("v", .present)])
        let absent = try routes(query: [.init("v", .absent)])
        for query in ["v", "v=", "v=1", "a=1&v", "v=1&v=2"] {
            #expect(try present.answer("/?" + query) == .route("r"))
            #expect(try absent.answer("/?" + query) == .notFound)
        }
        for target in ["/", "/?", "/?w", "/?w=v", "/?vv=1", "/?=v"] {
            #expect(try present.answer(target) == .notFound)
            #expect(try absent.answer(target) == .route("r"))
        }
    }

    @Test func aQueryParameterThatComesTwiceIsOnlyPresent() throws {
        let routes = try routes(query: [.init("v", .exact("1"))])
        #expect(try routes.answer("/?v=1") == .route("r"))
        #expect(try routes.answer("/?v=1&v=1") == .notFound)
        #expect(try routes.answer("/?v=1&%76=2") == .notFound)
    }

    @Test func anEmptyValueIsAValue() throws {
        let routes = try routes(query: [.init("v", .exact(""))])
        #expect(try routes.answer("/?v") == .route("r"))
        #expect(try routes.answer("/?v=") == .route("r"))
        #expect(try routes.answer("/?v=1") == .notFound)
    }

    @Test func allConstraintsHold() throws {
        let routes = try routes(
            headers: [.init("x-a", .present), .init("x-b", .exact("1"))],
            query: [.init("v", .exact("1")), .init("w", .absent)])
        let both = [("x-a", "1"), ("x-b", "1")]
        #expect(try routes.answer("/?v=1", both) == .route("r"))
        #expect(try routes.answer("/?v=1&w=1", both) == .notFound)
        #expect(try routes.answer("/?v=2", both) == .notFound)
        #expect(try routes.answer("/?v=1", [both[0]]) == .notFound)
        #expect(try routes.answer("/?v=1", [both[1]]) == .notFound)
    }
}
