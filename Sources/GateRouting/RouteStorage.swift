import GateHTTP
import GatePattern

/// The flat arrays of a route table. Records refer to each other by index; the compiler keeps every index in range.
struct RouteStorage: Sendable {
    /// One host or wildcard suffix, and where its paths are.
    struct Host: Sendable {
        /// Where its key stands in `keys`.
        var key: UInt32
        var keyLength: UInt32
        /// Its nodes, by falling length of the literal.
        var firstNode: UInt32
        var nodeCount: UInt32
        /// Bit d: there is a literal with d slashes that does not end in one.
        var segmentDepths: UInt64
        /// Bit d: there is a literal with d slashes that ends in one.
        var directoryDepths: UInt64
        /// Bytes of the longest literal.
        var longestLiteral: UInt32
    }

    /// One literal path of one host.
    struct Node: Sendable {
        /// Where the literal stands in `keys`.
        var key: UInt32
        var keyLength: UInt32
        /// Its candidates: first those of the exact path, then those with an expression, then the plain prefixes.
        var firstCandidate: UInt32
        var exactCount: UInt16
        var regexCount: UInt16
        var prefixCount: UInt16
        /// Its distinct expressions, in `nodePatterns`.
        var patternCount: UInt16
        var firstPattern: UInt32
        /// The index of its host.
        var host: UInt32
    }

    /// One route at one node; those of one kind by falling priority.
    struct Candidate: Sendable {
        var methods: MethodSet
        /// The rule's index.
        var route: UInt32
        /// Its constraints: headers, then query.
        var firstConstraint: UInt32
        var headerCount: UInt8
        var queryCount: UInt8
        /// The rule's policy, in `policies`.
        var policy: UInt8
        /// The bit of its expression among the node's; meaningless without one.
        var pattern: UInt8
        var answersPreflights: Bool
    }

    var keys: [UInt8] = []
    var hosts: [Host] = []
    /// The index of the host for any, or nil.
    var anyHost: Int?
    var hostTable = KeyTable(capacity: 0, seed: 0)
    /// Bit n: there is a wildcard of n labels; the last bit: of as many or more.
    var wildcardLabels: UInt64 = 0
    var nodes: [Node] = []
    var nodeTable = KeyTable(capacity: 0, seed: 0)
    var candidates: [Candidate] = []
    var constraints: [CompiledConstraint] = []
    var nodePatterns: [UInt32] = []
    var patterns: [Pattern] = []
    var policies: [PathPolicy] = []
    var methodNames = MethodNames()

    /// Hosts with at most this many literals are searched in order: it takes one or two cache lines, the table more.
    static let scannedNodes = 8
    /// LIMIT: slashes of a literal path, so that a depth is a bit.
    static let maximumDepth = 63
}

// MARK: - Host

extension RouteStorage {
    /// The index of the host whose routes answer `host`: exact, else the longest wildcard, else any, else nil.
    @inline(__always)
    func hostIndex(_ host: borrowing Span<UInt8>) -> Int? {
        if let exact = find(host, from: 0) { return exact }
        if wildcardLabels != 0, let wildcard = longestWildcard(host) { return wildcard }
        return anyHost
    }

    private func longestWildcard(_ host: borrowing Span<UInt8>) -> Int? {
        let dot = UInt8(ascii: ".")
        var labels = 0
        for index in 0..<host.count where host[index] == dot { labels &+= 1 }
        // A dot with n labels behind it is a candidate where a wildcard of n labels exists. The first label is
        // never empty in a vetted host; that the suffix begins behind byte 0 keeps it so here.
        for index in 0..<host.count where host[index] == dot {
            if index > 0, wildcardLabels & (1 &<< UInt64(min(labels, 63))) != 0, let found = find(host, from: index) {
                return found
            }
            labels &-= 1
        }
        return nil
    }

    @inline(__always)
    private func find(_ host: borrowing Span<UInt8>, from start: Int) -> Int? {
        let hash = KeyHash.of(host, from: start, seed: hostTable.seed)
        var slot = hostTable.start(hash)
        while let index = hostTable.next(hash, &slot) {
            let record = hosts[Int(index)]
            if Int(record.keyLength) == host.count &- start, keyEquals(record.key, host, from: start) {
                return Int(index)
            }
        }
        return nil
    }

    /// Whether the key at `key` is `bytes` from `start` on; the lengths are equal.
    @inline(__always)
    private func keyEquals(_ key: UInt32, _ bytes: borrowing Span<UInt8>, from start: Int) -> Bool {
        let keys = self.keys.span
        var position = Int(key)
        for index in start..<bytes.count {
            if keys[position] != bytes[index] { return false }
            position &+= 1
        }
        return true
    }

    /// Whether the literal of `node` is the first `keyLength` bytes of `path`, which has as many.
    @inline(__always)
    func literalLeads(_ node: borrowing Node, _ path: borrowing Span<UInt8>) -> Bool {
        let keys = self.keys.span
        let base = Int(node.key)
        // From the end: literals of one host differ in their last bytes first.
        var index = Int(node.keyLength)
        while index > 0 {
            index &-= 1
            if keys[base &+ index] != path[index] { return false }
        }
        return true
    }
}
