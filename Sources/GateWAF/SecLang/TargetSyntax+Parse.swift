extension TargetSyntax {
    /// Reads a list of targets, separated by `|` (or by `,`, as `SecRuleUpdateTargetById` allows).
    static func list(_ bytes: [UInt8], commaSeparates: Bool = false) throws(SecLangError) -> [TargetSyntax] {
        var reader = TargetReader(bytes: bytes, commaSeparates: commaSeparates)
        var targets: [TargetSyntax] = []
        repeat {
            targets.append(try reader.target())
        } while try reader.separator()
        return targets
    }
}

/// Reads targets from left to right.
private struct TargetReader {
    let bytes: [UInt8]
    let commaSeparates: Bool
    var position = 0

    mutating func separator() throws(SecLangError) -> Bool {
        skipBlanks()
        guard position < bytes.count else { return false }
        guard isSeparator(bytes[position]) else {
            throw SecLangError("something follows a target", remedy: "separate targets by |")
        }
        position += 1
        return true
    }

    mutating func target() throws(SecLangError) -> TargetSyntax {
        skipBlanks()
        var isExclusion = false
        var isCount = false
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "!"), !isExclusion {
                isExclusion = true
            } else if bytes[position] == UInt8(ascii: "&"), !isCount {
                isCount = true
            } else {
                break
            }
            position += 1
        }
        let start = position
        while position < bytes.count, isNameByte(bytes[position]) { position += 1 }
        let name = String(decoding: bytes[start..<position], as: UTF8.self).uppercased()
        guard !name.isEmpty else {
            throw SecLangError("a target has no variable", remedy: "write the name of a variable, such as ARGS")
        }
        let variable: TargetVariable
        if let known = Variable(rawValue: name) {
            variable = .known(known)
        } else if TargetVariable.unsupportedNames.contains(name) {
            variable = .unsupported(name)
        } else {
            throw SecLangError(
                "\(name) is not a variable", remedy: "write one of ModSecurity's variables, such as ARGS")
        }
        var selector = TargetSyntax.Selector.all
        if position < bytes.count, bytes[position] == UInt8(ascii: ":") {
            position += 1
            selector = try self.selector()
        }
        try check(variable, selector)
        return TargetSyntax(variable: variable, selector: selector, isCount: isCount, isExclusion: isExclusion)
    }

    /// What follows the colon: a name, `/expression/`, or either in single quotes.
    private mutating func selector() throws(SecLangError) -> TargetSyntax.Selector {
        var text: [UInt8] = []
        var isQuoted = false
        var isPattern = false
        if position < bytes.count, bytes[position] == UInt8(ascii: "'") {
            isQuoted = true
            position += 1
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: "/"), startsPattern { isPattern = true }
        if isPattern { position += 1 }
        while position < bytes.count {
            let byte = bytes[position]
            if isPattern {
                if byte == UInt8(ascii: "/") { break }
            } else if isQuoted {
                if byte == UInt8(ascii: "'") { break }
            } else if isSeparator(byte) || byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
                break
            }
            text.append(byte)
            position += 1
            if isPattern, byte == UInt8(ascii: "\\"), position < bytes.count {
                text.append(bytes[position])
                position += 1
            }
        }
        if isPattern { try close(UInt8(ascii: "/"), "an expression of a target does not end") }
        if isQuoted { try close(UInt8(ascii: "'"), "a quoted name of a target does not end") }
        guard !text.isEmpty else {
            throw SecLangError("a target has nothing after its colon", remedy: "write a name, or leave the colon out")
        }
        let value = String(decoding: text, as: UTF8.self)
        return isPattern ? .pattern(value) : .name(value)
    }

    private mutating func close(_ byte: UInt8, _ message: String) throws(SecLangError) {
        guard position < bytes.count, bytes[position] == byte else {
            throw SecLangError(message, remedy: "write \(Character(Unicode.Scalar(byte))) at its end")
        }
        position += 1
    }

    /// `/*` and `//@*` are paths of XML and no expressions.
    private var startsPattern: Bool {
        let rest = bytes[position...]
        return !rest.starts(with: Array("/*".utf8)) && !rest.starts(with: Array("//".utf8))
    }

    private func check(_ variable: TargetVariable, _ selector: TargetSyntax.Selector) throws(SecLangError) {
        guard case .known(let known) = variable else { return }
        if known == .xml {
            guard selector == .name("/*") || selector == .name("//@*") || selector == .all else {
                throw SecLangError(
                    "this path of XML is not supported",
                    remedy: "use XML:/* for all text or XML://@* for all attributes"
                )
            }
        } else if selector != .all, !known.isCollection {
            throw SecLangError("\(known.rawValue) has no named values", remedy: "leave out what follows the colon")
        }
    }

    private func isSeparator(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "|") || commaSeparates && byte == UInt8(ascii: ",")
    }

    private func isNameByte(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
    }

    private mutating func skipBlanks() {
        while position < bytes.count, bytes[position] == UInt8(ascii: " ") || bytes[position] == UInt8(ascii: "\t") {
            position += 1
        }
    }
}
