import GateHTTP
import GatePattern
import GatePrimitives

extension RouteStorage {
    /// The answer for `request`, whose path is canonical.
    ///
    /// With a `policy` only routes of that policy may answer, and a 405 is given only where all routes of the path
    /// have it; anything else is `notFound`.
    func match(_ request: borrowing VettedRequest, policy: UInt8?, in scratch: MatchScratch) -> RouteMatch {
        guard let record = hostRecord(request.host) else { return .notFound }
        let header = HostHeader(word: records[record])
        return header.isScanned
            ? scan(record, header, request, policy, scratch) : lookUp(record, header, request, policy, scratch)
    }

    /// Tries the literals of a small host in order, the longest first.
    private func scan(
        _ record: Int, _ header: HostHeader, _ request: borrowing VettedRequest, _ policy: UInt8?,
        _ scratch: MatchScratch
    ) -> RouteMatch {
        let records = self.records.span
        let path = request.path
        var offset = record &+ header.leadingWords
        for _ in 0..<header.nodeCount {
            let node = NodeHeader(word: records[offset])
            let length = node.literalLength
            if length <= path.count, RouteStorage.isBoundary(path, length),
                Packed.equal(records, at: offset &+ node.headerWords, path, 0, length),
                let answer = visit(offset, node, request, policy, scratch)
            {
                return answer
            }
            offset &+= node.words
        }
        return .notFound
    }

    /// Looks the path's prefixes up, the longest first, at those depths where the host has a literal.
    private func lookUp(
        _ record: Int, _ header: HostHeader, _ request: borrowing VettedRequest, _ policy: UInt8?,
        _ scratch: MatchScratch
    ) -> RouteMatch {
        let records = self.records.span
        let path = request.path
        let shape = HostShape(word: records[record &+ 1])
        let directory = record &+ header.leadingWords
        var boundaries = Boundaries()
        collect(&boundaries, record, shape, path)
        while let (length, hash) = boundaries.popLongest() {
            let bucket = shape.buckets.index(hash)
            var offset = record &+ Packed.entry(records, at: directory, bucket)
            let end = record &+ Packed.entry(records, at: directory, bucket &+ 1)
            while offset < end {
                let node = NodeHeader(word: records[offset])
                if node.literalLength == length,
                    Packed.equal(records, at: offset &+ node.headerWords, path, 0, length)
                {
                    if let answer = visit(offset, node, request, policy, scratch) { return answer }
                    break
                }
                offset &+= node.words
            }
        }
        return .notFound
    }

    /// Records each prefix of whole segments that could be a literal of the host, with its hash, in one pass.
    private func collect(
        _ boundaries: inout Boundaries, _ record: Int, _ shape: HostShape, _ path: borrowing Span<UInt8>
    ) {
        let slash = UInt8(ascii: "/")
        let segmentDepths = records[record &+ 2]
        let directoryDepths = records[record &+ 3]
        var hash = KeyHash(seed: seed)
        var depth: UInt64 = 0
        let limit = min(path.count, shape.longestLiteral)
        for position in 0..<limit {
            let byte = path[position]
            if byte == slash {
                if segmentDepths & (1 &<< depth) != 0 { boundaries.append(position, hash.value) }
                depth &+= 1
                guard depth <= RouteStorage.maximumDepth else { return }
                hash.feed(byte)
                if directoryDepths & (1 &<< depth) != 0 { boundaries.append(position &+ 1, hash.value) }
            } else {
                hash.feed(byte)
            }
        }
        guard limit > 0, path[limit &- 1] != slash else { return }
        let isWhole = limit == path.count || path[limit] == slash
        if isWhole, segmentDepths & (1 &<< depth) != 0 { boundaries.append(limit, hash.value) }
    }

    /// Whether a prefix of `length` bytes consists of whole segments.
    @inline(__always)
    private static func isBoundary(_ path: borrowing Span<UInt8>, _ length: Int) -> Bool {
        let slash = UInt8(ascii: "/")
        return length == path.count || (length > 0 && path[length &- 1] == slash) || path[length] == slash
    }

    /// The answer of the routes of `node`, or nil where a shorter literal decides.
    private func visit(
        _ offset: Int, _ node: NodeHeader, _ request: borrowing VettedRequest, _ policy: UInt8?,
        _ scratch: MatchScratch
    ) -> RouteMatch? {
        var first = offset &+ node.leadingWords
        if node.exactCount > 0, node.literalLength == request.path.count {
            return choose(first, node.exactCount, ~0, request, policy, scratch)
        }
        first &+= node.exactCount &* CandidateHeader.words
        if node.regexCount > 0 {
            let list = NodePatterns(word: records[offset &+ 1])
            var matching: UInt64 = 0
            for index in 0..<list.count {
                switch patterns[nodePatterns[list.first &+ index]].matches(request.path, in: scratch) {
                case .match: matching |= 1 &<< UInt64(index)
                case .noMatch: break
                // Whether this route has the path is not known, and a less specific one must not get it.
                case .failed(let failure): return .refused(RouteStorage.fault(failure))
                }
            }
            if matching != 0 { return choose(first, node.regexCount, matching, request, policy, scratch) }
        }
        first &+= node.regexCount &* CandidateHeader.words
        guard node.prefixCount > 0 else { return nil }
        return choose(first, node.prefixCount, ~0, request, policy, scratch)
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
