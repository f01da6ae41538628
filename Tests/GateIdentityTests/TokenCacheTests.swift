import GateIdentity
import GatePrimitives
import Testing

@Suite struct TokenCacheTests {
    private let policy = Fingerprint(of: [1])
    private let keys = Fingerprint(of: [2])
    private let now = WallInstant(milliseconds: 1_000_000)

    private func principal(until: Int64 = 2_000_000) throws -> Principal {
        try #require(
            Principal.unchecked(
                identity: "staff", subject: "alice", validUntil: WallInstant(milliseconds: until)))
    }

    private func lookup(
        _ token: [UInt8], in cache: TokenCache, policy: Fingerprint? = nil, keys: Fingerprint? = nil,
        now: WallInstant? = nil
    ) -> Principal? {
        cache.principal(
            for: token.span, policy: policy ?? self.policy, keys: keys ?? self.keys, now: now ?? self.now)
    }

    private func token(_ text: String) -> [UInt8] { [UInt8](text.utf8) }

    @Test func aHitIsTheSamePrincipal() throws {
        let cache = TokenCache(capacity: 4)
        let kept = try principal()
        let token = token("header.claims.signature-of-more-than-thirty-two-bytes")
        #expect(lookup(token, in: cache) == nil)
        cache.insert(kept, for: token.span, policy: policy, keys: keys)
        #expect(lookup(token, in: cache) === kept)
        #expect(cache.hits == 1 && cache.misses == 1 && cache.count == 1)
    }

    @Test func anotherPolicyOrKeySetIsAMiss() throws {
        let cache = TokenCache(capacity: 4)
        let token = token("t")
        cache.insert(try principal(), for: token.span, policy: policy, keys: keys)
        #expect(lookup(token, in: cache, policy: keys) == nil)
        #expect(lookup(token, in: cache, keys: policy) == nil)
    }

    @Test func aTokenThatEndsAlikeIsAnotherToken() throws {
        // The hash covers the last 32 bytes; the comparison covers them all.
        let cache = TokenCache(capacity: 4)
        let ending = String(repeating: "s", count: 40)
        let first = token("a." + ending)
        let second = token("b." + ending)
        let kept = try principal()
        cache.insert(kept, for: first.span, policy: policy, keys: keys)
        #expect(lookup(second, in: cache) == nil)
        let longer = token("aa." + ending)
        #expect(lookup(longer, in: cache) == nil)
        #expect(lookup(first, in: cache) === kept)
    }

    @Test func anEntryEndsWithItsPrincipal() throws {
        let cache = TokenCache(capacity: 4)
        let token = token("t")
        cache.insert(try principal(until: 1_000_001), for: token.span, policy: policy, keys: keys)
        #expect(lookup(token, in: cache) != nil)
        let later = WallInstant(milliseconds: 1_000_001)
        #expect(lookup(token, in: cache, now: later) == nil)
        #expect(cache.count == 0)
    }

    @Test func theCapacityIsKept() throws {
        let cache = TokenCache(capacity: 2)
        let kept = try principal()
        let tokens = ["a", "b", "c"].map(token)
        for token in tokens { cache.insert(kept, for: token.span, policy: policy, keys: keys) }
        #expect(cache.count == 2)
        #expect(lookup(tokens[0], in: cache) == nil)
        #expect(lookup(tokens[2], in: cache) != nil)
        let empty: [UInt8] = []
        #expect(lookup(empty, in: cache) == nil)
    }

    @Test func aTightenedPolicyHasAnotherFingerprint() {
        func policy(
            audiences: [String] = ["a"], algorithms: AlgorithmSet = .all, skew: Int64 = 30, claims: [String] = []
        ) -> Fingerprint {
            JWTPolicy(
                identity: "i", issuer: "s", audiences: audiences, algorithms: algorithms, clockSkew: .seconds(skew),
                claims: claims
            ).fingerprint
        }
        let all = [
            policy(), policy(audiences: ["b"]), policy(audiences: ["a", "b"]), policy(audiences: ["ab"]),
            policy(algorithms: AlgorithmSet([.es256])), policy(skew: 0), policy(claims: ["a"]),
            policy(audiences: [], claims: ["a"]),
        ]
        #expect(Set(all).count == all.count)
        #expect(policy() == policy())
    }
}
