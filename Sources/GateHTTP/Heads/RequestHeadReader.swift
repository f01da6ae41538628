public import GatePrimitives
public import NIOCore

/// Reads request heads from a stream of bytes, strictly and incrementally (RFC 9112 §2 to §5).
///
/// What comes out depends on the bytes alone, never on how they were split into reads. Each byte is looked at once.
public struct RequestHeadReader: Sendable {
    private let limits: HeadLimits
    private var line = RequestLineParser()
    private var fields: FieldSectionParser?
    /// Bytes of an empty line before the request line that were taken.
    private var leading = 0
    /// Whether bytes of a head have been seen that is not complete yet: the client is in the middle of one.
    public private(set) var hasStarted = false

    /// A reader at the start of a message.
    public init(limits: HeadLimits = .standard) {
        self.limits = limits
    }

    /// Reads one head from the front of `buffer`.
    ///
    /// Returns nil while the head is incomplete: its bytes stay in `buffer`, and the caller appends what comes next
    /// without taking any away. On success the head's bytes are consumed and the reader stands at the start of the
    /// next message. `table` is filled; where an earlier head still uses it, it is replaced by a new one first. Faults
    /// are in `read`; nothing can be read after one.
    public mutating func read(_ buffer: inout ByteBuffer, into table: inout HeadTable) throws(Fault) -> RawHead? {
        if !hasStarted {
            guard buffer.readableBytes > 0 else { return nil }
            hasStarted = true
            if !isKnownUniquelyReferenced(&table) { table = HeadTable() }
            table.lines.removeAll()
        }
        do throws(HeadError) {
            guard try skipEmptyLine(&buffer), try parse(buffer.readableBytesUInt8Span, &table.lines) else { return nil }
        } catch {
            throw Fault(.read, error.reason)
        }
        guard let fields, let bytes = buffer.readSlice(length: fields.position) else {
            throw Fault(.read, .internalError)
        }
        let head = RawHead(
            bytes: bytes, table: table, method: 0..<line.methodEnd, target: (line.methodEnd &+ 1)..<line.targetEnd,
            version: line.version)
        self = RequestHeadReader(limits: limits)
        return head
    }

    private mutating func parse(_ bytes: Span<UInt8>, _ lines: inout FieldLines) throws(HeadError) -> Bool {
        let end = limits.head &- leading
        if fields == nil {
            guard try line.parse(bytes, limit: limits.requestLine, end: end) else { return false }
            fields = FieldSectionParser(at: line.position)
        }
        let rules = FieldSectionParser.Rules(
            line: limits.fieldLine, end: end, fields: limits.fields, allowsObsText: false)
        return try fields?.parse(bytes, rules: rules, into: &lines) ?? false
    }

    /// Takes one empty line before the request line; false while that cannot be told yet.
    ///
    /// RFC 9112 §2.2 asks for at least one to be ignored; a second one is refused by the request line's own parser.
    private mutating func skipEmptyLine(_ buffer: inout ByteBuffer) throws(HeadError) -> Bool {
        guard leading == 0, line.position == 0 else { return true }
        guard let first: UInt8 = buffer.getInteger(at: buffer.readerIndex), first == Ascii.cr else { return true }
        guard let second: UInt8 = buffer.getInteger(at: buffer.readerIndex &+ 1) else { return false }
        guard second == Ascii.lf else { throw .init(.badHeaderByte) }
        buffer.moveReaderIndex(forwardBy: 2)
        // LIMIT: it counts against the head.
        leading = 2
        return true
    }
}
