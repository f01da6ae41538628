public import GatePrimitives
import NIOCore

/// Builds a raw response head from the fields of an HTTP/2 response, in the layout of HTTP/1.1 (RFC 9113 §8.3.2).
///
/// Vetting, inspection and forwarding then see one form. What HTTP/2 forbids is refused here; the limits are those of
/// HTTP/1.1, counted on decoded bytes. Every fault is `bad_upstream_response` in `relay` (attacks 16).
public struct ResponseHeadBuilder {
    private let limits: HeadLimits
    private let table: HeadTable
    private var bytes: ByteBuffer
    private var lines = FieldLines()
    private var status = 0

    /// Begins a head; `table` lends its storage, and is replaced first where another head still uses it.
    public init(limits: HeadLimits = .standard, table: inout HeadTable) {
        self.limits = limits
        if !isKnownUniquelyReferenced(&table) { table = HeadTable() }
        self.table = table
        bytes = ByteBufferAllocator().buffer(capacity: 512)
        lines = table.take()
        lines.removeAll()
    }

    /// Adds a field; `:status` comes first and once.
    public mutating func append(_ name: Span<UInt8>, _ value: Span<UInt8>) throws(Fault) {
        do throws(HeadError) {
            if status == 0 { try appendStatus(name, value) } else { try appendField(name, value) }
        } catch {
            throw Fault(.relay, .badUpstreamResponse)
        }
    }

    /// The head; `endsStream` says that no body follows.
    public mutating func finish(endsStream: Bool) throws(Fault) -> RawResponseHead {
        guard status != 0 else { throw Fault(.relay, .badUpstreamResponse) }
        bytes.writeStaticString("\r\n")
        table.lines = lines
        return RawResponseHead(
            bytes: bytes, table: table, status: status, version: .http2, endsWithoutBody: endsStream)
    }

    /// RFC 9113 §8.3.2: three digits; 101 has no meaning there (§8.6).
    private mutating func appendStatus(_ name: Span<UInt8>, _ value: Span<UInt8>) throws(HeadError) {
        guard name.matches(lowercase: ":status"), value.count == 3 else { throw .init(.badHeader) }
        for index in value.indices {
            guard Ascii.isDigit(value[index]) else { throw .init(.badHeader) }
            status = status &* 10 &+ Int(value[index] &- Ascii.zero)
        }
        guard status >= 100, status < 600, status != 101 else { throw .init(.badHeader) }
        bytes.writeStaticString("HTTP/2.0 ")
        bytes.append(value)
        bytes.writeStaticString("\r\n")
    }

    private mutating func appendField(_ name: Span<UInt8>, _ value: Span<UInt8>) throws(HeadError) {
        try StreamField.check(name, value, allowsObsText: true)
        switch FieldNameIndex.shared.name(name, 0..<name.count) {
        case .connection, .keepAlive, .proxyConnection, .transferEncoding, .upgrade, .te, .http2Settings:
            // RFC 9113 §8.2.2.
            throw .init(.badHeader)
        default:
            guard lines.appendLine(name, value, to: &bytes, limits) else { throw .init(.headTooLarge) }
        }
    }
}

extension FieldLines {
    /// Writes one line behind the head `bytes` and notes it; false where it would exceed a limit: the line's length, the
    /// number of lines, or the whole head, the empty line included.
    mutating func appendLine(
        _ name: Span<UInt8>, _ value: Span<UInt8>, to bytes: inout ByteBuffer, _ limits: HeadLimits
    ) -> Bool {
        let length = name.count &+ 2 &+ value.count
        // LIMIT: as for the lines of HTTP/1.1.
        guard length <= limits.fieldLine, slots.count < limits.fields,
            bytes.readableBytes &+ length &+ 4 <= limits.head
        else { return false }
        let start = bytes.readableBytes
        bytes.append(name)
        bytes.writeStaticString(": ")
        bytes.append(value)
        bytes.writeStaticString("\r\n")
        let isOdd = !StreamField.holdsOnly(name) { ByteClass.nameLetter.contains($0) }
        var marks: Marks = isOdd ? [.odd] : []
        if !value.isEmpty { marks.insert(.plain) }
        append(
            Slot(
                line: UInt32(truncatingIfNeeded: start), value: UInt32(truncatingIfNeeded: start &+ name.count &+ 2),
                valueLength: UInt16(truncatingIfNeeded: value.count),
                nameLength: UInt16(truncatingIfNeeded: name.count),
                name: isOdd ? .other : FieldNameIndex.shared.name(name, 0..<name.count), marks: marks))
        return true
    }
}
