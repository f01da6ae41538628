import GateHTTP
import GatePattern

/// A constraint on a header field or a query parameter, ready to be judged.
struct CompiledConstraint: Sendable {
    enum Kind: Sendable {
        case exact, present, absent
        /// The index of the pattern.
        case regex(Int)
    }

    /// The name of a header, where it is a known one.
    let known: FieldName
    let name: [UInt8]
    let kind: Kind
    /// The value of `exact`.
    let value: [UInt8]

    func judge(header request: borrowing VettedRequest, _ patterns: [Pattern], _ scratch: MatchScratch) -> PatternResult
    {
        let line = known == .other ? request.first(named: name.span) : request.first(known)
        guard let line else { return isAbsent ? .match : .noMatch }
        switch kind {
        case .present: return .match
        case .absent: return .noMatch
        case .exact:
            return isAlone(line, request) && request.value(at: line).isIdentical(to: value) ? .match : .noMatch
        case .regex(let index):
            guard isAlone(line, request) else { return .noMatch }
            return patterns[index].matches(request.value(at: line), in: scratch)
        }
    }

    private var isAbsent: Bool { if case .absent = kind { true } else { false } }

    private func isAlone(_ line: Int, _ request: borrowing VettedRequest) -> Bool {
        known == .other ? request.next(named: name.span, after: line) == nil : request.next(known, after: line) == nil
    }

    /// Whether the query parameter is as it must be, read as `application/x-www-form-urlencoded`.
    func holds(query request: borrowing VettedRequest) -> Bool {
        let query = request.query
        var occurrences = 0
        var isEqual = false
        var start = 0
        while start < query.count {
            let end = FormQuery.end(of: UInt8(ascii: "&"), in: query, start, query.count)
            if start < end {
                let nameEnd = FormQuery.end(of: UInt8(ascii: "="), in: query, start, end)
                if FormQuery.decodes(query, start, nameEnd, to: name.span) {
                    occurrences &+= 1
                    isEqual = FormQuery.decodes(query, min(nameEnd &+ 1, end), end, to: value.span)
                }
            }
            start = end &+ 1
        }
        switch kind {
        case .present: return occurrences > 0
        case .absent: return occurrences == 0
        case .exact: return occurrences == 1 && isEqual
        case .regex: return false
        }
    }
}

/// Reads `application/x-www-form-urlencoded` in place, as backends will read it (URL Standard §5.1).
enum FormQuery {
    /// The index of the first `byte` in `start..<limit`, or `limit`.
    static func end(of byte: UInt8, in bytes: borrowing Span<UInt8>, _ start: Int, _ limit: Int) -> Int {
        var index = start
        while index < limit, bytes[index] != byte { index &+= 1 }
        return index
    }

    /// Whether `start..<end` decodes to exactly `expected`.
    static func decodes(
        _ bytes: borrowing Span<UInt8>, _ start: Int, _ end: Int, to expected: borrowing Span<UInt8>
    ) -> Bool {
        var index = start
        var position = 0
        while index < end {
            guard position < expected.count else { return false }
            var byte = bytes[index]
            var width = 1
            if byte == UInt8(ascii: "+") {
                byte = UInt8(ascii: " ")
            } else if byte == UInt8(ascii: "%"), end &- index >= 3, let high = hex(bytes[index &+ 1]),
                let low = hex(bytes[index &+ 2])
            {
                byte = high &<< 4 | low
                width = 3
            }
            guard byte == expected[position] else { return false }
            index &+= width
            position &+= 1
        }
        return position == expected.count
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte &- 0x30
        case 0x41...0x46: byte &- 0x37
        case 0x61...0x66: byte &- 0x57
        default: nil
        }
    }
}
