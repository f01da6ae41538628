/// What must never reach a log, a decision or `explain`: values of sensitive fields and query parameters, user information.
///
/// Names are matched wide rather than narrow: a value hidden for nothing costs a look, one shown costs a key (attacks 77).
public enum Redaction {
    /// The text that stands where a value was.
    public static let mark = "[redacted]"

    /// Whether the field `name`, in any case, carries credentials.
    public static func isSensitive(field name: String) -> Bool {
        let folded = fold(name)
        return fields.contains(folded) || fragments.contains { folded.contains($0) }
    }

    /// Whether the query parameter `name`, in any case, carries credentials; `name` is percent-decoded first.
    public static func isSensitive(parameter name: String) -> Bool {
        let folded = fold(decode(name))
        return parameters.contains(folded) || fragments.contains { folded.contains($0) }
    }

    /// The value of the field `name` as it may be shown: a known scheme stays, credentials and queries do not.
    public static func value(_ value: String, ofField name: String) -> String {
        guard isSensitive(field: name) else {
            return addresses.contains(fold(name)) ? target(value) : value
        }
        // RFC 9110 §11.4: a scheme, then its credentials.
        let scheme = value.prefix { $0 != " " }
        let isKnown = scheme.count < value.count && schemes.contains(scheme.lowercased())
        return isKnown ? "\(scheme) \(mark)" : mark
    }

    /// A target or URL as it may be shown: without user information, sensitive query values and the fragment hidden.
    public static func target(_ target: String) -> String {
        let hidesFragment = target.contains("#")
        let whole = target.prefix { $0 != "#" }
        let address = whole.prefix { $0 != "?" }
        var shown = withoutUserInfo(String(address))
        if address.count < whole.count { shown += "?" + query(String(whole.dropFirst(address.count + 1))) }
        return hidesFragment ? shown + "#" + mark : shown
    }

    /// A query without its `?` as it may be shown: values of sensitive parameters hidden.
    public static func query(_ query: String) -> String {
        // Both separators that parsers in use know: what one of them takes for a parameter must not slip through.
        var shown = ""
        var rest = Substring(query)
        while !rest.isEmpty {
            let parameter = rest.prefix { $0 != "&" && $0 != ";" }
            let name = parameter.prefix { $0 != "=" }
            let hasValue = name.count < parameter.count
            shown += hasValue && isSensitive(parameter: String(name)) ? name + "=" + mark : parameter
            rest = rest.dropFirst(parameter.count)
            if let separator = rest.first {
                shown.append(separator)
                rest = rest.dropFirst()
            }
        }
        return shown
    }

    /// The value that a rule of the firewall matched, as a decision may show it.
    ///
    /// `variable` and `name` are the rule's: values of fields, cookies and arguments that carry credentials are hidden, and
    /// of whole targets and bodies the values of such parameters.
    public static func inspected(_ value: String, variable: String, name: String) -> String {
        guard !value.isEmpty else { return value }
        switch variable {
        case "REQUEST_HEADERS", "RESPONSE_HEADERS": return isSensitive(field: name) ? mark : value
        case "REQUEST_COOKIES": return mark
        case "ARGS", "ARGS_GET", "ARGS_POST", "FILES", "XML": return isSensitive(parameter: name) ? mark : value
        case "REQUEST_URI", "REQUEST_URI_RAW", "REQUEST_LINE": return target(value)
        case "QUERY_STRING", "REQUEST_BODY": return query(value)
        // Copies of a value whose origin nobody knows any more.
        case "TX", "MATCHED_VAR", "MATCHED_VARS", "RESPONSE_BODY":
            return value.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } && value.utf8.count < 7 ? value : mark
        default: return value
        }
    }

    private static func withoutUserInfo(_ address: String) -> String {
        guard address.first != "/" else { return address }
        var authority = address.startIndex
        var index = address.startIndex
        while let found = address[index...].firstIndex(of: ":") {
            if address[found...].hasPrefix("://") {
                authority = address.index(found, offsetBy: 3)
                break
            }
            index = address.index(after: found)
        }
        let end = address[authority...].firstIndex(of: "/") ?? address.endIndex
        guard let at = address[authority..<end].lastIndex(of: "@") else { return address }
        return address[..<authority] + mark + address[at...]
    }

    /// Lower case, underscores as hyphens: backends fold them too.
    private static func fold(_ name: String) -> String {
        String(name.lowercased().map { $0 == "_" ? "-" : $0 })
    }

    private static func decode(_ name: String) -> String {
        var bytes: [UInt8] = []
        var rest = Substring(name).utf8
        while let byte = rest.first {
            rest = rest.dropFirst()
            let digits = rest.prefix(2)
            if byte == 0x25, digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == 0x2b ? 0x20 : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static let fields: Set<String> = [
        "authorization", "proxy-authorization", "authentication-info", "proxy-authentication-info", "cookie",
        "set-cookie", "cookie2", "x-forwarded-client-cert", "x-client-cert", "ssl-client-cert", "dpop",
    ]
    private static let addresses: Set<String> = ["referer", "location", "content-location", "origin"]
    private static let schemes: Set<String> = ["basic", "bearer", "digest", "dpop", "negotiate", "apikey"]
    private static let parameters: Set<String> = [
        "code", "state", "nonce", "key", "sig", "signature", "auth", "sid", "otp", "pin", "x-amz-credential",
    ]
    /// Parts of a name that make any field or parameter sensitive.
    private static let fragments = [
        "token", "secret", "password", "passwd", "passphrase", "pwd", "api-key", "apikey", "private-key", "access-key",
        "authorization", "credential", "session", "jwt", "assertion", "signature", "csrf", "xsrf",
    ]
}
