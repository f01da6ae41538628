public import GatePrimitives

/// Tokens that were verified, so that a caller's next request costs a comparison instead of a signature.
///
/// One per loop, no lock. Only verified tokens are kept: strangers cannot fill it, and a refusal is always judged
/// anew. A hit is exact: the whole token is compared, the hash only finds the place. The hash covers the
/// last bytes alone, which are the signature's and as good as random.
public final class TokenCache {
    private struct Key: Hashable {
        let tail: Hash128
        let policy: Fingerprint
        let keys: Fingerprint
    }

    private final class Entry {
        let token: [UInt8]
        let principal: Principal

        init(token: [UInt8], principal: Principal) {
            self.token = token
            self.principal = principal
        }
    }

    /// LIMIT: entries of a loop's cache; with tokens of 1 KiB that is about 4 MiB, at the limit of 8 KiB 20 MiB.
    public static let defaultCapacity = 2048
    /// How many of a token's last bytes are hashed: 32 letters carry 192 bits of the signature.
    private static let tailLength = 32

    private var table: BoundedLRU<Key, Entry>
    private let seed: SipKey

    /// How many lookups were answered.
    public private(set) var hits: UInt64 = 0
    /// How many were not.
    public private(set) var misses: UInt64 = 0

    /// An empty cache; the seed keeps a peer from aiming at one place.
    public init(capacity: Int = TokenCache.defaultCapacity, seed: SipKey = .random()) {
        table = BoundedLRU(capacity: capacity)
        self.seed = seed
    }

    /// How many tokens are kept.
    public var count: Int { table.count }

    /// The principal of a token that was verified under this very policy and key set and is valid at `now`.
    public func principal(
        for token: Span<UInt8>, policy: Fingerprint, keys: Fingerprint, now: WallInstant
    ) -> Principal? {
        let key = Key(tail: tail(of: token), policy: policy, keys: keys)
        guard let entry = table.value(for: key), Bytes.equals(token, entry.token) else {
            misses &+= 1
            return nil
        }
        guard entry.principal.isValid(at: now) else {
            table.remove(key)
            misses &+= 1
            return nil
        }
        hits &+= 1
        return entry.principal
    }

    /// Keeps a verified token until its principal expires or room is needed.
    public func insert(_ principal: Principal, for token: Span<UInt8>, policy: Fingerprint, keys: Fingerprint) {
        var copy: [UInt8] = []
        copy.reserveCapacity(token.count)
        for index in token.indices { copy.append(token[index]) }
        let key = Key(tail: tail(of: token), policy: policy, keys: keys)
        table.insert(Entry(token: copy, principal: principal), for: key)
    }

    private func tail(of token: Span<UInt8>) -> Hash128 {
        SipHash.hash(token.extracting(last: TokenCache.tailLength), key: seed)
    }
}
