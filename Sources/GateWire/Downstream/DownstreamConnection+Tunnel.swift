import GatePrimitives
public import NIOCore

// After a 101: bytes in, bytes out, until both sides have ended or the exchange has.
extension DownstreamConnection {
    /// Delivers what waits, and from now on what comes.
    public func acceptTunnel() {
        guard state == .exchange, body == .complete, let context else { return }
        isTunnel = true
        closesAfterAnswer = true
        body = .flowing
        // RFC 9293 §3.6: a client that has nothing more to say may still listen. TLS ends both sides at once.
        context.channel.allowHalfClosure()
        setAutoRead(true)
        process()
    }

    /// The answer may be silent.
    public func allowSilence() { context?.channel.probeSilentPeer() }

    /// The client's side of the connection ended.
    public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard isTunnel, let event = event as? ChannelEvent, event == .inputClosed else { return }
        tunnelInputHasEnded = true
        process()
    }

    /// Delivers what is there, then the end; false when there is nothing.
    func readTunnel() -> Bool {
        if inbound.readableBytes > 0 {
            let chunk = inbound
            inbound = ByteBuffer()
            received &+= UInt64(chunk.readableBytes)
            delegate?.downstreamBody(chunk)
            return true
        }
        guard tunnelInputHasEnded else { return false }
        body = .complete
        delegate?.downstreamBodyEnd(nil)
        return true
    }
}
