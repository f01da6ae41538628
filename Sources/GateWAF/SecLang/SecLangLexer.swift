/// One directive as it stands in a file: its name and its arguments, quotes taken off and escapes left as they are.
struct SecLangDirective: Equatable {
    /// The line on which it starts, from 1.
    let line: Int
    /// Its name as written.
    let name: String
    /// Its arguments.
    let arguments: [SecLangArgument]
}

/// One argument of a directive.
struct SecLangArgument: Equatable {
    /// Its bytes without the quotes around it; a backslash stays, also before a quote.
    let bytes: [UInt8]
    /// Whether it stood in quotes.
    let isQuoted: Bool

    /// The bytes as text.
    var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// Splits a file of rules into directives.
///
/// A line that ends with a backslash goes on in the next one. A line whose first byte is `#` is a comment and ends with
/// its line, so that no comment swallows a rule. An argument is quoted, or ends at white space.
struct SecLangLexer {
    private let bytes: [UInt8]
    private var position = 0
    private var line = 1

    /// A lexer of one file.
    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        // A byte order mark is no part of the first directive.
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// The next directive; nil at the end of the file.
    mutating func next() throws(SecLangError) -> SecLangDirective? {
        while position < bytes.count {
            skipBlanks()
            guard position < bytes.count else { return nil }
            if bytes[position] == UInt8(ascii: "#") {
                skipLine()
            } else if isLineEnd(bytes[position]) {
                skipLine()
            } else {
                return try directive()
            }
        }
        return nil
    }

    /// The line of the directive that is being read.
    private(set) var directiveLine = 1

    private mutating func directive() throws(SecLangError) -> SecLangDirective {
        directiveLine = line
        let name = bareWord()
        var arguments: [SecLangArgument] = []
        while true {
            skipBlanks()
            guard position < bytes.count, !isLineEnd(bytes[position]) else { break }
            let first = bytes[position]
            if first == UInt8(ascii: "\"") || first == UInt8(ascii: "'") {
                arguments.append(SecLangArgument(bytes: try quoted(by: first), isQuoted: true))
            } else {
                arguments.append(SecLangArgument(bytes: bareWord(), isQuoted: false))
            }
        }
        return SecLangDirective(line: directiveLine, name: String(decoding: name, as: UTF8.self), arguments: arguments)
    }

    private mutating func bareWord() -> [UInt8] {
        var word: [UInt8] = []
        while position < bytes.count {
            if skipContinuation() { break }
            let byte = bytes[position]
            if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || isLineEnd(byte) { break }
            word.append(byte)
            position += 1
        }
        return word
    }

    private mutating func quoted(by quote: UInt8) throws(SecLangError) -> [UInt8] {
        position += 1
        var text: [UInt8] = []
        while position < bytes.count {
            if skipContinuation() { continue }
            let byte = bytes[position]
            if byte == quote {
                position += 1
                guard position >= bytes.count || isSpace(bytes[position]) || startsContinuation else {
                    throw SecLangError(
                        "a quoted argument goes on after its closing quote",
                        remedy:
                            "write a space after the quote, or \\\(Character(Unicode.Scalar(quote))) inside the argument"
                    )
                }
                return text
            }
            if isLineEnd(byte) {
                throw SecLangError(
                    "a quoted argument does not end on its line",
                    remedy: "close the quote, or end the line with a backslash to go on in the next one")
            }
            text.append(byte)
            position += 1
            // A backslash keeps the byte after it from ending the argument; both stay in the text.
            if byte == UInt8(ascii: "\\"), position < bytes.count, !isLineEnd(bytes[position]) {
                text.append(bytes[position])
                position += 1
            }
        }
        throw SecLangError("a quoted argument does not end", remedy: "close the quote")
    }

    private var startsContinuation: Bool {
        guard bytes[position] == UInt8(ascii: "\\"), position + 1 < bytes.count else { return false }
        if bytes[position + 1] == 0x0A { return true }
        return bytes[position + 1] == 0x0D && position + 2 < bytes.count && bytes[position + 2] == 0x0A
    }

    /// Skips a backslash and the line end after it.
    private mutating func skipContinuation() -> Bool {
        guard startsContinuation else { return false }
        position += bytes[position + 1] == 0x0A ? 2 : 3
        line += 1
        return true
    }

    private mutating func skipBlanks() {
        while position < bytes.count {
            if skipContinuation() { continue }
            guard bytes[position] == UInt8(ascii: " ") || bytes[position] == UInt8(ascii: "\t") else { return }
            position += 1
        }
    }

    /// Skips what is left of a directive with a problem, with the lines in which it goes on.
    mutating func skipDirective() {
        while position < bytes.count {
            if skipContinuation() { continue }
            let byte = bytes[position]
            position += 1
            if byte == 0x0A {
                line += 1
                return
            }
        }
    }

    /// Skips to the start of the next line.
    private mutating func skipLine() {
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == 0x0A {
                line += 1
                return
            }
        }
    }

    private func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

    private func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || isLineEnd(byte)
    }
}

/// What is wrong with a directive, before the file and line are known.
struct SecLangError: Error, Equatable {
    let message: String
    let remedy: String

    init(_ message: String, remedy: String) {
        self.message = message
        self.remedy = remedy
    }
}
