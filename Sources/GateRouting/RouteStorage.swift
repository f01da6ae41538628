import GateHTTP
import GatePattern

/// What a route table consists of; filled by `RouteCompiler`, then only read.
struct RouteStorage: Sendable {
    /// Hosts with their nodes and candidates, see `HostHeader`.
    var records: [UInt64] = []
    /// Where the records of each bucket of hosts begin, and the end of the last: hosts and wildcard suffixes with
    /// their dot, by the hash of the key.
    var directory: [UInt32] = []
    var buckets = Buckets(records: 0)
    var seed: UInt64 = 0
    /// The offset of the record for any host, or nil.
    var anyHost: Int?
    /// Bit n: there is a wildcard of n labels; the last bit: of as many or more.
    var wildcardLabels: UInt64 = 0
    /// The expressions of nodes, as indices of `patterns`.
    var nodePatterns: [Int] = []
    var patterns: [Pattern] = []
    /// The constraints of each rule that has some.
    var constraints: [CompiledConstraint] = []
    var constraintRanges: [ConstraintRange] = []
    var policies: [PathPolicy] = []
    var methodNames = MethodNames()

    /// Where the constraints of a rule stand: headers, then query.
    struct ConstraintRange: Sendable {
        var first: Int
        var headerCount: Int
        var queryCount: Int

        var headers: Range<Int> { first..<first &+ headerCount }
        var query: Range<Int> { first &+ headerCount..<first &+ headerCount &+ queryCount }
    }

    /// LIMIT: slashes of a literal path, so that a depth is a bit.
    static let maximumDepth = 63
}

extension RouteStorage {
    /// The record of the host whose routes answer `host`: exact, else the longest wildcard, else any, else nil.
    @inline(__always)
    func hostRecord(_ host: borrowing Span<UInt8>) -> Int? {
        if let exact = find(host, from: 0) { return exact }
        if wildcardLabels != 0, let wildcard = longestWildcard(host) { return wildcard }
        return anyHost
    }

    private func longestWildcard(_ host: borrowing Span<UInt8>) -> Int? {
        let dot = UInt8(ascii: ".")
        var labels = 0
        for index in 0..<host.count where host[index] == dot { labels &+= 1 }
        // A dot with n labels behind it is looked up where a wildcard of n labels exists. The first label of a
        // vetted host is not empty; that a suffix begins behind byte 0 keeps it so here.
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
        let records = self.records.span
        let bucket = buckets.index(KeyHash.of(host, from: start, seed: seed))
        var record = Int(directory[bucket])
        let end = Int(directory[bucket &+ 1])
        while record < end {
            let header = HostHeader(word: records[record])
            if header.keyLength == host.count &- start,
                Packed.equal(records, at: record &+ header.headerWords, host, start, host.count)
            {
                return record
            }
            record &+= header.words
        }
        return nil
    }
}
