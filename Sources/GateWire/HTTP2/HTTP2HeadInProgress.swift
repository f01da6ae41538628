import GateHTTP
import GatePrimitives
import NIOCore

/// The fields of one header block as they are decoded: a request's head, or trailers.
struct HTTP2HeadInProgress {
    let stream: Int32
    /// Whether it opens a stream; trailers do not.
    let isRequest: Bool
    private let limits: HeadLimits
    /// The bytes of the pseudo-header fields; the ranges are of its readable bytes.
    private var pseudo: ByteBuffer
    private var method = 0..<0
    private var scheme = 0..<0
    private var authority = 0..<0
    private var path = 0..<0
    private var `protocol` = 0..<0
    private var builder: RequestHeadBuilder?
    private var trailers = TrailerBuilder(isResponse: false)
    private var fault: Fault?
    /// Bytes of all fields and 32 more for each (RFC 9113 §6.5.2), those of a refused head included.
    private(set) var decoded = 0

    /// The head of a request, or trailers; `storage` is empty, and is given back by `takeStorage()`.
    init(stream: Int32, isRequest: Bool, limits: HeadLimits, storage: consuming ByteBuffer) {
        self.stream = stream
        self.isRequest = isRequest
        self.limits = limits
        pseudo = storage
    }

    /// The storage that was lent, for the next head.
    mutating func takeStorage() -> ByteBuffer {
        var storage = ByteBuffer()
        swap(&storage, &pseudo)
        storage.clear()
        return storage
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

    /// The pseudo-header fields are few, come first and once, and are the five that follow: nghttp2 has checked that
    /// (RFC 9113 §8.3).
    private mutating func appendPseudo(_ name: Span<UInt8>, _ value: Span<UInt8>) throws(Fault) {
        guard value.count <= limits.requestLine else { throw Fault(.read, .requestLineTooLong) }
        let range = pseudo.readableBytes..<pseudo.readableBytes &+ value.count
        // SAFETY: the raw bytes of a span of bytes are all initialised.
        pseudo.writeBytes(unsafe value.bytes)
        switch name.count {
        case 7 where name[1] == UInt8(ascii: "m"): method = range
        case 7 where name[1] == UInt8(ascii: "s"): scheme = range
        case 10: authority = range
        case 5: path = range
        case 9: `protocol` = range
        default: throw Fault(.read, .badHeader)
        }
    }

    private mutating func open(_ table: inout HeadTable) throws(Fault) {
        let storage = pseudo
        let bytes = storage.readableBytesUInt8Span
        let known: Scheme?
        switch storage.getString(at: storage.readerIndex &+ scheme.lowerBound, length: scheme.count) {
        case "": known = nil
        case "https": known = .https
        case "http": known = .http
        default: throw Fault(.read, .badTarget)
        }
        builder = try RequestHeadBuilder(
            method: bytes.extracting(method), scheme: known, authority: bytes.extracting(authority),
            path: bytes.extracting(path), protocol: bytes.extracting(`protocol`), limits: limits, table: &table)
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
