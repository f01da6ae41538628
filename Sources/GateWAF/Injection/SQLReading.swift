/// One reading of a value as SQL: its first five tokens after folding, in one context and one dialect.
///
/// Folding takes away what an attacker can add without changing the meaning: signs, parentheses, comments,
/// lists, concatenated strings, sums. What stays is the fingerprint.
struct SQLReading {
    // LIMIT: fingerprints have at most five tokens, as the table does; folding looks at one more.
    static let longest = 5

    var tokenizer: SQLTokenizer
    /// The folded tokens; the first `count` are valid after `fold`.
    var tokens = InlineArray<8, SQLToken>(repeating: SQLToken())
    /// How many tokens the fingerprint has.
    private(set) var count = 0

    /// How many tokens stand in `tokens` while folding.
    var filled = 0
    /// How many of them are done with.
    var left = 0
    private var isAtEnd = false
    /// Whether folding met what databases read in different ways.
    private var isStopped = false
    private var lastComment: SQLToken?

    /// Reads `input`, taken to stand in `quote` (0: in none).
    init(_ input: Span<UInt8>, quote: UInt8, isMySQL: Bool) {
        tokenizer = SQLTokenizer(quote: quote, isMySQL: isMySQL)
        guard skipPrefix(input) else { return }
        filled = 1
        fold(input)
        count = min(left, SQLReading.longest)
        guard count > 2 else { return }
        // PHP code in backquotes that nothing closes: a comment.
        let last = tokens[count &- 1]
        if last.type == .bareword, last.opening == UInt8(ascii: "`"), last.length == 0, last.closing == 0 {
            tokens[count &- 1].type = .comment
        }
    }

    /// Whether the value is an injection in this reading.
    func isInjection(_ input: Span<UInt8>) -> Bool {
        if isEvil { return true }
        var key: UInt32 = 0
        for index in 0..<count { key = SQLFingerprints.extend(key, with: tokens[index].type.letter) }
        return count > 0 && SQLFingerprints.shared.contains(key) && !isHarmless(input)
    }

    private var isEvil: Bool {
        if isStopped { return true }
        for index in 0..<count where tokens[index].type == .evil { return true }
        return false
    }

    /// What the tokens spell; `X` alone where databases disagree how to read them.
    var fingerprint: Fingerprint {
        guard !isEvil else { return Fingerprint(packed: UInt64(SQLTokenType.evil.letter)) }
        var packed: UInt64 = 0
        for index in 0..<count { packed |= UInt64(tokens[index].type.letter) << UInt64(8 &* index) }
        return Fingerprint(packed: packed)
    }

    /// Reads over comments, opening parentheses, types and signs at the beginning; false where there is nothing else.
    private mutating func skipPrefix(_ input: Span<UInt8>) -> Bool {
        while let token = tokenizer.next(input) {
            if token.type == .comment || token.type == .leftParenthesis || token.type == .sqlType
                || token.isUnary(in: input)
            {
                continue
            }
            tokens[0] = token
            return true
        }
        return false
    }

    /// Reads until `wanted` tokens wait behind those that are done with, or there are no more; false: not enough.
    private mutating func read(_ wanted: Int, _ input: Span<UInt8>) -> Bool {
        while !isAtEnd, filled <= SQLReading.longest, filled &- left < wanted {
            guard let token = tokenizer.next(input) else {
                isAtEnd = true
                break
            }
            if token.type == .comment {
                lastComment = token
            } else {
                lastComment = nil
                tokens[filled] = token
                filled &+= 1
            }
        }
        return filled &- left >= wanted
    }

    private mutating func fold(_ input: Span<UInt8>) {
        while true {
            if filled >= SQLReading.longest { foldFive() }
            if isAtEnd || left >= SQLReading.longest {
                left = filled
                break
            }
            guard read(2, input) else {
                left = filled
                continue
            }
            switch foldTwo(input) {
            case .again: continue
            case .stop:
                isStopped = true
                return
            case .nothing: break
            }
            guard read(3, input) else {
                left = filled
                continue
            }
            if !foldThree(input) { left &+= 1 }
        }
        // A comment at the end counts where there is room for it.
        if left < SQLReading.longest, let comment = lastComment {
            tokens[left] = comment
            left &+= 1
        }
    }

    /// Sums and lists in parentheses are one value: `1+(2)`, `a,(b)`.
    private mutating func foldFive() {
        let first = tokens[0].type
        let second = tokens[1].type
        let third = tokens[2].type
        let fourth = tokens[3].type
        let fifth = tokens[4].type
        let folds =
            switch (first, third) {
            case (.number, .leftParenthesis):
                (second == .anyOperator || second == .comma) && fourth == .number && fifth == .rightParenthesis
            case (.bareword, .leftParenthesis):
                second == .anyOperator && (fourth == .bareword || fourth == .number) && fifth == .rightParenthesis
            case (.number, .comma):
                second == .rightParenthesis && fourth == .leftParenthesis && fifth == .number
            case (.bareword, .anyOperator):
                second == .rightParenthesis && fourth == .leftParenthesis && fifth == .bareword
            default: false
            }
        guard folds else { return }
        if filled > SQLReading.longest {
            tokens[1] = tokens[5]
            filled = 2
        } else {
            filled = 1
        }
        left = 0
    }
}
