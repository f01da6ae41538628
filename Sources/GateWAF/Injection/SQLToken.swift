/// What a token of SQL is, as one letter: fingerprints are made of these.
struct SQLTokenType: Equatable, Sendable {
    let letter: UInt8

    init(_ letter: Unicode.Scalar) { self.letter = UInt8(truncatingIfNeeded: letter.value) }
    init(byte: UInt8) { letter = byte }

    static let none = SQLTokenType(byte: 0)
    static let keyword = SQLTokenType("k")
    static let union = SQLTokenType("U")
    static let group = SQLTokenType("B")
    static let expression = SQLTokenType("E")
    static let sqlType = SQLTokenType("t")
    static let function = SQLTokenType("f")
    static let bareword = SQLTokenType("n")
    static let number = SQLTokenType("1")
    static let variable = SQLTokenType("v")
    static let string = SQLTokenType("s")
    static let anyOperator = SQLTokenType("o")
    static let logicOperator = SQLTokenType("&")
    static let comment = SQLTokenType("c")
    static let collate = SQLTokenType("A")
    static let leftParenthesis = SQLTokenType("(")
    static let rightParenthesis = SQLTokenType(")")
    static let leftBrace = SQLTokenType("{")
    static let rightBrace = SQLTokenType("}")
    static let dot = SQLTokenType(".")
    static let comma = SQLTokenType(",")
    static let colon = SQLTokenType(":")
    static let semicolon = SQLTokenType(";")
    static let transactSQL = SQLTokenType("T")
    static let unknown = SQLTokenType("?")
    /// Databases disagree how to read on: an injection without more ado.
    static let evil = SQLTokenType("X")
    static let backslash = SQLTokenType("\\")

    /// Whether a word of this type may be the first of a phrase such as `GROUP BY`.
    var mayStartPhrase: Bool {
        switch letter {
        case UInt8(ascii: "k"), UInt8(ascii: "n"), UInt8(ascii: "o"), UInt8(ascii: "U"), UInt8(ascii: "f"),
            UInt8(ascii: "E"), UInt8(ascii: "T"), UInt8(ascii: "t"):
            true
        default: false
        }
    }
}

/// One token: its type and where its text stands, in the input or, for a phrase, in the table of words.
struct SQLToken {
    // LIMIT: as in libinjection, a token knows its first 31 bytes; longer words are no keywords.
    static let longest = 31

    var type = SQLTokenType.none
    /// Offset of the text in the input.
    var start = 0
    /// Length of the text, at most `longest`.
    var length = 0
    /// The entry of the table whose text this token has: set where words were joined to a phrase.
    var phrase: SQLWords.Entry?
    /// Whether the table has a phrase that begins with this text.
    var startsPhrase = false
    /// The mark that opened a string: a quote, `u`, `q` or `$`; 0 where there is none or it was pretended.
    var opening: UInt8 = 0
    /// The mark that closed it; 0 where the input ended first.
    var closing: UInt8 = 0

    init() {}

    init(_ type: SQLTokenType, start: Int, end: Int) {
        self.type = type
        self.start = start
        length = min(end &- start, SQLToken.longest)
    }

    /// Byte `index` of the text; 0 beyond its end.
    func byte(_ index: Int, in input: Span<UInt8>) -> UInt8 {
        guard index < length else { return 0 }
        if let phrase { return SQLWords.shared.byte(index, of: phrase) }
        let offset = start &+ index
        return offset < input.count ? input[offset] : 0
    }

    /// Whether the text is `word`, which is in capitals, in any case.
    func matches(_ word: StaticString, in input: Span<UInt8>) -> Bool {
        length == word.utf8CodeUnitCount && hasPrefix(word, in: input)
    }

    /// Whether the text begins with `word`, which is in capitals, in any case.
    func hasPrefix(_ word: StaticString, in input: Span<UInt8>) -> Bool {
        guard length >= word.utf8CodeUnitCount else { return false }
        return word.withUTF8Buffer { letters in
            // SAFETY: a static string's bytes live for ever, and the buffer's indices are its own.
            for index in letters.indices where unsafe letters[index] != byte(index, in: input).sqlUppercased {
                return false
            }
            return true
        }
    }

    /// Whether it is an operator of one operand: `+ - ! ~ !! NOT`.
    func isUnary(in input: Span<UInt8>) -> Bool {
        guard type == .anyOperator else { return false }
        switch length {
        case 1:
            let only = byte(0, in: input)
            return only == UInt8(ascii: "+") || only == UInt8(ascii: "-") || only == UInt8(ascii: "!")
                || only == UInt8(ascii: "~")
        case 2: return byte(0, in: input) == UInt8(ascii: "!") && byte(1, in: input) == UInt8(ascii: "!")
        case 3: return matches("NOT", in: input)
        default: return false
        }
    }

    /// Whether it is one of `* / - + %`.
    func isArithmetic(in input: Span<UInt8>) -> Bool {
        guard type == .anyOperator, length == 1 else { return false }
        switch byte(0, in: input) {
        case UInt8(ascii: "*"), UInt8(ascii: "/"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "%"): return true
        default: return false
        }
    }
}

extension UInt8 {
    /// The capital of an ASCII letter, any other byte as it is.
    @inline(__always)
    var sqlUppercased: UInt8 { self &- 0x61 < 26 ? self &- 0x20 : self }
}
