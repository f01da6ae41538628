import GateAdmission
import GateHTTP
import GateIdentity
import GateObserve
import GatePlan
public import GatePrimitives
import GateRouting
import GateUpstreams
public import GateWire
import NIOCore

/// Exchanges that may last: WebSockets, and answers and requests of unknown length. They end with the credential that
/// opened them, with their route, and when the gateway drains.
extension Exchange: DeadlineHolder {
    /// How often the wall clock is looked at, which may be set meanwhile.
    private static let look = TimeSpan.seconds(30)
    /// LIMIT: how long the end of an event is waited for once the credential has expired.
    private static let eventWait = TimeSpan.seconds(1)

    /// Makes the loop know of the stream.
    func watchStream() {
        guard !isStream else { return }
        isStream = true
        loop.addStream(self)
        armStream()
        if loop.isDraining { streamDrains() }
    }

    func forgetStream() {
        streamKind = .none
        tunnel = nil
        streamEnd = nil
        guard isStream else { return }
        isStream = false
        loop.removeStream(self)
        loop.wire.removeDeadline(self)
    }

    /// Sets the one deadline to the next of all.
    func armStream() {
        guard isStream else { return }
        var due = streamEnd?.due
        if streamEnd == nil {
            due = tunnel?.idleDue
            if let expiry = expiryDue { due = min(expiry, due ?? expiry) }
        }
        loop.wire.setDeadline(self, at: due)
    }

    /// When the credential expires or the clock is looked at again; nil for a route that asks for none.
    private var expiryDue: MonotonicInstant? {
        guard let principal = machine.principal else { return nil }
        let left = principal.validUntil.milliseconds.subtractingReportingOverflow(WallInstant.now().milliseconds)
        let span = left.overflow ? Self.look : min(Self.look, .milliseconds(max(0, left.partialValue)))
        return MonotonicInstant.now().advanced(by: span)
    }

    /// Something of the stream may be due.
    public func deadlinePassed(_ now: MonotonicInstant) {
        guard isStream else { return }
        if let end = streamEnd {
            guard end.due <= now else { return armStream() }
            if phase == .tunnelling { return cutTunnel() }
            return fail(end.fault)
        }
        if let principal = machine.principal, !principal.isValid(at: .now()) { return credentialExpired() }
        if let due = tunnel?.idleDue, due <= now { return endTunnel(.goingAway, Fault(.relay, .webSocketIdle)) }
        armStream()
    }

    // MARK: Why it ends

    private func credentialExpired() {
        let fault = Fault(.relay, .credentialExpired)
        guard phase != .tunnelling else { return endTunnel(.policyViolation, fault) }
        guard answered else { return fail(fault) }
        switch streamKind {
        case .events: endEvents(fault, within: Self.eventWait)
        case .grpc: endCall(fault)
        case .plain, .none: fail(fault)
        }
    }

    /// The gateway stops: what would never end by itself is ended, the rest has until the drain's own end.
    func streamDrains() {
        let fault = Fault(.relay, .draining)
        if phase == .tunnelling { return endTunnel(.goingAway, fault) }
        if answered, streamKind == .events { endEvents(fault, within: pinned.plan.process.drain) }
    }

    /// Another plan is in force: a stream that it would not admit ends within the drain's time.
    func reconsider(under plan: Plan) {
        guard streamEnd == nil, phase == .tunnelling || phase == .relaying, !isGranted(by: plan) else { return }
        let fault = Fault(.relay, .routeWithdrawn)
        if phase == .tunnelling { return endTunnel(.goingAway, fault) }
        if answered, streamKind == .events { return endEvents(fault, within: plan.process.drain) }
        streamEnd = StreamEnd(fault: fault, due: MonotonicInstant.now().advanced(by: plan.process.drain))
        armStream()
    }

    /// Whether the route of that name is still the request's own, and lets the principal pass.
    private func isGranted(by plan: Plan) -> Bool {
        guard var request, let route else { return false }
        guard case .route(let index) = plan.table.match(&request, in: loop.scratch), index < plan.routes.count else {
            return false
        }
        let next = plan.routes[index]
        guard next.name == route.name else { return false }
        if phase == .tunnelling {
            guard let webSocket = next.webSocket, webSocket.origins.grant(request) != .refused else { return false }
        }
        return next.admission.stillGrants(machine.principal)
    }

    // MARK: Events

    /// Events may be far apart.
    func noteEventStream() {
        boundary = EventStreamBoundary()
        // The firewall has said what it had to say: what it used is lent to others for as long as this lasts.
        endInspection()
        stream.allowSilence()
        lease?.stream.allowSilence()
    }

    /// Passes events on; the last one to its end where the stream has to end.
    func relayEvents(_ chunk: ByteBuffer) {
        guard let end = streamEnd else {
            boundary.pass(chunk.readableBytesUInt8Span)
            stream.writeBody(chunk)
            if !stream.isWritable { lease?.stream.pause() }
            return
        }
        var chunk = chunk
        let count = boundary.passFirst(chunk.readableBytesUInt8Span)
        if let last = chunk.readSlice(length: count) { stream.writeBody(last) }
        if boundary.isAtBoundary { return endCleanly(end.fault, nil) }
        if !stream.isWritable { lease?.stream.pause() }
    }

    private func endEvents(_ fault: Fault, within span: TimeSpan) {
        guard streamEnd == nil else { return }
        if boundary.isAtBoundary { return endCleanly(fault, nil) }
        streamEnd = StreamEnd(fault: fault, due: MonotonicInstant.now().advanced(by: span))
        armStream()
    }

    /// A gRPC call ends by trailers, which only HTTP/2 has for it.
    private func endCall(_ fault: Fault) {
        guard request?.version == .http2 else { return fail(fault) }
        var trailers = FieldBlock()
        do throws(FieldProblem) {
            // gRPC's status 16 is UNAUTHENTICATED.
            try trailers.append("grpc-status", "16")
            try trailers.append("grpc-message", fault.code.title)
        } catch { return fail(fault) }
        record.grpcStatus = 16
        endCleanly(fault, trailers)
    }

    private func endCleanly(_ fault: Fault, _ trailers: FieldBlock?) {
        record.note(fault)
        loop.observer.metrics.streamEnded(fault.reason)
        record.upstreamResult = .aborted
        release(.abandoned)
        let stream = stream
        finish()
        stream.writeEnd(trailers)
        stream.endExchange()
    }
}
