/// What every text must hold in which an expression matches: conditions that a scan decides far cheaper than a match.
///
/// Conservative by construction: where the analysis does not know, it asks for less. ASCII letters count in either case.
public struct RequiredLiterals: Sendable {
    /// All of these hold in every text that matches; the most selective first. Empty: nothing is known.
    package let requirements: [Requirement]
    /// A text that matches has at least this many bytes.
    public let minimumLength: Int

    /// The conditions of the expression `source`, as PCRE2 reads it over bytes.
    public init(expression source: String) {
        guard let expression = ExpressionParser.parse(source) else {
            requirements = []
            minimumLength = 0
            return
        }
        let facts = Facts(expression)
        requirements = Self.best(facts.required + [facts.prefix, facts.suffix].compactMap { Requirement(anyOf: $0) })
        minimumLength = facts.minimumLength
    }

    /// The condition that one of `phrases` occurs; without any, nothing meets it.
    public init(phrases: [[UInt8]]) {
        let folded = phrases.map { $0.map(\.loweredASCII) }
        // LIMIT: the beginning of a phrase is enough to rule texts out.
        requirements = Requirement(anyOf: folded.map { Array($0.prefix(32)) }).map { [$0] } ?? []
        minimumLength = folded.map(\.count).min() ?? 0
    }

    /// Whether nothing is known, so that the expression is tried on every text.
    public var isUnknown: Bool { requirements.isEmpty && minimumLength == 0 }

    /// LIMIT: this many conditions are kept; the first decides most, the others are single bytes and cheap.
    static let maximumRequirements = 4

    /// The most selective of `all`, and of the others what their bytes say.
    static func best(_ all: [Requirement]) -> [Requirement] {
        let sorted = all.map { ($0, $0.cost) }.sorted { $0.1 < $1.1 }
        guard let first = sorted.first else { return [] }
        var masks: [ByteMask] = [first.0.asBytes.bytes]
        var result = [first.0]
        for (requirement, _) in sorted.dropFirst() where result.count < maximumRequirements {
            let bytes = requirement.asBytes
            guard bytes.bytes != .all, !masks.contains(bytes.bytes) else { continue }
            masks.append(bytes.bytes)
            result.append(bytes)
        }
        return result
    }
}

/// What is known about the texts that an expression matches.
private struct Facts {
    /// All texts it can match, in lower case, if they are few.
    var exact: [[UInt8]]?
    /// Every match begins with one of these.
    var prefix: [[UInt8]]
    /// Every match ends with one of these.
    var suffix: [[UInt8]]
    /// Every match meets each of these.
    var required: [Requirement]
    /// No match is shorter.
    var minimumLength: Int

    /// LIMIT: sets of texts stay below this, and texts as short as this.
    private static let maximumTexts = 256
    private static let maximumLength = 16

    private init(exact: [[UInt8]]) {
        self.exact = exact
        prefix = exact
        suffix = exact
        required = []
        minimumLength = exact.map(\.count).min() ?? 0
    }

    /// Nothing is known.
    private init() {
        exact = nil
        prefix = [[]]
        suffix = [[]]
        required = []
        minimumLength = 0
    }

    init(_ expression: Expression) {
        switch expression {
        case .empty: self.init(exact: [[]])
        case .anything: self.init()
        case .byte(let mask): self.init(byte: mask.folded)
        case .lookahead(let inside):
            self.init(exact: [[]])
            let facts = Facts(inside)
            required = RequiredLiterals.best(facts.everything)
        case .sequence(let items): self.init(sequence: items.map(Facts.init))
        case .alternatives(let branches): self.init(alternatives: branches.map(Facts.init))
        case .repetition(let inside, let minimum, let maximum):
            self.init(repeating: Facts(inside), minimum: minimum, maximum: maximum)
        }
    }

    /// All that is required, what it begins and ends with included.
    private var everything: [Requirement] {
        let texts = exact.map { [$0] } ?? [prefix, suffix]
        return required + texts.compactMap { Requirement(anyOf: $0) }
    }

    private init(byte mask: ByteMask) {
        if mask.count <= 16 {
            self.init(exact: mask.bytes.map { [$0] })
        } else {
            self.init()
            required = [Requirement(bytes: mask)]
            minimumLength = 1
        }
    }

    private init(repeating inside: Facts, minimum: Int, maximum: Int?) {
        if let exact = inside.exact, let maximum, maximum <= 3 {
            // A few times: each count is a sequence of its own.
            let counts = (minimum...max(minimum, maximum)).map { count in
                Facts(sequence: Array(repeating: Facts(exact: exact), count: count))
            }
            self.init(alternatives: counts)
            return
        }
        guard minimum > 0 else {
            self.init()
            return
        }
        self.init(sequence: Array(repeating: inside, count: min(minimum, 3)))
        if maximum != minimum || minimum > 3 {
            // What stands between the first and the last is open.
            required = everything
            exact = nil
            prefix = inside.prefix
            suffix = inside.suffix
        }
        minimumLength = inside.minimumLength.multipliedReportingOverflow(by: minimum).partialValue
        if minimumLength < 0 || minimum > 1 << 16 { minimumLength = inside.minimumLength }
    }

    private init(sequence items: [Facts]) {
        self.init(exact: [[]])
        var run: [[UInt8]] = [[]]
        var isExact = true
        var first: [[UInt8]] = [[]]
        var conditions: [Requirement] = []
        for item in items {
            conditions += item.required
            if let exact = item.exact, let joined = Self.product(run, exact) {
                run = joined
                continue
            }
            let end = Self.product(run, item.prefix) ?? run
            if let requirement = Requirement(anyOf: end) { conditions.append(requirement) }
            if isExact { first = end }
            isExact = false
            run = item.suffix
        }
        minimumLength = items.reduce(0) { $0 &+ $1.minimumLength }
        if isExact {
            exact = run
            prefix = run
            suffix = run
            required = conditions
        } else {
            exact = nil
            prefix = first
            suffix = run
            if let requirement = Requirement(anyOf: run) { conditions.append(requirement) }
            // LIMIT: nested sequences would gather conditions without end.
            required = conditions.count > 8 ? RequiredLiterals.best(conditions) : conditions
        }
    }

    private init(alternatives branches: [Facts]) {
        self.init()
        minimumLength = branches.map(\.minimumLength).min() ?? 0
        let exacts = branches.compactMap(\.exact)
        let all = exacts.count == branches.count ? Set(exacts.joined()) : []
        if !all.isEmpty, all.count <= Self.maximumTexts {
            self.init(exact: all.sorted { $0.lexicographicallyPrecedes($1) })
        } else {
            prefix = Self.union(branches.map(\.prefix))
            suffix = Self.union(branches.map(\.suffix))
        }
        // Of each branch its best condition; and, since another may be better together, its rarest bytes.
        let best = branches.map { RequiredLiterals.best($0.everything) }
        guard !best.contains(where: \.isEmpty) else { return }
        let first = best.compactMap(\.first)
        if exact == nil { required.append(first.dropFirst().reduce(first[0]) { $0.union($1) }) }
        let masks = best.compactMap { $0.map(\.asBytes).min { $0.cost < $1.cost } }
        let bytes = masks.dropFirst().reduce(masks[0]) { $0.union($1) }
        required.append(bytes)
    }

    /// The texts of `sets` together; where they are too many, they are cut short, down to nothing known.
    private static func union(_ sets: [[[UInt8]]]) -> [[UInt8]] {
        let all = Set(sets.joined())
        return all.count <= maximumTexts ? all.sorted { $0.lexicographicallyPrecedes($1) } : [[]]
    }

    /// Each of `left` before each of `right`; nil where that would be too many or too long.
    private static func product(_ left: [[UInt8]], _ right: [[UInt8]]) -> [[UInt8]]? {
        guard left.count * right.count <= maximumTexts else { return nil }
        let longest = (left.map(\.count).max() ?? 0) + (right.map(\.count).max() ?? 0)
        guard longest <= maximumLength else { return nil }
        var result: [[UInt8]] = []
        for start in left { for end in right { result.append(start + end) } }
        return Array(Set(result))
    }
}
