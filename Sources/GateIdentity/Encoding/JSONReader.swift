/// Why bytes are not the JSON that is read here, and where.
public struct JSONError: Error, Equatable, Sendable {
    /// What was wrong.
    public enum Problem: String, Sendable {
        case syntax, depth, size, duplicateName, encoding
    }

    /// What was wrong.
    public let problem: Problem
    /// The offset in bytes at which it showed.
    public let offset: Int
}

/// A strict and bounded JSON reader (RFC 8259, narrowed as RFC 7493 recommends).
///
/// Two readers may read lenient JSON differently, and one of them decides on identity. So: names must be unique
/// after unescaping, strings must be valid UTF-8 without lone surrogates, numbers keep their text, nothing but
/// white space follows the value.
public struct JSONReader {
    /// LIMIT: nesting; the deepest document read here, a key set, needs 4.
    public static let maxDepth = 16
    /// LIMIT: values in a document; 100 keys of 12 members are 1,300.
    public static let maxValues = 16_384
    /// LIMIT: members of an object; names are compared pairwise.
    public static let maxMembers = 256

    private static let trueWord = [UInt8]("true".utf8)
    private static let falseWord = [UInt8]("false".utf8)
    private static let nullWord = [UInt8]("null".utf8)

    private var index = 0
    private var values = 0

    private init() {}

    /// The one value that `bytes` hold.
    public static func read(_ bytes: Span<UInt8>) throws(JSONError) -> JSONNode {
        var reader = JSONReader()
        reader.skipSpace(bytes)
        let value = try reader.value(bytes, depth: 0)
        reader.skipSpace(bytes)
        guard reader.index == bytes.count else { throw reader.error(.syntax) }
        return value
    }

    private func error(_ problem: JSONError.Problem) -> JSONError { JSONError(problem: problem, offset: index) }

    @inline(__always) private func peek(_ bytes: Span<UInt8>) -> UInt8? {
        index < bytes.count ? bytes[index] : nil
    }

    private mutating func skipSpace(_ bytes: Span<UInt8>) {
        while let byte = peek(bytes), byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { index &+= 1 }
    }

    private mutating func expect(_ byte: UInt8, _ bytes: Span<UInt8>) throws(JSONError) {
        guard peek(bytes) == byte else { throw error(.syntax) }
        index &+= 1
    }

    private mutating func value(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) -> JSONNode {
        guard depth < JSONReader.maxDepth else { throw error(.depth) }
        values &+= 1
        guard values <= JSONReader.maxValues else { throw error(.size) }
        switch peek(bytes) {
        case 0x7B: return try object(bytes, depth: depth)
        case 0x5B: return try array(bytes, depth: depth)
        case 0x22: return .string(try string(bytes))
        case 0x74: return try literal(JSONReader.trueWord, .bool(true), bytes)
        case 0x66: return try literal(JSONReader.falseWord, .bool(false), bytes)
        case 0x6E: return try literal(JSONReader.nullWord, .null, bytes)
        default: return .number(try number(bytes))
        }
    }

    private mutating func literal(
        _ word: [UInt8], _ value: JSONNode, _ bytes: Span<UInt8>
    ) throws(JSONError) -> JSONNode {
        for byte in word { try expect(byte, bytes) }
        return value
    }

    private mutating func object(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) -> JSONNode {
        index &+= 1
        var members: [JSONNode.Member] = []
        skipSpace(bytes)
        if peek(bytes) == 0x7D {
            index &+= 1
            return .object(members)
        }
        while true {
            skipSpace(bytes)
            guard peek(bytes) == 0x22 else { throw error(.syntax) }
            let name = try string(bytes)
            // RFC 7515 §4: a duplicate name is refused; "last one wins" is what parsers disagree about.
            guard !members.contains(where: { $0.name == name }) else { throw error(.duplicateName) }
            guard members.count < JSONReader.maxMembers else { throw error(.size) }
            skipSpace(bytes)
            try expect(0x3A, bytes)
            skipSpace(bytes)
            members.append(JSONNode.Member(name: name, value: try value(bytes, depth: depth &+ 1)))
            skipSpace(bytes)
            if peek(bytes) == 0x7D {
                index &+= 1
                return .object(members)
            }
            try expect(0x2C, bytes)
        }
    }

    private mutating func array(_ bytes: Span<UInt8>, depth: Int) throws(JSONError) -> JSONNode {
        index &+= 1
        var elements: [JSONNode] = []
        skipSpace(bytes)
        if peek(bytes) == 0x5D {
            index &+= 1
            return .array(elements)
        }
        while true {
            skipSpace(bytes)
            elements.append(try value(bytes, depth: depth &+ 1))
            skipSpace(bytes)
            if peek(bytes) == 0x5D {
                index &+= 1
                return .array(elements)
            }
            try expect(0x2C, bytes)
        }
    }

    /// RFC 8259 §6: no leading zero, no plus sign, digits after the point and in the exponent.
    private mutating func number(_ bytes: Span<UInt8>) throws(JSONError) -> [UInt8] {
        var text: [UInt8] = []
        if peek(bytes) == 0x2D { take(bytes, &text) }
        if peek(bytes) == 0x30 { take(bytes, &text) } else { try digits(bytes, &text) }
        if peek(bytes) == 0x2E {
            take(bytes, &text)
            try digits(bytes, &text)
        }
        if let byte = peek(bytes), byte == 0x65 || byte == 0x45 {
            take(bytes, &text)
            if let sign = peek(bytes), sign == 0x2B || sign == 0x2D { take(bytes, &text) }
            try digits(bytes, &text)
        }
        return text
    }

    private mutating func digits(_ bytes: Span<UInt8>, _ text: inout [UInt8]) throws(JSONError) {
        guard let first = peek(bytes), first >= 0x30, first <= 0x39 else { throw error(.syntax) }
        while let byte = peek(bytes), byte >= 0x30, byte <= 0x39 { take(bytes, &text) }
    }

    private mutating func take(_ bytes: Span<UInt8>, _ text: inout [UInt8]) {
        guard let byte = peek(bytes) else { return }
        text.append(byte)
        index &+= 1
    }
}

// Strings.
extension JSONReader {
    private mutating func string(_ bytes: Span<UInt8>) throws(JSONError) -> [UInt8] {
        index &+= 1
        var text: [UInt8] = []
        while let byte = peek(bytes) {
            switch byte {
            case 0x22:
                index &+= 1
                return text
            case 0x5C:
                index &+= 1
                try escape(bytes, &text)
            case 0x20...0x7F:
                take(bytes, &text)
            case 0x80...0xFF:
                let length = UTF8Sequence.length(at: index, in: bytes)
                guard length > 0 else { throw error(.encoding) }
                for _ in 0..<length { take(bytes, &text) }
            default:
                // RFC 8259 §7: control characters must be escaped.
                throw error(.syntax)
            }
        }
        throw error(.syntax)
    }

    private mutating func escape(_ bytes: Span<UInt8>, _ text: inout [UInt8]) throws(JSONError) {
        guard let byte = peek(bytes) else { throw error(.syntax) }
        index &+= 1
        switch byte {
        case 0x22, 0x5C, 0x2F: text.append(byte)
        case 0x62: text.append(0x08)
        case 0x66: text.append(0x0C)
        case 0x6E: text.append(0x0A)
        case 0x72: text.append(0x0D)
        case 0x74: text.append(0x09)
        case 0x75:
            let scalar = try unicodeScalar(bytes)
            UTF8.encode(scalar)?.forEach { text.append($0) }
        default: throw error(.syntax)
        }
    }

    /// The scalar of `\uXXXX`, or of a surrogate pair written as two.
    private mutating func unicodeScalar(_ bytes: Span<UInt8>) throws(JSONError) -> Unicode.Scalar {
        let first = try fourDigits(bytes)
        if let scalar = Unicode.Scalar(first) { return scalar }
        // RFC 7493 §2.1: no lone surrogate.
        guard first < 0xDC00, peek(bytes) == 0x5C else { throw error(.encoding) }
        index &+= 1
        guard peek(bytes) == 0x75 else { throw error(.encoding) }
        index &+= 1
        let second = try fourDigits(bytes)
        guard second >= 0xDC00, second <= 0xDFFF,
            let scalar = Unicode.Scalar(0x10000 &+ (first &- 0xD800) << 10 &+ (second &- 0xDC00))
        else { throw error(.encoding) }
        return scalar
    }

    private mutating func fourDigits(_ bytes: Span<UInt8>) throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek(bytes) else { throw error(.syntax) }
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte &- 0x30
            case 0x41...0x46: digit = byte &- 0x41 &+ 10
            case 0x61...0x66: digit = byte &- 0x61 &+ 10
            default: throw error(.syntax)
            }
            value = value << 4 | UInt32(digit)
            index &+= 1
        }
        return value
    }
}
