import GateAdmission
public import GateHTTP
import GateIdentity
import GateObserve
import GatePlan
public import GatePrimitives
import GateUpstreams
public import GateWire
public import NIOCore

/// One request and its response, from vetted head to outcome; reused for the next request of its stream.
///
/// ```
/// idle ─> admitting ─┬─(wait: key set, delay, question, inspection)─┐
///            ▲       │◄──────────────── resume ─────────────────────┘
///            │       ├─(wait: body)─> holding ─(all of it)─> admitting
///            │       └─(permit)─> dispatching ─(lease)─> relaying ─(both sides done)─> idle
///            │                                              └─(101)─> tunnelling ─(Close)─> idle
///            └───────── any refusal: one answer, or a cut once the head is out ──────> idle
/// ```
/// It owns the vetted request, the plan it began with and at most one lease, and ends in exactly one outcome. Everything
/// runs on its loop, without futures.
public final class Exchange {
    enum Phase {
        /// No request.
        case idle
        /// Steps 4 and 5: routing, admission, its waits.
        case admitting
        /// Step 5b: the body is collected for a check.
        case holding
        /// Step 6: waiting for a connection.
        case dispatching
        /// Step 7.
        case relaying
        /// Step 7: the whole answer is here, and another thread inspects its body.
        case inspectingAnswer
        /// Step 7, once the backend took the WebSocket: frames both ways.
        case tunnelling
    }

    let loop: ExchangeLoop
    /// The stream lets go of its exchange when it ends, which undoes the cycle.
    let stream: any DownstreamStream
    /// The connection's place in logs and metrics.
    private let log: ConnectionLog?

    var phase = Phase.idle
    /// Tells this request from the ones before it, for what comes back late.
    var turn: UInt64 = 0
    /// The plan that the request began with; an idle exchange holds none, so that a retired plan can go.
    private var ownPlan: LoopPlan?
    var request: VettedRequest?
    var method = HTTPMethod.other
    var route: RoutePlan?
    var routeIndex = -1
    var client: IPAddress?
    var machine = AdmissionMachine()
    var record: ExchangeRecord
    var began = MonotonicInstant(nanoseconds: 0)

    var removal = CredentialRemoval.none
    var upstreamRequest: UpstreamRequest?
    var attempts = Attempts()
    var lease: Lease?
    var pool: (any ConnectionPool)?
    var dispatched = MonotonicInstant(nanoseconds: 0)
    /// Bytes of the body that were taken from the client; a body that was taken cannot be sent again.
    var bodyTaken = false
    var requestComplete = true
    /// What came behind the body, vetted.
    var requestTrailers: FieldBlock?
    var answered = false
    var held = ByteBuffer()
    var isHeld = false
    /// How much is held, and what becomes of more.
    var heldLimit: UInt64 = 0
    var heldExcess = BodyExcess.refuse(.bodyTooLarge)
    /// Whether only the beginning is held, and the rest is streamed after it.
    var heldIsBeginning = false
    /// What another thread inspects at the moment.
    var job: InspectionJob?
    /// The answer whose body is held for inspection.
    var heldAnswer: HeldAnswer?
    var awaitedKeySet = -1
    /// Tells what admission waits for now from what it waited for before.
    var wait: UInt64 = 0
    var deadlineTask: Scheduled<Void>?
    /// A delay, or the bound of a wait for a key set.
    var waitTask: Scheduled<Void>?

    /// The WebSocket, while it stands.
    var tunnel: WebSocketTunnel?
    /// The key that the backend's 101 has to answer.
    var webSocketKey = ""
    /// How an answer of unknown length can be ended before its end.
    var streamKind = StreamKind.none
    /// Where an event may end.
    var boundary = EventStreamBoundary()
    /// The loop knows of it, as of all that may last.
    var isStream = false
    /// Why and by when a stream ends that could not be ended at once.
    var streamEnd: StreamEnd?
    /// The loop's book-keeping.
    public var deadline = LoopDeadline()

    var requestID = ByteBuffer()
    var ownFields = FieldBlock()
    var forwarding: ForwardingFacts?
    /// The plan whose trusted hops and pseudonym `forwarding` shows.
    var forwardingPlan: ObjectIdentifier?
    var identityOwner: Principal?
    var identityFields = FieldBlock()
    /// The key set whose digest was rendered last, for the record.
    var keySetOwner: KeySet?
    var keySetText = ""

    init(loop: ExchangeLoop, stream: any DownstreamStream) {
        self.loop = loop
        self.stream = stream
        let names = loop.current.plan.names
        self.log = loop.log(of: stream.facts)
        self.record = ExchangeRecord(
            names: names,
            connection: log?.facts
                ?? ConnectionFacts(
                    number: stream.facts.id, listener: stream.facts.listener, names: names, peer: "", sni: "",
                    tls: .none),
            id: DecisionID(high: 0, low: 0), time: WallInstant(milliseconds: 0))
    }

    /// The plan in force for this request: the one it began with.
    var pinned: LoopPlan { ownPlan ?? loop.current }

    /// The listener that the request came in by.
    var listener: ListenerPlan? {
        let listeners = pinned.plan.listeners
        return stream.facts.listener < listeners.count ? listeners[stream.facts.listener] : nil
    }

    /// Opens the record of a request.
    func begin() {
        turn &+= 1
        phase = .admitting
        ownPlan = loop.current
        began = .now()
        loop.observer.begin()
        log?.exchangeBegan()
        record = ExchangeRecord(
            names: loop.current.plan.names, connection: record.connection, id: loop.observer.nextID(), time: .now())
        requestID.clear()
        record.id.write(to: &requestID)
        attempts = Attempts()
        answered = false
        bodyTaken = false
        requestComplete = true
        requestTrailers = nil
        isHeld = false
        heldIsBeginning = false
        routeIndex = -1
        ownFields = listener?.ownFields ?? FieldBlock()
        removal = .none
    }

    /// Ends the record: exactly once for each `begin`.
    func finish() {
        guard phase != .idle else { return }
        phase = .idle
        turn &+= 1
        deadlineTask?.cancel()
        deadlineTask = nil
        endWait()
        forgetStream()
        releaseHeld()
        endInspection()
        let now = MonotonicInstant.now()
        record.duration = now.since(began)
        if record.upstream >= 0 { record.upstreamDuration = now.since(dispatched) }
        record.bytesIn = stream.bytesIn
        record.bytesOut = stream.bytesOut
        if let request {
            record.method = request.methodSlice
            record.host = request.authoritySlice
            record.path = request.targetSlice
        }
        loop.observer.finish(record)
        log?.exchangeEnded()
        // An idle connection pins neither head nor plan.
        record.method = ByteBuffer()
        record.host = ByteBuffer()
        record.path = ByteBuffer()
        request = nil
        requestTrailers = nil
        route = nil
        upstreamRequest = nil
        pool = nil
        ownPlan = nil
    }

    func releaseHeld() {
        guard isHeld else { return }
        loop.inspectedBytes -= held.readableBytes
        held = ByteBuffer()
        isHeld = false
        heldIsBeginning = false
    }
}

// MARK: What the client does

extension Exchange: DownstreamDelegate {
    /// Step 3 is done: route and admit.
    public func downstreamRequest(_ request: consuming VettedRequest) {
        begin()
        method = request.method
        requestComplete = !request.framing.hasBody
        record.protocol = LoggedProtocol(request.version)
        self.request = request
        routeAndAdmit()
    }

    /// What arrived is no request: answer with its code.
    public func downstreamRefused(_ fault: Fault, raw: RawHead?) {
        begin()
        method = .other
        requestComplete = false
        if let raw {
            record.method = raw.methodSlice
            record.path = raw.targetSlice
        }
        refuse(fault)
    }

    /// A piece of the body: held for a check, or passed on.
    public func downstreamBody(_ chunk: ByteBuffer) {
        bodyTaken = true
        switch phase {
        case .holding: hold(chunk)
        case .relaying: relayBody(chunk)
        case .tunnelling: clientSent(chunk)
        case .idle: break
        // Nobody asked for it: dropping it would forward a body with a hole.
        case .admitting, .dispatching, .inspectingAnswer: fail(Fault(.relay, .internalError))
        }
    }

    /// The body is complete.
    public func downstreamBodyEnd(_ trailers: FieldBlock?) {
        requestComplete = true
        requestTrailers = trailers
        switch phase {
        case .holding:
            phase = .admitting
            resume(.body(held))
        case .relaying: endRequestBody()
        case .tunnelling: clientEnded()
        case .idle, .admitting, .dispatching, .inspectingAnswer: break
        }
    }

    /// The body cannot be read to its end.
    public func downstreamBodyFailed(_ fault: Fault) {
        guard phase != .idle else { return }
        fail(Fault(phase == .relaying ? .relay : .admit, fault.reason))
    }

    /// The client takes bytes again.
    public func downstreamWritable() {
        lease?.stream.resume()
    }

    /// The client is gone: so is the reason to ask the backend.
    public func downstreamClosed(_ reason: Reason) {
        guard phase != .idle else { return }
        if phase == .tunnelling { return clientLeft(reason) }
        record.note(Fault(phase == .relaying ? .relay : .admit, reason))
        record.upstreamResult = record.upstream >= 0 ? .aborted : .none
        release(.abandoned)
        finish()
    }
}

extension LoggedProtocol {
    init(_ version: HTTPVersion) {
        switch version {
        case .http10: self = .http10
        case .http11: self = .http11
        case .http2: self = .http2
        }
    }
}
