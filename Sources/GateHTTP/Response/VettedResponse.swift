public import GatePrimitives
import NIOCore

/// A response of a backend of which there is one reading.
///
/// Made only by `vet(_:to:upgrade:)`.
public struct VettedResponse {
    let bytes: ByteBuffer
    let lines: FieldLines
    /// The value of `content-length`, also where there is no body (HEAD, 304).
    let contentLength: UInt64?

    /// The status code, 100 to 599.
    public let status: Int
    /// How the body is delimited, given the request's method.
    public let framing: ResponseFraming
    /// Whether the upstream connection can be used again once the body has ended.
    public let keepAlive: Bool

    /// Whether this is an interim response (1xx other than 101); the final one follows on the same connection.
    ///
    /// An HTTP/1.0 client must not be sent it (RFC 9110 §15.2).
    public var isInformational: Bool { status < 200 && status != 101 }

    /// Whether the backend said when it made the response; where not, who passes it on does (RFC 9110 §6.6.1).
    public var hasDate: Bool { lines.first(.date) != nil }

    /// Judges `raw`, the answer to a request of `method` that passed on `upgrade`.
    ///
    /// Every fault is `bad_upstream_response` in `relay` (attacks 16); nothing of such a connection is used again.
    public static func vet(
        _ raw: consuming RawResponseHead, to method: HTTPMethod, upgrade: UpgradeKind
    ) throws(Fault) -> VettedResponse {
        do throws(HeadError) {
            return try VettedResponse(judging: raw, to: method, upgrade: upgrade)
        } catch {
            throw Fault(.relay, .badUpstreamResponse)
        }
    }

    private init(
        judging raw: consuming RawResponseHead, to method: HTTPMethod, upgrade: UpgradeKind
    ) throws(HeadError) {
        bytes = raw.bytes
        let table = raw.table
        // The table is this head's alone: its lines are marked in place, without a copy.
        var lines = table.take()
        defer { table.lines = lines }
        status = raw.status
        let head = raw.bytes.readableBytesUInt8Span
        let survey = ResponseSurvey(head, &lines)
        let options = try ConnectionOptions(head, &lines, guarded: false)

        // RFC 9112 §6.1 and §6.3: both, or a coding in HTTP/1.0, cannot be read one way.
        guard survey.codings == 0 || (survey.lengths == 0 && survey.codings == 1 && raw.version == .http11),
            survey.lengths <= 1
        else { throw .init(.badUpstreamResponse) }
        if survey.codings == 1 { try Framing.requireChunked(head, lines.slots[survey.coding].valueRange) }
        let length =
            survey.lengths == 1 ? try Framing.contentLength(head, lines.slots[survey.length].valueRange) : nil
        contentLength = length
        let isStream = raw.version == .http2

        switch raw.status {
        case 101:
            // RFC 9110 §15.2.2: only what was asked for.
            guard upgrade == .webSocket, options.upgrade, survey.upgrades == 1,
                head.matches(lines.slots[survey.upgrade].valueRange, lowercase: "websocket")
            else { throw .init(.badUpstreamResponse) }
            fallthrough
        case 100..<200, 204:
            // RFC 9110 §8.6, RFC 9112 §6.1: neither field may be here; a length of 0 says the same and is dropped.
            guard survey.codings == 0, length ?? 0 == 0 else { throw .init(.badUpstreamResponse) }
            framing = .none
        case 304:
            framing = .none
        default:
            if method == .head {
                framing = .none
            } else if survey.codings == 1 {
                framing = .chunked
            } else if let length {
                framing = .length(length)
            } else if isStream {
                // RFC 9113 §8.1: the stream's end delimits it, which is known to be its end.
                framing = raw.endsWithoutBody ? .length(0) : .chunked
            } else {
                framing = .untilClose
            }
            // RFC 9113 §8.1.1: a length that no body follows.
            if raw.endsWithoutBody, case .length(1...) = framing { throw .init(.badUpstreamResponse) }
        }
        // RFC 9113 §5.1: a final response without a body ends its stream, an interim one never does.
        if isStream, raw.status < 200, raw.endsWithoutBody { throw .init(.badUpstreamResponse) }
        let persists = raw.version == .http10 ? options.keepAlive && !options.close : !options.close
        keepAlive = persists && framing != .untilClose && raw.status != 101
        if survey.hasTrailer, framing != .chunked { lines.markAll(.trailer, .removed) }
        self.lines = lines
    }
}

extension VettedResponse {
    /// The index of the first line of `name`, or nil.
    public func first(_ name: FieldName) -> Int? { name == .other ? nil : lines.first(name) }

    /// The index of the next line of `name` behind `index`, or nil.
    public func next(_ name: FieldName, after index: Int) -> Int? {
        name == .other || index < 0 ? nil : lines.first(name, from: index &+ 1)
    }

    /// The number of field lines, those included that are not passed on.
    public var fieldCount: Int { lines.slots.count }

    /// The name of line `index`, if it is a known one.
    public func fieldName(at index: Int) -> FieldName {
        index >= 0 && index < fieldCount ? lines.slots[index].name : .other
    }

    /// The name of line `index` as sent; empty where there is no such line.
    @_lifetime(borrow self)
    public func nameBytes(at index: Int) -> Span<UInt8> {
        let isThere = index >= 0 && index < lines.slots.count
        return bytes.readableBytesUInt8Span.extracting(isThere ? lines.slots[index].nameRange : 0..<0)
    }

    /// The value of line `index`, white space around it trimmed; empty where there is no such line.
    @_lifetime(borrow self)
    public func value(at index: Int) -> Span<UInt8> {
        let isThere = index >= 0 && index < lines.slots.count
        return bytes.readableBytesUInt8Span.extracting(isThere ? lines.slots[index].valueRange : 0..<0)
    }

    /// Whether `content-type` is `name`, in lower case, with parameters or a suffix such as `+proto`.
    public func hasMediaType(_ name: StaticString) -> Bool {
        guard let line = first(.contentType) else { return false }
        return value(at: line).isMediaType(name)
    }

    /// The value of the first line of `name`, for cold code.
    public func text(_ name: FieldName) -> String? {
        first(name).map { value(at: $0).text }
    }
}

/// What one walk over the field lines of a response found; it marks on each line what becomes of it.
struct ResponseSurvey {
    var lengths = 0
    var length = 0
    var codings = 0
    var coding = 0
    var upgrades = 0
    var upgrade = 0
    var hasTrailer = false

    init(_ bytes: Span<UInt8>, _ lines: inout FieldLines) {
        var index = 0
        while index < lines.slots.count {
            note(index, lines.slots[index], bytes, &lines)
            index &+= 1
        }
    }

    private mutating func note(_ index: Int, _ slot: FieldLines.Slot, _ bytes: Span<UInt8>, _ lines: inout FieldLines) {
        switch slot.name {
        case .contentLength:
            (lengths, length) = (lengths &+ 1, index)
            lines.mark(index, .rebuilt)
        case .transferEncoding:
            (codings, coding) = (codings &+ 1, index)
            lines.mark(index, .rebuilt)
        case .upgrade:
            (upgrades, upgrade) = (upgrades &+ 1, index)
            lines.mark(index, .rebuilt)
        case .connection, .keepAlive, .proxyConnection, .proxyAuthenticate, .te, .http2Settings:
            lines.mark(index, .rebuilt)
        case .trailer:
            hasTrailer = true
        case .server, .via, .xPoweredBy, .altSvc, .xRequestID:
            // Nothing of a backend leaks; the request id is the gateway's own.
            lines.mark(index, .removed)
        case .other:
            if NameFamily.of(bytes, slot.nameRange) == .proxyControl { lines.mark(index, .removed) }
        default:
            break
        }
    }
}
