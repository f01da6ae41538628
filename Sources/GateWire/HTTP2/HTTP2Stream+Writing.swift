import GateHTTP
import GatePrimitives
import NIOCore

/// What the exchange does towards its client.
extension HTTP2Stream: DownstreamStream {
    var isWritable: Bool { !isBlocked && connection != nil }
    var bytesOut: UInt64 { written }
    var bytesIn: UInt64 { received }

    func acceptBody(limit: UInt64) { allowBody(limit: limit) }
    func acceptTunnel() { allowTunnel() }
    func allowSilence() { connection?.context?.channel.probeSilentPeer() }
    func pauseBody() { pauseBody(true) }
    func resumeBody() { pauseBody(false) }

    func writeInformational(
        _ response: borrowing VettedResponse, answering request: borrowing VettedRequest,
        _ fields: inout DownstreamFields
    ) {
        guard let connection, !isOver else { return }
        var lines = connection.lines(status: response.status)
        defer { connection.loop.keep(&lines) }
        guard (try? response.writeStreamFields(into: &lines, answering: request, fields: fields)) != nil else { return }
        written &+= UInt64(lines.readableBytes)
        connection.inform(self, lines: &lines)
    }

    func writeHead(
        _ response: borrowing VettedResponse, answering request: borrowing VettedRequest,
        _ fields: inout DownstreamFields
    ) throws(Fault) {
        guard let connection, !isOver else { return }
        // RFC 8441 §5: what a 101 is to HTTP/1.1, a 200 is here.
        var lines = connection.lines(status: response.status == 101 ? 200 : response.status)
        defer { connection.loop.keep(&lines) }
        let hasBody = try response.writeStreamFields(into: &lines, answering: request, fields: fields)
        // RFC 9110 §6.6.1.
        if !response.hasDate { connection.loop.writeDate(into: &lines) }
        try connection.respond(self, lines: &lines, hasBody: hasBody)
        written &+= UInt64(lines.readableBytes)
        if !hasBody { end() }
    }

    func writeAnswer(_ answer: borrowing LocalAnswer, to method: HTTPMethod) {
        guard let connection, !isOver else { return }
        var lines = connection.lines(status: answer.status)
        defer { connection.loop.keep(&lines) }
        connection.loop.writeDate(into: &lines)
        lines.writeImmutableBuffer(answer.fields)
        if answer.status != 204 {
            lines.writeStaticString("content-length: ")
            lines.writeDecimal(UInt64(answer.body.readableBytes))
            lines.writeStaticString("\r\n")
        }
        let hasBody = method != .head && answer.body.readableBytes > 0
        do throws(Fault) { try connection.respond(self, lines: &lines, hasBody: hasBody) } catch { return abort() }
        written &+= UInt64(lines.readableBytes)
        if hasBody { enqueue(answer.body) }
        end()
    }

    func writeBody(_ chunk: ByteBuffer) { enqueue(chunk) }

    func writeEnd(_ trailers: FieldBlock?) { end(trailers) }

    func endExchange() {
        isOver = true
        connection?.scheduleSend()
    }

    func flush() { connection?.scheduleSend() }

    func abort() {
        isOver = true
        connection?.reset(self, HTTP2Session.ErrorCode.internalError)
    }
}

extension HTTP2Connection {
    /// The lines of a head, begun with its status (RFC 9113 §8.3.2), in storage of the loop's.
    func lines(status: Int) -> ByteBuffer {
        var lines = loop.takeBuffer()
        lines.writeStaticString(":status: ")
        lines.writeDecimal(UInt64(max(0, status)))
        lines.writeStaticString("\r\n")
        return lines
    }
}
