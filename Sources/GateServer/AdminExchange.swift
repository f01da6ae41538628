import GateHTTP
import GateObserve
import GatePlan
import GatePrimitives
import GateWire
import NIOCore

/// One request to the admin or telemetry interface, on the gateway's own HTTP core.
final class AdminExchange: DownstreamDelegate {
    private let interface: AdminInterface
    private unowned let stream: any DownstreamStream
    private var method = HTTPMethod.other
    private var isOpen = false
    private var turn = 0

    init(interface: AdminInterface, stream: any DownstreamStream) {
        self.interface = interface
        self.stream = stream
    }

    func downstreamRequest(_ request: consuming VettedRequest) {
        turn += 1
        isOpen = true
        method = request.method
        guard interface.owns(request.hostText) else { return deny(421, "host") }
        guard interface.admits(request) else { return deny(401, "token") }
        // What has a body is not read: no resource takes one.
        guard !request.framing.hasBody else { return answer(413, "text/plain", "no body is taken\n") }
        guard let resource = interface.resource(request.method, request.pathText) else {
            return answer(404, "text/plain", "no such resource\n")
        }
        serve(resource, accept: request.text(.accept) ?? "")
    }

    private func serve(_ resource: AdminInterface.Resource, accept: String) {
        let worker = interface.worker
        switch resource {
        case .health: answer(200, "text/plain", "ok\n")
        case .readiness:
            answer(worker.isReady ? 200 : 503, "text/plain", worker.isReady ? "ready\n" : "draining\n")
        case .configuration: answer(200, "application/json", worker.plan.report)
        case .page: answer(200, "text/html; charset=utf-8", AdminPage.html(worker.plan))
        case .upstreams: answer(200, "application/json", worker.plan.upstreamReport.rendered + "\n")
        case .metrics:
            let format = MetricsFormat(accept: accept)
            later(worker.scrape(format), format.contentType)
        case .decision(let id): decision(id, worker)
        case .reload:
            let bound = NIOLoopBound((self, turn), eventLoop: worker.home)
            worker.reloadThen { isInForce in
                worker.home.execute {
                    let (exchange, turn) = bound.value
                    guard exchange.turn == turn, exchange.isOpen else { return }
                    exchange.answer(
                        isInForce ? 200 : 422, "application/json",
                        "{\"reloaded\":\(isInForce),\"revision\":\"\(worker.plan.revision)\"}\n")
                }
            }
        }
    }

    private func decision(_ text: String, _ worker: Worker) {
        guard let id = DecisionID(text) else { return answer(404, "text/plain", "no decision id\n") }
        let bound = NIOLoopBound((self, turn), eventLoop: worker.home)
        worker.decision(id).whenComplete { result in
            let (exchange, turn) = bound.value
            guard exchange.turn == turn, exchange.isOpen else { return }
            if case .success(let json?) = result {
                exchange.answer(200, "application/json", String(buffer: json) + "\n")
            } else {
                exchange.answer(404, "text/plain", "the decision is not, or no longer, known\n")
            }
        }
    }

    private func later(_ future: EventLoopFuture<[UInt8]>, _ type: String) {
        let bound = NIOLoopBound((self, turn), eventLoop: interface.worker.home)
        future.hop(to: interface.worker.home).whenComplete { result in
            let (exchange, turn) = bound.value
            guard exchange.turn == turn, exchange.isOpen else { return }
            if case .success(let bytes) = result {
                exchange.answer(200, type, String(decoding: bytes, as: UTF8.self))
            } else {
                exchange.answer(503, "text/plain", "not available\n")
            }
        }
    }

    private func deny(_ status: Int, _ what: String) {
        interface.worker.events.emit(
            .adminDenied,
            [EventField("client", stream.facts.peer?.description ?? "unix:"), EventField("reason", what)])
        answer(status, "text/plain", "refused\n")
    }

    private func answer(_ status: Int, _ type: String, _ body: String) {
        guard isOpen else { return }
        isOpen = false
        var fields = ByteBuffer()
        fields.writeString("content-type: \(type)\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n")
        if status == 401 { fields.writeString("www-authenticate: Bearer\r\n") }
        if type.hasPrefix("text/html") {
            fields.writeString("content-security-policy: default-src 'none'; style-src 'unsafe-inline'\r\n")
        }
        stream.writeAnswer(
            LocalAnswer(status: status, fields: fields, body: ByteBuffer(string: body), closes: false), to: method)
        stream.endExchange()
    }

    func downstreamRefused(_ fault: Fault, raw: RawHead?) {
        turn += 1
        isOpen = true
        answer(fault.code.status, "text/plain", "refused\n")
    }

    func downstreamBody(_ chunk: ByteBuffer) {}
    func downstreamBodyEnd(_ trailers: FieldBlock?) {}
    func downstreamBodyFailed(_ fault: Fault) {}
    func downstreamWritable() {}
    func downstreamClosed(_ reason: Reason) {
        turn += 1
        isOpen = false
    }
}
