import GatePrimitives

// Comments, strings and numbers in the spellings of all databases at once.

extension SQLTokenizer {
    /// `#`: MySQL's comment to the end of the line, an operator elsewhere.
    mutating func hash(_ input: Span<UInt8>) -> SQLToken {
        isAmbiguous = true
        return isMySQL ? lineComment(input) : single(.anyOperator)
    }

    /// `--`: a comment before white space and at the end, for everybody but MySQL before anything.
    mutating func dash(_ input: Span<UInt8>) -> SQLToken {
        guard position &+ 1 < input.count, input[position &+ 1] == UInt8(ascii: "-") else {
            return single(.anyOperator)
        }
        if position &+ 2 == input.count || SQLTokenizer.isWhite(input[position &+ 2]) { return lineComment(input) }
        guard !isMySQL else { return single(.anyOperator) }
        isAmbiguous = true
        return lineComment(input)
    }

    private mutating func lineComment(_ input: Span<UInt8>) -> SQLToken {
        guard let end = input.firstIndex(of: 0x0a, from: position) else { return take(.comment, upTo: input.count) }
        let token = take(.comment, upTo: end)
        position &+= 1
        return token
    }

    /// `/`: a comment with `*`, else an operator.
    mutating func slash(_ input: Span<UInt8>) -> SQLToken {
        guard position &+ 1 < input.count, input[position &+ 1] == UInt8(ascii: "*") else {
            return single(.anyOperator)
        }
        let inside = position &+ 2
        let close = input.firstIndex(of: UInt8(ascii: "*"), UInt8(ascii: "/"), from: inside, to: input.count)
        // PostgreSQL nests comments and MySQL runs what is in /*! */: readings that differ are refused.
        let nests =
            close.map {
                input.firstIndex(of: UInt8(ascii: "/"), UInt8(ascii: "*"), from: inside, to: $0 &+ 1) != nil
            } ?? false
        let runs = inside < input.count && input[inside] == UInt8(ascii: "!")
        return take(nests || runs ? .evil : .comment, upTo: close.map { $0 &+ 2 } ?? input.count)
    }

    /// A string whose text begins at `start`: up to the `delimiter` that neither a backslash escapes nor a second one
    /// doubles, or up to the end.
    mutating func string(
        _ input: Span<UInt8>, from start: Int, delimiter: UInt8, opening: UInt8
    ) -> SQLToken {
        var index = start
        var isEscaped = false
        while index < input.count {
            let byte = input[index]
            if byte != delimiter || isEscaped {
                isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
                index &+= 1
            } else if index &+ 1 < input.count, input[index &+ 1] == delimiter {
                index &+= 2
            } else {
                var token = SQLToken(.string, start: start, end: index)
                token.opening = opening
                token.closing = delimiter
                position = index &+ 1
                return token
            }
        }
        var token = SQLToken(.string, start: start, end: input.count)
        token.opening = opening
        position = input.count
        return token
    }

    /// PostgreSQL's `E'…'`.
    mutating func prefixedString(_ input: Span<UInt8>) -> SQLToken {
        guard position &+ 2 < input.count, input[position &+ 1] == UInt8(ascii: "'") else { return word(input) }
        return string(input, from: position &+ 2, delimiter: UInt8(ascii: "'"), opening: UInt8(ascii: "'"))
    }

    /// MySQL's `N'…'` and Oracle's `nq'(…)'`.
    mutating func nationalString(_ input: Span<UInt8>) -> SQLToken {
        if position &+ 2 < input.count, input[position &+ 1] == UInt8(ascii: "'") { return prefixedString(input) }
        return oracleString(input, after: 1)
    }

    /// The standard's `U&'…'`.
    mutating func unicodeString(_ input: Span<UInt8>) -> SQLToken {
        guard position &+ 2 < input.count, input[position &+ 1] == UInt8(ascii: "&"),
            input[position &+ 2] == UInt8(ascii: "'")
        else { return word(input) }
        let mark = UInt8(ascii: "u")
        var token = string(input, from: position &+ 3, delimiter: UInt8(ascii: "'"), opening: mark)
        if token.closing != 0 { token.closing = mark }
        return token
    }

    /// Oracle's `q'(…)'` with any pair of brackets or any one mark, `skipped` bytes after the position.
    mutating func oracleString(_ input: Span<UInt8>, after skipped: Int) -> SQLToken {
        let start = position &+ skipped
        guard start &+ 2 < input.count, input[start].sqlUppercased == UInt8(ascii: "Q"),
            input[start &+ 1] == UInt8(ascii: "'"), 33...127 ~= input[start &+ 2]
        else { return word(input) }
        let mark: UInt8 =
            switch input[start &+ 2] {
            case UInt8(ascii: "("): UInt8(ascii: ")")
            case UInt8(ascii: "["): UInt8(ascii: "]")
            case UInt8(ascii: "{"): UInt8(ascii: "}")
            case UInt8(ascii: "<"): UInt8(ascii: ">")
            default: input[start &+ 2]
            }
        position = start &+ 3
        let end = input.firstIndex(of: mark, UInt8(ascii: "'"), from: position, to: input.count)
        return marked(UInt8(ascii: "q"), upTo: end, skipping: 2, input)
    }

    /// A string from the position up to `end`, after which `skipping` bytes close it, or to the end of the input.
    private mutating func marked(
        _ mark: UInt8, upTo end: Int?, skipping: Int, _ input: Span<UInt8>
    ) -> SQLToken {
        var token = take(.string, upTo: end ?? input.count)
        token.opening = mark
        guard let end else { return token }
        token.closing = mark
        position = end &+ skipping
        return token
    }

    /// `b'01'` and `x'0f'`: digits that `isDigit` knows, in quotes, after one letter.
    @inline(__always)
    mutating func digitString(_ input: Span<UInt8>, _ isDigit: (UInt8) -> Bool) -> SQLToken {
        guard position &+ 2 < input.count, input[position &+ 1] == UInt8(ascii: "'") else { return word(input) }
        let end = input.end(from: position &+ 2) { isDigit($0) || $0 == 0 }
        guard end < input.count, input[end] == UInt8(ascii: "'") else { return word(input) }
        return take(.number, upTo: end &+ 1)
    }

    /// `$`: an amount of money, PostgreSQL's `$$…$$` and `$tag$…$tag$`, or a name.
    mutating func money(_ input: Span<UInt8>) -> SQLToken {
        let next = position &+ 1
        let amount = input.end(from: next) { 0x30...0x39 ~= $0 || $0 == 0x2c || $0 == 0x2e || $0 == 0 }
        if amount == next &+ 1, input[next] == UInt8(ascii: ".") { return word(input) }
        if amount > next { return take(.number, upTo: amount) }
        guard next < input.count else { return single(.bareword) }
        let dollar = UInt8(ascii: "$")
        let tag = input.end(from: next) { $0.sqlUppercased &- 0x41 < 26 || $0 == 0 }
        guard tag < input.count, input[tag] == dollar else { return single(.bareword) }
        let quote = position..<tag &+ 1
        position = quote.upperBound
        return marked(dollar, upTo: repeated(quote, input), skipping: quote.count, input)
    }

    /// Where the bytes of `quote`, which begins and ends with the only `$` in it, stand again at or after its end.
    private func repeated(_ quote: Range<Int>, _ input: Span<UInt8>) -> Int? {
        var from = quote.upperBound
        while let candidate = input.firstIndex(of: UInt8(ascii: "$"), from: from),
            quote.count <= input.count &- candidate
        {
            var length = 1
            while length < quote.count, input[candidate &+ length] == input[quote.lowerBound &+ length] { length &+= 1 }
            if length == quote.count { return candidate }
            from = candidate &+ 1
        }
        return nil
    }

    /// A number: hexadecimal, binary, decimal with an exponent and Oracle's suffix; or a dot alone.
    mutating func number(_ input: Span<UInt8>) -> SQLToken {
        if input[position] == UInt8(ascii: "0"), position &+ 1 < input.count {
            let kind = input[position &+ 1].sqlUppercased
            if kind == UInt8(ascii: "X") || kind == UInt8(ascii: "B") {
                let digits = position &+ 2
                let end = input.end(from: digits) {
                    $0 == 0 || (kind == UInt8(ascii: "X") ? ByteSet.hexDigit.contains($0) : $0 == 0x30 || $0 == 0x31)
                }
                return take(end == digits ? .bareword : .number, upTo: end)
            }
        }
        var end = input.end(from: position, while: ByteSet.digit.contains)
        if end < input.count, input[end] == UInt8(ascii: ".") {
            end = input.end(from: end &+ 1, while: ByteSet.digit.contains)
            if end &- position == 1 { return single(.dot) }
        }
        var lacksExponent = false
        if end < input.count, input[end].sqlUppercased == UInt8(ascii: "E") {
            end &+= 1
            if end < input.count, input[end] == UInt8(ascii: "+") || input[end] == UInt8(ascii: "-") { end &+= 1 }
            let exponent = end
            end = input.end(from: end, while: ByteSet.digit.contains)
            lacksExponent = end == exponent
        }
        if end < input.count {
            let suffix = input[end].sqlUppercased
            if suffix == UInt8(ascii: "D") || suffix == UInt8(ascii: "F") {
                // Oracle's float and double; `1fUNION` is `1f UNION`, but `123FROM` is `123 FROM`.
                if end &+ 1 == input.count || SQLTokenizer.isWhite(input[end &+ 1])
                    || input[end &+ 1] == UInt8(ascii: ";") || input[end &+ 1].sqlUppercased == UInt8(ascii: "U")
                {
                    end &+= 1
                }
            }
        }
        // MySQL skips `1.e` before a parenthesis: no number.
        return take(lacksExponent ? .bareword : .number, upTo: end)
    }
}
