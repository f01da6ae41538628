import GatePrimitives

/// The four forms of a request target (RFC 9112 §3.2).
public enum TargetForm: UInt8, Sendable {
    /// `/path?query`
    case origin
    /// `http://host/path?query`
    case absolute
    /// `host:port`, of CONNECT alone
    case authority
    /// `*`, of OPTIONS alone
    case asterisk
}

/// A request target, taken apart.
struct RequestTarget {
    var form: TargetForm
    var scheme: Scheme?
    /// The authority of the absolute and the authority form.
    var authority: Range<Int>?
    /// The path as sent; empty where the form has none.
    var path: Range<Int>
    /// The query without its `?`.
    var query: Range<Int>?

    /// Takes the target at `range` apart; a form that does not go with `method` is refused (attacks 9).
    static func parse(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ method: HTTPMethod
    ) throws(HeadError) -> RequestTarget {
        guard !range.isEmpty else { throw .init(.badTarget) }
        let none = range.upperBound..<range.upperBound
        if method == .connect {
            // RFC 9112 §3.2.3: only the authority form, and always with its port.
            return RequestTarget(form: .authority, authority: range, path: none)
        }
        if bytes[range.lowerBound] == Ascii.slash {
            return try split(bytes, range, into: RequestTarget(form: .origin, path: none))
        }
        if bytes[range.lowerBound] == Ascii.asterisk, range.count == 1 {
            // RFC 9112 §3.2.4: only OPTIONS.
            guard method == .options else { throw .init(.badTarget) }
            return RequestTarget(form: .asterisk, path: range)
        }
        return try absolute(bytes, range, none)
    }

    /// RFC 9112 §3.2.2.
    private static func absolute(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ none: Range<Int>
    ) throws(HeadError) -> RequestTarget {
        let isSecure = range.count > 8 && bytes.matches(range.prefix(8), lowercase: "https://")
        let isPlain = range.count > 7 && bytes.matches(range.prefix(7), lowercase: "http://")
        guard isSecure || isPlain else { throw .init(.badTarget) }
        let start = range.lowerBound &+ (isSecure ? 8 : 7)
        var end = start
        while end < range.upperBound, bytes[end] != Ascii.slash, bytes[end] != Ascii.question, bytes[end] != Ascii.hash
        {
            end &+= 1
        }
        var target = RequestTarget(
            form: .absolute, scheme: isSecure ? .https : .http, authority: start..<end, path: none)
        target = try split(bytes, end..<range.upperBound, into: target)
        // RFC 9110 §4.2.3: an empty path is `/`; the last slash of `://` stands in for it.
        if target.path.isEmpty { target.path = (start &- 1)..<start }
        return target
    }

    /// Splits path and query; a fragment is no part of a target (attacks 37).
    private static func split(
        _ bytes: Span<UInt8>, _ range: Range<Int>, into target: RequestTarget
    ) throws(HeadError) -> RequestTarget {
        var target = target
        let hash = bytes.firstIndex(of: Ascii.hash, in: range)
        guard hash == range.upperBound else { throw .init(.badTarget) }
        let question = bytes.firstIndex(of: Ascii.question, in: range)
        target.path = range.lowerBound..<question
        if question < range.upperBound { target.query = (question &+ 1)..<range.upperBound }
        return target
    }
}
