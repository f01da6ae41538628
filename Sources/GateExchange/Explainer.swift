import GateAdmission
import GateHTTP
public import GateIdentity
import GateLimits
import GateObserve
import GatePattern
public import GatePlan
public import GatePrimitives
import GateRouting
import GateWire
import NIOCore

/// Runs one request through the gateway's own decision code without a socket: the same reader, vetting, routes and
/// admission as for live traffic, with empty zones and the key sets that are given.
public struct Explainer {
    /// One line of the explanation.
    public struct Line: Equatable, Sendable {
        /// The step it belongs to.
        public let step: Step
        /// What was found, in words.
        public let text: String
    }

    /// How it ends.
    public enum Verdict: Equatable, Sendable {
        /// The request would go to this upstream.
        case forwarded(route: String, upstream: String)
        /// The request would be refused.
        case refused(Fault)
        /// A preflight or redirect that the gateway answers itself.
        case answered(status: Int)
        /// Something is missing that only the running gateway, or another argument, has.
        case undecided(needs: String)
    }

    /// The plan that decides.
    public let plan: Plan
    /// The listener the request comes in by.
    public let listener: Int
    /// The client's address.
    public let client: IPAddress?
    /// The client's certificate in DER; nil where it has none.
    public let clientCertificate: [UInt8]?
    /// Key sets by the identity's name; those of files are expected here, too.
    public let keySets: [String: KeySet]
    /// The body, where one is given.
    public let body: [UInt8]?
    /// When the request is judged.
    public let now: WallInstant
    private var lines: [Line] = []

    /// An explainer of requests that `client` sends to a listener.
    public init(
        plan: Plan, listener: Int, client: IPAddress?, clientCertificate: [UInt8]? = nil, keySets: [String: KeySet],
        body: [UInt8]?, now: WallInstant
    ) {
        self.plan = plan
        self.listener = listener
        self.client = client
        self.clientCertificate = clientCertificate
        self.keySets = keySets
        self.body = body
        self.now = now
    }

    /// Explains the request whose head is `head`, byte for byte as a client would send it.
    public mutating func explain(head: [UInt8]) -> (lines: [Line], verdict: Verdict) {
        lines = []
        let verdict: Verdict
        do throws(Fault) { verdict = try decide(head) } catch {
            note(error.step, "\(error.reason.rawValue): \(error.code.status) \(error.code.word)")
            verdict = .refused(error)
        }
        return (lines, verdict)
    }

    private mutating func decide(_ head: [UInt8]) throws(Fault) -> Verdict {
        guard listener < plan.listeners.count else { throw Fault(.accept, .internalError) }
        let entry = plan.listeners[listener]
        note(.accept, "listener \(entry.name), client \(client?.description ?? "on a unix socket")")
        if let client, entry.settings.deny.contains(client) { throw Fault(.accept, .addressDenied) }
        var buffer = ByteBuffer(bytes: head)
        var table = HeadTable()
        var reader = RequestHeadReader(limits: entry.settings.headLimits)
        guard let raw = try reader.read(&buffer, into: &table) else { throw Fault(.read, .badRequestLine) }
        note(.read, "a head of \(head.count) bytes")
        var request = try VettedRequest.vet(raw)
        note(.vet, "\(request.methodText) \(request.authorityText) \(request.pathText)")
        let certificate = try handshake(entry, host: request.hostText)
        if entry.redirectsToHTTPS {
            note(.route, "the listener only redirects to https")
            return .answered(status: 308)
        }
        switch plan.table.match(&request, in: MatchScratch()) {
        case .refused(let fault): throw fault
        case .notFound: throw Fault(.route, .noRoute)
        case .methodNotAllowed(let methods):
            note(.route, "the path allows \(plan.table.allow(methods))")
            throw Fault(.route, .methodNotAllowed)
        case .preflight(let index):
            note(.route, "route \(plan.routes[index].name) answers the CORS preflight")
            return .answered(status: 204)
        case .route(let index):
            let route = plan.routes[index]
            note(.route, "route \(route.name)")
            if request.upgrade == .webSocket {
                guard let webSocket = route.webSocket else { throw Fault(.route, .upgradeUnsupported) }
                try webSocket.judge(request)
                note(.route, "a WebSocket of \(request.text(.origin) ?? "no web page")")
            }
            return try admit(request, certificate, route, index)
        }
    }

    /// What the handshake for this host would settle of the client.
    private mutating func handshake(_ entry: ListenerPlan, host: String) throws(Fault) -> ClientCertificate? {
        guard let tls = entry.settings.tls else { return nil }
        guard tls.certificates.contains(where: { $0.covers(host) }) else { throw Fault(.route, .sniHostMismatch) }
        guard let certificate = try tls.clients.rule(for: host).explain(clientCertificate, at: now) else { return nil }
        note(.accept, "client certificate \(certificate.subjectText), issued by \(certificate.issuerText)")
        return certificate
    }

    private mutating func admit(
        _ request: VettedRequest, _ certificate: ClientCertificate?, _ route: RoutePlan, _ index: Int
    ) throws(Fault) -> Verdict {
        let context = AdmissionContext(
            keySets: plan.keySets.map { keySets[$0.name] }, tokens: TokenCache(capacity: 1), limits: plan.limits,
            inspections: InspectionPool(scratch: MatchScratch()))
        if case .length(let length) = request.framing, length > route.admission.bodyLimit {
            throw Fault(.admit, .bodyTooLarge)
        }
        var machine = AdmissionMachine()
        let facts = AdmissionFacts(
            client: client, certificate: certificate, route: index, wall: now, now: .now())
        var action = machine.start(request, facts, plan: route.admission, context: context)
        // LIMIT: a machine that waits more often than it has checks is stuck.
        for _ in 0..<64 {
            noteProgress(machine)
            switch action {
            case .refuse(let fault):
                noteInspection(machine)
                throw fault
            case .permit:
                guard machine.takePermit(for: request, route: index) != nil else {
                    throw Fault(.admit, .internalError)
                }
                noteInspection(machine)
                let upstream = plan.upstreams[route.upstream].name
                let version = plan.upstreams[route.upstream].protocol == .http2 ? "HTTP/2" : "HTTP/1.1"
                note(.dispatch, "upstream \(upstream), over \(version)")
                return .forwarded(route: route.name, upstream: upstream)
            case .wait(.keySet(let set)):
                let name = plan.keySets[set].name
                guard keySets[name] != nil else {
                    return .undecided(needs: "the key set of identity \(name): --jwks \(name)=FILE")
                }
                action = resume(&machine, request, facts, route, context, .keySetAsked(nil))
            case .wait(.delay(let span)):
                note(.admit, "a limit delays it by \(span.milliseconds) ms")
                action = resume(&machine, request, facts, route, context, .delayed)
            case .wait(.body(let limit, let excess)):
                guard let body else { return .undecided(needs: "the body: --data @FILE") }
                action = resume(&machine, request, facts, route, context, try Self.answer(body, limit, excess))
            case .wait(.inspection): throw Fault(.admit, .internalError)
            case .wait(.question): return .undecided(needs: "an answer of a dependency")
            }
        }
        throw Fault(.admit, .undecided)
    }

    private func resume(
        _ machine: inout AdmissionMachine, _ request: VettedRequest, _ facts: AdmissionFacts, _ route: RoutePlan,
        _ context: AdmissionContext, _ answer: AdmissionAnswer
    ) -> AdmissionMachine.Action {
        machine.resume(request, facts, plan: route.admission, context: context, answer: answer)
    }

    /// The body as the exchange would hand it over: refused or cut where it is longer than what is asked for.
    private static func answer(_ body: [UInt8], _ limit: UInt64, _ excess: BodyExcess) throws(Fault) -> AdmissionAnswer
    {
        guard UInt64(body.count) > limit else { return .body(ByteBuffer(bytes: body)) }
        switch excess {
        case .refuse(let reason): throw Fault(.admit, reason)
        case .pass: return .bodyBeginning(ByteBuffer(bytes: body))
        }
    }

    /// What a rule set found: its verdict, and each rule that matched.
    private mutating func noteInspection(_ machine: borrowing AdmissionMachine) {
        guard let inspected = machine.inspection else { return }
        var record = InspectionRecord()
        record.note(inspected)
        let name = plan.names.ruleSets.indices.contains(record.ruleSet) ? plan.names.ruleSets[record.ruleSet] : ""
        note(.admit, "rule set \(name): \(record.verdict.word), score \(record.score)")
        for match in record.matches { note(.admit, match.sentence) }
    }

    private mutating func noteProgress(_ machine: borrowing AdmissionMachine) {
        if let principal = machine.principal {
            note(
                .admit,
                "identity \(principal.identity): subject \(principal.subject), scopes "
                    + (principal.scopes.isEmpty ? "none" : principal.scopes.joined(separator: " ")))
        }
        if let zone = machine.limits.zone, zone < plan.limits.zones.count {
            note(.admit, "limit \(plan.limits.zones[zone].name): excess \(machine.limits.excess) thousandths")
        }
    }

    private mutating func note(_ step: Step, _ text: String) {
        let line = Line(step: step, text: text)
        if lines.last != line { lines.append(line) }
    }
}
