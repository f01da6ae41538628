/// One request as raw bytes, read as leniently as attackers write: for `waf run` and regression suites alone.
///
/// Never on the live path, where `GateHTTP` reads and vets heads. Lines end in CRLF or LF, any method, target and protocol
/// is taken, a field may lack its colon, a body that is no chunked body is taken as it is.
public struct RawRequest: Sendable {
    /// One header field.
    public struct Field: Sendable {
        /// Its name, without white space around it.
        public let name: Range<Int>
        /// Its value, without white space around it; of a folded field all lines, as they were sent.
        public let value: Range<Int>
    }

    /// The bytes that were read.
    public let bytes: [UInt8]
    /// The method: what stands before the first space.
    public let method: Range<Int>
    /// The request target: what stands between the first space and the protocol.
    public let target: Range<Int>
    /// The protocol, or empty where the line names none (HTTP/0.9).
    public let protocolName: Range<Int>
    /// The header fields in their order.
    public let fields: [Field]
    /// The body: without chunked framing, and no longer than a valid Content-Length says.
    public let body: [UInt8]

    /// Reads `bytes`; every input is some request.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
        var lines = LineScanner(bytes: bytes)
        // RFC 9112 §2.2: empty lines before the request line are passed over.
        var line = lines.next() ?? 0..<0
        while line.isEmpty, let next = lines.next() { line = next }
        let space = bytes[line].firstIndex(of: 0x20) ?? line.upperBound
        method = line.lowerBound..<space
        let rest = min(space &+ 1, line.upperBound)..<line.upperBound
        protocolName = RawRequest.protocolName(of: bytes, in: rest)
        let targetEnd = protocolName.isEmpty ? rest.upperBound : max(protocolName.lowerBound &- 1, rest.lowerBound)
        target = rest.lowerBound..<targetEnd
        fields = RawRequest.readFields(of: bytes, from: &lines)
        body = RawRequest.readBody(of: bytes, from: lines.position, fields: fields)
    }

    /// The values of the fields called `name`, in lower case.
    public func values(of name: StaticString) -> [Range<Int>] {
        RawRequest.values(of: name, among: fields, in: bytes)
    }

    /// Fills a table with everything but the body, in the order that a gateway has: connection, line, fields.
    ///
    /// Returns false where there are more arguments than `limits` allows.
    public func addHead(
        to table: inout VariableTable, remoteAddress: Span<UInt8>, uniqueID: Span<UInt8>,
        limits: InspectionLimits = .init()
    ) -> Bool {
        table.addConnection(remoteAddress: remoteAddress, uniqueID: uniqueID)
        let span = bytes.span
        // A request without a protocol is HTTP/0.9, and that is what nginx calls it.
        let oldest = Array("HTTP/0.9".utf8)
        let isComplete = table.addRequestLine(
            method: span.extracting(method), target: span.extracting(target),
            protocolName: protocolName.isEmpty ? oldest.span : span.extracting(protocolName), limits: limits)
        for field in fields {
            table.addRequestHeader(name: span.extracting(field.name), value: span.extracting(field.value))
        }
        return isComplete
    }
}

// How the parts are found.
extension RawRequest {
    /// The protocol at the end of a request line: what follows the last space, if it looks like one.
    private static func protocolName(of bytes: [UInt8], in rest: Range<Int>) -> Range<Int> {
        guard let space = bytes[rest].lastIndex(of: 0x20) else { return rest.upperBound..<rest.upperBound }
        let word = (space &+ 1)..<rest.upperBound
        let isOnlyTarget = bytes[rest.lowerBound..<space].firstIndex(of: 0x20) == nil
        let isHTTP = bytes.span.hasPrefixLowercased("http/", in: word)
        return isHTTP || (isOnlyTarget && !word.isEmpty) ? word : rest.upperBound..<rest.upperBound
    }

    private static func readFields(of bytes: [UInt8], from lines: inout LineScanner) -> [Field] {
        var fields: [Field] = []
        while let line = lines.next(), !line.isEmpty {
            let isFolded = bytes[line.lowerBound] == 0x20 || bytes[line.lowerBound] == 0x09
            if isFolded, let last = fields.popLast() {
                let value = last.value.lowerBound..<line.upperBound
                fields.append(Field(name: last.name, value: trimmed(value, in: bytes)))
                continue
            }
            let colon = bytes[line].firstIndex(of: 0x3A) ?? line.upperBound
            let value = min(colon &+ 1, line.upperBound)..<line.upperBound
            fields.append(
                Field(name: trimmed(line.lowerBound..<colon, in: bytes), value: trimmed(value, in: bytes)))
        }
        return fields
    }

    private static func readBody(of bytes: [UInt8], from start: Int, fields: [Field]) -> [UInt8] {
        let rest = Array(bytes[min(start, bytes.count)...])
        let isChunked = values(of: "transfer-encoding", among: fields, in: bytes).contains {
            bytes.span.equalsLowercased("chunked", in: $0)
        }
        if isChunked { return unchunked(rest) ?? rest }
        guard let length = values(of: "content-length", among: fields, in: bytes).first,
            let count = decimal(bytes[length])
        else { return rest }
        return Array(rest.prefix(count))
    }

    /// The data of a chunked body, or nil where it is none.
    private static func unchunked(_ bytes: [UInt8]) -> [UInt8]? {
        var lines = LineScanner(bytes: bytes)
        var data: [UInt8] = []
        while let line = lines.next() {
            var size = 0
            var digits = 0
            for byte in bytes[line] {
                guard let digit = Hex.value(byte), digits < 8 else { break }
                size = size << 4 | Int(digit)
                digits &+= 1
            }
            guard digits > 0 else { return nil }
            if size == 0 { return data }
            guard size <= bytes.count &- lines.position else { return nil }
            data += bytes[lines.position..<(lines.position &+ size)]
            lines.position &+= size
            guard let end = lines.next(), end.isEmpty else { return nil }
        }
        return nil
    }

    private static func values(of name: StaticString, among fields: [Field], in bytes: [UInt8]) -> [Range<Int>] {
        fields.filter { bytes.span.equalsLowercased(name, in: $0.name) }.map(\.value)
    }

    /// A number of at most nine digits, or nil.
    private static func decimal(_ bytes: ArraySlice<UInt8>) -> Int? {
        guard !bytes.isEmpty, bytes.count < 10 else { return nil }
        var number = 0
        for byte in bytes {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            number = number &* 10 &+ Int(byte &- 0x30)
        }
        return number
    }

    private static func trimmed(_ range: Range<Int>, in bytes: [UInt8]) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start &+= 1 }
        while end > start, bytes[end &- 1] == 0x20 || bytes[end &- 1] == 0x09 { end &-= 1 }
        return start..<end
    }
}

/// Lines that end in CRLF, in LF, or with the bytes.
private struct LineScanner {
    let bytes: [UInt8]
    /// Where the next line begins.
    var position = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The next line without its end, or nil after the last.
    mutating func next() -> Range<Int>? {
        guard position < bytes.count else { return nil }
        let start = position
        let feed = bytes[start...].firstIndex(of: 0x0A)
        position = feed.map { $0 &+ 1 } ?? bytes.count
        var end = feed ?? bytes.count
        if feed != nil, end > start, bytes[end &- 1] == 0x0D { end &-= 1 }
        return start..<end
    }
}
