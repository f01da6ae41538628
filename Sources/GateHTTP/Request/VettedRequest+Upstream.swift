public import GatePrimitives
public import NIOCore

extension VettedRequest {
    /// Writes the fields that an HTTP/2 backend gets, one `name: value` line each, the pseudo-header fields first (RFC 9113
    /// §8.3.1), behind what `out` holds.
    ///
    /// The same fields as `writeUpstreamHead(into:rewrite:connection:fields:)`, without those of a connection, which
    /// HTTP/2 forbids (§8.2.2); names are as the client spelled them. `scheme` is what is spoken to the backend. The
    /// faults are the same.
    public func writeUpstreamFields(
        into out: inout ByteBuffer, scheme: Scheme, rewrite: borrowing UpstreamRewrite,
        connection: borrowing ForwardingFacts, fields: borrowing UpstreamFields
    ) throws(Fault) {
        try checkForwarding(connection)
        do throws(HeadOverflow) {
            try out.writeWithOutputRawSpan(minimumWritableBytes: roomForHead(rewrite, connection, fields)) {
                sink throws(HeadOverflow) in
                try sink.append(":method: ")
                try sink.append(methodBytes)
                try sink.append(scheme == .https ? "\r\n:scheme: https\r\n" : "\r\n:scheme: http\r\n")
                try writeAuthority(&sink, ":authority: ", rewrite)
                try sink.append(":path: ")
                try writeTarget(&sink, rewrite, fields.removal)
                try sink.append("\r\n")
                try writeOwnAndEndToEnd(&sink, rewrite, connection, fields)
                if case .length(let length) = fields.framing {
                    try sink.append("content-length: ")
                    try sink.append(decimal: length)
                    try sink.append("\r\n")
                }
                if acceptsTrailers { try sink.append("te: trailers\r\n") }
                try sink.append(rewrite.edits.lines.bytes)
            }
        } catch {
            throw Fault(.dispatch, .internalError)
        }
    }

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
        try checkForwarding(connection)
        do throws(HeadOverflow) {
            try out.writeWithOutputRawSpan(minimumWritableBytes: roomForHead(rewrite, connection, fields)) {
                sink throws(HeadOverflow) in
                try writeRequestLine(&sink, rewrite, fields.removal)
                try writeAuthority(&sink, "host: ", rewrite)
                try writeOwnAndEndToEnd(&sink, rewrite, connection, fields)
                try writeFraming(&sink, fields)
                try sink.append(rewrite.edits.lines.bytes)
                try sink.append("\r\n")
            }
        } catch {
            throw Fault(.dispatch, .internalError)
        }
    }

    private func checkForwarding(_ connection: borrowing ForwardingFacts) throws(Fault) {
        guard pathIsCanonical, targetForm != .authority else { throw Fault(.dispatch, .internalError) }
        // RFC 9110 §7.6.3: our own name among those a message came through is a loop.
        guard !viaNames(connection.pseudonym.readableBytesUInt8Span) else { throw Fault(.vet, .loop) }
    }

    /// The client's fields that go on, then the gateway's own.
    @_lifetime(sink: copy sink)
    private func writeOwnAndEndToEnd(
        _ sink: inout OutputRawSpan, _ rewrite: borrowing UpstreamRewrite, _ connection: borrowing ForwardingFacts,
        _ fields: borrowing UpstreamFields
    ) throws(HeadOverflow) {
        try writeEndToEnd(&sink, rewrite, fields.removal, isTrusted: connection.peerIsTrusted)
        try writeForwarding(&sink, connection)
        try sink.append(fields.identity.bytes)
        try sink.append("x-request-id: ")
        try sink.append(fields.requestID)
        try sink.append("\r\n")
        try writeVia(&sink, connection)
    }
}
