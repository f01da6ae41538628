import GateAdmission
import GateIdentity
import GatePlan
import GatePrimitives
import GateTestKit
import NIOCore
import Testing

@testable import GateExchange

/// Requests that wait for a newer key set (attacks 46, 52).
@Suite(.serialized) struct KeyRefreshTests {
    let backend: ServerSocket
    let rig: Rig
    let key: DevelopmentKey
    let keys: KeySet
    let token: String
    private let asked = Asked()

    /// How often the loop asked for a newer set.
    private final class Asked: @unchecked Sendable {
        nonisolated(unsafe) var count = 0
    }

    init() throws {
        backend = try ServerSocket()
        key = try DevelopmentKey.generate(.edDSA, keyID: "k1")
        let text = JSONNode.object([("keys", .array([try key.publicJWK()]))]).text
        keys = try KeySet(text.span)
        let payload = JSONNode.object([
            ("iss", .text("https://i")), ("sub", .text("alice")), ("aud", .text("orders")),
            ("exp", .integer(WallInstant.now().seconds + 300)),
        ])
        let header = JSONNode.object([("alg", .text("EdDSA")), ("typ", .text("JWT")), ("kid", .text("k1"))])
        token = String(
            decoding: try DevelopmentToken.sign(header: header, payload: payload.text, key: key), as: UTF8.self)
        let policy = JWTPolicy(identity: "staff", issuer: "https://i", audiences: ["orders"])
        let access = AdmissionPlan.Access.anyOf(
            AccessRule(anyOf: [IdentityRequirement(identity: "staff")]), sources: CredentialSources([.header]),
            tokens: [TokenIdentity(verifier: TokenVerifier(policy: policy), keySet: 0, sources: [.header])],
            certificates: [])
        var test = TestPlan(
            routes: [TestRoute(admission: AdmissionPlan(access: access))],
            upstreams: [TestPlan.upstream(backend.port)])
        test.keySets = [
            KeySetPlan(name: "staff", source: .file("keys.json"), policy: KeySetRefreshPolicy())
        ]
        rig = try Rig(test)
        let asked = asked
        try rig.onLoop { $0.exchange.requestKeySet = { _, _ in unsafe asked.count += 1 } }
    }

    private var get: String { "GET / HTTP/1.1\r\nhost: a\r\nauthorization: Bearer \(token)\r\n\r\n" }

    private func askedOnce(_ count: Int = 1) throws -> Bool {
        let asked = asked
        return try rig.eventually { try rig.onLoop { _ in unsafe asked.count } == count }
    }

    @Test func aRequestWaitsForTheKeysAndIsVerifiedWithThem() throws {
        defer { try? rig.stop() }
        let clients = try (0..<3).map { _ in try rig.connect() }
        for client in clients { try client.send(get) }
        #expect(try askedOnce(3))
        let (plan, keys) = (rig.plan, keys)
        try rig.onLoop { parts in
            parts.exchange.publish(keys, at: 0, of: plan)
            parts.exchange.keySetAnswered(at: 0, of: plan, refusal: nil)
        }
        for _ in clients {
            let peer = try backend.accept()
            let head = try peer.readHead()
            #expect(header("x-auth-subject", in: head) == "alice")
            #expect(header("authorization", in: head) == nil)
            try peer.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        }
        for client in clients { #expect(status(try client.readHead()) == 200) }
        #expect(try rig.isAtRest(connections: 3))
    }

    @Test func withoutKeysItIsA503AndWithoutThatKeyA401() throws {
        defer { try? rig.stop() }
        let client = try rig.connect()
        let plan = rig.plan
        try client.send(get)
        #expect(try askedOnce())
        try rig.onLoop { $0.exchange.keySetAnswered(at: 0, of: plan, refusal: .jwksUnavailable) }
        #expect(status(try client.readAnswer().head) == 503)
        let other = try DevelopmentKey.generate(.edDSA, keyID: "k2")
        let text = JSONNode.object([("keys", .array([try other.publicJWK()]))]).text
        let others = try KeySet(text.span)
        try rig.onLoop { $0.exchange.publish(others, at: 0, of: plan) }
        try client.send(get)
        #expect(try askedOnce(2))
        try rig.onLoop { $0.exchange.keySetAnswered(at: 0, of: plan, refusal: nil) }
        let answer = try client.readAnswer()
        #expect(status(answer.head) == 401)
        #expect(try rig.decision(answer.head).contains("\"reason\":\"jwt_kid\""))
        #expect(backend.isSilent(for: 0.02))
    }

    @Test func aClientThatLeavesIsTakenOffTheWaiters() throws {
        defer { try? rig.stop() }
        let client = try rig.connect()
        let plan = rig.plan
        try client.send(get)
        #expect(try askedOnce())
        client.close()
        #expect(try rig.isAtRest())
        #expect(try rig.onLoop { $0.exchange.waitingForKeys } == 0)
        try rig.onLoop { $0.exchange.keySetAnswered(at: 0, of: plan, refusal: nil) }
        #expect(try rig.outcomes() == 1)
    }

    @Test func aReloadKeepsTheWaitersOfTheOldPlan() throws {
        defer { try? rig.stop() }
        let client = try rig.connect()
        try client.send(get)
        #expect(try askedOnce())
        let (plan, keys) = (rig.plan, keys)
        let next = try TestPlan(upstreams: [TestPlan.upstream(backend.port)]).compile()
        try rig.onLoop { parts in
            parts.exchange.adopt(next, keySets: [])
            parts.exchange.publish(keys, at: 0, of: plan)
            parts.exchange.keySetAnswered(at: 0, of: next, refusal: .jwksUnavailable)
        }
        #expect(client.isSilent(for: 0.05))
        try rig.onLoop { $0.exchange.keySetAnswered(at: 0, of: plan, refusal: nil) }
        let peer = try backend.accept()
        _ = try peer.readHead()
        try peer.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        #expect(status(try client.readHead()) == 200)
    }
}
