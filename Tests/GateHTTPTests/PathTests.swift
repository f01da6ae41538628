import GatePrimitives
import Testing

@testable import GateHTTP

@Suite struct PathTests {
    @Test(arguments: [
        ("/", "/"), ("/a/b", "/a/b"), ("/a/", "/a/"), ("/.a/b.", "/.a/b."), ("/a.b/c..d", "/a.b/c..d"),
        ("/%7Euser", "/~user"), ("/%61%5f%2D", "/a_-"), ("/a%20b", "/a%20b"), ("/a%c3%a9", "/a%C3%A9"),
        ("/%E2%82%AC", "/%E2%82%AC"), ("/%f0%9f%98%80", "/%F0%9F%98%80"), ("/100%25", "/100%25"), ("/a%3fb", "/a%3Fb"),
        ("/a%23b", "/a%23b"), ("/ADMIN", "/ADMIN"), ("/a%2Eb", "/a.b"), ("/%25zz", "/%25zz"), ("/%25", "/%25"),
    ])
    func aPathIsCanonical(_ sent: String, _ expected: String) throws {
        #expect(canonical(sent) == .success(expected))
        let request = try #require(try vet(target: sent))
        #expect(request.pathText == expected)
        #expect(request.pathIsCanonical)
        #expect(request.pathAnomalies.isEmpty)
        #expect(upstreamHead(request)?.hasPrefix("GET \(expected) HTTP/1.1\r\n") == true)
    }

    // attacks 32
    @Test(arguments: [
        "/public/../admin", "/a/..", "/a/%2e%2e/b", "/a/.%2e/b", "/a/%2E./b", "/api../admin", "/a/...", "/..;/a",
        "/a/..;x/b",
        "/a/..%2Fb", "/a%5C..%5Cb", "/a/..\\b", "/a/b..", "/a/;../b",
    ])
    func parentSegmentsAreRefused(_ path: String) {
        #expect(pathRefusal(path) == .pathTraversal, "\(path)")
    }

    // attacks 33
    @Test(arguments: ["//admin", "/a//b", "/a//", "//", "/./admin", "/admin/.", "/%2e/a", "/.", "/a/.;x"])
    func emptyAndDotSegmentsAreRefused(_ path: String) {
        #expect(pathRefusal(path) == .pathNormalised, "\(path)")
    }

    // attacks 34
    @Test(arguments: [
        "/a%2fb", "/a%2Fb", "/a%5cb", "/a\\b", "/%00", "/a%0d%0ab", "/a%7f", "/%252e", "/%252E%252e", "/%25%32%65",
        "/%2525",
        "/a%3bx", "/%c0%ae", "/%c0%af", "/%e0%80%af", "/%f0%80%80%af", "/%ed%a0%80", "/%f4%90%80%80", "/%f5%80%80%80",
        "/%80",
        "/%c3", "/%c3a", "/%c3%zz", "/%e2%82", "/%u002e", "/%25u002e", "/%zz", "/%2", "/%", "/%g0", "/%0g",
        "/%EF%BC%8E",
        "/%EF%BC%8E%EF%BC%8E/a", "/%EF%BC%8F", "/%E2%88%95", "/%EF%BC%BC", "/%EF%BC%9B", "/%CD%BE", "/%EF%BC%85",
    ])
    func encodedDelimitersAreRefused(_ path: String) {
        #expect(pathRefusal(path) == .pathEncoded, "\(path)")
    }

    // attacks 35
    @Test(arguments: ["/admin;x=y", "/a;/b", "/;/admin", "/a;", "/;"])
    func parametersAreRefused(_ path: String) {
        #expect(pathRefusal(path) == .pathParam, "\(path)")
    }

    /// Whatever the policy, what leads above the root for any reader is refused (attacks 32).
    @Test(arguments: [
        "/..", "/../a", "/a/../..", "/a/../../b", "/%2e%2e", "/a/b/../../..", "/./..", "//..", "/..;x", "/..%2F",
        "/a%2F..%2F..", "/..%5Ca",
    ])
    func aboveTheRootIsRefusedAlways(_ path: String) {
        for policy in allPolicies() {
            #expect(pathRefusal(path, policy) == .pathTraversal, "\(path) \(policy)")
        }
    }

    @Test(arguments: ["/%00", "/%zz", "/%c0%ae", "/%u002e", "/%0a", "/%80"])
    func invalidEscapesAreRefusedAlways(_ path: String) {
        for policy in allPolicies() {
            #expect(pathRefusal(path, policy) == .pathEncoded, "\(path) \(policy)")
        }
    }

    @Test(arguments: [
        ("/a/../b", "/b"), ("/a/..", "/"), ("/a/b/..", "/a/"), ("/a/./b", "/a/b"), ("/a/.", "/a/"), ("/.", "/"),
        ("/./", "/"),
        ("/a/%2e%2E/b", "/b"), ("/a/b/../../c", "/c"), ("/api../admin", "/api../admin"), ("/a/...", "/a/..."),
    ])
    func dotSegmentsAreResolvedOnce(_ path: String, _ expected: String) {
        #expect(canonical(path, PathPolicy(dotSegments: .resolve)) == .success(expected))
    }

    @Test(arguments: [("//a", "/a"), ("/a//b", "/a/b"), ("/a//", "/a/"), ("//", "/"), ("/a///b/", "/a/b/")])
    func duplicateSlashesAreMerged(_ path: String, _ expected: String) {
        #expect(canonical(path, PathPolicy(duplicateSlashes: .resolve)) == .success(expected))
    }

    @Test func dotSegmentsAndSlashesAreResolvedTogether() {
        let both = PathPolicy(dotSegments: .resolve, duplicateSlashes: .resolve)
        #expect(canonical("/a//../b", both) == .success("/b"))
        #expect(canonical("/a//../b", PathPolicy(dotSegments: .resolve, duplicateSlashes: .keep)) == .success("/a/b"))
        #expect(pathRefusal("/a//../b", PathPolicy(dotSegments: .resolve)) == .pathNormalised)
    }

    @Test func encodedSlashesAreResolvedUnderTheOtherChoices() {
        let resolve = PathPolicy(encodedSlash: .resolve)
        #expect(canonical("/a%2Fb", resolve) == .success("/a/b"))
        #expect(canonical("/a%5cb", resolve) == .success("/a/b"))
        #expect(canonical("/a\\b", resolve) == .success("/a/b"))
        #expect(pathRefusal("/a%2F/b", resolve) == .pathNormalised)
        #expect(pathRefusal("/a/%2E%2E%2Fb", resolve) == .pathTraversal)
        #expect(pathRefusal("/%252Fa", resolve) == .pathEncoded)
        #expect(canonical("/a/..%2Fb", PathPolicy(dotSegments: .resolve, encodedSlash: .resolve)) == .success("/b"))
    }

    @Test func encodedSlashesAreKept() {
        let keep = PathPolicy(encodedSlash: .keep)
        #expect(canonical("/a%2fb", keep) == .success("/a%2Fb"))
        #expect(canonical("/a\\b", keep) == .success("/a\\b"))
        #expect(canonical("/%252e", keep) == .success("/%252e"))
        #expect(canonical("/%25%32%65", keep) == .success("/%252e"))
        // A dot segment that only a decoding backend sees is never let through as if it were resolved.
        #expect(pathRefusal("/a%2F..%2Fb", keep) == .pathTraversal)
        #expect(pathRefusal("/a%2F..%2Fb", PathPolicy(dotSegments: .resolve, encodedSlash: .keep)) == .pathTraversal)
        #expect(
            canonical("/a%2F..%2Fb", PathPolicy(dotSegments: .keep, encodedSlash: .keep)) == .success("/a%2F..%2Fb"))
    }

    @Test func parametersAreStrippedOrKept() {
        let resolve = PathPolicy(parameters: .resolve)
        #expect(canonical("/admin;x=y", resolve) == .success("/admin"))
        #expect(canonical("/a;b/c;d=e/f", resolve) == .success("/a/c/f"))
        #expect(canonical("/a;b/", resolve) == .success("/a/"))
        #expect(canonical("/;", resolve) == .success("/"))
        #expect(pathRefusal("/;/admin", resolve) == .pathNormalised)
        #expect(pathRefusal("/a/..;/admin", resolve) == .pathTraversal)
        #expect(pathRefusal("/a%3bx", resolve) == .pathEncoded)
        #expect(canonical("/a/..;/b", PathPolicy(dotSegments: .resolve, parameters: .resolve)) == .success("/b"))
        let keep = PathPolicy(parameters: .keep)
        #expect(canonical("/a;b=c%3b", keep) == .success("/a;b=c%3B"))
        #expect(pathRefusal("/a/..;x/b", PathPolicy(dotSegments: .resolve, parameters: .keep)) == .pathTraversal)
    }

    @Test func anythingButAnAbsolutePathIsNoPath() {
        #expect(pathRefusal("") == .badTarget)
        #expect(pathRefusal("a") == .badTarget)
        #expect(pathRefusal("/a?b") == .badTarget)
        #expect(pathRefusal("/a#b") == .badTarget)
        #expect(pathRefusal("/a b") == .badTarget)
    }

    /// Canonicalising twice changes nothing, under every policy, for anything that is let through.
    @Test func canonicalisingTwiceChangesNothing() {
        var dice = Dice(seed: 32)
        let atoms = [
            "/", "/", "/", "a", "b", ".", ".", "..", ";", "%2F", "%2f", "%5C", "\\", "%2e", "%2E", "%25", "%", "2e",
            "%3B", "%41",
            "%c3%a9", "%EF%BC%8F", "x=y", "%20", "A", "~", "%7e",
        ]
        let policies = allPolicies()
        var passed = 0
        for _ in 0..<20_000 {
            var path = "/"
            for _ in 0..<Int.random(in: 0..<9, using: &dice) { path += atoms.randomElement(using: &dice) ?? "" }
            guard let policy = policies.randomElement(using: &dice) else { continue }
            guard case .success(let once) = canonical(path, policy) else { continue }
            passed += 1
            #expect(canonical(once, policy) == .success(once), "\(path) \(policy)")
            // What is kept or resolved never leads above the root for a reader who splits at slashes.
            var depth = 0
            for segment in once.split(separator: "/") where segment != "." { depth += segment == ".." ? -1 : 1 }
            #expect(depth >= 0, "\(path) \(policy)")
        }
        #expect(passed > 5_000)
    }

    @Test func aRequestsPathIsJudgedAgainUnderEachPolicy() throws {
        var request = try #require(try vet(target: "/a/%2e%2E/b%2Fc?x=../y"))
        #expect(request.pathAnomalies == [.parentSegment, .encodedSlash])
        #expect(!request.pathIsCanonical)
        #expect(upstreamHead(request) == nil)
        #expect(throws: Fault(.vet, .pathTraversal)) { try request.canonicalisePath(under: .strict) }
        #expect(!request.pathIsCanonical)
        #expect(throws: Fault(.vet, .pathEncoded)) {
            try request.canonicalisePath(under: PathPolicy(dotSegments: .resolve))
        }
        try request.canonicalisePath(under: PathPolicy(dotSegments: .resolve, encodedSlash: .keep))
        #expect(request.pathText == "/b%2Fc")
        try request.canonicalisePath(under: PathPolicy(dotSegments: .resolve, encodedSlash: .resolve))
        #expect(request.pathText == "/b/c")
        #expect(request.pathIsCanonical)
        #expect(upstreamHead(request)?.hasPrefix("GET /b/c?x=../y HTTP/1.1\r\n") == true)
        #expect(request.hostText == "example.com")
    }

    @Test func aRewrittenHostSurvivesARewrittenPath() throws {
        var request = try #require(try vet("GET /%61//b HTTP/1.1\r\nHost: EXAMPLE.com.:80\r\n\r\n"))
        #expect(request.authorityText == "example.com:80")
        #expect(request.pathText == "/a//b")
        try request.canonicalisePath(under: PathPolicy(duplicateSlashes: .resolve))
        #expect(request.authorityText == "example.com:80")
        #expect(request.hostText == "example.com")
        #expect(request.pathText == "/a/b")
    }

    private func allPolicies() -> [PathPolicy] {
        let choices: [PathPolicy.Choice] = [.refuse, .keep, .resolve]
        var policies: [PathPolicy] = []
        for dots in choices {
            for slashes in choices {
                for encoded in choices {
                    for parameters in choices {
                        policies.append(
                            PathPolicy(
                                dotSegments: dots, duplicateSlashes: slashes, encodedSlash: encoded,
                                parameters: parameters))
                    }
                }
            }
        }
        return policies
    }
}
