import GateAdmission
import GateHTTP
import GateObserve
import GatePlan
import GatePrimitives
import GateWAF
import GateWire
import NIOCore

/// An answer that is held until the firewall has seen its body.
struct HeldAnswer {
    let response: VettedResponse
    var body = ByteBuffer()
    /// What follows the body, once the answer is whole.
    var trailers: FieldBlock?
}

/// The firewall's phases that another thread runs, and those of the answer.
extension Exchange {
    // MARK: Off the loop

    /// Phase 2 on another thread; the loop serves others meanwhile.
    func inspectBody() {
        guard let inspection = machine.inspection else { return refuse(Fault(.admit, .internalError)) }
        let job = InspectionJob(inspection)
        resumeLater(in: ExchangeLoop.maximumInspection, .inspectionMissed)
        guard submit(job) else {
            self.job = nil
            return resume(.inspectionMissed)
        }
    }

    private func submit(_ job: InspectionJob) -> Bool {
        self.job = job
        guard let inspect = loop.inspect else { return false }
        let eventLoop = loop.wire.eventLoop
        let bound = NIOLoopBound((self, pinned.admission.inspections), eventLoop: eventLoop)
        return inspect(job) {
            eventLoop.execute {
                let (exchange, pool) = bound.value
                // Nobody waits for it any more: the client is gone, or the time is up.
                guard exchange.job === job else {
                    pool?.giveBack(job.inspection)
                    return
                }
                exchange.job = nil
                exchange.inspected(job)
            }
        }
    }

    private func inspected(_ job: InspectionJob) {
        switch phase {
        case .admitting: resume(job.isDone ? .inspected(job.fault) : .inspectionMissed)
        case .inspectingAnswer:
            endWait()
            if let fault = job.fault { fail(fault) } else { deliverHeldAnswer() }
        case .idle, .holding, .dispatching, .relaying, .tunnelling: break
        }
    }

    /// Gives the inspection back, and lets the record say what it found; one that another thread still has comes back later.
    func endInspection() {
        heldAnswer.take().map { loop.inspectedBytes -= $0.body.readableBytes }
        if let missed = machine.missedInspection {
            record.inspection.ruleSet = missed.index
            record.inspection.verdict = .failed
            record.inspection.body = .unread
        }
        if let job = job.take() {
            job.cancel()
        } else if let inspection = machine.inspection {
            inspection.conclude()
            record.inspection.note(inspection)
            pinned.admission.inspections?.giveBack(inspection)
        }
        machine.forgetInspection()
    }

    // MARK: The answer

    /// Phase 3; whether the head goes on to the client now.
    func inspectHead(_ response: borrowing VettedResponse) -> Bool {
        guard let inspection = machine.inspection, inspection.plan.responses != nil, let request else { return true }
        var fault = inspection.judge(response, version: request.version)
        if fault == nil {
            // Behind a 101 there is no body but another protocol.
            if response.status != 101, inspection.wantsBody(of: response) {
                // It was asked for as it is: a compressed one cannot be read.
                guard response.first(.contentEncoding) == nil else {
                    fault = inspection.failAnswer(.wafFailed)
                    return pass(fault)
                }
                heldAnswer = HeldAnswer(response: copy response)
                return false
            }
            let none = ByteBuffer()
            fault = inspection.judgeAnswer(none.readableBytesUInt8Span)
        }
        return pass(fault)
    }

    private func pass(_ fault: Fault?) -> Bool {
        guard let fault else { return true }
        fail(fault)
        return false
    }

    /// Keeps a piece of an answer; beyond the limit it is refused or passed on, as the rule set says.
    func holdAnswer(_ chunk: ByteBuffer) {
        guard let inspection = machine.inspection, let responses = inspection.plan.responses else {
            return fail(Fault(.relay, .internalError))
        }
        loop.inspectedBytes += chunk.readableBytes
        heldAnswer?.body.writeImmutableBuffer(chunk)
        let count = heldAnswer?.body.readableBytes ?? 0
        let hasRoom = loop.inspectedBytes <= ExchangeLoop.maximumInspectedBytes
        guard count > responses.limit || !hasRoom else { return }
        if responses.oversize == .refuse, let fault = inspection.failAnswer(hasRoom ? .wafResponseLimit : .overload) {
            return fail(fault)
        }
        let beginning = heldAnswer?.body ?? ByteBuffer()
        let fault = inspection.judgeAnswer(beginning.readableBytesUInt8Span)
        if let fault { fail(fault) } else { deliverBeginning() }
    }

    private func deliverBeginning() {
        guard let answer = heldAnswer.take() else { return }
        loop.inspectedBytes -= answer.body.readableBytes
        deliverHead(answer.response)
        guard phase == .relaying else { return }
        relayAnswer(answer.body)
    }

    /// Phase 4 on a whole answer; the backend has done its part.
    func inspectHeldAnswer(_ trailers: FieldBlock?) {
        guard let inspection = machine.inspection, let body = heldAnswer?.body else {
            return fail(Fault(.relay, .internalError))
        }
        heldAnswer?.trailers = trailers
        phase = .inspectingAnswer
        // The backend needs no more of the request.
        if !requestComplete { stream.pauseBody() }
        if pinned.admission.inspectsElsewhere, body.readableBytes > RequestInspection.longestOnLoop {
            let bound = NIOLoopBound((self, turn), eventLoop: loop.wire.eventLoop)
            waitTask = loop.wire.eventLoop.scheduleTask(
                in: .nanoseconds(ExchangeLoop.maximumInspection.nanoseconds)
            ) {
                let (exchange, turn) = bound.value
                if exchange.turn == turn { exchange.fail(Fault(.relay, .wafTimeout)) }
            }
            if submit(InspectionJob(inspection, answer: body)) { return }
            job = nil
            return fail(Fault(.relay, .wafTimeout))
        }
        if let fault = inspection.judgeAnswer(body.readableBytesUInt8Span) { fail(fault) } else { deliverHeldAnswer() }
    }

    private func deliverHeldAnswer() {
        guard let answer = heldAnswer.take() else { return fail(Fault(.relay, .internalError)) }
        loop.inspectedBytes -= answer.body.readableBytes
        deliverHead(answer.response)
        guard phase == .inspectingAnswer else { return }
        stream.writeBody(answer.body)
        endAnswer(answer.trailers)
    }
}
