public import GatePrimitives
public import NIOCore

extension VettedResponse {
    /// Writes the head that the client gets, built anew, behind what `out` holds; returns how its body is delimited.
    ///
    /// A body whose length is unknown is chunked for an HTTP/1.1 client and ends with the connection for HTTP/1.0. An
    /// interim response gets nothing of the gateway's own. A fault is `internal_error`; `out` is then as it was.
    public func writeDownstreamHead(
        into out: inout ByteBuffer, answering request: borrowing VettedRequest, fields: borrowing DownstreamFields
    ) throws(Fault) -> ResponseFraming {
        let framing = downstreamFraming(request.version)
        let closes = fields.close || framing == .untilClose
        do throws(HeadOverflow) {
            try out.writeWithOutputRawSpan(minimumWritableBytes: roomForHead(request, fields)) {
                sink throws(HeadOverflow) in
                try StatusLine.append(status, to: &sink)
                try writeEndToEnd(&sink, request, fields)
                if !isInformational {
                    try sink.append(fields.own.bytes)
                    try sink.append("x-request-id: ")
                    try sink.append(fields.requestID)
                    try sink.append("\r\n")
                    try sink.append(fields.edits.lines.bytes)
                    try writeFraming(&sink, framing, request.version, closes: closes)
                }
                try sink.append("\r\n")
            }
        } catch {
            throw Fault(.relay, .internalError)
        }
        return framing
    }

    /// RFC 9112 §6.1: no transfer coding to HTTP/1.0.
    private func downstreamFraming(_ version: HTTPVersion) -> ResponseFraming {
        switch framing {
        case .none, .length: framing
        case .chunked, .untilClose: version == .http10 ? .untilClose : .chunked
        }
    }

    /// Bytes that the head cannot exceed, unless a cookie names a backend's domain more than a few times.
    func roomForHead(_ request: borrowing VettedRequest, _ fields: borrowing DownstreamFields) -> Int {
        var room = bytes.readableBytes &+ 2 &* fieldCount &+ fields.requestID.readableBytes
        room &+= fields.own.bytes.readableBytes &+ fields.edits.lines.bytes.readableBytes
        if !fields.backends.isEmpty { room &+= 2 &* fieldCount &* (request.authorityPiece.range.count &+ 8) }
        // The status line and the names and constants of all lines of our own are shorter than this.
        return room &+ 512
    }

    /// The backend's end-to-end fields; those that can name a backend last.
    @_lifetime(sink: copy sink)
    func writeEndToEnd(
        _ sink: inout OutputRawSpan, _ request: borrowing VettedRequest, _ fields: borrowing DownstreamFields
    ) throws(HeadOverflow) {
        let left = fields.edits.removed.union(fields.replaced)
        let rewritten: FieldSet = fields.backends.isEmpty ? [] : Self.naming
        let filter = LineFilter(
            marks: .notCopied, names: left.union(rewritten), others: fields.edits.removedOthers, moreOthers: [])
        try sink.append(linesOf: lines, bytes.readableBytesUInt8Span, filter)
        guard !rewritten.isEmpty else { return }
        for slot in lines.slots where rewritten.contains(slot.name) {
            guard slot.marks.isDisjoint(with: .notCopied), !left.contains(slot.name) else { continue }
            let head = bytes.readableBytesUInt8Span
            try sink.append(head.extracting(slot.nameRange))
            try sink.append(": ")
            let value = head.extracting(slot.valueRange)
            if slot.name == .setCookie {
                try BackendNames.writeCookie(&sink, value, fields.backends, request.host)
            } else {
                try BackendNames.writeLocation(&sink, value, fields.backends, fields.scheme, request.authority)
            }
            try sink.append("\r\n")
        }
    }

    private static let naming: FieldSet = [.location, .contentLocation, .setCookie]

    @_lifetime(sink: copy sink)
    private func writeFraming(
        _ sink: inout OutputRawSpan, _ framing: ResponseFraming, _ version: HTTPVersion, closes: Bool
    ) throws(HeadOverflow) {
        // RFC 9110 §8.6: to HEAD and in a 304, the length that the content would have.
        let length = status == 204 || status == 101 ? nil : contentLength ?? (framing == .length(0) ? 0 : nil)
        if let length, framing != .chunked, framing != .untilClose {
            try sink.append("content-length: ")
            try sink.append(decimal: length)
            try sink.append("\r\n")
        }
        if framing == .chunked { try sink.append("transfer-encoding: chunked\r\n") }
        if status == 101 {
            try sink.append("connection: upgrade\r\nupgrade: websocket\r\n")
        } else if closes {
            try sink.append("connection: close\r\n")
        } else if version == .http10 {
            try sink.append("connection: keep-alive\r\n")
        }
    }
}
