public import GatePrimitives
public import NIOCore

/// Reads response heads from a stream of bytes, strictly and incrementally (RFC 9112 §4).
///
/// As strict as for requests, but for bytes of 0x80 and above in values, which backends send in file names:
/// they pass as they are.
public struct ResponseHeadReader: Sendable {
    private let limits: HeadLimits
    private var line = StatusLineParser()
    private var fields: FieldSectionParser?
    /// Whether bytes of a head have been seen that is not complete yet.
    public private(set) var hasStarted = false

    /// A reader at the start of a message; `requestLine` bounds the status line.
    public init(limits: HeadLimits = .standard) {
        self.limits = limits
    }

    /// Reads one head from the front of `buffer`; the same contract as `RequestHeadReader.read(_:into:)`.
    ///
    /// Every fault is `bad_upstream_response` in `relay` (attacks 16).
    public mutating func read(_ buffer: inout ByteBuffer, into table: inout HeadTable) throws(Fault) -> RawResponseHead?
    {
        if !hasStarted {
            guard buffer.readableBytes > 0 else { return nil }
            hasStarted = true
            if !isKnownUniquelyReferenced(&table) { table = HeadTable() }
            table.lines.removeAll()
        }
        do throws(HeadError) {
            guard try parse(buffer.readableBytesUInt8Span, &table.lines) else { return nil }
        } catch {
            throw Fault(.relay, .badUpstreamResponse)
        }
        guard let fields, let bytes = buffer.readSlice(length: fields.position) else {
            throw Fault(.relay, .internalError)
        }
        let head = RawResponseHead(bytes: bytes, table: table, status: line.status, version: line.version)
        self = ResponseHeadReader(limits: limits)
        return head
    }

    private mutating func parse(_ bytes: Span<UInt8>, _ lines: inout FieldLines) throws(HeadError) -> Bool {
        if fields == nil {
            guard try line.parse(bytes, limit: limits.requestLine, end: limits.head) else { return false }
            fields = FieldSectionParser(at: line.position)
        }
        let rules = FieldSectionParser.Rules(
            line: limits.fieldLine, end: limits.head, fields: limits.fields, allowsObsText: true)
        return try fields?.parse(bytes, rules: rules, into: &lines) ?? false
    }
}

/// Parses a status line, strictly and incrementally (RFC 9112 §4).
///
/// The reason phrase and the space before it may be missing: RFC 9112 §4 makes a client ignore the phrase.
struct StatusLineParser: Sendable {
    /// The next byte to look at.
    private(set) var position = 0
    /// The status code.
    private(set) var status = 0
    /// The version.
    private(set) var version = HTTPVersion.http11
    private var lineEnded = false

    /// Goes on as far as `bytes` reach; true once the line's LF is behind `position`.
    mutating func parse(_ bytes: Span<UInt8>, limit: Int, end: Int) throws(HeadError) -> Bool {
        let stop = min(bytes.count, limit &+ 1, end)
        while position < stop, !lineEnded {
            try accept(bytes[position])
            position &+= 1
        }
        guard position < end, lineEnded || position <= limit else { throw .init(.headTooLarge) }
        guard lineEnded, position < bytes.count else { return false }
        guard bytes[position] == Ascii.lf else { throw .init(.badHeaderByte) }
        position &+= 1
        return true
    }

    /// One byte of `HTTP/1.1 200 phrase` CR.
    private mutating func accept(_ byte: UInt8) throws(HeadError) {
        switch position {
        case 0...4, 6:
            guard VersionText.accepts(byte, at: position) else { throw .init(.badVersion) }
        case 5:
            guard byte == 0x31 else { throw .init(.badVersion) }
        case 7:
            guard byte == 0x30 || byte == 0x31 else { throw .init(.badVersion) }
            version = byte == 0x30 ? .http10 : .http11
        case 8:
            guard byte == Ascii.space else { throw .init(.badHeader) }
        case 9...11:
            // RFC 9110 §15: codes below 100 and above 599 are invalid.
            let isFirst = position == 9
            guard Ascii.isDigit(byte), !isFirst || (byte >= 0x31 && byte <= 0x35) else { throw .init(.badHeader) }
            status = status &* 10 &+ Int(byte &- Ascii.zero)
        case 12 where byte == Ascii.space:
            break
        default:
            if byte == Ascii.cr {
                lineEnded = true
            } else {
                let isText = byte >= Ascii.space && byte != Ascii.delete || byte == Ascii.tab
                guard isText, position > 12 else { throw .init(.badHeaderByte) }
            }
        }
    }
}
