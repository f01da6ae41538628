/// A value of a test file: the part of YAML that the Core Rule Set's tests are written in.
///
/// Block maps and lists, flow lists of plain words, plain, quoted and literal scalars. No anchors, tags or flow maps.
indirect enum TestValue {
    case scalar(String)
    case list([TestValue])
    case map([(key: String, value: TestValue)])

    subscript(_ key: String) -> TestValue? {
        guard case .map(let entries) = self else { return nil }
        return entries.first { $0.key == key }?.value
    }

    var text: String? {
        guard case .scalar(let text) = self else { return nil }
        return text
    }

    /// The items of a list; one value stands for a list of itself, as in `status: 403`.
    var items: [TestValue] {
        guard case .list(let items) = self else { return [self] }
        return items
    }

    var entries: [(key: String, value: TestValue)] {
        guard case .map(let entries) = self else { return [] }
        return entries
    }
}

/// Reads such a file, line by line.
struct TestDocument {
    private var lines: [Line]
    private let raw: [[Character]]

    private struct Line {
        /// Where in the file it stands.
        let number: Int
        let indent: Int
        let text: [Character]
    }

    /// The value of the document in `text`.
    static func read(_ text: String) -> TestValue {
        var document = TestDocument(text)
        return document.node(atLeast: 0)
    }

    private init(_ text: String) {
        raw = text.replacing("\r\n", with: "\n").split(separator: "\n", omittingEmptySubsequences: false).map {
            Array($0)
        }
        lines = raw.enumerated().compactMap { number, characters in
            let indent = characters.prefix { $0 == " " }.count
            let rest = Array(characters[indent...])
            guard let first = rest.first, first != "#", rest != ["-", "-", "-"] else { return nil }
            return Line(number: number, indent: indent, text: rest)
        }.reversed()
    }

    private mutating func node(atLeast indent: Int) -> TestValue {
        guard let line = lines.last, line.indent >= indent else { return .scalar("") }
        return Self.isItem(line.text) ? list(line.indent) : map(line.indent)
    }

    private static func isItem(_ text: [Character]) -> Bool {
        text.first == "-" && (text.count == 1 || text[1] == " ")
    }

    private mutating func list(_ indent: Int) -> TestValue {
        var items: [TestValue] = []
        while let line = lines.last, line.indent == indent, Self.isItem(line.text) {
            lines.removeLast()
            let offset = line.text.dropFirst().prefix { $0 == " " }.count + 1
            let rest = Array(line.text.dropFirst(offset))
            if rest.isEmpty || rest.first == "#" {
                items.append(node(atLeast: indent + 1))
            } else if Self.key(of: rest) != nil {
                lines.append(Line(number: line.number, indent: indent + offset, text: rest))
                items.append(map(indent + offset))
            } else {
                items.append(value(rest, line, indent))
            }
        }
        return .list(items)
    }

    private mutating func map(_ indent: Int) -> TestValue {
        var entries: [(key: String, value: TestValue)] = []
        while let line = lines.last, line.indent == indent, !Self.isItem(line.text) {
            lines.removeLast()
            guard let (key, length) = Self.key(of: line.text) else { continue }
            let rest = Array(line.text.dropFirst(length).drop { $0 == " " })
            if rest.isEmpty || rest.first == "#" {
                let isList = lines.last.map { $0.indent == indent && Self.isItem($0.text) } ?? false
                entries.append((key, node(atLeast: isList ? indent : indent + 1)))
            } else {
                entries.append((key, value(rest, line, indent)))
            }
        }
        return .map(entries)
    }

    /// The key that a line begins with, and how many characters it takes with its colon.
    private static func key(of text: [Character]) -> (String, Int)? {
        if let quote = text.first, quote == "\"" || quote == "'" {
            guard let (key, length) = quoted(text), length < text.count, text[length] == ":" else { return nil }
            return (key, length + 1)
        }
        for (index, character) in text.enumerated() where character == ":" {
            if index + 1 == text.count || text[index + 1] == " " { return (String(text[..<index]), index + 1) }
        }
        return nil
    }

    /// A value that begins on the line of its key or dash.
    private mutating func value(_ text: [Character], _ line: Line, _ indent: Int) -> TestValue {
        switch text[0] {
        case "\"", "'": return .scalar(Self.quoted(text)?.0 ?? "")
        case "|": return .scalar(literal(after: line, indent, keepsEnd: text.dropFirst().first != "-"))
        case "[":
            let inside = text.dropFirst().prefix { $0 != "]" }
            let words = inside.split(separator: ",").map { String($0.filter { $0 != " " && $0 != "\"" && $0 != "'" }) }
            return .list(words.map(TestValue.scalar))
        default:
            var plain = Self.withoutComment(text)
            while let next = lines.last, next.indent > indent {
                lines.removeLast()
                plain += " " + Self.withoutComment(next.text)
            }
            return .scalar(plain)
        }
    }

    private static func withoutComment(_ text: [Character]) -> String {
        var end = text.count
        for index in text.indices.dropFirst() where text[index] == "#" && text[index - 1] == " " {
            end = index
            break
        }
        while end > 0, text[end - 1] == " " { end -= 1 }
        return String(text[..<end])
    }

    /// The lines below that are indented further, as they stand.
    private mutating func literal(after line: Line, _ indent: Int, keepsEnd: Bool) -> String {
        var block: [[Character]] = []
        var width: Int?
        var number = line.number + 1
        while number < raw.count {
            let characters = raw[number]
            let own = characters.prefix { $0 == " " }.count
            if own < characters.count {
                if own < width ?? (indent + 1) { break }
                width = width ?? own
            }
            block.append(characters)
            number += 1
        }
        while let last = block.last, last.allSatisfy({ $0 == " " }) { block.removeLast() }
        while let next = lines.last, next.number < number { lines.removeLast() }
        let text = block.map { String($0.dropFirst(width ?? 0)) }.joined(separator: "\n")
        return keepsEnd && !block.isEmpty ? text + "\n" : text
    }

    /// A quoted scalar at the beginning of `text`, and how many characters it takes.
    private static func quoted(_ text: [Character]) -> (String, Int)? {
        let quote = text[0]
        var result = ""
        var index = 1
        while index < text.count {
            let character = text[index]
            if character == quote {
                guard quote == "'", index + 1 < text.count, text[index + 1] == "'" else { return (result, index + 1) }
                result.append("'")
                index += 2
            } else if character == "\\", quote == "\"", index + 1 < text.count {
                index += escape(text, index + 1, into: &result)
            } else {
                result.append(character)
                index += 1
            }
        }
        return nil
    }

    /// Appends what an escape stands for; how many characters it takes with its backslash.
    private static func escape(_ text: [Character], _ index: Int, into result: inout String) -> Int {
        let digits: Int
        switch text[index] {
        case "n": result.append("\n")
        case "r": result.unicodeScalars.append("\r")
        case "t": result.append("\t")
        case "0": result.append("\0")
        case "v": result.append("\u{b}")
        case "b": result.append("\u{8}")
        case "e": result.append("\u{1b}")
        case "x", "u":
            digits = text[index] == "x" ? 2 : 4
            let code = UInt32(String(text[min(index + 1, text.count)..<min(index + 1 + digits, text.count)]), radix: 16)
            if let scalar = code.flatMap(Unicode.Scalar.init) { result.unicodeScalars.append(scalar) }
            return 2 + digits
        default: result.append(text[index])
        }
        return 2
    }
}
