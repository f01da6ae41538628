extension AssignmentSyntax {
    /// Reads what stands after `setvar:`, such as `tx.score=+%{tx.critical}`, `tx.flag` or `!tx.flag`.
    init(parsing value: [UInt8]) throws(SecLangError) {
        var rest = value[...]
        var removes = false
        if rest.first == UInt8(ascii: "!") {
            removes = true
            rest = rest.dropFirst()
        }
        let equals = AssignmentSyntax.firstEquals(rest)
        let target = rest[..<(equals ?? rest.endIndex)]
        guard let dot = target.firstIndex(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ":") }),
            target.index(after: dot) < target.endIndex
        else {
            throw SecLangError("setvar has no collection and name", remedy: "write it as setvar:'tx.name=value'")
        }
        collection = try AssignmentSyntax.collection(String(decoding: target[..<dot], as: UTF8.self))
        name = try TemplateSyntax(parsing: target[target.index(after: dot)...])
        guard let equals else {
            operation = removes ? .remove : .set(TemplateSyntax(text: [UInt8(ascii: "1")]))
            return
        }
        guard !removes else {
            throw SecLangError("setvar both removes and sets", remedy: "write !tx.name, or tx.name=value")
        }
        var text = rest[rest.index(after: equals)...]
        // setvar:tx.a='b' and setvar:'tx.a=b' are the same.
        if text.count >= 2, text.first == UInt8(ascii: "'"), text.last == UInt8(ascii: "'") {
            text = text.dropFirst().dropLast()
        }
        switch text.first {
        case UInt8(ascii: "+"): operation = .add(try TemplateSyntax(parsing: text.dropFirst()))
        case UInt8(ascii: "-"): operation = .subtract(try TemplateSyntax(parsing: text.dropFirst()))
        default: operation = .set(try TemplateSyntax(parsing: text))
        }
    }

    /// The first `=` that is in no macro.
    private static func firstEquals(_ bytes: ArraySlice<UInt8>) -> Int? {
        var depth = 0
        for index in bytes.indices {
            switch bytes[index] {
            case UInt8(ascii: "{") where index > bytes.startIndex && bytes[index - 1] == UInt8(ascii: "%"): depth += 1
            case UInt8(ascii: "}") where depth > 0: depth -= 1
            case UInt8(ascii: "=") where depth == 0: return index
            default: break
            }
        }
        return nil
    }

    private static func collection(_ name: String) throws(SecLangError) -> Variable {
        switch name.uppercased() {
        case "TX": return .tx
        case "IP": return .ip
        case "GLOBAL": return .global
        default:
            throw SecLangError("setvar cannot set \(name)", remedy: "use the collection tx, ip or global")
        }
    }
}
