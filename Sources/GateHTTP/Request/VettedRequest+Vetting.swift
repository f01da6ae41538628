public import GatePrimitives
import NIOCore

extension VettedRequest {
    /// Judges `raw`: one canonical reading, or a fault in `vet` (attacks 1 to 9, 11, 12, 15, 32 to 37, 40, 42).
    ///
    /// What a path policy decides about is noted in `pathAnomalies`, not judged. Every other fault is final.
    public static func vet(_ raw: consuming RawHead) throws(Fault) -> VettedRequest {
        do throws(HeadError) {
            return try VettedRequest(judging: raw)
        } catch {
            throw Fault(.vet, error.reason)
        }
    }

    private init(judging raw: consuming RawHead) throws(HeadError) {
        bytes = raw.bytes
        let table = raw.table
        // The table is this head's alone: its lines are marked in place, without a copy.
        var lines = table.take()
        defer { table.lines = lines }
        rewritten = raw.bytes
        methodRange = raw.method
        version = raw.version
        let head = raw.bytes.readableBytesUInt8Span
        let method = HTTPMethod(head.extracting(raw.method))
        self.method = method

        let survey = try FieldSurvey(head, &lines)
        let options = try ConnectionOptions(head, &lines, guarded: true)
        var framing = try Framing.ofRequest(head, lines, survey, raw.version)
        if raw.asksForWebSocket {
            framing = try Self.tunnelFraming(framing, raw.endsWithoutBody, &lines)
        } else if raw.version == .http2 {
            framing = try Framing.ofStream(framing, hasEnded: raw.endsWithoutBody)
        }
        self.framing = framing
        keepAlive = raw.version == .http2 || (!options.close && (raw.version == .http11 || options.keepAlive))
        let asked = try Self.upgrade(head, lines, survey, options, raw.version, method, framing)
        upgrade = raw.asksForWebSocket ? .webSocket : asked.kind
        h2cStripped = asked.h2cStripped
        expectsContinue = try Self.expectation(head, lines, survey, raw.version) && framing.hasBody
        acceptsTrailers = survey.acceptsTrailers && raw.version != .http10
        Self.dropInvalidTrace(head, &lines, survey)
        if survey.hasTrailer, framing != .chunked { lines.markAll(.trailer, .removed) }

        let target = try RequestTarget.parse(head, raw.target, method)
        targetForm = target.form
        targetScheme = target.scheme ?? raw.scheme
        queryRange = target.query

        // RFC 9112 §3.2: exactly one Host, also beside an absolute-form target. HTTP/1.0 without one is refused, too:
        // routes are chosen by host, and none is made up (attacks 8).
        guard survey.hosts == 1 else { throw .init(.badHost) }
        let host = try Authority.parse(head, lines.slots[survey.host].valueRange)
        // RFC 9112 §3.2.2: the authority of the target wins; it is what is routed and forwarded.
        let authority = if let range = target.authority { try Authority.parse(head, range) } else { host }
        guard target.form != .authority || authority.port != nil else { throw .init(.badTarget) }
        port = authority.port
        hostLength = authority.host.count

        var room = authority.isCanonical ? nil : Self.rewrite(authority, head)
        if authority.isCanonical {
            let end = authority.portDigits.isEmpty ? authority.host.upperBound : authority.portDigits.upperBound
            authorityPiece = Piece(range: authority.host.lowerBound..<end)
        } else {
            authorityPiece = Piece(range: 0..<(room?.readableBytes ?? 0), isRewritten: true)
        }

        var scan: PathScan?
        var path = Piece(range: target.path)
        if target.form == .origin || target.form == .absolute {
            let found = try PathScan.scan(head, target.path)
            scan = found
            if found.needsRewriting {
                var buffer = room ?? ByteBufferAllocator().buffer(capacity: target.path.count)
                let start = buffer.readableBytes
                scan = try PathCanonicaliser.appendBase(head.extracting(target.path), to: &buffer)
                path = Piece(range: start..<buffer.readableBytes, isRewritten: true)
                room = buffer
            }
        }
        if let room { rewritten = room }
        basePath = path
        pathPiece = path
        pathAnomalies = scan?.anomalies ?? []
        pathIsCanonical = scan?.anomalies.isEmpty ?? true
        self.lines = lines
    }

    /// The canonical spelling of `authority` in a buffer of its own.
    private static func rewrite(_ authority: Authority, _ head: Span<UInt8>) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: authority.host.count &+ 8)
        for index in authority.host { buffer.writeInteger(Ascii.lower(head[index])) }
        if !authority.portDigits.isEmpty {
            buffer.writeInteger(Ascii.colon)
            buffer.append(head.extracting(authority.portDigits))
        }
        return buffer
    }

    /// RFC 9110 §7.8: only with `connection: upgrade`, and ignored in HTTP/1.0.
    private static func upgrade(
        _ head: Span<UInt8>, _ lines: borrowing FieldLines, _ survey: FieldSurvey, _ options: ConnectionOptions,
        _ version: HTTPVersion, _ method: HTTPMethod, _ framing: BodyFraming
    ) throws(HeadError) -> (kind: UpgradeKind, h2cStripped: Bool) {
        guard survey.upgrades > 0 else { return (.none, survey.hasH2CSettings) }
        guard survey.upgrades == 1 else { throw .init(.badHeader) }
        let value = lines.slots[survey.upgrade].valueRange
        // RFC 9113 §3.1 has no upgrade to HTTP/2 any more: dropped, and the answer is an ordinary one (attacks 12).
        if head.matches(value, lowercase: "h2c") { return (.none, true) }
        guard options.upgrade, version == .http11 else { return (.none, survey.hasH2CSettings) }
        // A body behind an upgrade is read as the next protocol by some, as the body by others (attacks 11).
        guard !framing.hasBody else { throw .init(.upgradeWithBody) }
        let isWebSocket = method == .get && head.matches(value, lowercase: "websocket")
        return (isWebSocket ? .webSocket : .other, survey.hasH2CSettings)
    }

    /// RFC 8441 §5: what a stream that becomes a WebSocket carries is no body, and the key is nobody's: the one that the
    /// backend gets is the gateway's own.
    private static func tunnelFraming(
        _ framing: BodyFraming, _ hasEnded: Bool, _ lines: inout FieldLines
    ) throws(HeadError) -> BodyFraming {
        guard !framing.hasBody else { throw .init(.upgradeWithBody) }
        guard !hasEnded else { throw .init(.webSocketHandshake) }
        lines.markAll(.secWebSocketKey, .removed)
        return .none
    }

    /// RFC 9110 §10.1.1: `100-continue` is the only expectation; HTTP/1.0 has none.
    private static func expectation(
        _ head: Span<UInt8>, _ lines: borrowing FieldLines, _ survey: FieldSurvey, _ version: HTTPVersion
    ) throws(HeadError) -> Bool {
        guard survey.expectations > 0 else { return false }
        guard survey.expectations == 1,
            head.matches(lines.slots[survey.expectation].valueRange, lowercase: "100-continue")
        else { throw .init(.badExpect) }
        return version != .http10
    }

    /// W3C Trace Context §3.2: what is not one valid `traceparent` is dropped, and `tracestate` with it.
    private static func dropInvalidTrace(_ head: Span<UInt8>, _ lines: inout FieldLines, _ survey: FieldSurvey) {
        guard survey.traceparents > 0 || survey.hasTracestate else { return }
        if survey.traceparents == 1, TraceParent.isValid(head, lines.slots[survey.traceparent].valueRange) { return }
        lines.markAll(.traceparent, .removed)
        lines.markAll(.tracestate, .removed)
    }
}

/// The `traceparent` field (W3C Trace Context §3.2.2).
enum TraceParent {
    /// Whether the bytes of `range` are a `traceparent` of version 00, or of a later one that begins alike.
    static func isValid(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard range.count >= 55 else { return false }
        let start = range.lowerBound
        for offset in 0..<55 {
            let byte = bytes[start &+ offset]
            switch offset {
            case 2, 35, 52: guard byte == Ascii.dash else { return false }
            default: guard Ascii.isDigit(byte) || byte &- 0x61 < 6 else { return false }
            }
        }
        let isFirstVersion = bytes[start] == Ascii.zero && bytes[start &+ 1] == Ascii.zero
        guard isFirstVersion ? range.count == 55 : range.count == 55 || bytes[start &+ 55] == Ascii.dash else {
            return false
        }
        guard bytes[start] != 0x66 || bytes[start &+ 1] != 0x66 else { return false }
        return !isZero(bytes, (start &+ 3)..<(start &+ 35)) && !isZero(bytes, (start &+ 36)..<(start &+ 52))
    }

    private static func isZero(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        for index in range where bytes[index] != Ascii.zero { return false }
        return true
    }
}
