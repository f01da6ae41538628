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
        let seed = UInt64.random(in: .min ... .max)
        storage.hostTable = KeyTable(capacity: hostPatterns.count, seed: seed)
        storage.nodeTable = KeyTable(capacity: drafts.count, seed: ~seed)
        for (index, pattern) in hostPatterns.enumerated() { addHost(pattern, index) }
        var reported: Set<Int> = []
        for draft in drafts { addNode(draft, hostPatterns[draft.key.host], &reported) }
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

    private mutating func addHost(_ pattern: HostPattern, _ index: Int) {
        let key = Array((pattern.key ?? "").utf8)
        storage.hosts.append(
            RouteStorage.Host(
                key: UInt32(truncatingIfNeeded: storage.keys.count), keyLength: UInt32(truncatingIfNeeded: key.count),
                firstNode: 0, nodeCount: 0, segmentDepths: 0, directoryDepths: 0, longestLiteral: 0))
        storage.keys.append(contentsOf: key)
        switch pattern {
        case .any:
            storage.anyHost = index
            return
        case .wildcard:
            let labels = key.count { $0 == UInt8(ascii: ".") }
            storage.wildcardLabels |= 1 << UInt64(min(labels, 63))
        case .exact: break
        }
        let hash = KeyHash.of(key.span, seed: storage.hostTable.seed)
        storage.hostTable.insert(hash, UInt32(truncatingIfNeeded: index))
    }

    private mutating func addNode(_ draft: Draft, _ pattern: HostPattern, _ reported: inout Set<Int>) {
        let key = Array(draft.key.literal.utf8)
        let index = UInt32(truncatingIfNeeded: storage.nodes.count)
        noteDepth(key, host: draft.key.host, node: index)
        var hash = KeyHash(seed: storage.nodeSeed(draft.key.host))
        for byte in key { hash.feed(byte) }
        storage.nodeTable.insert(hash.value, index)

        let expressions = distinctPatterns(draft.regex)
        if expressions.count > RouteCompiler.maximumPatternsPerPath, let last = draft.regex.last {
            report(
                [last], .regex,
                "`\(draft.key.literal)` on \(pattern.text) has more than \(RouteCompiler.maximumPatternsPerPath) expressions",
                "give them longer literal prefixes")
            return
        }
        for kind in [draft.exact, draft.regex, draft.prefix] where kind.count > RouteCompiler.maximumRoutesPerPath {
            report(
                [kind[kind.count - 1]], .path,
                "`\(draft.key.literal)` on \(pattern.text) has more than \(RouteCompiler.maximumRoutesPerPath) routes",
                "use longer paths, or decide in the backend")
            return
        }
        storage.nodes.append(
            RouteStorage.Node(
                key: UInt32(truncatingIfNeeded: storage.keys.count), keyLength: UInt32(truncatingIfNeeded: key.count),
                firstCandidate: UInt32(truncatingIfNeeded: storage.candidates.count),
                exactCount: UInt16(truncatingIfNeeded: draft.exact.count),
                regexCount: UInt16(truncatingIfNeeded: draft.regex.count),
                prefixCount: UInt16(truncatingIfNeeded: draft.prefix.count),
                patternCount: UInt16(truncatingIfNeeded: expressions.count),
                firstPattern: UInt32(truncatingIfNeeded: storage.nodePatterns.count),
                host: UInt32(truncatingIfNeeded: draft.key.host)))
        storage.keys.append(contentsOf: key)
        storage.nodePatterns.append(contentsOf: expressions.map { UInt32(truncatingIfNeeded: $0) })
        for kind in [draft.exact, draft.regex, draft.prefix] where !kind.isEmpty {
            // A stable order: by falling priority, then as configured.
            let ordered = kind.count == 1 ? kind : kind.sorted { before($0, $1) }
            if ordered.count > 1 { reportConflicts(ordered, draft.key.literal, pattern, &reported) }
            for rule in ordered { addCandidate(rule, expressions) }
        }
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

    private mutating func noteDepth(_ key: [UInt8], host: Int, node: UInt32) {
        let slash = UInt8(ascii: "/")
        let depth = UInt64(key.count { $0 == slash })
        if storage.hosts[host].nodeCount == 0 { storage.hosts[host].firstNode = node }
        storage.hosts[host].nodeCount += 1
        storage.hosts[host].longestLiteral = max(
            storage.hosts[host].longestLiteral, UInt32(truncatingIfNeeded: key.count))
        if key.last == slash {
            storage.hosts[host].directoryDepths |= 1 << depth
        } else {
            storage.hosts[host].segmentDepths |= 1 << depth
        }
    }

    private mutating func addCandidate(_ rule: Int, _ expressions: [Int]) {
        guard let parts = compiled[rule] else { return }
        let bit = parts.pattern.flatMap { expressions.firstIndex(of: $0) } ?? 0
        storage.candidates.append(
            RouteStorage.Candidate(
                methods: parts.methods, route: UInt32(truncatingIfNeeded: rule),
                firstConstraint: UInt32(truncatingIfNeeded: parts.firstConstraint),
                headerCount: UInt8(truncatingIfNeeded: parts.headerCount),
                queryCount: UInt8(truncatingIfNeeded: parts.queryCount), policy: parts.policy,
                pattern: UInt8(truncatingIfNeeded: bit), answersPreflights: rules[rule].answersPreflights))
    }
}
