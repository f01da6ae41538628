/// The first word of a host's record.
///
/// The records of a route table are packed into words so that what one request touches stands together: with 100,000
/// hosts a look-up costs what its cache misses cost, and a host's key, its paths and their routes mostly lie in two
/// lines.
///
/// ```
/// host       = header, [shape, segment depths, directory depths]*, key, [directory]*, node…
/// node       = header, [patterns]†, literal, candidate…
/// candidate  = methods, header
///              * more than `scannedNodes` nodes                † has expressions
/// ```
///
/// Keys and literals are little-endian, padded with zero bytes. Nodes stand by falling length of the literal, those of
/// a host with a directory by bucket; candidates by kind (exact, regex, prefix) and falling priority. Every offset is
/// made by the compiler.
struct HostHeader {
    let word: UInt64

    init(word: UInt64) { self.word = word }

    init(keyLength: Int, nodeCount: Int, words: Int) {
        word =
            UInt64(truncatingIfNeeded: keyLength & 0xff) | UInt64(truncatingIfNeeded: nodeCount & 0xff_ffff) &<< 8
            | UInt64(truncatingIfNeeded: words) &<< 32
    }

    /// Bytes of the key: at most 254, a name of 253 with the dot of a wildcard.
    var keyLength: Int { Int(truncatingIfNeeded: word & 0xff) }
    var nodeCount: Int { Int(truncatingIfNeeded: word &>> 8 & 0xff_ffff) }
    /// All words of the record.
    var words: Int { Int(truncatingIfNeeded: word &>> 32) }

    /// Whether the nodes are searched in order: up to this many, that touches a line or two.
    var isScanned: Bool { nodeCount <= HostHeader.scannedNodes }
    /// Words in front of the key.
    var headerWords: Int { isScanned ? 1 : 4 }
    /// Words up to the end of the key.
    var leadingWords: Int { headerWords &+ Packed.words(keyLength) }

    static let scannedNodes = 8
}

/// The second word of a host with a directory.
struct HostShape {
    let word: UInt64

    init(word: UInt64) { self.word = word }

    init(longestLiteral: Int, buckets: Buckets) {
        word = UInt64(truncatingIfNeeded: longestLiteral) &<< 8 | buckets.bits
    }

    /// Bytes of the longest literal of the host.
    var longestLiteral: Int { Int(truncatingIfNeeded: word &>> 8) }
    var buckets: Buckets { Buckets(bits: word & 0xff) }
}

/// The first word of a node: one literal path of one host.
struct NodeHeader {
    let word: UInt64

    init(word: UInt64) { self.word = word }

    /// Each count is at most `RouteCompiler.maximumRoutesPerPath`.
    init(literalLength: Int, exact: Int, regex: Int, prefix: Int) {
        word =
            UInt64(truncatingIfNeeded: literalLength & 0xffff) | UInt64(truncatingIfNeeded: exact & 0xffff) &<< 16
            | UInt64(truncatingIfNeeded: regex & 0xffff) &<< 32 | UInt64(truncatingIfNeeded: prefix & 0xffff) &<< 48
    }

    var literalLength: Int { Int(truncatingIfNeeded: word & 0xffff) }
    var exactCount: Int { Int(truncatingIfNeeded: word &>> 16 & 0xffff) }
    var regexCount: Int { Int(truncatingIfNeeded: word &>> 32 & 0xffff) }
    var prefixCount: Int { Int(truncatingIfNeeded: word &>> 48) }

    /// Words in front of the literal.
    var headerWords: Int { regexCount > 0 ? 2 : 1 }
    /// Words in front of the first candidate.
    var leadingWords: Int { headerWords &+ Packed.words(literalLength) }
    /// All words of the node.
    var words: Int { leadingWords &+ CandidateHeader.words &* (exactCount &+ regexCount &+ prefixCount) }
}

/// The second word of a node with expressions: where their list stands and how long it is.
struct NodePatterns {
    let word: UInt64

    init(word: UInt64) { self.word = word }

    init(first: Int, count: Int) {
        word = UInt64(truncatingIfNeeded: first) &<< 16 | UInt64(truncatingIfNeeded: count & 0xffff)
    }

    var first: Int { Int(truncatingIfNeeded: word &>> 16) }
    var count: Int { Int(truncatingIfNeeded: word & 0xffff) }
}

/// The second word of a candidate, one route at one node; its first word are its methods.
struct CandidateHeader {
    let word: UInt64

    init(word: UInt64) { self.word = word }

    init(route: Int, policy: UInt8, pattern: Int, answersPreflights: Bool, isConstrained: Bool) {
        word =
            UInt64(truncatingIfNeeded: route & 0xffff_ffff) | UInt64(policy) &<< 32
            | UInt64(truncatingIfNeeded: pattern & 0xff) &<< 40 | (answersPreflights ? 1 &<< 48 : 0)
            | (isConstrained ? 1 &<< 49 : 0)
    }

    /// The index of the rule.
    var route: Int { Int(truncatingIfNeeded: word & 0xffff_ffff) }
    /// The rule's path policy, an index.
    var policy: UInt8 { UInt8(truncatingIfNeeded: word &>> 32) }
    /// The bit of its expression among the node's; 0 without one.
    var pattern: UInt64 { word &>> 40 & 0xff }
    var answersPreflights: Bool { word & (1 &<< 48) != 0 }
    /// Whether headers or query have a say.
    var isConstrained: Bool { word & (1 &<< 49) != 0 }

    static let words = 2
}
