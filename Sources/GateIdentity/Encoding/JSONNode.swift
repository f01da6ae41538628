/// A JSON value as tokens, key sets and discovery documents hold it (RFC 8259).
///
/// Strings and names are UTF-8 bytes: Swift's `String` compares by canonical equivalence, which would make two
/// different issuers or key ids equal.
public enum JSONNode: Equatable, Sendable {
    /// The members in order; the names are unique.
    case object([Member])
    /// The elements in order.
    case array([JSONNode])
    /// The unescaped bytes, valid UTF-8.
    case string([UInt8])
    /// The text as it stood; it matches RFC 8259's grammar.
    case number([UInt8])
    /// `true` or `false`.
    case bool(Bool)
    /// `null`.
    case null

    /// One member of an object.
    public struct Member: Equatable, Sendable {
        /// The unescaped name.
        public let name: [UInt8]
        /// Its value.
        public let value: JSONNode
    }

    /// The member of that exact name; nil if there is none or this is no object.
    public subscript(name: String) -> JSONNode? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name.elementsEqual(name.utf8) }?.value
    }

    /// The bytes of a string, else nil.
    public var string: [UInt8]? {
        if case .string(let bytes) = self { bytes } else { nil }
    }

    /// The elements of an array, else nil.
    public var array: [JSONNode]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// Whether this is an object.
    public var isObject: Bool {
        if case .object = self { true } else { false }
    }

    /// The elements of an array that holds strings alone, else nil.
    public var strings: [[UInt8]]? {
        guard case .array(let elements) = self else { return nil }
        var strings: [[UInt8]] = []
        for element in elements {
            guard let string = element.string else { return nil }
            strings.append(string)
        }
        return strings
    }

    /// A number written as a plain non-negative integer of at most `limit`, else nil.
    ///
    /// Signs, fractions and exponents are nil: `1e400`, `-1` and `17.5` are no instants (attacks 49).
    func wholeNumber(upTo limit: Int64) -> Int64? {
        guard case .number(let text) = self else { return nil }
        var value: Int64 = 0
        for byte in text {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(Int64(byte &- 0x30))
            guard !overflow, !carry, sum <= limit else { return nil }
            value = sum
        }
        return value
    }

    /// The text of a scalar as rules compare it; nil for null, arrays and objects.
    var scalarText: [UInt8]? {
        switch self {
        case .string(let bytes), .number(let bytes): bytes
        case .bool(let flag): [UInt8]((flag ? "true" : "false").utf8)
        case .null, .array, .object: nil
        }
    }
}
