extension ActionsSyntax {
    /// Reads a list of actions: names with values, separated by commas outside single quotes.
    init(parsing bytes: [UInt8]) throws(SecLangError) {
        self.init()
        for (name, value) in try ActionsSyntax.split(bytes) { try apply(name.lowercased(), value, name) }
    }

    /// Names and values; the quotes around a value are taken off, and `\'` within them is `'`.
    private static func split(_ bytes: [UInt8]) throws(SecLangError) -> [(String, [UInt8])] {
        var actions: [(String, [UInt8])] = []
        var position = 0
        while position < bytes.count {
            while position < bytes.count, isBlank(bytes[position]) || bytes[position] == UInt8(ascii: ",") {
                position += 1
            }
            let start = position
            while position < bytes.count, bytes[position] != UInt8(ascii: ":"), bytes[position] != UInt8(ascii: ",") {
                position += 1
            }
            let name = trimmed(bytes[start..<position])
            var value: [UInt8] = []
            if position < bytes.count, bytes[position] == UInt8(ascii: ":") {
                position += 1
                value = try self.value(bytes, &position)
            }
            if !name.isEmpty { actions.append((String(decoding: name, as: UTF8.self), value)) }
        }
        return actions
    }

    private static func value(_ bytes: [UInt8], _ position: inout Int) throws(SecLangError) -> [UInt8] {
        while position < bytes.count, isBlank(bytes[position]) { position += 1 }
        guard position < bytes.count, bytes[position] == UInt8(ascii: "'") else {
            // A value without quotes may hold quotes further on, as in setvar:tx.a='b,c'; commas in them do not end it.
            let start = position
            var isQuoted = false
            while position < bytes.count, isQuoted || bytes[position] != UInt8(ascii: ",") {
                if bytes[position] == UInt8(ascii: "'") { isQuoted.toggle() }
                position += 1
            }
            guard !isQuoted else { throw SecLangError("a quoted value does not end", remedy: "write ' at its end") }
            return Array(trimmed(bytes[start..<position]))
        }
        position += 1
        var value: [UInt8] = []
        while position < bytes.count, bytes[position] != UInt8(ascii: "'") {
            if bytes[position] == UInt8(ascii: "\\"), position + 1 < bytes.count,
                bytes[position + 1] == UInt8(ascii: "'")
            {
                position += 1
            }
            value.append(bytes[position])
            position += 1
        }
        guard position < bytes.count else {
            throw SecLangError("a quoted value does not end", remedy: "write ' at its end")
        }
        position += 1
        while position < bytes.count, isBlank(bytes[position]) { position += 1 }
        guard position == bytes.count || bytes[position] == UInt8(ascii: ",") else {
            throw SecLangError("a quoted value goes on after its quote", remedy: "write a comma between actions")
        }
        return value
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == 0x0A || byte == 0x0D
    }

    private static func trimmed(_ slice: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var slice = slice
        while let first = slice.first, isBlank(first) { slice = slice.dropFirst() }
        while let last = slice.last, isBlank(last) { slice = slice.dropLast() }
        return slice
    }

    private mutating func apply(_ name: String, _ value: [UInt8], _ written: String) throws(SecLangError) {
        switch name {
        case "id": id = try ActionsSyntax.number(value, of: "id", in: 1...999_999_999)
        case "phase": phase = try ActionsSyntax.phase(value)
        case "status": status = try ActionsSyntax.number(value, of: "status", in: 200...599)
        case "skip": skip = try ActionsSyntax.number(value, of: "skip", in: 1...100_000)
        case "skipafter": skipAfter = String(decoding: value, as: UTF8.self)
        case "severity": severity = try ActionsSyntax.severity(value)
        case "t": transformations.append(String(decoding: value, as: UTF8.self))
        case "setvar": assignments.append(try AssignmentSyntax(parsing: value))
        case "ctl": if let control = try ControlSyntax.parse(value) { controls.append(control) }
        case "msg": message = try TemplateSyntax(parsing: value[...])
        case "logdata": logData = try TemplateSyntax(parsing: value[...])
        case "tag": tags.append(try TemplateSyntax(parsing: value[...]))
        case "rev": revision = value
        case "ver", "maturity", "accuracy": break
        case "expirevar", "initcol":
            // Collections live as long as the transaction: there is nothing to load and nothing to expire.
            _ = try TemplateSyntax(parsing: value[...])
        default: try applyWord(name, value, written)
        }
    }

    /// The actions that are one word, as a rule.
    private mutating func applyWord(_ name: String, _ value: [UInt8], _ written: String) throws(SecLangError) {
        switch name {
        case "pass": try set(.pass)
        case "deny": try set(.deny)
        case "drop": try set(.drop)
        case "block": try set(.block)
        case "allow": try set(.allow(try ActionsSyntax.scope(value)))
        case "log", "auditlog": reports.append(true)
        case "nolog", "noauditlog": reports.append(false)
        case "chain": isChained = true
        case "capture": captures = true
        case "multimatch": multiMatch = true
        // What these would hide or delay, this engine never shows or does.
        case "sanitisearg", "sanitisematched", "sanitisematchedbytes", "sanitiserequestheader",
            "sanitiseresponseheader":
            break
        case "redirect", "proxy":
            throw SecLangError(
                "the action \(written) is not supported", remedy: "use deny; redirects belong to a route")
        case "exec", "pause", "append", "prepend", "setenv", "setuid", "setsid", "setrsc", "deprecatevar", "xmlns":
            throw SecLangError("the action \(written) is not supported", remedy: "leave it out")
        default:
            throw SecLangError("\(written) is not an action", remedy: "write one of ModSecurity's actions")
        }
    }

    /// SecLang takes the last one; two that differ are a mistake, and the rule's effect is too grave to guess.
    private mutating func set(_ value: DisruptiveSyntax) throws(SecLangError) {
        guard disruptive == nil || disruptive == value else {
            throw SecLangError(
                "the rule has two actions that decide what becomes of the request",
                remedy: "keep one of pass, block, deny, drop and allow")
        }
        disruptive = value
    }

    private static func number(_ value: [UInt8], of what: String, in range: ClosedRange<Int>) throws(SecLangError)
        -> Int
    {
        guard let number = Int(String(decoding: value, as: UTF8.self)), range.contains(number) else {
            throw SecLangError(
                "\(what) is not a number of \(range.lowerBound) to \(range.upperBound)", remedy: "write such a number")
        }
        return number
    }

    private static func phase(_ value: [UInt8]) throws(SecLangError) -> RulePhase {
        let text = String(decoding: value, as: UTF8.self).lowercased()
        switch text {
        case "request": return .requestBody
        case "response": return .responseBody
        case "logging": return .logging
        default:
            if let number = UInt8(text), let phase = RulePhase(rawValue: number) { return phase }
            throw SecLangError("phase is not 1 to 5", remedy: "write 1, 2, 3, 4 or 5")
        }
    }

    private static func severity(_ value: [UInt8]) throws(SecLangError) -> RuleSeverity {
        let text = String(decoding: value, as: UTF8.self).uppercased()
        if let number = UInt8(text), let severity = RuleSeverity(rawValue: number) { return severity }
        if let severity = RuleSeverity.allCases.first(where: { $0.word == text }) { return severity }
        throw SecLangError("\(text) is not a severity", remedy: "write a word such as CRITICAL, or 0 to 7")
    }

    private static func scope(_ value: [UInt8]) throws(SecLangError) -> AllowScope {
        switch String(decoding: value, as: UTF8.self).lowercased() {
        case "": return .transaction
        case "phase": return .phase
        case "request": return .request
        default: throw SecLangError("allow takes phase or request", remedy: "write allow, allow:phase or allow:request")
        }
    }
}
