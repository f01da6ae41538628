public import GatePrimitives
public import NIOCore

extension VettedRequest {
    /// Writes the head that the backend gets, built anew, behind what `out` holds.
    ///
    /// In this order: the request line, `host`, the end-to-end fields in the client's order, then what is the
    /// gateway's own: forwarding fields, identity, `x-request-id`, `via`, framing, the route's edits.
    ///
    /// Faults: `loop_detected` where `via` names our own pseudonym; `internal_error` where the path was not made
    /// canonical, does not begin with the matched prefix, or the request is a CONNECT. `out` is then as it was.
    public func writeUpstreamHead(
        into out: inout ByteBuffer, rewrite: borrowing UpstreamRewrite, connection: borrowing ForwardingFacts,
        fields: borrowing UpstreamFields
    ) throws(Fault) {
        guard pathIsCanonical, targetForm != .authority else { throw Fault(.dispatch, .internalError) }
        // RFC 9110 §7.6.3: our own name among those a message came through is a loop.
        guard !viaNames(connection.pseudonym.readableBytesUInt8Span) else { throw Fault(.vet, .loop) }
        do throws(HeadOverflow) {
            try out.writeWithOutputRawSpan(minimumWritableBytes: roomForHead(rewrite, connection, fields)) {
                sink throws(HeadOverflow) in
                try writeRequestLine(&sink, rewrite, fields.removal)
                try writeHost(&sink, rewrite)
                try writeEndToEnd(&sink, rewrite, fields.removal, isTrusted: connection.peerIsTrusted)
                try writeForwarding(&sink, connection)
                try sink.append(fields.identity.bytes)
                try sink.append("x-request-id: ")
                try sink.append(fields.requestID)
                try sink.append("\r\n")
                try writeVia(&sink, connection)
                try writeFraming(&sink, fields)
                try sink.append(rewrite.edits.lines.bytes)
                try sink.append("\r\n")
            }
        } catch {
            throw Fault(.dispatch, .internalError)
        }
    }
}
