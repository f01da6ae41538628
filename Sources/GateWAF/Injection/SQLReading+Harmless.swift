// Short fingerprints that ordinary text makes as well: what sets the two apart.

extension SQLReading {
    /// Whether an injection's fingerprint is more likely ordinary text.
    func isHarmless(_ input: Span<UInt8>) -> Bool {
        // SQL Server leaves statements out of its log that mention this.
        if count > 1, tokens[count &- 1].type == .comment, input.mentions("sp_password") { return false }
        return count == 2 ? isHarmlessPair(input) : count == 3 ? isHarmlessTriple(input) : false
    }

    private func isHarmlessPair(_ input: Span<UInt8>) -> Bool {
        let first = tokens[0]
        let second = tokens[1]
        // "1 union" is text; with something folded away it is not.
        if second.type == .union { return tokenizer.count == 2 }
        let mark = second.byte(0, in: input)
        if mark == UInt8(ascii: "#") { return true }
        guard second.type == .comment else {
            return second.length > 2 && mark == UInt8(ascii: "-")
        }
        if first.type == .bareword, mark != UInt8(ascii: "/") { return true }
        if first.type == .number {
            if mark == UInt8(ascii: "/") || tokenizer.count > 2 { return false }
            return !beginsWithComment(input, after: first.length)
        }
        // Dashes stand in ordinary text; at the end of the value they are an attempt.
        return second.length > 2 && mark == UInt8(ascii: "-")
    }

    /// Whether white space, `/*` or `--` follows the first `length` bytes, as after a number that is one.
    private func beginsWithComment(_ input: Span<UInt8>, after length: Int) -> Bool {
        let next = length < input.count ? input[length] : 0
        let afterNext = length &+ 1 < input.count ? input[length &+ 1] : 0
        return next <= 0x20 || next >= 0x80
            || next == UInt8(ascii: "/") && afterNext == UInt8(ascii: "*")
            || next == UInt8(ascii: "-") && afterNext == UInt8(ascii: "-")
    }

    private func isHarmlessTriple(_ input: Span<UInt8>) -> Bool {
        let first = tokens[0]
        let second = tokens[1]
        let third = tokens[2]
        switch (first.type, second.type, third.type) {
        case (.string, .anyOperator, .string), (.string, .logicOperator, .string):
            // `foo" + "bar` breaks out of a string and back in; `"foo" + "bar"` is text.
            return first.opening != 0 || third.closing != 0 || first.closing != third.opening
        case (.string, .logicOperator, .bareword), (.bareword, .logicOperator, .number),
            (.number, .logicOperator, .number), (.number, .logicOperator, .variable),
            (.number, .logicOperator, .string):
            // "sexy and 17" is text, "sexy and 17<18" is not.
            return tokenizer.count == 3
        case (_, .keyword, _):
            // Of keywords between two values, INTO OUTFILE and INTO DUMPFILE alone do harm.
            return second.length < 5 || !second.hasPrefix("INTO", in: input)
        default: return false
        }
    }
}

extension Span<UInt8> {
    /// Whether `word` occurs in these bytes, letter by letter.
    fileprivate func mentions(_ word: StaticString) -> Bool {
        word.withUTF8Buffer { letters in
            // SAFETY: a static string's bytes live for ever, and the buffer's indices are its own.
            guard let first = unsafe letters.first else { return false }
            var from = 0
            while let start = firstIndex(of: first, from: from), letters.count <= count &- start {
                var length = 1
                while length < letters.count, unsafe letters[length] == self[start &+ length] { length &+= 1 }
                if length == letters.count { return true }
                from = start &+ 1
            }
            return false
        }
    }
}
