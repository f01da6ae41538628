// What folds, by two and by three tokens. The order of the cases is part of the algorithm.

extension SQLReading {
    /// What a look at two tokens came to.
    enum Fold {
        /// Something changed: look again.
        case again
        /// Nothing folds.
        case nothing
        /// Databases disagree how to read on.
        case stop
    }

    /// Takes `count` tokens off the end and goes on at `next`.
    private mutating func drop(_ count: Int, at next: Int = 0) -> Fold {
        filled = max(filled &- count, 0)
        left = next
        return .again
    }

    /// Folds the two tokens at `left`, if they fold.
    mutating func foldTwo(_ input: Span<UInt8>) -> Fold {
        let first = tokens[left]
        let second = tokens[left &+ 1]
        if first.type == .string && second.type == .string { return drop(1, at: left) }
        if first.type == .semicolon && second.type == .semicolon { return drop(1, at: left) }
        if first.type == .anyOperator || first.type == .logicOperator,
            second.isUnary(in: input) || second.type == .sqlType
        {
            return drop(1)
        }
        if first.type == .leftParenthesis && second.isUnary(in: input) { return drop(1, at: max(left &- 1, 0)) }
        if joinPhrase(first, second, input) { return drop(1, at: max(left &- 1, 0)) }
        if first.type == .semicolon, second.type == .function, second.hasPrefix("IF", in: input) {
            // Transact-SQL's statement, not the function.
            tokens[left &+ 1].type = .transactSQL
            return .again
        }
        switch first.type {
        case .bareword where second.type == .leftParenthesis && isNameOfFunction(first, input),
            .variable where second.type == .leftParenthesis && isNameOfFunction(first, input):
            tokens[left].type = .function
            return .again
        case .keyword where first.matches("IN", in: input) || first.matches("NOT IN", in: input):
            tokens[left].type = second.type == .leftParenthesis ? .anyOperator : .bareword
            return .again
        case .anyOperator where first.matches("LIKE", in: input) || first.matches("NOT LIKE", in: input):
            if second.type == .leftParenthesis { tokens[left].type = .function }
            return .nothing
        case .sqlType where takesType(second.type):
            tokens[left] = second
            return drop(1)
        case .collate where second.type == .bareword:
            // Names of collations are too many to know: those with an underscore.
            if hasUnderscore(second, input) {
                tokens[left &+ 1].type = .sqlType
                left = 0
            }
            return .nothing
        case .backslash:
            if second.isArithmetic(in: input) {
                // Transact-SQL reads \%1 as 0 % 1.
                tokens[left].type = .number
                left = 0
                return .again
            }
            tokens[left] = second
            return drop(1)
        case .leftParenthesis where second.type == .leftParenthesis,
            .rightParenthesis where second.type == .rightParenthesis:
            return drop(1)
        case .leftBrace where second.type == .bareword:
            if second.length == 0 {
                // MySQL takes {``.``.name}: refused rather than followed.
                return .stop
            }
            // ODBC's {name expression} is the expression.
            return drop(2)
        default:
            return second.type == .rightBrace ? drop(1) : .nothing
        }
    }

    /// Joins two words that are a phrase to one token, at `left`.
    private mutating func joinPhrase(_ first: SQLToken, _ second: SQLToken, _ input: Span<UInt8>) -> Bool {
        guard first.startsPhrase, first.type.mayStartPhrase,
            second.type.mayStartPhrase || second.type == .logicOperator,
            first.length &+ second.length < SQLToken.longest
        else { return false }
        var text = InlineArray<32, UInt8>(repeating: 0)
        for index in 0..<first.length { text[index] = first.byte(index, in: input) }
        text[first.length] = UInt8(ascii: " ")
        for index in 0..<second.length { text[first.length &+ 1 &+ index] = second.byte(index, in: input) }
        guard let entry = SQLWords.shared.find(text.span, 0..<first.length &+ 1 &+ second.length) else { return false }
        tokens[left].type = SQLWords.shared.type(of: entry)
        tokens[left].phrase = entry
        tokens[left].length = SQLWords.shared.length(of: entry)
        tokens[left].startsPhrase = SQLWords.shared.startsPhrase(entry)
        return true
    }

    /// Names that are columns or variables alone and functions before a parenthesis.
    private func isNameOfFunction(_ token: SQLToken, _ input: Span<UInt8>) -> Bool {
        switch token.length {
        case 4: token.matches("USER", in: input)
        case 7: token.matches("USER_ID", in: input)
        case 8: token.matches("DATABASE", in: input) || token.matches("PASSWORD", in: input)
        case 9: token.matches("USER_NAME", in: input) || token.matches("LOCALTIME", in: input)
        case 12:
            token.matches("CURRENT_USER", in: input) || token.matches("CURRENT_DATE", in: input)
                || token.matches("CURRENT_TIME", in: input)
        case 14: token.matches("LOCALTIMESTAMP", in: input)
        case 17: token.matches("CURRENT_TIMESTAMP", in: input)
        default: false
        }
    }

    private func takesType(_ type: SQLTokenType) -> Bool {
        type == .bareword || type == .number || type == .sqlType || type == .leftParenthesis || type == .function
            || type == .variable || type == .string
    }

    private func hasUnderscore(_ token: SQLToken, _ input: Span<UInt8>) -> Bool {
        for index in 0..<token.length {
            let byte = token.byte(index, in: input)
            if byte == UInt8(ascii: "_") { return true }
            if byte == 0 { return false }
        }
        return false
    }

    /// Folds the three tokens at `left`; false where they do not fold.
    mutating func foldThree(_ input: Span<UInt8>) -> Bool {
        let first = tokens[left].type
        let second = tokens[left &+ 1]
        let third = tokens[left &+ 2].type
        if isCalculation(first, second, third, input) {
            _ = drop(2)
            return true
        }
        if second.isUnary(in: input) { return foldSign(first, third) }
        switch (first, second.type) {
        case (.bareword, .dot) where third == .bareword:
            // database.table
            _ = drop(2)
            return true
        case (.expression, .dot) where third == .bareword:
            // SELECT .`name`
            tokens[left &+ 1] = tokens[left &+ 2]
            _ = drop(1)
            return true
        case (.function, .leftParenthesis) where third != .rightParenthesis:
            // USER takes no argument: with one it is a name.
            if tokens[left].matches("USER", in: input) { tokens[left].type = .bareword }
            return false
        default: return false
        }
    }

    /// Whether three tokens are one value: `1+1`, `a,b`, `'a'::text`, or two operators about something.
    private func isCalculation(
        _ first: SQLTokenType, _ second: SQLToken, _ third: SQLTokenType, _ input: Span<UInt8>
    ) -> Bool {
        if first == .anyOperator, second.type != .leftParenthesis, third == .anyOperator { return true }
        if first == .logicOperator, third == .logicOperator { return true }
        guard first == .bareword || first == .number || first == .variable || first == .string else { return false }
        let isName = third == .number || third == .bareword
        switch second.type {
        case .anyOperator:
            switch first {
            case .number, .bareword: if isName { return true }
            case .variable: if isName || third == .variable { return true }
            default: break
            }
            return third == .sqlType && second.matches("::", in: input)
        case .comma: return isName || third == .string || third == .variable
        default: return false
        }
    }

    /// Takes away the sign between the tokens `first` and `third`, where it is one.
    private mutating func foldSign(_ first: SQLTokenType, _ third: SQLTokenType) -> Bool {
        let isValue = third == .number || third == .bareword || third == .variable || third == .string
        let dropped: Int
        switch first {
        case .expression, .group:
            guard isValue || third == .function || third == .leftParenthesis else { return false }
            dropped = 1
        case .keyword:
            guard isValue || third == .function else { return false }
            dropped = 1
        case .comma where isValue:
            // `1,-1` is `1`: also the token before the comma is looked at again.
            dropped = 3
        case .comma where third == .leftParenthesis || third == .function: dropped = 1
        default: return false
        }
        tokens[left &+ 1] = tokens[left &+ 2]
        _ = drop(dropped)
        return true
    }
}
