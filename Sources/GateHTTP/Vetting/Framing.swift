import GatePrimitives

/// Reads what frames a body: `content-length` and `transfer-encoding` (RFC 9112 §6).
enum Framing {
    /// The value of `content-length`: decimal digits without sign, white space, list or leading zero, at most
    /// 2^63 − 1 (RFC 9110 §8.6; attacks 3).
    static func contentLength(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HeadError) -> UInt64 {
        // Nineteen digits cannot overflow 64 bits.
        guard range.count >= 1, range.count <= 19 else { throw .init(.badCl) }
        guard range.count == 1 || bytes[range.lowerBound] != Ascii.zero else { throw .init(.badCl) }
        var value: UInt64 = 0
        for index in range {
            guard Ascii.isDigit(bytes[index]) else { throw .init(.badCl) }
            value = value &* 10 &+ UInt64(bytes[index] &- Ascii.zero)
        }
        guard value <= UInt64(Int64.max) else { throw .init(.badCl) }
        return value
    }

    /// Checks that the value of `transfer-encoding` is `chunked` and nothing else (RFC 9112 §6.1; attacks 2).
    ///
    /// A well-formed list that names another coding, with `chunked` absent or last, is `unknown_te`; all else is `bad_te`.
    static func requireChunked(_ bytes: Span<UInt8>, _ range: Range<Int>) throws(HeadError) {
        if bytes.matches(range, lowercase: "chunked") { return }
        var chunkedAt: Int?
        var codings = 0
        var start = range.lowerBound
        while start <= range.upperBound {
            let comma = bytes.firstIndex(of: Ascii.comma, in: start..<range.upperBound)
            let coding = bytes.trimmed(start..<comma)
            guard !coding.isEmpty else { throw .init(.badTe) }
            for index in coding {
                guard ByteClass.token.contains(bytes[index]) else { throw .init(.badTe) }
            }
            codings &+= 1
            if bytes.matches(coding, lowercase: "chunked") {
                guard chunkedAt == nil else { throw .init(.badTe) }
                chunkedAt = codings
            }
            start = comma &+ 1
        }
        guard chunkedAt == nil || chunkedAt == codings else { throw .init(.badTe) }
        throw .init(.unknownTe)
    }

    /// How the body of a request is delimited.
    static func ofRequest(
        _ bytes: Span<UInt8>, _ lines: borrowing FieldLines, _ survey: FieldSurvey, _ version: HTTPVersion
    ) throws(HeadError) -> BodyFraming {
        if survey.codings > 0 {
            // RFC 9112 §6.1: both are a sign of smuggling (attacks 1).
            guard survey.lengths == 0 else { throw .init(.clAndTe) }
            // RFC 9112 §6.1: in HTTP/1.0 the framing is faulty (attacks 4).
            guard version == .http11 else { throw .init(version == .http10 ? .teHttp10 : .badTe) }
            guard survey.codings == 1 else { throw .init(.badTe) }
            try requireChunked(bytes, lines.slots[survey.coding].valueRange)
            return .chunked
        }
        guard survey.lengths > 0 else { return .none }
        // RFC 9110 §8.6: repeated, even with the same value, is refused (attacks 3).
        guard survey.lengths == 1 else { throw .init(.badCl) }
        return .length(try contentLength(bytes, lines.slots[survey.length].valueRange))
    }

    /// How the body of an HTTP/2 request is delimited towards HTTP/1.1, given what its fields say and whether its
    /// stream has ended (RFC 9113 §8.1.1; attacks 26).
    static func ofStream(_ framing: BodyFraming, hasEnded: Bool) throws(HeadError) -> BodyFraming {
        guard hasEnded else { return framing == .none ? .chunked : framing }
        guard !framing.hasBody else { throw .init(.bodyLengthMismatch) }
        return framing
    }
}
