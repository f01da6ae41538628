import GateHTTP
import GatePrimitives

/// The fields of one header block of a backend as they are decoded: a response's head, or trailers.
struct HTTP2ResponseInProgress {
    let stream: Int32
    /// Whether it is a head, final or interim; else trailers.
    let isHead: Bool
    private var builder: ResponseHeadBuilder?
    private var trailers = TrailerBuilder(isResponse: true)
    private var fault: Fault?
    /// Bytes of all fields and 32 more for each (RFC 9113 §6.5.2), those of a refused head included.
    private var decoded = 0

    init(stream: Int32, isHead: Bool, limits: HeadLimits, table: inout HeadTable) {
        self.stream = stream
        self.isHead = isHead
        if isHead { builder = ResponseHeadBuilder(limits: limits, table: &table) }
    }

    /// Takes one field; false where so much was decoded that the connection has to end.
    mutating func append(_ name: Span<UInt8>, _ value: Span<UInt8>) -> Bool {
        decoded &+= name.count &+ value.count &+ 32
        guard decoded <= HTTP2Limits.decodedHeaders else { return false }
        guard fault == nil else { return true }
        do throws(Fault) {
            if isHead { try builder?.append(name, value) } else { try trailers.append(name, value) }
        } catch {
            fault = error
        }
        return true
    }

    /// The response, once its block is complete.
    consuming func finish(to method: HTTPMethod, endsStream: Bool) throws(Fault) -> VettedResponse {
        if let fault { throw fault }
        guard let raw = try builder?.finish(endsStream: endsStream) else { throw Fault(.relay, .internalError) }
        builder = nil
        return try VettedResponse.vet(raw, to: method, upgrade: .none)
    }

    /// The trailers that may be passed on, once their block is complete.
    mutating func finishTrailers() throws(Fault) -> FieldBlock? {
        if let fault { throw fault }
        return try trailers.finish()
    }
}
