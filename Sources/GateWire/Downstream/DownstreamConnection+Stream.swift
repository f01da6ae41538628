public import GateHTTP
public import GatePrimitives
public import NIOCore

/// What the exchange writes. Small pieces are joined, so that a small answer leaves in one system call.
extension DownstreamConnection: DownstreamStream {
    /// Whether the client keeps up with what is written.
    public var isWritable: Bool { context?.channel.isWritable ?? false }

    /// Bytes written for this exchange.
    public var bytesOut: UInt64 { written }

    /// Bytes read for this exchange.
    public var bytesIn: UInt64 { received }

    /// Begins to deliver the body.
    public func acceptBody(limit: UInt64) { allowBody(limit: limit) }

    /// Stops reading the body.
    public func pauseBody() { pauseBody(true) }

    /// Reads the body on.
    public func resumeBody() { pauseBody(false) }

    /// Forwards an interim answer; HTTP/1.0 knows none (RFC 9110 §15.2).
    public func writeInformational(
        _ response: borrowing VettedResponse, answering request: borrowing VettedRequest,
        _ fields: inout DownstreamFields
    ) {
        guard request.version != .http10, state == .exchange else { return }
        let before = outbound.readableBytes
        let close = fields.close
        fields.close = false
        if (try? response.writeDownstreamHead(into: &outbound, answering: request, fields: fields)) == nil {
            outbound.moveWriterIndex(to: outbound.readerIndex + before)
        }
        fields.close = close
        written &+= UInt64(outbound.readableBytes - before)
        flush()
    }

    /// Writes the final head.
    public func writeHead(
        _ response: borrowing VettedResponse, answering request: borrowing VettedRequest,
        _ fields: inout DownstreamFields
    ) throws(Fault) {
        guard state == .exchange else { return }
        reserve()
        // A body that is still on its way cannot be told from the next request once the answer is complete.
        if body == .held || body == .broken { closesAfterAnswer = true }
        fields.close = closesAfterAnswer
        let before = outbound.readableBytes
        responseFraming = try response.writeDownstreamHead(into: &outbound, answering: request, fields: fields)
        if responseFraming == .untilClose { closesAfterAnswer = true }
        if !response.hasDate {
            // RFC 9110 §6.6.1: in front of the empty line that ends the head.
            outbound.moveWriterIndex(to: outbound.writerIndex - 2)
            loop.writeDate(into: &outbound)
            outbound.writeStaticString("\r\n")
        }
        written &+= UInt64(outbound.readableBytes - before)
    }

    /// Writes one whole answer of the gateway's own.
    public func writeAnswer(_ answer: borrowing LocalAnswer, to method: HTTPMethod) {
        guard state == .exchange else { return }
        reserve()
        let before = outbound.readableBytes
        if answer.closes || body != .complete { closesAfterAnswer = true }
        StatusLine.write(answer.status, into: &outbound)
        loop.writeDate(into: &outbound)
        var fields = answer.fields
        outbound.writeBuffer(&fields)
        if answer.status != 204 {
            outbound.writeStaticString("content-length: ")
            outbound.writeDecimal(UInt64(answer.body.readableBytes))
            outbound.writeStaticString("\r\n")
        }
        outbound.writeStaticString(closesAfterAnswer ? "connection: close\r\n\r\n" : "\r\n")
        if method != .head {
            var content = answer.body
            outbound.writeBuffer(&content)
        }
        written &+= UInt64(outbound.readableBytes - before)
    }

    /// Writes body bytes in the framing that the head declared.
    public func writeBody(_ chunk: ByteBuffer) {
        guard state == .exchange, let context, chunk.readableBytes > 0 else { return }
        let before = outbound.readableBytes
        let isChunked = responseFraming == .chunked
        if isChunked { ChunkWriter.writeChunkHead(size: chunk.readableBytes, into: &outbound) }
        if chunk.readableBytes <= Self.joinLimit {
            var chunk = chunk
            outbound.writeBuffer(&chunk)
            if isChunked { ChunkWriter.writeChunkTail(into: &outbound) }
            written &+= UInt64(outbound.readableBytes - before)
            guard outbound.readableBytes >= Self.maximumJoined else { return }
            // Handed over unflushed, so that it counts towards what the client has not taken yet.
            context.write(wrapOutboundOut(outbound), promise: nil)
            outbound = ByteBuffer()
        } else {
            written &+= UInt64(outbound.readableBytes - before + chunk.readableBytes)
            context.write(wrapOutboundOut(outbound), promise: nil)
            context.write(wrapOutboundOut(chunk), promise: nil)
            outbound = ByteBuffer()
            if isChunked {
                reserve()
                ChunkWriter.writeChunkTail(into: &outbound)
                written &+= 2
            }
        }
    }

    /// Ends the response; trailers go to a client that said `te: trailers`, since others discard them (RFC 9110 §6.5.1).
    public func writeEnd(_ trailers: FieldBlock?) {
        guard state == .exchange, responseFraming == .chunked else { return }
        let before = outbound.readableBytes
        ChunkWriter.writeEnd(trailers: acceptsTrailers ? trailers : nil, into: &outbound)
        written &+= UInt64(outbound.readableBytes - before)
    }

    /// Sends what is left and turns to the next request.
    public func endExchange() { answered() }

    /// Sends what was written; a client that takes nothing of it in time is cut.
    public func flush() {
        guard let context, state != .closing, state != .lingering, state != .closed else { return }
        if outbound.readableBytes > 0 {
            // Taken out first: a socket that drains calls back before the write returns, and what is written then must
            // neither be lost nor stand before this.
            var bytes = ByteBuffer()
            swap(&bytes, &outbound)
            context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
            loop.keep(&bytes)
        } else {
            context.flush()
        }
        if state != .closed, !context.channel.isWritable { watchWrites() }
    }

    /// Cuts the connection: what the client has is not the whole.
    public func abort() {
        guard let context, state != .closed else { return }
        state = .closed
        delegate = nil
        inbound = ByteBuffer()
        context.channel.closeWithReset()
    }

    private func reserve() {
        if outbound.capacity == 0 { outbound = loop.takeBuffer() }
    }
}
