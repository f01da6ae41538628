import GatePrimitives

/// Reads a value as SQL, one token at a time, without a database's grammar: what any of them would take is taken.
///
/// One pass, no allocation; every byte is looked at a bounded number of times.
struct SQLTokenizer {
    /// The quote in which the value is taken to stand: `'`, `"` or 0 for none.
    let quote: UInt8
    /// Whether to read as MySQL does: `#` begins a comment, `--` only before white space.
    let isMySQL: Bool

    /// Where the next token begins.
    var position = 0
    /// How many tokens were read.
    private(set) var count = 0
    /// Whether there was a comment that MySQL reads in another way than ANSI SQL.
    var isAmbiguous = false

    init(quote: UInt8, isMySQL: Bool) {
        self.quote = quote
        self.isMySQL = isMySQL
    }

    /// The next token, or nil at the end.
    mutating func next(_ input: Span<UInt8>) -> SQLToken? {
        if position == 0, quote != 0, input.count > 0 {
            count &+= 1
            return string(input, from: 0, delimiter: quote, opening: 0)
        }
        while position < input.count {
            let byte = input[position]
            if SQLTokenizer.isSkipped(byte) {
                position &+= 1
                continue
            }
            count &+= 1
            return token(input, byte)
        }
        return nil
    }

    private mutating func token(_ input: Span<UInt8>, _ byte: UInt8) -> SQLToken {
        switch byte {
        case UInt8(ascii: "'"), UInt8(ascii: "\""):
            return string(input, from: position &+ 1, delimiter: byte, opening: byte)
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."): return number(input)
        case UInt8(ascii: "%"), UInt8(ascii: "+"), UInt8(ascii: "^"), UInt8(ascii: "~"): return single(.anyOperator)
        case UInt8(ascii: "!"), UInt8(ascii: "&"), UInt8(ascii: "*"), UInt8(ascii: ":"), UInt8(ascii: "<"),
            UInt8(ascii: "="), UInt8(ascii: ">"), UInt8(ascii: "|"):
            return longOperator(input, byte)
        case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "{"),
            UInt8(ascii: "}"):
            return single(SQLTokenType(byte: byte))
        case UInt8(ascii: "?"), UInt8(ascii: "]"): return single(.unknown)
        case UInt8(ascii: "#"): return hash(input)
        case UInt8(ascii: "$"): return money(input)
        case UInt8(ascii: "-"): return dash(input)
        case UInt8(ascii: "/"): return slash(input)
        case UInt8(ascii: "@"): return variable(input)
        case UInt8(ascii: "["): return bracketed(input)
        case UInt8(ascii: "\\"): return backslash(input)
        case UInt8(ascii: "`"): return backquoted(input, from: position &+ 1)
        case UInt8(ascii: "B"), UInt8(ascii: "b"): return digitString(input) { $0 == 0x30 || $0 == 0x31 }
        case UInt8(ascii: "X"), UInt8(ascii: "x"): return digitString(input) { ByteSet.hexDigit.contains($0) }
        case UInt8(ascii: "E"), UInt8(ascii: "e"): return prefixedString(input)
        case UInt8(ascii: "N"), UInt8(ascii: "n"): return nationalString(input)
        case UInt8(ascii: "Q"), UInt8(ascii: "q"): return oracleString(input, after: 0)
        case UInt8(ascii: "U"), UInt8(ascii: "u"): return unicodeString(input)
        default: return word(input)
        }
    }

    /// A token of the one byte at the position.
    mutating func single(_ type: SQLTokenType) -> SQLToken {
        position &+= 1
        return SQLToken(type, start: position &- 1, end: position)
    }

    /// A token from the position up to `end`.
    mutating func take(_ type: SQLTokenType, upTo end: Int) -> SQLToken {
        defer { position = end }
        return SQLToken(type, start: position, end: end)
    }

    private mutating func longOperator(_ input: Span<UInt8>, _ byte: UInt8) -> SQLToken {
        guard position &+ 1 < input.count else { return single(.anyOperator) }
        if byte == UInt8(ascii: "<"), input[position &+ 1] == UInt8(ascii: "="), position &+ 2 < input.count,
            input[position &+ 2] == UInt8(ascii: ">")
        {
            return take(.anyOperator, upTo: position &+ 3)
        }
        if let entry = SQLWords.shared.find(input, position..<position &+ 2) {
            return take(SQLWords.shared.type(of: entry), upTo: position &+ 2)
        }
        return single(byte == UInt8(ascii: ":") ? .colon : .anyOperator)
    }

    private mutating func backslash(_ input: Span<UInt8>) -> SQLToken {
        // MySQL reads \N, with the capital alone, as NULL.
        if position &+ 1 < input.count, input[position &+ 1] == UInt8(ascii: "N") {
            return take(.number, upTo: position &+ 2)
        }
        return single(.backslash)
    }

    /// A word: a keyword, the name of a function, or any name.
    mutating func word(_ input: Span<UInt8>) -> SQLToken {
        let start = position
        var end = start
        var mark = -1
        while end < input.count, !SQLTokenizer.endsWord(input[end]) {
            if mark < 0, input[end] == UInt8(ascii: ".") || input[end] == UInt8(ascii: "`") { mark = end }
            end &+= 1
        }
        // `SELECT.1` and SELECT`column`: a keyword may end at a dot or a backquote.
        let known = min(end, start &+ SQLToken.longest)
        while mark >= 0, mark < known {
            if input[mark] == UInt8(ascii: ".") || input[mark] == UInt8(ascii: "`"),
                let entry = SQLWords.shared.find(input, start..<mark), SQLWords.shared.type(of: entry) != .bareword
            {
                return take(entry, upTo: mark)
            }
            mark &+= 1
        }
        if let entry = SQLWords.shared.find(input, start..<end) { return take(entry, upTo: end) }
        return take(.bareword, upTo: end)
    }

    private mutating func take(_ entry: SQLWords.Entry, upTo end: Int) -> SQLToken {
        var token = take(SQLWords.shared.type(of: entry), upTo: end)
        token.startsPhrase = SQLWords.shared.startsPhrase(entry)
        return token
    }

    /// SQL Server's `[name]`.
    private mutating func bracketed(_ input: Span<UInt8>) -> SQLToken {
        let close = input.firstIndex(of: UInt8(ascii: "]"), from: position)
        return take(.bareword, upTo: close.map { $0 &+ 1 } ?? input.count)
    }

    /// MySQL's `name` in backquotes, the first of which is before `start`: a function or any name.
    mutating func backquoted(_ input: Span<UInt8>, from start: Int) -> SQLToken {
        var token = string(input, from: start, delimiter: UInt8(ascii: "`"), opening: UInt8(ascii: "`"))
        token.type = .bareword
        if let entry = SQLWords.shared.find(input, token.start..<token.start &+ token.length) {
            if SQLWords.shared.type(of: entry) == .function { token.type = .function }
            token.startsPhrase = SQLWords.shared.startsPhrase(entry)
        }
        return token
    }

    private mutating func variable(_ input: Span<UInt8>) -> SQLToken {
        var start = position &+ 1
        if start < input.count, input[start] == UInt8(ascii: "@") { start &+= 1 }
        if start < input.count {
            switch input[start] {
            case UInt8(ascii: "`"), UInt8(ascii: "'"), UInt8(ascii: "\""):
                // MySQL: @@`version`, @'name'.
                var token = string(input, from: start &+ 1, delimiter: input[start], opening: input[start])
                token.type = .variable
                return token
            default: break
            }
        }
        position = start
        var end = start
        while end < input.count, !SQLTokenizer.endsVariable(input[end]) { end &+= 1 }
        return take(.variable, upTo: end)
    }
}
