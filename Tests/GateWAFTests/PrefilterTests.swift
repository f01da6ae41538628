import GatePattern
import GateWAF
import Testing

/// The filter says "cannot match" only of values in which PCRE2 finds no match.
@Suite struct PrefilterTests {
    private static let options: Pattern.Options = [.dotMatchesNewline, .multiline]

    /// Expressions with every construct that the analysis reads, and texts in which PCRE2 may find them.
    static let constructs: [String] = [
        "abc", "a|bc|", "(?i)Select\\s+from", "(?:foo|bar)+baz", "x{2,3}y", "x{0}y", "x{0,}yz", "a{2", "a{,3}b",
        "(a)(?:b)(?<n>c)",
        "(?'q'a)b", "(?P<n>a)(?P=n)", "(a|b)\\1c", "(a)\\g1", "(a)\\g{-1}z", "\\k<n>(?<n>a)", "(?=ab)a", "(?!ab)a.",
        "(?<=x)ab",
        "(?<!x)ab", "(?>ab|a)c", "(?|(a)|(b))c", "a(?#no)b", "a(?#no){0}b", "(?i:ab)c", "(?-i)Ab", "[abc]d", "[^abc]d",
        "[]a]b", "[^]a]b",
        "[a-c-e]f", "[\\d-x]y", "[\\]\\\\]a", "[[:alpha:]]1", "[[:^digit:]]1", "[[:upper:]]{2}", "[\\x41-\\x43]z",
        "[\\b]a", "[\\101]b",
        "\\Aab\\z", "\\bab\\B.", "^ab$", "\\x41\\x{42}\\103", "\\cA\\e\\f\\n\\r\\t\\a", "\\o{101}b", "\\0b", "\\N\\C",
        "\\h\\H\\v\\V\\R", "\\w\\W\\s\\S\\d\\D",
        "\\Qa.b\\Ec", "\\Qab\\E+c", "a\\Kb", "(?:ab)*+c", "a+?b", "a??b", ".*x.*y", "(?s).z", "(?m)^q", "((((a))))b{1}",
        "(?(1)a|b)", "(a(?1)?b)",
        "(?R)?ab", "(?<n>a(?&n)?)c", "a(?i)B|C", "(?:)", "a||b", "[^\\x00-\\xff]", "é", "\\p{L}b", "a{3}{2}",
        "(?x) a b", "(*ANYCRLF)ab", "'|\"|`",
        "[<>]script", "on(?:click|load)\\s*=", "\\W{4}", "(?:a|(?=b)b)c", "(?:(?=x))?ab", "(?:ab){2,}", "(?:[ab]c){5}",
    ]

    @Test func whatTheFilterRulesOutDoesNotMatch() throws {
        var expressions = Self.constructs
        expressions += RulePatterns.all()
        let patterns = expressions.compactMap { source -> (String, Pattern)? in
            (try? Pattern(source, subject: .bytes, options: Self.options)).map { (source, $0) }
        }
        let required = patterns.map { RequiredLiterals(expression: $0.0) }
        let scanner = LiteralScanner(required)
        var answer = [UInt64](repeating: 0, count: scanner.wordCount)
        let scratch = MatchScratch()
        var random = Seeded(state: 3)
        var generated: [[UInt8]] = []
        var matched = 0
        for (index, (source, pattern)) in patterns.enumerated() {
            guard let expression = ExpressionParser.parse(source) else { continue }
            var hits = 0
            for _ in 0..<40 {
                var text = random.text(of: expression)
                if random.below(2) == 0 { text = random.value() + text }
                if random.below(2) == 0 { text += random.value() }
                if random.below(4) == 0, !text.isEmpty {
                    text[random.below(text.count)] = UInt8(truncatingIfNeeded: random.next())
                }
                guard pattern.matches(text.span, in: scratch) == .match else { continue }
                hits += 1
                var span = answer.mutableSpan
                scanner.scan(text.span, into: &span)
                let isCandidate = answer[index / 64] >> UInt64(index % 64) & 1 != 0
                #expect(isCandidate, "\(source.debugDescription) matches \(text)")
                if hits == 1 { generated.append(text) }
            }
            if hits > 0 { matched += 1 }
        }
        print(
            "prefilter: \(patterns.count) expressions, \(matched) met by texts made from them,",
            "\(required.filter(\.isUnknown).count) unknown")
        #expect(matched * 10 > patterns.count * 8)
        // Each text under every expression: what was made for one says something of the others, too.
        for text in generated + Self.texts(&random) {
            var span = answer.mutableSpan
            scanner.scan(text.span, into: &span)
            for (index, (source, pattern)) in patterns.enumerated()
            where answer[index / 64] >> UInt64(index % 64) & 1 == 0 {
                #expect(pattern.matches(text.span, in: scratch) != .match, "\(source.debugDescription) matches \(text)")
            }
        }
    }

    /// Values of the rule sets' own tests, some of them disturbed.
    private static func texts(_ random: inout Seeded) -> [[UInt8]] {
        (0..<300).map { _ in random.value() + random.value() }
    }
}

extension Seeded {
    /// A text that `expression` may match.
    mutating func text(of expression: Expression) -> [UInt8] {
        switch expression {
        case .empty, .anything, .lookahead: return []
        case .byte(let mask):
            let all = mask.bytes
            let printable = all.filter { $0 > 0x20 && $0 < 0x7F }
            let choice = printable.isEmpty || below(8) == 0 ? all : printable
            return choice.isEmpty ? [] : [choice[below(choice.count)]]
        case .sequence(let items): return items.flatMap { text(of: $0) }
        case .alternatives(let branches): return text(of: branches[below(branches.count)])
        case .repetition(let inside, let minimum, let maximum):
            let most = max(minimum, min(maximum ?? minimum + 2, minimum + 2))
            return (0..<(minimum + below(most - minimum + 1))).flatMap { _ in text(of: inside) }
        }
    }
}
