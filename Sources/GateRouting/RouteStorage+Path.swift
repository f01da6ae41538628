import GateHTTP
import GatePattern
import GatePrimitives

extension RouteStorage {
    /// The answer for `request`, whose path is canonical.
    ///
    /// With a `policy` only routes of that policy may answer, and a 405 is given only where all routes of the path
    /// have it; anything else is `notFound`.
    func match(_ request: borrowing VettedRequest, policy: UInt8?, in scratch: MatchScratch) -> RouteMatch {
        guard let index = hostIndex(request.host) else { return .notFound }
        let host = hosts[index]
        return host.nodeCount <= RouteStorage.scannedNodes
            ? scan(host, request, policy, scratch) : lookUp(host, index, request, policy, scratch)
    }

    /// Tries the literals of a small host in order, the longest first.
    private func scan(
        _ host: Host, _ request: borrowing VettedRequest, _ policy: UInt8?, _ scratch: MatchScratch
    ) -> RouteMatch {
        let path = request.path
        for index in Int(host.firstNode)..<Int(host.firstNode) &+ Int(host.nodeCount) {
            let node = nodes[index]
            let length = Int(node.keyLength)
            guard length <= path.count, RouteStorage.isBoundary(path, length), literalLeads(node, path) else {
                continue
            }
            if let answer = visit(node, request, policy, scratch) { return answer }
        }
        return .notFound
    }

    /// Looks the path's prefixes up, the longest first, at those depths where the host has a literal.
    private func lookUp(
        _ host: Host, _ index: Int, _ request: borrowing VettedRequest, _ policy: UInt8?, _ scratch: MatchScratch
    ) -> RouteMatch {
        let path = request.path
        var boundaries = Boundaries()
        collect(&boundaries, host, index, path)
        while let (length, hash) = boundaries.popLongest() {
            var slot = nodeTable.start(hash)
            while let found = nodeTable.next(hash, &slot) {
                let node = nodes[Int(found)]
                guard Int(node.host) == index, Int(node.keyLength) == length, literalLeads(node, path) else { continue }
                if let answer = visit(node, request, policy, scratch) { return answer }
                break
            }
        }
        return .notFound
    }

    /// The hash that a literal of `host` has in `nodeTable` starts from this seed.
    func nodeSeed(_ host: Int) -> UInt64 {
        nodeTable.seed ^ (UInt64(truncatingIfNeeded: host) &* 0x9e37_79b9_7f4a_7c15)
    }

    /// Records each prefix of whole segments that could be a literal of `host`, with its hash, in one pass.
    private func collect(_ boundaries: inout Boundaries, _ host: Host, _ index: Int, _ path: borrowing Span<UInt8>) {
        let slash = UInt8(ascii: "/")
        var hash = KeyHash(seed: nodeSeed(index))
        var depth: UInt64 = 0
        let limit = min(path.count, Int(host.longestLiteral))
        for position in 0..<limit {
            let byte = path[position]
            if byte == slash {
                if host.segmentDepths & (1 &<< depth) != 0 { boundaries.append(position, hash.value) }
                depth &+= 1
                guard depth <= RouteStorage.maximumDepth else { return }
                hash.feed(byte)
                if host.directoryDepths & (1 &<< depth) != 0 { boundaries.append(position &+ 1, hash.value) }
            } else {
                hash.feed(byte)
            }
        }
        guard limit > 0, path[limit &- 1] != slash else { return }
        let isWhole = limit == path.count || path[limit] == slash
        if isWhole, host.segmentDepths & (1 &<< depth) != 0 { boundaries.append(limit, hash.value) }
    }

    /// Whether a prefix of `length` bytes consists of whole segments.
    @inline(__always)
    private static func isBoundary(_ path: borrowing Span<UInt8>, _ length: Int) -> Bool {
        let slash = UInt8(ascii: "/")
        return length == path.count || (length > 0 && path[length &- 1] == slash) || path[length] == slash
    }

    /// The answer of the routes at `node`, or nil where a shorter literal decides.
    private func visit(
        _ node: Node, _ request: borrowing VettedRequest, _ policy: UInt8?, _ scratch: MatchScratch
    ) -> RouteMatch? {
        var first = Int(node.firstCandidate)
        if node.exactCount > 0, Int(node.keyLength) == request.path.count {
            return choose(first..<first &+ Int(node.exactCount), ~0, request, policy, scratch)
        }
        first &+= Int(node.exactCount)
        if node.regexCount > 0 {
            var matching: UInt64 = 0
            for index in 0..<Int(node.patternCount) {
                let pattern = patterns[Int(nodePatterns[Int(node.firstPattern) &+ index])]
                switch pattern.matches(request.path, in: scratch) {
                case .match: matching |= 1 &<< UInt64(index)
                case .noMatch: break
                // Whether this route has the path is not known, and a less specific one must not get it.
                case .failed(let failure): return .refused(RouteStorage.fault(failure))
                }
            }
            if matching != 0 {
                return choose(first..<first &+ Int(node.regexCount), matching, request, policy, scratch)
            }
        }
        first &+= Int(node.regexCount)
        guard node.prefixCount > 0 else { return nil }
        return choose(first..<first &+ Int(node.prefixCount), ~0, request, policy, scratch)
    }

    /// Attacks 37, 61: a pattern without an answer refuses.
    static func fault(_ failure: PatternFailure) -> Fault {
        switch failure {
        case .invalidUTF8: Fault(.route, .patternEncoding)
        case .matchLimit, .stackLimit, .memoryLimit: Fault(.route, .patternLimit)
        case .unexpected: Fault(.route, .internalError)
        }
    }
}

/// The prefixes of one path that are worth a look-up, shortest first, in place.
private struct Boundaries {
    /// LIMIT: two for each depth, with and without the final slash.
    private var lengths = InlineArray<128, Int32>(repeating: 0)
    private var hashes = InlineArray<128, UInt64>(repeating: 0)
    private var count = 0

    mutating func append(_ length: Int, _ hash: UInt64) {
        guard count < 128 else { return }
        lengths[count] = Int32(truncatingIfNeeded: length)
        hashes[count] = hash
        count &+= 1
    }

    mutating func popLongest() -> (Int, UInt64)? {
        guard count > 0 else { return nil }
        count &-= 1
        return (Int(lengths[count]), hashes[count])
    }
}
