extension TemplateSyntax {
    /// Reads text with macros. A `%{` without its `}`, and a macro of something unknown, are errors.
    init(parsing text: ArraySlice<UInt8>) throws(SecLangError) {
        parts = []
        var pending: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            guard text[index] == UInt8(ascii: "%"), index + 1 < text.endIndex, text[index + 1] == UInt8(ascii: "{")
            else {
                pending.append(text[index])
                index += 1
                continue
            }
            guard let close = text[index...].firstIndex(of: UInt8(ascii: "}")) else {
                throw SecLangError("a macro does not end", remedy: "write } after the name of the macro")
            }
            if !pending.isEmpty { parts.append(.text(pending)) }
            pending = []
            parts.append(try TemplateSyntax.macro(String(decoding: text[(index + 2)..<close], as: UTF8.self)))
            index = close + 1
        }
        if !pending.isEmpty { parts.append(.text(pending)) }
    }

    /// Text without macros.
    init(text: [UInt8]) { parts = text.isEmpty ? [] : [.text(text)] }

    private static func macro(_ text: String) throws(SecLangError) -> Part {
        let separator = text.firstIndex { $0 == "." || $0 == ":" }
        let head = text[..<(separator ?? text.endIndex)].uppercased()
        let name = separator.map { String(text[text.index(after: $0)...]) } ?? ""
        if head == "RULE" {
            guard let field = RuleField(rawValue: name.lowercased()) else {
                throw SecLangError(
                    "the macro %{\(text)} is not known", remedy: "use rule.id, rule.msg, rule.severity or rule.logdata")
            }
            return .rule(field)
        }
        if let variable = Variable(rawValue: head) { return .variable(.known(variable), name: name) }
        if TargetVariable.unsupportedNames.contains(head) { return .variable(.unsupported(head), name: name) }
        throw SecLangError(
            "the macro %{\(text)} is not known", remedy: "write the name of a variable, such as %{tx.name}")
    }
}

extension TargetVariable {
    /// Variables of SecLang that this engine does not fill.
    static let unsupportedNames: Set<String> = [
        "AUTH_TYPE", "ENV", "FILES_TMPNAMES", "FILES_TMP_CONTENT", "FULL_REQUEST", "GEO", "HIGHEST_SEVERITY",
        "INBOUND_DATA_ERROR", "MODSEC_BUILD", "MSC_PCRE_ERROR", "MSC_PCRE_LIMITS_EXCEEDED", "MULTIPART_FILENAME",
        "MULTIPART_NAME", "OUTBOUND_DATA_ERROR", "PATH_INFO", "REMOTE_HOST", "REMOTE_PORT", "REMOTE_USER", "RESOURCE",
        "RESPONSE_COOKIES", "SERVER_ADDR", "SERVER_PORT", "SESSION", "SESSIONID", "STATUS_LINE", "TIME", "TIME_DAY",
        "TIME_EPOCH", "TIME_HOUR", "TIME_MIN", "TIME_MON", "TIME_SEC", "TIME_WDAY", "TIME_YEAR", "URLENCODED_ERROR",
        "USER", "USERID", "WEBAPPID",
    ]
}
