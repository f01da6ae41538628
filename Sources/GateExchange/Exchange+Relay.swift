import GateAdmission
public import GateHTTP
import GateIdentity
import GateObserve
import GatePlan
public import GatePrimitives
import GateUpstreams
public import GateWire
public import NIOCore

/// Steps 6 and 7: a lease, a head built anew, and two pumps.
extension Exchange {
    /// Consumes the permit: the only way to an upstream.
    func dispatch(_ permit: consuming Permit) {
        guard let route, route.upstream < pinned.pools.count else { return refuse(Fault(.dispatch, .internalError)) }
        request = permit.request
        removal = permit.removal
        if let principal = permit.principal { renderIdentity(principal) } else { forgetIdentity() }
        record.upstream = route.upstream
        dispatched = .now()
        pool = pinned.pools[route.upstream]
        phase = .dispatching
        upstreamRequest = permit.dispatch()
        takeLease()
    }

    private func takeLease() {
        guard let pool, var ticket = upstreamRequest.take() else {
            return refuse(Fault(.dispatch, .internalError))
        }
        record.tries &+= 1
        let result = pool.lease(&ticket, attempts, readTimeout: route?.readTimeout, for: self)
        upstreamRequest = consume ticket
        switch consume result {
        case .leased(let lease): upstreamLeased(lease)
        case .unavailable(let fault): upstreamUnavailable(fault)
        case .connecting: break
        }
    }

    private func renderIdentity(_ principal: Principal) {
        guard identityOwner !== principal else { return }
        var block = FieldBlock()
        do throws(FieldProblem) {
            try block.append("x-auth-subject", principal.subject)
            if !principal.issuer.isEmpty { try block.append("x-auth-issuer", principal.issuer) }
            if !principal.scopes.isEmpty {
                try block.append("x-auth-scopes", principal.scopes.joined(separator: " "))
            }
            try block.append("x-auth-identity", principal.identity)
        } catch {
            // A principal's values are safe in a field by construction; without them the backend would see a stranger.
            return forgetIdentity()
        }
        identityFields = block
        identityOwner = principal
    }

    private func forgetIdentity() {
        identityFields = FieldBlock()
        identityOwner = nil
    }

    private func writeRequestHead(_ upstream: any UpstreamStream) throws(Fault) {
        guard let request, let route else { throw Fault(.dispatch, .internalError) }
        let plan = ObjectIdentifier(pinned.plan)
        if forwarding == nil || forwardingPlan != plan { (forwarding, forwardingPlan) = (forwardingFacts(), plan) }
        guard let forwarding else { throw Fault(.dispatch, .internalError) }
        let asksForWebSocket = request.upgrade == .webSocket
        let identity = asksForWebSocket ? withWebSocketKey(identityFields, request) : identityFields
        let framing =
            isHeld && !heldIsBeginning && request.framing.hasBody
            ? .length(UInt64(held.readableBytes)) : request.framing
        try upstream.writeHead(
            request, rewrite: route.rewrite, connection: forwarding,
            fields: UpstreamFields(
                requestID: requestID, identity: identity, removal: removal, framing: framing,
                forwardExpect: false, forwardUpgrade: asksForWebSocket))
    }

    private func forwardingFacts() -> ForwardingFacts {
        let peerIsTrusted = listener?.clientAddress.map { rule in
            stream.facts.peer.map(rule.trusted.contains) ?? false
        }
        return ForwardingFacts(
            peer: stream.facts.peer?.description ?? "unknown",
            scheme: stream.facts.tls == nil ? .http : .https, peerIsTrusted: peerIsTrusted ?? false,
            pseudonym: pinned.plan.pseudonym)
    }

    // MARK: The request's pump

    func relayBody(_ chunk: ByteBuffer) {
        guard let upstream = lease?.stream else { return }
        if !isStream, request?.framing == .chunked { watchStream() }
        upstream.writeBody(chunk)
        upstream.flush()
        if !upstream.isWritable { stream.pauseBody() }
    }

    func endRequestBody() {
        guard let upstream = lease?.stream else { return }
        upstream.writeEnd(requestTrailers)
        upstream.flush()
    }

    // MARK: Ends

    /// Gives the lease back, or forgets the wait for one.
    func release(_ end: LeaseEnd) {
        if let lease = lease.take() {
            lease.end(end)
        } else if phase == .dispatching {
            pool?.cancel(self)
        }
    }

    /// A fault in any phase: an answer while that is possible, else a cut.
    func fail(_ fault: Fault) {
        guard phase != .idle else { return }
        release(fault.blame == .upstream ? .failed : .abandoned)
        guard answered else { return refuse(fault) }
        record.note(fault)
        loop.observer.metrics.streamEnded(fault.reason)
        let stream = stream
        finish()
        // Never a clean end: the client must not take what it has for the whole (attacks 67).
        stream.abort()
    }
}

// MARK: What the backend does

extension Exchange: UpstreamDelegate {
    /// A connection is there: the head goes out, and the body after it.
    public func upstreamLeased(_ lease: consuming Lease) {
        let upstream = lease.stream
        record.endpoint = upstream.endpoint
        record.upstreamProtocol = LoggedProtocol(upstream.version)
        self.lease = consume lease
        phase = .relaying
        do throws(Fault) { try writeRequestHead(upstream) } catch { return fail(error) }
        if isHeld, !heldIsBeginning {
            if held.readableBytes > 0 { upstream.writeBody(held) }
            upstream.writeEnd(requestTrailers)
        } else if isHeld {
            // The rest follows what was inspected.
            upstream.writeBody(held)
            stream.resumeBody()
        } else if requestComplete {
            upstream.writeEnd(nil)
        } else if let route {
            // What has arrived of the body joins the head in one write. Before a second try it was paused.
            stream.acceptBody(limit: route.admission.bodyLimit)
            stream.resumeBody()
        }
        if phase == .relaying { self.lease?.stream.flush() }
    }

    /// No connection can be had.
    public func upstreamUnavailable(_ fault: Fault) {
        guard phase == .dispatching else { return }
        record.upstreamResult = Self.result(fault.reason)
        refuse(fault)
    }

    /// An interim answer goes straight on.
    public func upstreamInformational(_ response: borrowing VettedResponse) {
        guard phase == .relaying, !answered, let request, let route else { return }
        var fields = downstreamFields(route)
        stream.writeInformational(response, answering: request, &fields)
        if !stream.isWritable { lease?.stream.pause() }
    }

    /// The final head: edited, and on its way.
    public func upstreamHead(_ response: consuming VettedResponse) {
        guard phase == .relaying else { return }
        if inspectHead(response) { deliverHead(response) }
    }

    func deliverHead(_ response: consuming VettedResponse) {
        guard let request, let route else { return }
        if response.status == 101 { return beginTunnel(response, request, route) }
        // RFC 8441 §5: to an extended CONNECT any 2xx means that the WebSocket stands, which it does not.
        if request.upgrade == .webSocket, request.version == .http2, response.status < 300 {
            return fail(Fault(.relay, .badUpstreamResponse))
        }
        var fields = downstreamFields(route)
        let callStatus = response.callStatus
        do throws(Fault) { try stream.writeHead(response, answering: request, &fields) } catch {
            return fail(error)
        }
        answered = true
        record.status = response.status
        streamKind = StreamKind(response)
        if let status = callStatus { record.grpcStatus = status }
        if case .events = streamKind { noteEventStream() }
    }

    /// Body bytes; a client that does not keep up stops the backend.
    public func upstreamBody(_ chunk: ByteBuffer) {
        guard phase == .relaying else { return backendSent(chunk) }
        guard heldAnswer == nil else { return holdAnswer(chunk) }
        relayAnswer(chunk)
    }

    func relayAnswer(_ chunk: ByteBuffer) {
        if case .events = streamKind { return relayEvents(chunk) }
        stream.writeBody(chunk)
        if !stream.isWritable { lease?.stream.pause() }
    }

    /// The answer is whole: the exchange is over.
    public func upstreamEnd(_ trailers: FieldBlock?) {
        guard phase == .relaying else { return backendEnded(Fault(.relay, .upstreamReset)) }
        if !requestComplete { record.note(Fault(.relay, .earlyFinal)) }
        record.upstreamResult = .ok
        release(.reusable)
        guard heldAnswer == nil else { return inspectHeldAnswer(trailers) }
        endAnswer(trailers)
    }

    func endAnswer(_ trailers: FieldBlock?) {
        if let status = trailers?.callStatus, record.grpcStatus < 0 { record.grpcStatus = status }
        stream.writeEnd(trailers)
        let stream = stream
        finish()
        stream.endExchange()
    }

    /// All of one read was passed on: send it.
    public func upstreamReadComplete() {
        guard phase == .relaying || phase == .tunnelling, answered else { return }
        stream.flush()
        if !isStream, streamKind != .none { watchStream() }
        if !stream.isWritable { lease?.stream.pause() }
    }

    /// The backend takes bytes again.
    public func upstreamWritable() { stream.resumeBody() }

    /// The connection broke.
    public func upstreamFailed(_ fault: Fault) {
        guard phase == .relaying, let upstream = lease?.stream else { return backendEnded(fault) }
        record.upstreamResult = Self.result(fault.reason)
        let rule = RetryRule(
            isStale: upstream.isReused && fault.reason == .upstreamReset, isUnprocessed: upstream.isUnprocessed,
            hasAnswerBytes: upstream.hasAnswered,
            hasSentBytes: upstream.bytesSent > 0, isIdempotent: method.isIdempotent,
            isBodyReplayable: !bodyTaken || (isHeld && !heldIsBeginning))
        if rule.mayRetry(after: attempts), !answered {
            release(.stale)
            attempts.noteResend()
            phase = .dispatching
            // What the client sends meanwhile has to wait for the new connection.
            stream.pauseBody()
            return takeLease()
        }
        fail(fault)
    }

    func downstreamFields(_ route: RoutePlan) -> DownstreamFields {
        DownstreamFields(
            scheme: stream.facts.tls == nil ? .http : .https, requestID: requestID, own: ownFields,
            replaced: route.cors == nil ? [] : Self.corsFields, edits: route.responseEdits,
            backends: route.backends, close: false)
    }

    private static let corsFields: FieldSet = [
        .accessControlAllowOrigin, .accessControlAllowCredentials, .accessControlAllowMethods,
        .accessControlAllowHeaders, .accessControlExposeHeaders, .accessControlMaxAge,
    ]

    private static func result(_ reason: Reason) -> UpstreamResult {
        switch reason {
        case .upstreamConnectFailed, .upstreamAddressRefused, .dnsError, .noLiveUpstream, .upstreamSaturated:
            .connectFailed
        case .upstreamConnectTimeout: .connectTimeout
        case .upstreamTLSFailed: .tlsFailed
        case .upstreamReset: .closed
        case .upstreamTimeout: .timeout
        case .badUpstreamResponse: .invalid
        default: .aborted
        }
    }
}
