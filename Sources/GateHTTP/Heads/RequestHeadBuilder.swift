public import GatePrimitives
import NIOCore

/// Builds a raw head from the fields of an HTTP/2 request, in the layout of HTTP/1.1 (RFC 9113 §8.3).
///
/// Vetting, inspection and forwarding then see one form. What HTTP/2 forbids is refused here (attacks 24, 25); the
/// limits are those of HTTP/1.1, counted on decoded bytes (attacks 22, 23).
public struct RequestHeadBuilder {
    /// LIMIT: pieces of the one `cookie` field (RFC 9113 §8.2.3). Breach: `headers_too_large`.
    public static let mostCookiePieces = 256

    private let limits: HeadLimits
    private let table: HeadTable
    private let scheme: Scheme?
    private let hasAuthority: Bool
    private let asksForWebSocket: Bool
    private var bytes: ByteBuffer
    private var cookie = ByteBuffer()
    private var cookiePieces = 0
    private var lines = FieldLines()
    private let method: Range<Int>
    private let target: Range<Int>

    /// Begins a head with the pseudo-header fields; those that are missing are empty. `scheme` is nil for CONNECT alone.
    ///
    /// `protocol` is that of an extended CONNECT (RFC 8441): `websocket` becomes the GET of its HTTP/1.1 handshake, any
    /// other is `upgrade_unsupported` in `vet`. `table` lends its storage, and is replaced first where another head still
    /// uses it. All other faults are in `read`.
    public init(
        method: Span<UInt8>, scheme: Scheme?, authority: Span<UInt8>, path: Span<UInt8>,
        protocol: Span<UInt8>, limits: HeadLimits = .standard, table: inout HeadTable
    ) throws(Fault) {
        self.limits = limits
        if !isKnownUniquelyReferenced(&table) { table = HeadTable() }
        self.table = table
        self.scheme = scheme
        hasAuthority = !authority.isEmpty
        asksForWebSocket = !`protocol`.isEmpty
        // RFC 9113 §8.5: CONNECT has neither path nor scheme; everything else has both, and RFC 8441 §4: extended CONNECT,
        // too.
        let isConnect = scheme == nil
        guard isConnect == path.isEmpty, (isConnect || asksForWebSocket) == (HTTPMethod(method) == .connect),
            !isConnect || !asksForWebSocket
        else { throw Fault(.read, .badRequestLine) }
        guard !asksForWebSocket || `protocol`.matches(lowercase: "websocket") else {
            throw Fault(.vet, .upgradeUnsupported)
        }
        guard !method.isEmpty, StreamField.holdsOnly(method, { ByteClass.token.contains($0) }) else {
            throw Fault(.read, .badRequestLine)
        }
        let target = isConnect ? authority : path
        guard StreamField.holdsOnly(target, { $0 > Ascii.space && $0 < Ascii.delete }) else {
            throw Fault(.read, .badTarget)
        }
        // LIMIT: as the request line of HTTP/1.1, ` HTTP/1.1` included.
        guard method.count &+ target.count &+ 10 <= limits.requestLine else { throw Fault(.read, .requestLineTooLong) }
        bytes = ByteBufferAllocator().buffer(capacity: 512)
        if asksForWebSocket { bytes.writeStaticString("GET") } else { bytes.append(method) }
        self.method = 0..<bytes.readableBytes
        bytes.writeInteger(Ascii.space)
        self.target = bytes.readableBytes..<(bytes.readableBytes &+ target.count)
        bytes.append(target)
        bytes.writeStaticString(" HTTP/2.0\r\n")
        lines = table.take()
        lines.removeAll()
        if hasAuthority { try line("host", authority) }
    }

    /// Adds a regular field; the pieces of `cookie` are joined, `host` must repeat the authority.
    public mutating func append(_ name: Span<UInt8>, _ value: Span<UInt8>) throws(Fault) {
        do throws(HeadError) { try StreamField.check(name, value, allowsObsText: false) } catch {
            throw Fault(.read, error.reason)
        }
        switch FieldNameIndex.shared.name(name, 0..<name.count) {
        case .connection, .keepAlive, .proxyConnection, .transferEncoding, .upgrade, .http2Settings:
            // RFC 9113 §8.2.2.
            throw Fault(.read, .badHeader)
        case .te where !value.matches(lowercase: "trailers"):
            throw Fault(.read, .badHeader)
        case .host where hasAuthority:
            // RFC 9113 §8.3.1: they must not differ (attacks 24); one of them goes on.
            guard value.equalsIgnoringCase(bytes.readableBytesUInt8Span.extracting(hostRange)) else {
                throw Fault(.read, .badHost)
            }
        case .cookie:
            try appendCookie(value)
        default:
            try line(name, value)
        }
    }

    /// The head; `endsStream` says that no body follows.
    public mutating func finish(endsStream: Bool) throws(Fault) -> RawHead {
        if cookiePieces > 0 {
            let joined = cookie
            try line("cookie", joined.readableBytesUInt8Span)
        }
        bytes.writeStaticString("\r\n")
        table.lines = lines
        return RawHead(
            bytes: bytes, table: table, method: method, target: target, version: .http2, scheme: scheme,
            asksForWebSocket: asksForWebSocket, endsWithoutBody: endsStream)
    }

    /// The value of the host line, which is the first.
    private var hostRange: Range<Int> { lines.slots.first?.valueRange ?? 0..<0 }

    private mutating func appendCookie(_ value: Span<UInt8>) throws(Fault) {
        guard cookiePieces < Self.mostCookiePieces, cookie.readableBytes &+ value.count < limits.fieldLine else {
            throw Fault(.read, .headTooLarge)
        }
        if cookiePieces > 0 { cookie.writeStaticString("; ") }
        cookie.append(value)
        cookiePieces &+= 1
    }

    private mutating func line(_ name: StaticString, _ value: Span<UInt8>) throws(Fault) {
        // SAFETY: a static string's pointer is valid for its whole length, always.
        try line(unsafe Span(_unsafeStart: name.utf8Start, count: name.utf8CodeUnitCount), value)
    }

    /// Writes one line and notes it.
    private mutating func line(_ name: Span<UInt8>, _ value: Span<UInt8>) throws(Fault) {
        guard lines.appendLine(name, value, to: &bytes, limits) else { throw Fault(.read, .headTooLarge) }
    }
}
