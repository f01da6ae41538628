/// The keys that an issuer signs with: immutable, made from the bytes of a JWK set (RFC 7517 §5).
public final class KeySet: Sendable {
    /// LIMIT: bytes of a set; issuers publish two to five keys in under 10 KiB.
    public static let maxBytes = 1 << 20
    /// LIMIT: keys of a set, used or not.
    public static let maxKeys = 100

    /// Why bytes are no key set at all.
    public enum Problem: Error, Equatable, Sendable {
        /// More than `maxBytes`, or more than `maxKeys` keys.
        case tooLarge
        /// Not the JSON that is read here.
        case json(JSONError)
        /// No object with an array `keys`.
        case noKeysArray
        /// Not one key that can be used; the reasons stand beside the index of each.
        case noUsableKey([SkippedKey])
    }

    /// A key of the set that is not used.
    public struct SkippedKey: Equatable, Sendable {
        /// Its index in `keys`.
        public let index: Int
        /// Its `kid`, if that was readable; shown in messages, escaped by who prints it.
        public let keyID: [UInt8]?
        /// Why.
        public let problem: JSONWebKey.Problem
    }

    /// What a token's `kid` and `alg` lead to.
    enum Lookup {
        case found(JSONWebKey)
        /// The set has the key, or has keys, but none for that algorithm.
        case wrongAlgorithm
        /// No `kid` in the token, and more than one key fits.
        case ambiguous
        /// The set has no key of that name: a newer set may.
        case unknown
    }

    /// The keys that can be used, in the set's order.
    public let keys: [JSONWebKey]
    /// The keys that cannot, with the reasons.
    public let skipped: [SkippedKey]
    /// Changes with the set's bytes.
    public let fingerprint: Fingerprint

    /// The set that `bytes` describe. Unknown members of the set are ignored, and a key that cannot be used is skipped
    /// and recorded: an issuer may publish a key of next year's algorithm beside today's.
    public init(_ bytes: Span<UInt8>) throws(Problem) {
        guard bytes.count <= KeySet.maxBytes else { throw .tooLarge }
        let document: JSONNode
        do { document = try JSONReader.read(bytes) } catch { throw .json(error) }
        guard let entries = document["keys"]?.array else { throw .noKeysArray }
        guard entries.count <= KeySet.maxKeys else { throw .tooLarge }
        var keys: [(index: Int, key: JSONWebKey)] = []
        var skipped: [SkippedKey] = []
        for (index, entry) in entries.enumerated() {
            do {
                keys.append((index, try JSONWebKey(entry)))
            } catch {
                skipped.append(SkippedKey(index: index, keyID: entry["kid"]?.string, problem: error))
            }
        }
        // A kid that two usable keys share names neither: which one a verifier takes would be its own invention
        // (attacks 52).
        let names = keys.compactMap(\.key.keyID)
        let unique = keys.filter { entry in
            guard let name = entry.key.keyID, names.count(where: { $0 == name }) > 1 else { return true }
            skipped.append(SkippedKey(index: entry.index, keyID: name, problem: .duplicateKeyID))
            return false
        }
        guard !unique.isEmpty else { throw .noUsableKey(skipped) }
        self.keys = unique.map(\.key)
        self.skipped = skipped
        var copy: [UInt8] = []
        copy.reserveCapacity(bytes.count)
        for index in bytes.indices { copy.append(bytes[index]) }
        fingerprint = Fingerprint(of: copy)
    }

    /// The key for a token's header.
    ///
    /// `kid` is an exact key of this set and nothing more. Without it, exactly one key has to fit the algorithm.
    func lookup(keyID: [UInt8]?, algorithm: JWSAlgorithm) -> Lookup {
        if let keyID {
            guard let key = keys.first(where: { $0.keyID == keyID }) else { return .unknown }
            return key.algorithms.contains(algorithm) ? .found(key) : .wrongAlgorithm
        }
        let fitting = keys.filter { $0.algorithms.contains(algorithm) }
        guard let key = fitting.first else { return .wrongAlgorithm }
        return fitting.count == 1 ? .found(key) : .ambiguous
    }
}
