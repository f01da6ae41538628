public import NIOCore

/// Why a field cannot be written.
public enum FieldProblem: Error, Equatable, Sendable {
    /// The name is not a token (RFC 9110 §5.6.2).
    case badName
    /// The value holds a control character, a byte of 0x80 or more, or white space at an end.
    case badValue
    /// The name is one that the gateway alone writes: framing, the connection, host, forwarding, identity.
    case reserved
}

/// Field lines that are ready to be copied into a head, valid by construction.
public struct FieldBlock: Sendable {
    /// The lines, each ending in CRLF.
    public private(set) var bytes: ByteBuffer

    /// No lines.
    public init() { bytes = ByteBuffer() }

    /// Whether there are no lines.
    public var isEmpty: Bool { bytes.readableBytes == 0 }

    /// Appends `name: value`; throws where either would break the head. `name` is written in lower case.
    public mutating func append(_ name: String, _ value: String) throws(FieldProblem) {
        guard !name.isEmpty, name.utf8.allSatisfy(ByteClass.token.contains) else { throw .badName }
        guard Self.isValue(value) else { throw .badValue }
        bytes.writeString(name.lowercased())
        bytes.writeStaticString(": ")
        bytes.writeString(value)
        bytes.writeStaticString("\r\n")
    }

    /// Appends `name: value` for a known name.
    public mutating func append(_ name: FieldName, _ value: String) throws(FieldProblem) {
        try append(name.text, value)
    }

    /// Appends all lines of `other`.
    public mutating func append(_ other: FieldBlock) {
        bytes.writeImmutableBuffer(other.bytes)
    }

    /// Appends a line that a parser has accepted.
    mutating func appendParsed(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        for index in name.indices { bytes.writeInteger(Ascii.lower(name[index])) }
        bytes.writeStaticString(": ")
        bytes.append(value)
        bytes.writeStaticString("\r\n")
    }

    /// RFC 9110 §5.5, without obs-text.
    static func isValue(_ value: String) -> Bool {
        let bytes = value.utf8
        guard let first = bytes.first, let last = bytes.last else { return true }
        let ends = [first, last]
        guard !ends.contains(Ascii.space), !ends.contains(Ascii.tab) else { return false }
        return bytes.allSatisfy { $0 == Ascii.tab || ($0 >= Ascii.space && $0 < Ascii.delete) }
    }
}
