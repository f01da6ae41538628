public import GatePrimitives
import NIOCore

/// What a request asks the connection to become (RFC 9110 §7.8).
public enum UpgradeKind: UInt8, Sendable {
    /// Nothing, or only `h2c`, which is dropped (attacks 12).
    case none
    /// A WebSocket (RFC 6455): a GET of HTTP/1.1 whose `upgrade` is `websocket`.
    case webSocket
    /// Something else; dropped.
    case other
}

/// A request of which there is one canonical reading, and this is it.
///
/// Made only by `vet(_:)`. What routing, admission, limits and inspection see is what `writeUpstreamHead` forwards.
/// It stands on the bytes of the head, and copies of them only where the canonical spelling differs.
public struct VettedRequest {
    /// Bytes of this request: in the head as it was sent, or among what was rewritten.
    struct Piece {
        var range: Range<Int>
        var isRewritten = false
    }

    let bytes: ByteBuffer
    let lines: FieldLines
    /// The canonical authority and path, where they differ from what was sent; otherwise unused.
    var rewritten: ByteBuffer
    let methodRange: Range<Int>
    let authorityPiece: Piece
    let hostLength: Int
    /// The path before a policy has decided about its anomalies.
    let basePath: Piece
    var pathPiece: Piece
    let queryRange: Range<Int>?

    /// The method.
    public let method: HTTPMethod
    /// The version of the client's message.
    public let version: HTTPVersion
    /// The form of the target.
    public let targetForm: TargetForm
    /// The scheme of an absolute-form target (or of HTTP/2's `:scheme`); nil where the target names none.
    public let targetScheme: Scheme?
    /// The port of the authority; nil where it names none.
    public let port: UInt16?
    /// How the body is delimited.
    public let framing: BodyFraming
    /// Whether the client lets the connection be used again.
    public let keepAlive: Bool
    /// Whether the client waits for `100 (Continue)` before it sends the body.
    public let expectsContinue: Bool
    /// Whether the client said that it reads trailers: `te: trailers` (RFC 9110 §10.1.4).
    public let acceptsTrailers: Bool
    /// What the client asks the connection to become.
    public let upgrade: UpgradeKind
    /// Whether `Upgrade: h2c` or `HTTP2-Settings` was there and dropped (attacks 12).
    public let h2cStripped: Bool
    /// What a path policy has to decide about; empty for a path that every parser reads alike.
    public let pathAnomalies: PathAnomalies
    /// Whether the path is canonical under a policy: only then can the request be forwarded.
    public internal(set) var pathIsCanonical: Bool

    /// Whether the target has a query, be it an empty one.
    public var hasQuery: Bool { queryRange != nil }

    /// The method as sent.
    public var methodBytes: Span<UInt8> {
        @_lifetime(borrow self) get { bytes.readableBytesUInt8Span.extracting(methodRange) }
    }

    /// The canonical host: lower case, no trailing dot, no port; an IPv6 address in brackets. Never empty.
    public var host: Span<UInt8> {
        @_lifetime(borrow self) get { span(authorityPiece).extracting(first: hostLength) }
    }

    /// The canonical host with the port, if one was sent.
    public var authority: Span<UInt8> {
        @_lifetime(borrow self) get { span(authorityPiece) }
    }

    /// The canonical path: begins with `/`; `*` for `OPTIONS *`, empty for CONNECT.
    ///
    /// Until `canonicalisePath(under:)` was asked, it still holds what `pathAnomalies` names.
    public var path: Span<UInt8> {
        @_lifetime(borrow self) get { span(pathPiece) }
    }

    /// The query as sent, without its `?`; empty where there is none.
    public var query: Span<UInt8> {
        @_lifetime(borrow self) get { bytes.readableBytesUInt8Span.extracting(queryRange ?? 0..<0) }
    }

    @_lifetime(borrow self)
    func span(_ piece: Piece) -> Span<UInt8> {
        if piece.isRewritten { return rewritten.readableBytesUInt8Span.extracting(piece.range) }
        return bytes.readableBytesUInt8Span.extracting(piece.range)
    }

    /// The method, for cold code.
    public var methodText: String { methodBytes.text }
    /// The host, for cold code.
    public var hostText: String { host.text }
    /// The host and port, for cold code.
    public var authorityText: String { authority.text }
    /// The path, for cold code.
    public var pathText: String { path.text }
    /// The query, for cold code.
    public var queryText: String { query.text }
}

extension VettedRequest {
    /// Makes the path canonical under `policy`, starting from what the client sent; may be asked again under another.
    ///
    /// A path without anomalies costs nothing. Faults are in `vet`: `path_traversal`, `path_normalised`,
    /// `path_encoded`, `path_param`.
    public mutating func canonicalisePath(under policy: PathPolicy) throws(Fault) {
        guard !pathAnomalies.isEmpty else { return }
        pathIsCanonical = false
        pathPiece = basePath
        var resolved = ByteBufferAllocator().buffer(capacity: rewritten.readableBytes &+ basePath.range.count)
        if authorityPiece.isRewritten || basePath.isRewritten { resolved.append(rewritten.readableBytesUInt8Span) }
        let start = resolved.readableBytes
        do throws(HeadError) {
            try PathCanonicaliser.appendResolved(span(basePath), pathAnomalies, policy, to: &resolved)
        } catch {
            throw Fault(.vet, error.reason)
        }
        rewritten = resolved
        pathPiece = Piece(range: start..<resolved.readableBytes, isRewritten: true)
        pathIsCanonical = true
    }
}
