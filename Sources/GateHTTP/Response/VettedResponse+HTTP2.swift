public import GatePrimitives
public import NIOCore

extension VettedResponse {
    /// Writes the fields that an HTTP/2 client gets, one `name: value` line each, behind what `out` holds; returns whether
    /// a body follows.
    ///
    /// The same fields as `writeDownstreamHead(into:answering:fields:)`, without those of a connection, which HTTP/2
    /// forbids (RFC 9113 §8.2.2); names are as the backend spelled them. An interim response gets nothing of the
    /// gateway's own. A fault is `internal_error`; `out` is then as it was.
    public func writeStreamFields(
        into out: inout ByteBuffer, answering request: borrowing VettedRequest, fields: borrowing DownstreamFields
    ) throws(Fault) -> Bool {
        // RFC 9113 §8.6: HTTP/2 has no 101, but the answer that opens a WebSocket (RFC 8441 §5), which has no length.
        guard status != 101 || request.upgrade == .webSocket else { throw Fault(.relay, .internalError) }
        do throws(HeadOverflow) {
            try out.writeWithOutputRawSpan(minimumWritableBytes: roomForHead(request, fields)) {
                sink throws(HeadOverflow) in
                try writeEndToEnd(&sink, request, fields)
                guard !isInformational else { return }
                try sink.append(fields.own.bytes)
                try sink.append("x-request-id: ")
                try sink.append(fields.requestID)
                try sink.append("\r\n")
                try sink.append(fields.edits.lines.bytes)
                // RFC 9110 §8.6: to HEAD and in a 304, the length that the content would have.
                if let contentLength, status != 204, status != 101 {
                    try sink.append("content-length: ")
                    try sink.append(decimal: contentLength)
                    try sink.append("\r\n")
                }
            }
        } catch {
            throw Fault(.relay, .internalError)
        }
        return status == 101 || framing != .none && framing != .length(0)
    }
}
