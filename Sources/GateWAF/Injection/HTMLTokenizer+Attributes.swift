// The states of HTML 13.2.5 inside a tag.

extension HTMLTokenizer {
    /// White space in tags; old browsers take NUL and the vertical tab for it.
    @inline(__always)
    static func isWhite(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0 || 0x09...0x0d ~= byte }

    private mutating func skipWhite(_ input: Span<UInt8>) -> UInt8? {
        position = input.end(from: position, while: HTMLTokenizer.isWhite)
        guard position < input.count else {
            state = .end
            return nil
        }
        return input[position]
    }

    mutating func beforeAttributeName(_ input: Span<UInt8>) -> Bool {
        guard let byte = skipWhite(input) else { return false }
        switch byte {
        case UInt8(ascii: "/"):
            position &+= 1
            state = .selfClosing
        case UInt8(ascii: ">"): return emit(.tagEnd, position, position &+ 1, then: .data, at: position &+ 1)
        default: state = .attributeName
        }
        return false
    }

    mutating func attributeName(_ input: Span<UInt8>) -> Bool {
        var index = position &+ 1
        while index < input.count {
            let byte = input[index]
            if HTMLTokenizer.isWhite(byte) {
                return emit(.attributeName, position, index, then: .afterAttributeName, at: index &+ 1)
            }
            switch byte {
            case UInt8(ascii: "/"): return emit(.attributeName, position, index, then: .selfClosing, at: index &+ 1)
            case UInt8(ascii: "="):
                return emit(.attributeName, position, index, then: .beforeAttributeValue, at: index &+ 1)
            case UInt8(ascii: ">"): return emit(.attributeName, position, index, then: .tagClose, at: index)
            default: index &+= 1
            }
        }
        return emit(.attributeName, position, input.count, then: .end, at: input.count)
    }

    mutating func afterAttributeName(_ input: Span<UInt8>) {
        guard let byte = skipWhite(input) else { return }
        switch byte {
        case UInt8(ascii: "/"):
            position &+= 1
            state = .selfClosing
        case UInt8(ascii: "="):
            position &+= 1
            state = .beforeAttributeValue
        case UInt8(ascii: ">"): state = .tagClose
        default: state = .attributeName
        }
    }

    mutating func beforeAttributeValue(_ input: Span<UInt8>) {
        guard let byte = skipWhite(input) else { return }
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"): state = .quotedValue(byte)
        default: state = .unquotedValue
        }
    }

    mutating func quotedValue(_ input: Span<UInt8>, _ quote: UInt8) -> Bool {
        // At the very beginning the quote stands before the value.
        let start = position > 0 ? position &+ 1 : 0
        guard let close = input.firstIndex(of: quote, from: start) else {
            return emit(.attributeValue, min(start, input.count), input.count, then: .end, at: input.count)
        }
        return emit(.attributeValue, start, close, then: .afterQuotedValue, at: close &+ 1)
    }

    mutating func unquotedValue(_ input: Span<UInt8>) -> Bool {
        var index = position
        while index < input.count {
            let byte = input[index]
            if HTMLTokenizer.isWhite(byte) {
                return emit(.attributeValue, position, index, then: .beforeAttributeName, at: index &+ 1)
            }
            if byte == UInt8(ascii: ">") { return emit(.attributeValue, position, index, then: .tagClose, at: index) }
            index &+= 1
        }
        return emit(.attributeValue, position, input.count, then: .end, at: input.count)
    }

    mutating func afterQuotedValue(_ input: Span<UInt8>) -> Bool {
        guard position < input.count else {
            state = .end
            return false
        }
        let byte = input[position]
        if byte == UInt8(ascii: ">") { return emit(.tagEnd, position, position &+ 1, then: .data, at: position &+ 1) }
        if byte == UInt8(ascii: "/") {
            position &+= 1
            state = .selfClosing
        } else {
            if HTMLTokenizer.isWhite(byte) { position &+= 1 }
            state = .beforeAttributeName
        }
        return false
    }
}
