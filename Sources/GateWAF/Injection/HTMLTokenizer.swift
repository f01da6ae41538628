/// Reads a value as HTML, one token at a time, by the states of the standard's tokenizer and the habits of old browsers:
/// NUL is skipped in names, a backquote is a quote, `<%` and `<?` begin comments.
///
/// One pass, no allocation, no recursion.
struct HTMLTokenizer {
    /// Where in a page the value is taken to stand.
    enum Context: CaseIterable {
        case text, tag, singleQuoted, doubleQuoted, backquoted
    }

    /// What a token is.
    enum Kind {
        case text, tagName, tagEnd, attributeName, attributeValue, comment, documentType
    }

    /// The next thing to read (HTML 13.2.5).
    enum State {
        case data, tagOpen, endTagOpen, tagName, tagClose, selfClosing
        case beforeAttributeName, attributeName, afterAttributeName
        case beforeAttributeValue, quotedValue(UInt8), unquotedValue, afterQuotedValue
        case markupDeclaration, comment, bogusComment, bogusPercentComment, characterData, documentType
        case end
    }

    var state: State
    var position = 0
    private var isClosing = false

    /// What the last token was.
    private(set) var kind = Kind.text
    /// Where its text begins.
    private(set) var start = 0
    /// Where its text ends.
    private(set) var end = 0

    init(_ context: Context) {
        state =
            switch context {
            case .text: .data
            case .tag: .beforeAttributeName
            case .singleQuoted: .quotedValue(UInt8(ascii: "'"))
            case .doubleQuoted: .quotedValue(UInt8(ascii: "\""))
            case .backquoted: .quotedValue(UInt8(ascii: "`"))
            }
    }

    /// Reads the next token into `kind`, `start` and `end`; false at the end.
    mutating func next(_ input: Span<UInt8>) -> Bool {
        while true {
            switch state {
            case .end: return false
            case .data: if data(input) { return true }
            case .tagOpen: if tagOpen(input) { return true }
            case .endTagOpen: if endTagOpen(input) { return true }
            case .tagName: return tagName(input)
            case .tagClose:
                isClosing = false
                return emit(.tagEnd, position, position &+ 1, then: .data, at: position &+ 1)
            case .selfClosing:
                if position < input.count, input[position] == UInt8(ascii: ">") {
                    return emit(.tagEnd, position, position &+ 1, then: .data, at: position &+ 1)
                }
                state = position < input.count ? .beforeAttributeName : .end
            case .beforeAttributeName: if beforeAttributeName(input) { return true }
            case .attributeName: return attributeName(input)
            case .afterAttributeName: afterAttributeName(input)
            case .beforeAttributeValue: beforeAttributeValue(input)
            case .quotedValue(let quote): return quotedValue(input, quote)
            case .unquotedValue: return unquotedValue(input)
            case .afterQuotedValue: if afterQuotedValue(input) { return true }
            case .markupDeclaration: markupDeclaration(input)
            case .comment: return comment(input)
            case .bogusComment:
                return skip(.comment, to: input.firstIndex(of: UInt8(ascii: ">"), from: position), 1, input)
            case .bogusPercentComment:
                let close = input.firstIndex(of: UInt8(ascii: "%"), UInt8(ascii: ">"), from: position, to: input.count)
                return skip(.comment, to: close, 2, input)
            case .characterData: return characterData(input)
            case .documentType:
                return skip(.documentType, to: input.firstIndex(of: UInt8(ascii: ">"), from: position), 1, input)
            }
        }
    }

    mutating func emit(_ kind: Kind, _ start: Int, _ end: Int, then state: State, at position: Int) -> Bool {
        self.kind = kind
        self.start = start
        self.end = end
        self.state = state
        self.position = position
        return true
    }

    /// A token up to `close`, the mark of `length` bytes that ends it, or up to the end.
    private mutating func skip(_ kind: Kind, to close: Int?, _ length: Int, _ input: Span<UInt8>) -> Bool {
        guard let close else { return emit(kind, position, input.count, then: .end, at: input.count) }
        return emit(kind, position, close, then: .data, at: close &+ length)
    }

    /// Text up to the next tag; false where there is none.
    private mutating func data(_ input: Span<UInt8>) -> Bool {
        let start = position
        guard let tag = input.firstIndex(of: UInt8(ascii: "<"), from: start) else {
            state = .end
            return start < input.count && emit(.text, start, input.count, then: .end, at: input.count)
        }
        state = .tagOpen
        position = tag &+ 1
        return tag > start && emit(.text, start, tag, then: .tagOpen, at: tag &+ 1)
    }

    private mutating func tagOpen(_ input: Span<UInt8>) -> Bool {
        guard position < input.count else {
            state = .end
            return false
        }
        let next: State
        switch input[position] {
        case UInt8(ascii: "!"): next = .markupDeclaration
        case UInt8(ascii: "/"):
            isClosing = true
            next = .endTagOpen
        case UInt8(ascii: "?"): next = .bogusComment
        // Not in the standard: Internet Explorer to 9 and Safari to 4.
        case UInt8(ascii: "%"): next = .bogusPercentComment
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0:
            state = .tagName
            return false
        default: return emit(.text, position &- 1, position, then: .data, at: position)
        }
        position &+= 1
        state = next
        return false
    }

    private mutating func endTagOpen(_ input: Span<UInt8>) -> Bool {
        guard position < input.count else {
            state = .end
            return false
        }
        switch input[position] {
        case UInt8(ascii: ">"): state = .data
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): state = .tagName
        default:
            isClosing = false
            state = .bogusComment
        }
        return false
    }

    private mutating func tagName(_ input: Span<UInt8>) -> Bool {
        var index = position
        while index < input.count {
            let byte = input[index]
            if byte == UInt8(ascii: ">") {
                // The name of an end tag does no harm.
                if isClosing {
                    isClosing = false
                    return emit(.tagEnd, position, index, then: .data, at: index &+ 1)
                }
                return emit(.tagName, position, index, then: .tagClose, at: index)
            }
            if byte == UInt8(ascii: "/") { return emit(.tagName, position, index, then: .selfClosing, at: index &+ 1) }
            if HTMLTokenizer.isWhite(byte), byte != 0 {
                return emit(.tagName, position, index, then: .beforeAttributeName, at: index &+ 1)
            }
            index &+= 1
        }
        return emit(.tagName, position, input.count, then: .end, at: input.count)
    }

    private mutating func markupDeclaration(_ input: Span<UInt8>) {
        if input.hasPrefix("DOCTYPE", at: position, ignoringCase: true) {
            state = .documentType
        } else if input.hasPrefix("[CDATA[", at: position, ignoringCase: false) {
            position &+= 7
            state = .characterData
        } else if input.hasPrefix("--", at: position, ignoringCase: false) {
            position &+= 2
            state = .comment
        } else {
            state = .bogusComment
        }
    }

    /// A comment ends with `-->` or `-!>`, with NUL allowed after the first dash, or with the value.
    private mutating func comment(_ input: Span<UInt8>) -> Bool {
        var from = position
        while let dash = input.firstIndex(of: UInt8(ascii: "-"), from: from), dash &+ 3 <= input.count {
            let mark = input.end(from: dash &+ 1) { $0 == 0 }
            guard mark &+ 1 < input.count else { break }
            if input[mark] == UInt8(ascii: "-") || input[mark] == UInt8(ascii: "!"),
                input[mark &+ 1] == UInt8(ascii: ">")
            {
                return emit(.comment, position, dash, then: .data, at: mark &+ 2)
            }
            from = dash &+ 1
        }
        return emit(.comment, position, input.count, then: .end, at: input.count)
    }

    private mutating func characterData(_ input: Span<UInt8>) -> Bool {
        var from = position
        while let bracket = input.firstIndex(of: UInt8(ascii: "]"), UInt8(ascii: "]"), from: from, to: input.count) {
            if bracket &+ 2 < input.count, input[bracket &+ 2] == UInt8(ascii: ">") {
                return emit(.text, position, bracket, then: .data, at: bracket &+ 3)
            }
            from = bracket &+ 1
        }
        return emit(.text, position, input.count, then: .end, at: input.count)
    }
}
