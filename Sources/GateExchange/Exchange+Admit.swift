import GateAdmission
import GateHTTP
import GateIdentity
import GateObserve
import GatePlan
import GatePrimitives
import GateRouting
import GateWire
import NIOCore

/// Steps 4 and 5: which route, who is calling, may they.
extension Exchange {
    func routeAndAdmit() {
        guard let listener else { return refuse(Fault(.route, .internalError)) }
        do throws(Fault) {
            try checkAuthority()
            client = stream.facts.peer
            if let rule = listener.clientAddress { try resolveClient(rule) }
            guard let peer = stream.facts.peer, let client, client != peer else { return try admit(listener) }
            if listener.settings.deny.contains(client)
                || (!listener.settings.allow.isEmpty && !listener.settings.allow.contains(client))
            {
                throw Fault(.admit, .addressDenied)
            }
            record.client = client.description
            try admit(listener)
        } catch {
            refuse(error)
        }
    }

    private func admit(_ listener: ListenerPlan) throws(Fault) {
        if listener.redirectsToHTTPS { return redirect() }
        guard var request else { throw Fault(.route, .internalError) }
        let match = pinned.plan.table.match(&request, in: loop.scratch)
        self.request = request
        switch match {
        case .refused(let fault): throw fault
        case .notFound: throw Fault(.route, .noRoute)
        case .methodNotAllowed(let methods): return refuseMethod(methods)
        case .preflight(let index): return answerPreflight(index)
        case .route(let index):
            guard index < pinned.plan.routes.count else { throw Fault(.route, .internalError) }
            let route = pinned.plan.routes[index]
            self.route = route
            routeIndex = index
            record.route = index
            addCORS(route, request)
            if request.upgrade == .webSocket { try judgeWebSocket(request, route) }
            if request.framing == .length(.max) { throw Fault(.admit, .bodyTooLarge) }
            if case .length(let length) = request.framing, length > route.admission.bodyLimit {
                // Known before a byte of it was read: nothing is spent on it.
                throw Fault(.admit, .bodyTooLarge)
            }
            if let total = route.totalTimeout { armTotal(total) }
            perform(machine.start(request, facts(), plan: route.admission, context: pinned.admission))
        }
    }

    /// Resumes admission after a wait.
    func resume(_ answer: AdmissionAnswer) {
        endWait()
        // What another thread still has comes back by itself, to nobody.
        if case .inspectionMissed = answer { job.take()?.cancel() }
        guard phase == .admitting, let route, let request else { return }
        perform(machine.resume(request, facts(), plan: route.admission, context: pinned.admission, answer: answer))
    }

    /// Nothing that was asked before may resume from now on.
    func endWait() {
        wait &+= 1
        if awaitedKeySet >= 0 { loop.cancelWait(self) }
        awaitedKeySet = -1
        waitTask?.cancel()
        waitTask = nil
    }

    func awaitsKeySet(_ index: Int, of plan: Plan) -> Bool { awaitedKeySet == index && pinned.plan === plan }

    private func facts() -> AdmissionFacts {
        AdmissionFacts(
            client: client, certificate: stream.facts.tls?.clientCertificate, route: routeIndex, wall: .now(),
            now: .now())
    }

    private func perform(_ action: AdmissionMachine.Action) {
        noteAdmission()
        switch action {
        case .refuse(let fault): refuse(fault)
        case .permit:
            guard let request, let permit = machine.takePermit(for: request, route: routeIndex) else {
                return refuse(Fault(.admit, .internalError))
            }
            if let route, route.showsLimits, let fields = limitFields() { ownFields.append(fields) }
            dispatch(permit)
        case .wait(.keySet(let index)):
            awaitedKeySet = index
            // A fetch has its own bound; this one is for a fetch whose end nobody reports.
            resumeLater(in: ExchangeLoop.maximumWait, .keySetAsked(.jwksUnavailable))
            loop.wait(for: index, of: pinned.plan, self)
        case .wait(.delay(let span)): resumeLater(in: span, .delayed)
        case .wait(.body(let limit, let excess)): collectBody(limit, excess)
        case .wait(.inspection): inspectBody()
        case .wait(.question(let number)):
            // A question that nobody takes is a refusal, not a request left waiting.
            guard let ask = loop.ask else { return refuse(Fault(.admit, .undecided)) }
            resumeLater(in: ExchangeLoop.maximumWait, .answered(nil))
            ask(PendingQuestion(number: number, exchange: self))
        }
    }

    private func noteAdmission() {
        if let principal = machine.principal {
            record.principal = principal.subject
            record.identity = identityIndex(principal)
            if let keys = machine.keySet, keys !== keySetOwner {
                keySetOwner = keys
                keySetText = keys.fingerprint.hex
            }
            record.keySet = keySetText
        }
        if let zone = machine.limits.zone {
            record.limit = zone
            record.limitExcess = machine.limits.excess
            record.limitDelay = machine.limits.delay
        }
    }

    private func identityIndex(_ principal: Principal) -> Int {
        let names = pinned.plan.names.identities
        for index in names.indices where names[index] == principal.identity { return index }
        return NameTable.none
    }

    func resumeLater(in span: TimeSpan, _ answer: AdmissionAnswer) {
        let bound = NIOLoopBound((self, wait), eventLoop: loop.wire.eventLoop)
        waitTask = loop.wire.eventLoop.scheduleTask(in: .nanoseconds(span.nanoseconds)) {
            let (exchange, wait) = bound.value
            if exchange.wait == wait { exchange.resume(answer) }
        }
    }

    private func armTotal(_ span: TimeSpan) {
        let bound = NIOLoopBound((self, turn), eventLoop: loop.wire.eventLoop)
        deadlineTask = loop.wire.eventLoop.scheduleTask(in: .nanoseconds(span.nanoseconds)) {
            let (exchange, turn) = bound.value
            guard exchange.turn == turn else { return }
            exchange.deadlineTask = nil
            exchange.fail(exchange.totalFault)
        }
    }

    /// Who let the time pass: what admission waited for, the client that was still sending, else the backend.
    private var totalFault: Fault {
        switch phase {
        case .admitting:
            if awaitedKeySet >= 0 { return Fault(.admit, .jwksUnavailable) }
            if job != nil { return Fault(.admit, .wafTimeout) }
            return Fault(.admit, machine.isDelayed ? .rateLimited : .undecided)
        case .holding: return Fault(.admit, .timeoutTotal)
        case .inspectingAnswer: return Fault(.relay, .wafTimeout)
        case .dispatching, .relaying, .tunnelling, .idle:
            let step: Step = phase == .relaying ? .relay : .dispatch
            return Fault(step, requestComplete ? .upstreamTimeout : .timeoutTotal)
        }
    }

    // MARK: Step 5b

    private func collectBody(_ limit: UInt64, _ excess: BodyExcess) {
        guard let route, let request else { return refuse(Fault(.admit, .internalError)) }
        guard request.framing.hasBody else { return resume(.body(ByteBuffer())) }
        if isHeld { return heldIsBeginning ? refuse(Fault(.admit, .internalError)) : resume(.body(held)) }
        isHeld = true
        held = ByteBuffer()
        heldLimit = limit
        heldExcess = excess
        phase = .holding
        stream.acceptBody(limit: route.admission.bodyLimit)
    }

    func hold(_ chunk: ByteBuffer) {
        let count = held.readableBytes + chunk.readableBytes
        let hasRoom = loop.inspectedBytes + chunk.readableBytes <= ExchangeLoop.maximumInspectedBytes
        switch heldExcess {
        case .refuse(let reason):
            guard UInt64(count) <= heldLimit else { return fail(Fault(.admit, reason)) }
            guard hasRoom else { return fail(Fault(.admit, .overload)) }
            keep(chunk)
        case .pass:
            keep(chunk)
            guard UInt64(count) > heldLimit || !hasRoom else { return }
            // What is here is judged; the rest waits in the client's connection until it may be streamed.
            heldIsBeginning = true
            stream.pauseBody()
            phase = .admitting
            resume(.bodyBeginning(held))
        }
    }

    private func keep(_ chunk: ByteBuffer) {
        loop.inspectedBytes += chunk.readableBytes
        held.writeImmutableBuffer(chunk)
    }

    // MARK: Authority and client

    /// 421 where the certificate that was shown does not cover the host, or another rule for client certificates holds for
    /// it: the client must open another connection (attacks 39).
    private func checkAuthority() throws(Fault) {
        guard let tls = stream.facts.tls, let request else { return }
        let host = request.host
        if let name = tls.serverName, Self.equals(host, name) { return }
        guard tls.server.mayServe(request.hostText, certificate: tls.certificate, tls.clients) else {
            throw Fault(.route, .sniHostMismatch)
        }
    }

    private static func equals(_ bytes: Span<UInt8>, _ text: String) -> Bool {
        guard bytes.count == text.utf8.count else { return false }
        var index = 0
        for byte in text.utf8 {
            guard bytes[index] == byte else { return false }
            index += 1
        }
        return true
    }

    /// The client behind trusted hops: the rightmost address that is not one of them (attacks 41).
    private func resolveClient(_ rule: ClientAddressRule) throws(Fault) {
        guard let peer = stream.facts.peer, rule.trusted.contains(peer), let request else { return }
        client = try ClientAddress.resolve(in: request, rule, peer: peer)
    }

    // MARK: WebSocket

    /// An upgrade that the route does not offer is never offered to its backend.
    private func judgeWebSocket(_ request: borrowing VettedRequest, _ route: RoutePlan) throws(Fault) {
        guard let webSocket = route.webSocket else { throw Fault(.route, .upgradeUnsupported) }
        try webSocket.judge(request)
    }

    // MARK: CORS

    private func addCORS(_ route: RoutePlan, _ request: borrowing VettedRequest) {
        guard let cors = route.cors else { return }
        ownFields.append(cors.answerFields(cors.grant(request)))
    }

    private func answerPreflight(_ index: Int) {
        guard let request, index < pinned.plan.routes.count, let cors = pinned.plan.routes[index].cors else {
            return refuse(Fault(.route, .internalError))
        }
        record.route = index
        record.note(Fault(.route, .preflight))
        answer(status: 204, fields: cors.preflightFields(cors.grant(request)).bytes, body: ByteBuffer())
    }
}
