import GateAdmission
import GateHTTP
import GateIdentity
import GateLimits
import GateObserve
import GatePlan
import GatePrimitives
import GateRouting
import GateUpstreams
import GateWire
import NIOCore

/// The gateway's own answers: refusals as problem+json, redirects, preflights.
extension Exchange {
    /// Refuses the request: one answer, one outcome.
    func refuse(_ fault: Fault) { refuse(fault, fields: ByteBuffer()) }

    /// 405 with `allow` (RFC 9110 §15.5.6).
    func refuseMethod(_ methods: MethodSet) {
        var fields = ByteBuffer()
        fields.writeString("allow: \(pinned.plan.table.allow(methods))\r\n")
        refuse(Fault(.route, .methodNotAllowed), fields: fields)
    }

    private func refuse(_ fault: Fault, fields extra: ByteBuffer) {
        guard phase != .idle else { return }
        record.note(fault)
        release(.abandoned)
        var fields = extra
        fields.writeImmutableBuffer(ownFields.bytes)
        appendChallenge(fault, to: &fields)
        appendLimits(fault, to: &fields)
        if request?.hasMediaType("application/grpc") == true { return refuseCall(fault, fields: fields) }
        var body = ByteBuffer()
        Problem.append(fault.code, decision: record.id, to: &body)
        fields.writeStaticString("content-type: application/problem+json\r\n")
        answer(
            status: fault.code.status, fields: fields, body: body, closes: !fault.reason.keepsConnection)
    }

    /// Refuses a gRPC call in its own form: 200, and the status in the only head (attacks 80).
    private func refuseCall(_ fault: Fault, fields: ByteBuffer) {
        var fields = fields
        fields.writeStaticString("content-type: application/grpc\r\n")
        fields.writeString("grpc-status: \(fault.code.grpcStatus)\r\ngrpc-message: \(fault.code.title)\r\n")
        record.grpcStatus = fault.code.grpcStatus
        answer(status: 200, fields: fields, body: ByteBuffer(), closes: !fault.reason.keepsConnection)
    }

    /// Writes a whole answer and ends the exchange.
    func answer(status: Int, fields: ByteBuffer, body: ByteBuffer, closes: Bool = false) {
        var fields = fields
        fields.writeStaticString("x-request-id: ")
        fields.writeImmutableBuffer(requestID)
        fields.writeStaticString("\r\n")
        record.status = status
        stream.writeAnswer(LocalAnswer(status: status, fields: fields, body: body, closes: closes), to: method)
        let stream = stream
        finish()
        stream.endExchange()
    }

    /// A plain listener that only redirects: the same URL under https (RFC 9110 §15.4.9 keeps the method).
    func redirect() {
        guard let request else { return refuse(Fault(.route, .internalError)) }
        // `OPTIONS *` and CONNECT name nothing that a location could point to.
        guard request.targetForm == .origin || request.targetForm == .absolute else {
            return refuse(Fault(.route, .noRoute))
        }
        record.note(Fault(.route, .redirected))
        var fields = ByteBuffer()
        fields.writeStaticString("location: https://")
        fields.writeString(request.hostText)
        fields.writeString(request.pathText)
        if request.hasQuery { fields.writeString("?\(request.queryText)") }
        fields.writeStaticString("\r\n")
        answer(status: 308, fields: fields, body: ByteBuffer())
    }

    /// RFC 6750 §3: 401 and `scope_missing` say which scheme is asked for.
    private func appendChallenge(_ fault: Fault, to fields: inout ByteBuffer) {
        guard case .anyOf(let rule, _, _, _) = route?.admission.access,
            let challenge = rule.challenge.value(for: fault.reason)
        else { return }
        fields.writeStaticString("www-authenticate: ")
        fields.writeBytes(challenge)
        fields.writeStaticString("\r\n")
    }

    /// 429 says when to come back, and under which policy.
    private func appendLimits(_ fault: Fault, to fields: inout ByteBuffer) {
        if fault.code == .dependencyUnavailable || fault.code == .overloaded {
            fields.writeStaticString("retry-after: 5\r\n")
        }
        guard fault.code == .rateLimited, let limits = limitFields() else { return }
        fields.writeString("retry-after: \(max(1, machine.limits.retryAfter))\r\n")
        fields.writeImmutableBuffer(limits.bytes)
    }

    /// The policy and state of the limit that refused or is tightest, as field lines; nil without limits.
    func limitFields() -> FieldBlock? {
        guard let zone = machine.limits.zone, zone < pinned.plan.limits.zones.count else { return nil }
        let limit = pinned.plan.limits.zones[zone]
        var policy: [UInt8] = []
        RateLimitFields.appendPolicy(limit.name, limit.parameters, to: &policy)
        var state: [UInt8] = []
        RateLimitFields.appendState(limit.name, limit.parameters, excess: machine.limits.excess, to: &state)
        var block = FieldBlock()
        do throws(FieldProblem) {
            try block.append("ratelimit-policy", String(decoding: policy, as: UTF8.self))
            try block.append("ratelimit", String(decoding: state, as: UTF8.self))
        } catch { return nil }
        return block
    }
}
