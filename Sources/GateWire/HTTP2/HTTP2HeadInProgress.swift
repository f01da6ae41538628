import GateHTTP
import GatePrimitives
import NIOCore

/// The fields of one header block as they are decoded: a request's head, or trailers.
struct HTTP2HeadInProgress {
    let stream: Int32
    /// Whether it opens a stream; trailers do not.
    let isRequest: Bool
    private let limits: HeadLimits
    private var method = ByteBuffer()
    private var scheme = ByteBuffer()
    private var authority = ByteBuffer()
    private var path = ByteBuffer()
    private var builder: RequestHeadBuilder?
    private var trailers = TrailerBuilder(isResponse: false)
    private var fault: Fault?
    /// Bytes of all fields and 32 more for each (RFC 9113 §6.5.2), those of a refused head included.
    private(set) var decoded = 0

    /// The head of a request, or trailers.
    init(stream: Int32, isRequest: Bool, limits: HeadLimits) {
        self.stream = stream
        self.isRequest = isRequest
        self.limits = limits
    }

    /// Takes one field; false where so much was decoded that the connection has to end.
    mutating func append(_ name: Span<UInt8>, _ value: Span<UInt8>, _ table: inout HeadTable) -> Bool {
        decoded &+= name.count &+ value.count &+ 32
        guard decoded <= HTTP2Limits.decodedHeaders else { return false }
        guard fault == nil else { return true }
        do throws(Fault) {
            if !isRequest {
                try trailers.append(name, value)
            } else if name.count > 0, name[0] == UInt8(ascii: ":") {
                try appendPseudo(name, value)
            } else {
                if builder == nil { try open(&table) }
                try builder?.append(name, value)
            }
        } catch {
            fault = error
            builder = nil
        }
        return true
    }

    /// The pseudo-header fields are few, come first and once, and are the four that follow: nghttp2 has checked that
    /// (RFC 9113 §8.3).
    private mutating func appendPseudo(_ name: Span<UInt8>, _ value: Span<UInt8>) throws(Fault) {
        guard value.count <= limits.requestLine else { throw Fault(.read, .requestLineTooLong) }
        var bytes = ByteBuffer()
        // SAFETY: the raw bytes of a span of bytes are all initialised.
        bytes.writeBytes(unsafe value.bytes)
        switch name.count {
        case 7 where name[1] == UInt8(ascii: "m"): method = bytes
        case 7 where name[1] == UInt8(ascii: "s"): scheme = bytes
        case 10: authority = bytes
        case 5: path = bytes
        default: throw Fault(.read, .badHeader)
        }
    }

    private mutating func open(_ table: inout HeadTable) throws(Fault) {
        let known: Scheme?
        switch String(buffer: scheme) {
        case "": known = nil
        case "https": known = .https
        case "http": known = .http
        default: throw Fault(.read, .badTarget)
        }
        builder = try RequestHeadBuilder(
            method: method.readableBytesUInt8Span, scheme: known, authority: authority.readableBytesUInt8Span,
            path: path.readableBytesUInt8Span, limits: limits, table: &table)
    }

    /// The head, once its block is complete.
    mutating func finish(endsStream: Bool, _ table: inout HeadTable) throws(Fault) -> RawHead {
        if let fault { throw fault }
        if builder == nil { try open(&table) }
        guard let head = try builder?.finish(endsStream: endsStream) else { throw Fault(.read, .internalError) }
        builder = nil
        return head
    }

    /// The trailers that may be passed on, once their block is complete.
    mutating func finishTrailers() throws(Fault) -> FieldBlock? {
        if let fault { throw fault }
        return try trailers.finish()
    }
}
