import GateHTTP
import GatePrimitives
import GateRouting
import Testing

/// Paths that parsers read differently: only a route whose own policy gave a reading may take it.
@Suite struct PathPolicyTests {
    private func rule(_ name: String, _ path: PathPattern, _ policy: PathPolicy, methods: Set<String>? = nil)
        -> RouteRule
    {
        RouteRule(name: name, path: path, methods: methods, policy: policy)
    }

    private let keep = PathPolicy(
        dotSegments: .keep, duplicateSlashes: .keep, encodedSlash: .keep, parameters: .keep)

    /// attacks 32, 33, 34, 35
    @Test(arguments: [
        ("/a/../b", "path_traversal"), ("/a/%2e%2e/b", "path_traversal"), ("/a//b", "path_normalised"),
        ("/a/./b", "path_normalised"), ("/a%2Fb", "path_encoded"), ("/a%5cb", "path_encoded"), ("/a;x=y", "path_param"),
    ])
    func withoutAnOptionTheSpellingIsRefused(target: String, reason: String) throws {
        let routes = try Routes([rule("r", .prefix("/"), .strict)])
        #expect(try routes.answer(target) == .refused(reason))
    }

    @Test func anOptionIsItsRoutesOwn() throws {
        let routes = try Routes([
            rule("api", .prefix("/api"), .strict),
            rule("files", .prefix("/files"), PathPolicy(duplicateSlashes: .keep)),
        ])
        #expect(try routes.answer("/files/a//b") == .route("files"))
        #expect(try routes.answer("/files/a/b") == .route("files"))
        #expect(try routes.answer("/api//b") == .refused("path_normalised"))
        #expect(try routes.answer("/files/a;b") == .refused("path_param"))
        #expect(try routes.answer("/other//b") == .refused("path_normalised"))
    }

    /// attacks 32
    @Test func aResolvedPathIsMatchedAsResolved() throws {
        let routes = try Routes([
            rule("public", .prefix("/public"), PathPolicy(dotSegments: .resolve)),
            rule("admin", .prefix("/admin"), .strict),
        ])
        #expect(try routes.answer("/public/../public/x") == .route("public"))
        #expect(try routes.answer("/x/../public/x") == .route("public"))
        #expect(try routes.answer("/public/../admin") == .refused("path_traversal"))
        #expect(throws: Fault(.vet, .pathTraversal)) { try routes.answer("/public/../../x") }
    }

    @Test func theRequestIsLeftAsItsRouteReadsIt() throws {
        let routes = try Routes([
            rule("keeping", .prefix("/k"), PathPolicy(duplicateSlashes: .keep)),
            rule("resolving", .prefix("/r"), PathPolicy(duplicateSlashes: .resolve)),
        ])
        var kept = try request("GET", "/k//x")
        #expect(routes.answer(&kept) == .route("keeping"))
        #expect(kept.pathIsCanonical)
        #expect(kept.pathText == "/k//x")
        var resolved = try request("GET", "/r//x")
        #expect(routes.answer(&resolved) == .route("resolving"))
        #expect(resolved.pathIsCanonical)
        #expect(resolved.pathText == "/r/x")
    }

    @Test func twoReadingsForTwoRoutesAreRefused() throws {
        let routes = try Routes([
            rule("kept", .prefix("/a"), PathPolicy(duplicateSlashes: .keep)),
            rule("resolved", .prefix("/a/b"), PathPolicy(duplicateSlashes: .resolve)),
        ])
        #expect(try routes.answer("/a//b") == .refused("route_ambiguous"))
        #expect(try routes.answer("/a//c") == .route("kept"))
        #expect(try routes.answer("/a/b") == .route("resolved"))
    }

    @Test func aMethodOfSuchAPathIsA405WhereAllItsRoutesHaveThePolicy() throws {
        let routes = try Routes([
            rule("files", .prefix("/files"), keep, methods: ["GET"]),
            rule("mixed", .prefix("/mixed"), keep, methods: ["GET"]),
            rule("strict", .prefix("/mixed"), .strict, methods: ["POST"]),
        ])
        #expect(try routes.answer("DELETE", "/files//x") == .allow("GET, HEAD"))
        #expect(try routes.answer("GET", "/mixed//x") == .route("mixed"))
        #expect(try routes.answer("POST", "/mixed//x") == .refused("path_normalised"))
        #expect(try routes.answer("DELETE", "/mixed//x") == .refused("path_normalised"))
    }
}
