import GateHTTP
import GateObserve
import GatePlan
import GatePrimitives
import GateUpstreams
import GateWire
import NIOCore

/// Step 7 of a WebSocket: bytes go on as they come, counted by frames, so that a Close of the gateway's own can stand
/// between two of them.
extension Exchange {
    /// LIMIT: how long the end of a frame is waited for before the connection is cut, which the client sees as 1006.
    private static let boundaryWait = TimeSpan.seconds(1)

    /// The identity's lines and, for a client that sends none (RFC 8441 §5), a key of the gateway's own.
    func withWebSocketKey(_ identity: FieldBlock, _ request: borrowing VettedRequest) -> FieldBlock {
        guard request.version == .http2 else {
            webSocketKey = request.text(.secWebSocketKey) ?? ""
            return identity
        }
        var lines = identity
        webSocketKey = WebSocketKey.random()
        do throws(FieldProblem) { try lines.append(.secWebSocketKey, webSocketKey) } catch {
            // A key is of letters alone. Without it the backend refuses the handshake.
            return identity
        }
        return lines
    }

    /// The backend switches protocols, as it was asked to.
    func beginTunnel(
        _ response: borrowing VettedResponse, _ request: borrowing VettedRequest, _ route: RoutePlan
    ) {
        let accept = WebSocketKey.accept(for: webSocketKey)
        guard let plan = route.webSocket, let upstream = lease?.stream,
            WebSocketHandshake.isAccepted(response, answering: request, accept: accept.span)
        else { return fail(Fault(.relay, .badUpstreamResponse)) }
        var fields = downstreamFields(route)
        if request.version == .http2 { fields.replaced.insert(.secWebSocketAccept) }
        do throws(Fault) { try stream.writeHead(response, answering: request, &fields) } catch { return fail(error) }
        answered = true
        record.status = request.version == .http2 ? 200 : 101
        record.isWebSocket = true
        // `timeouts.total` bounds an answer, and the answer is here.
        deadlineTask?.cancel()
        deadlineTask = nil
        // The firewall has judged both heads; frames are not its own.
        endInspection()
        phase = .tunnelling
        tunnel = WebSocketTunnel(
            reserved: WebSocketHandshake.reservedBits(response), idle: plan.idleTimeout, now: .now())
        upstream.allowSilence()
        watchStream()
        // What the client sent behind its head was held until now (attacks 10).
        if phase == .tunnelling { stream.acceptTunnel() }
    }

    // MARK: What both sides send

    /// Bytes of the client.
    func clientSent(_ chunk: ByteBuffer) {
        guard let upstream = lease?.stream else { return }
        tunnel?.touch(.now())
        let bytes = tunnel?.toBackend.pass(chunk) ?? ByteBuffer()
        if bytes.readableBytes > 0 { upstream.writeBody(bytes) }
        switch tunnel?.toBackend.state {
        case .ended: writeCloseToBackend()
        case .broken: return endTunnel(.protocolError, Fault(.relay, .webSocketFrame))
        case .closed where tunnel?.toClient.state == .closed:
            upstream.flush()
            return finishTunnel()
        case .open, .closed, nil: break
        }
        upstream.flush()
        if !upstream.isWritable { stream.pauseBody() }
    }

    /// Bytes of the backend; they leave when all of one read was passed on.
    func backendSent(_ chunk: ByteBuffer) {
        guard phase == .tunnelling else { return }
        tunnel?.touch(.now())
        let bytes = tunnel?.toClient.pass(chunk) ?? ByteBuffer()
        if bytes.readableBytes > 0 { stream.writeBody(bytes) }
        switch tunnel?.toClient.state {
        case .ended: return writeCloseToClient()
        case .broken:
            record.upstreamResult = .invalid
            return endTunnel(.internalError, Fault(.relay, .badUpstreamResponse))
        case .closed where streamEnd != nil || tunnel?.toBackend.state == .closed: return finishTunnel()
        case .open, .closed, nil: break
        }
        if !stream.isWritable { lease?.stream.pause() }
    }

    // MARK: How it ends

    /// The gateway ends the WebSocket: a Close to both sides at the next boundary of each.
    func endTunnel(_ close: WebSocketClose, _ fault: Fault) {
        guard phase == .tunnelling, streamEnd == nil else { return }
        record.note(fault)
        loop.observer.metrics.streamEnded(fault.reason)
        streamEnd = StreamEnd(fault: fault, due: MonotonicInstant.now().advanced(by: Self.boundaryWait))
        tunnel?.close = close
        let isWithBackend = tunnel?.toBackend.state == .ended
        tunnel?.toBackend.requestClose()
        if !isWithBackend, tunnel?.toBackend.state == .ended { writeCloseToBackend() }
        lease?.stream.flush()
        tunnel?.toClient.requestClose()
        switch tunnel?.toClient.state {
        case .ended: writeCloseToClient()
        case .closed: finishTunnel()
        case .open, .broken, nil: armStream()
        }
    }

    private func writeCloseToBackend() {
        var source = SystemRandomNumberGenerator()
        // RFC 6455 §5.3: masked with what nobody can foresee.
        let key = UInt32(truncatingIfNeeded: source.next())
        lease?.stream.writeBody(WebSocketClose.goingAway.toServer(mask: key))
    }

    private func writeCloseToClient() {
        if let close = tunnel?.close { stream.writeBody(close.toClient) }
        finishTunnel()
    }

    /// The last frame is written: both connections end, the client's so that it can read that.
    private func finishTunnel() {
        if record.upstreamResult == .none { record.upstreamResult = .ok }
        release(record.upstreamResult == .ok ? .served : .failed)
        let stream = stream
        finish()
        stream.writeEnd(nil)
        stream.endExchange()
    }

    /// No boundary came in time, or the backend is gone inside a frame.
    func cutTunnel() {
        if record.upstreamResult == .none { record.upstreamResult = .aborted }
        release(record.upstreamResult == .aborted ? .abandoned : .failed)
        let stream = stream
        finish()
        stream.abort()
    }

    /// The client ended its side; what the backend still has to say goes on.
    func clientEnded() {
        tunnel?.clientHasEnded = true
        lease?.stream.endTunnel()
    }

    /// The client is gone.
    func clientLeft(_ reason: Reason) {
        // Behind its own Close nothing is missing.
        if tunnel?.toBackend.state != .closed, streamEnd == nil {
            record.note(Fault(.relay, reason))
            loop.observer.metrics.streamEnded(reason)
        }
        if record.upstreamResult == .none { record.upstreamResult = .aborted }
        release(.abandoned)
        finish()
    }

    /// The backend is gone: after its Close an end like any other, else a loss, which the client is told where a frame
    /// may begin.
    func backendEnded(_ fault: Fault) {
        guard phase == .tunnelling else { return }
        if tunnel?.toClient.state == .closed { return finishTunnel() }
        guard streamEnd == nil else { return cutTunnel() }
        let isLost = tunnel?.clientHasEnded != true
        record.upstreamResult = isLost ? .closed : .ok
        let fault = isLost ? fault : Fault(.relay, .clientAborted)
        record.note(fault)
        loop.observer.metrics.streamEnded(fault.reason)
        tunnel?.close = .internalError
        tunnel?.toClient.requestClose()
        if tunnel?.toClient.state == .ended { writeCloseToClient() } else { cutTunnel() }
    }
}
