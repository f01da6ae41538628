import GateHTTP

// Places compiled rules at hosts and literals, and fills the flat arrays.
extension RouteCompiler {
    /// A literal path of a host while the table is built.
    private struct Key: Hashable {
        let host: Int
        let literal: String
    }

    /// The rules of one node by kind, in the order of configuration.
    private struct Draft {
        let key: Key
        var exact: [Int] = []
        var regex: [Int] = []
        var prefix: [Int] = []
    }

    /// Builds hosts and nodes of all rules without a problem, and reports what cannot be ordered.
    mutating func placeRules() {
        var hostPatterns: [HostPattern] = []
        var drafts = draftNodes(&hostPatterns)
        // Nodes of a host stand together, the longest literal first.
        drafts.sort { one, other in
            if one.key.host != other.key.host { return one.key.host < other.key.host }
            let lengths = (one.key.literal.utf8.count, other.key.literal.utf8.count)
            return lengths.0 != lengths.1 ? lengths.0 > lengths.1 : one.key.literal < other.key.literal
        }
        storage.constraintRanges = compiled.map {
            $0?.constraints ?? RouteStorage.ConstraintRange(first: 0, headerCount: 0, queryCount: 0)
        }
        storage.seed = UInt64.random(in: .min ... .max)
        storage.buckets = Buckets(records: hostPatterns.count)
        addHosts(hostPatterns, drafts)
    }

    private func entryKeys(_ rule: Int) -> [HostPattern] {
        let hosts = rules[rule].hosts
        guard hosts.count > 1 else { return hosts.isEmpty ? [.any] : hosts }
        var seen: Set<HostPattern> = []
        return hosts.filter { seen.insert($0).inserted }
    }

    private mutating func draftNodes(_ hostPatterns: inout [HostPattern]) -> [Draft] {
        var hostIndex: [HostPattern: Int] = [:]
        var nodeIndex: [Key: Int] = [:]
        var drafts: [Draft] = []
        var entries = 0
        for rule in rules.indices where compiled[rule] != nil {
            for pattern in entryKeys(rule) {
                entries += 1
                guard entries <= RouteCompiler.maximumEntries else {
                    report(
                        [rule], .hosts,
                        "the routes have more than \(RouteCompiler.maximumEntries) pairs of host and path",
                        "use wildcard hosts")
                    return drafts
                }
                let host =
                    hostIndex[pattern]
                    ?? {
                        hostPatterns.append(pattern)
                        hostIndex[pattern] = hostPatterns.count - 1
                        return hostPatterns.count - 1
                    }()
                let key = Key(host: host, literal: rules[rule].path.literal)
                let node =
                    nodeIndex[key]
                    ?? {
                        drafts.append(Draft(key: key))
                        nodeIndex[key] = drafts.count - 1
                        return drafts.count - 1
                    }()
                switch rules[rule].path {
                case .exact: drafts[node].exact.append(rule)
                case .regex: drafts[node].regex.append(rule)
                case .prefix: drafts[node].prefix.append(rule)
                }
            }
        }
        return drafts
    }

    /// Appends the records of all hosts by bucket, that of any host last, and fills the directory.
    private mutating func addHosts(_ patterns: [HostPattern], _ drafts: [Draft]) {
        var ranges = [Range<Int>](repeating: 0..<0, count: patterns.count)
        var start = 0
        while start < drafts.count {
            let host = drafts[start].key.host
            let end = drafts[start...].firstIndex { $0.key.host != host } ?? drafts.count
            ranges[host] = start..<end
            start = end
        }
        var keys: [(bucket: Int, host: Int)] = []
        for (host, pattern) in patterns.enumerated() where pattern != .any {
            let key = Array((pattern.key ?? "").utf8)
            keys.append((storage.buckets.index(KeyHash.of(key.span, seed: storage.seed)), host))
        }
        keys.sort { $0 < $1 }
        storage.directory = [UInt32](repeating: 0, count: storage.buckets.count + 1)
        var reported: Set<Int> = []
        var next = 0
        for bucket in 0..<storage.buckets.count {
            storage.directory[bucket] = UInt32(truncatingIfNeeded: storage.records.count)
            while next < keys.count, keys[next].bucket == bucket {
                let host = keys[next].host
                addHost(patterns[host], drafts[ranges[host]], &reported)
                next += 1
            }
        }
        storage.directory[storage.buckets.count] = UInt32(truncatingIfNeeded: storage.records.count)
        if let any = patterns.firstIndex(of: .any) {
            storage.anyHost = storage.records.count
            addHost(.any, drafts[ranges[any]], &reported)
        }
    }

    /// Appends the record of one host with its nodes.
    private mutating func addHost(_ pattern: HostPattern, _ drafts: ArraySlice<Draft>, _ reported: inout Set<Int>) {
        let key = Array((pattern.key ?? "").utf8)
        let record = storage.records.count
        let header = HostHeader(keyLength: key.count, nodeCount: drafts.count, words: 0)
        storage.records.append(header.word)
        if header.isScanned {
            Packed.append(key, to: &storage.records)
            for draft in drafts { addNode(draft, pattern, &reported) }
        } else {
            let shape = HostShape(
                longestLiteral: drafts.first?.key.literal.utf8.count ?? 0, buckets: Buckets(records: drafts.count))
            storage.records.append(shape.word)
            storage.records.append(contentsOf: depths(drafts))
            Packed.append(key, to: &storage.records)
            addDirectory(record, shape.buckets, drafts, pattern, &reported)
        }
        storage.records[record] =
            HostHeader(
                keyLength: key.count, nodeCount: drafts.count, words: storage.records.count - record
            ).word
        if case .wildcard = pattern {
            let labels = key.count { $0 == UInt8(ascii: ".") }
            storage.wildcardLabels |= 1 << UInt64(min(labels, 63))
        }
    }

    /// Appends a directory and the nodes of its buckets, for a host with many.
    private mutating func addDirectory(
        _ record: Int, _ buckets: Buckets, _ drafts: ArraySlice<Draft>, _ pattern: HostPattern,
        _ reported: inout Set<Int>
    ) {
        let directory = storage.records.count
        storage.records.append(contentsOf: [UInt64](repeating: 0, count: buckets.count / 2 + 1))
        var nodes: [(bucket: Int, draft: Int)] = drafts.indices.map { index in
            let literal = Array(drafts[index].key.literal.utf8)
            return (buckets.index(KeyHash.of(literal.span, seed: storage.seed)), index)
        }
        nodes.sort { $0 < $1 }
        var next = 0
        for bucket in 0...buckets.count {
            Packed.setEntry(&storage.records, at: directory, bucket, to: storage.records.count - record)
            while next < nodes.count, nodes[next].bucket == bucket {
                addNode(drafts[nodes[next].draft], pattern, &reported)
                next += 1
            }
        }
    }

    /// The depths of the literals, those that do not end in a slash and those that do.
    private func depths(_ drafts: ArraySlice<Draft>) -> [UInt64] {
        let slash = UInt8(ascii: "/")
        var segments: UInt64 = 0
        var directories: UInt64 = 0
        for draft in drafts {
            let bit: UInt64 = 1 << UInt64(draft.key.literal.utf8.count { $0 == slash })
            if draft.key.literal.utf8.last == slash { directories |= bit } else { segments |= bit }
        }
        return [segments, directories]
    }

    private mutating func addNode(_ draft: Draft, _ pattern: HostPattern, _ reported: inout Set<Int>) {
        let literal = Array(draft.key.literal.utf8)
        let expressions = distinctPatterns(draft.regex)
        guard isWithinLimits(draft, expressions.count, pattern) else { return }
        let header = NodeHeader(
            literalLength: literal.count, exact: draft.exact.count, regex: draft.regex.count, prefix: draft.prefix.count
        )
        storage.records.append(header.word)
        if header.regexCount > 0 {
            let list = NodePatterns(first: storage.nodePatterns.count, count: expressions.count)
            storage.records.append(list.word)
            storage.nodePatterns.append(contentsOf: expressions)
        }
        Packed.append(literal, to: &storage.records)
        for kind in [draft.exact, draft.regex, draft.prefix] where !kind.isEmpty {
            // A stable order: by falling priority, then as configured.
            let ordered = kind.count == 1 ? kind : kind.sorted { before($0, $1) }
            if ordered.count > 1 { reportConflicts(ordered, draft.key.literal, pattern, &reported) }
            for rule in ordered { addCandidate(rule, expressions) }
        }
    }

    private mutating func isWithinLimits(_ draft: Draft, _ expressions: Int, _ pattern: HostPattern) -> Bool {
        if expressions > RouteCompiler.maximumPatternsPerPath, let last = draft.regex.last {
            report(
                [last], .regex,
                "`\(draft.key.literal)` on \(pattern.text) has more than \(RouteCompiler.maximumPatternsPerPath) expressions",
                "give them longer literal prefixes")
            return false
        }
        for kind in [draft.exact, draft.regex, draft.prefix] where kind.count > RouteCompiler.maximumRoutesPerPath {
            report(
                [kind[kind.count - 1]], .path,
                "`\(draft.key.literal)` on \(pattern.text) has more than \(RouteCompiler.maximumRoutesPerPath) routes",
                "use longer paths, or decide in the backend")
            return false
        }
        return true
    }

    private func before(_ one: Int, _ other: Int) -> Bool {
        let priorities = (rules[one].priority, rules[other].priority)
        return priorities.0 != priorities.1 ? priorities.0 > priorities.1 : one < other
    }

    private func distinctPatterns(_ regexRules: [Int]) -> [Int] {
        var distinct: [Int] = []
        for rule in regexRules {
            if let pattern = compiled[rule]?.pattern, !distinct.contains(pattern) { distinct.append(pattern) }
        }
        return distinct
    }

    private mutating func addCandidate(_ rule: Int, _ expressions: [Int]) {
        guard let parts = compiled[rule] else { return }
        let header = CandidateHeader(
            route: rule, policy: parts.policy, pattern: parts.pattern.flatMap { expressions.firstIndex(of: $0) } ?? 0,
            answersPreflights: rules[rule].answersPreflights,
            isConstrained: parts.constraints.headerCount + parts.constraints.queryCount > 0)
        storage.records.append(parts.methods.bits)
        storage.records.append(header.word)
    }
}
