public import GateHTTP
import GatePattern
public import GatePrimitives
public import GateWAF
import NIOCore

/// One request under its route's rule set, from its head to the end of its answer; reused for others of the same rules.
///
/// Every function is to be called in the order of the phases. It belongs to its loop, but for the one phase that another
/// thread runs while the loop waits for it (`InspectionJob`).
public final class RequestInspection {
    /// How the phases ended so far.
    public enum Result: Equatable, Sendable {
        /// Nothing refuses.
        case passed
        /// A rule would have refused, and the rule set only detects.
        case detected
        /// A rule refuses.
        case blocked
        /// There is no answer.
        case failed
    }

    /// How much of the body was inspected.
    public enum Part: Sendable {
        /// Nothing: there was none, or it is streamed.
        case none
        /// All of it.
        case whole
        /// Its beginning.
        case beginning
        /// Nothing, since it could not be read, and the rule set only detects.
        case unread
    }

    /// What the route asks for.
    public private(set) var plan: InspectionPlan
    /// How the phases ended so far.
    public private(set) var result = Result.passed
    /// How much of the body was inspected.
    public private(set) var part = Part.none
    /// The transaction; what matched is read from it.
    public let inspection: Inspection

    private var head = RequestHeadVariables()
    private var body = ByteBuffer()
    private var isBeginning = false
    /// How the body is compressed; nil where nobody here can read it.
    private var coding: ContentCoding? = .identity
    private var problem: BodyProblem?

    // LIMIT: JSON, the dearest, costs a loop some milliseconds at this size.
    /// The most bytes of a body that the loop inspects itself; a larger one, and every compressed one, is another thread's.
    public static let longestOnLoop = 16 << 10

    init(_ plan: InspectionPlan, scratch: MatchScratch) {
        self.plan = plan
        inspection = Inspection(ruleSet: plan.ruleSet, scratch: scratch)
    }

    /// Forgets the request before this one; `plan` has the same rules.
    func begin(_ plan: InspectionPlan) {
        self.plan = plan
        result = .passed
        part = .none
        body = ByteBuffer()
        isBeginning = false
        coding = .identity
        problem = nil
        inspection.begin(plan.allowances)
    }

    /// Lets go of what the request brought.
    func end() { body = ByteBuffer() }

    // MARK: Phases 1 and 2

    /// Phase 1: the head.
    func judgeHead(_ request: borrowing VettedRequest, _ facts: AdmissionFacts) -> Fault? {
        let isComplete = head.fill(&inspection.variables, from: request, client: facts.client)
        if plan.requests.readsBody, request.framing.hasBody { coding = inspection.variables.requestContentCoding }
        let fault = evaluate(.requestHeaders)
        guard fault == nil, !isComplete else { return fault }
        return fail(.wafUnparsable)
    }

    /// Whether phase 2 waits for the body.
    func wantsBody(_ request: borrowing VettedRequest) -> Bool {
        plan.requests.readsBody && request.framing.hasBody && inspection.bodyControls.readsBody
            && coding != nil
    }

    /// What is known of the body before it was read: too long, or in a coding that nobody here reads.
    func judgeFraming(_ request: borrowing VettedRequest) -> Fault? {
        guard plan.requests.readsBody, request.framing.hasBody, inspection.bodyControls.readsBody else { return nil }
        guard coding != nil else {
            part = .unread
            return fail(.unsupportedCoding)
        }
        guard case .length(let length) = request.framing, length > UInt64(clamping: plan.requests.limit),
            plan.refuses, plan.requests.oversize == .refuse
        else { return nil }
        return fail(.wafBodyLimit)
    }

    /// What becomes of a body beyond the limit: passed on where the configuration says so or nothing is refused.
    var bodyExcess: BodyExcess {
        plan.refuses && plan.requests.oversize == .refuse ? .refuse(.wafBodyLimit) : .pass
    }

    /// Phase 2 on a request whose body is not read.
    func judgeWithoutBody() -> Fault? {
        let none = ByteBuffer()
        return judge(none.readableBytesUInt8Span)
    }

    /// Keeps the body, or its beginning, for `judgeBody()`.
    func take(_ body: ByteBuffer, isBeginning: Bool) {
        self.body = body
        self.isBeginning = isBeginning
    }

    /// Whether the body is better judged off the loop.
    var isCostly: Bool { body.readableBytes > Self.longestOnLoop || coding != .identity }

    /// Phase 2 on the body that was taken, inflated where it is compressed.
    func judgeBody() -> Fault? {
        defer { body = ByteBuffer() }
        part = isBeginning ? .beginning : .whole
        guard let coding, coding != .identity else { return judge(body.readableBytesUInt8Span) }
        // The beginning of a compressed body is no compressed body.
        guard !isBeginning else { return judgeUnread(nil) }
        let inflated: [UInt8]
        do throws(InflateProblem) {
            inflated = try Inflater.inflate(
                body.readableBytesUInt8Span, coding, limit: plan.requests.inflatedLimit)
        } catch {
            switch error {
            case .tooLarge: return judgeUnread(.decompressLimit)
            case .corrupt: return judgeUnread(.wafUnparsable)
            case .memory: return judgeUnread(.wafFailed)
            }
        }
        return judge(inflated.span)
    }

    /// Phase 2 where the body cannot be read: refused for `reason`, if anything is.
    private func judgeUnread(_ reason: Reason?) -> Fault? {
        if let reason, let fault = fail(reason) { return fault }
        part = .unread
        return judgeWithoutBody()
    }

    private func judge(_ bytes: Span<UInt8>) -> Fault? {
        problem = inspection.variables.addRequestBody(bytes, controls: inspection.bodyControls)
        if isBeginning, problem != nil {
            // What was cut off cannot be whole: that is no fault of the sender's.
            problem = nil
            let none: [UInt8] = [0x30]
            inspection.variables.set(.reqbodyError, to: none.span)
            inspection.variables.set(.multipartStrictError, to: none.span)
            inspection.variables.set(.multipartUnmatchedBoundary, to: none.span)
        }
        let fault = evaluate(.requestBody)
        guard fault == nil, let problem else { return fault }
        return fail(Self.reason(of: problem))
    }

    // MARK: Phases 3 to 5

    /// Phase 3: the head of the answer.
    public func judge(_ response: borrowing VettedResponse, version: HTTPVersion) -> Fault? {
        response.fill(&inspection.variables, version: version)
        return evaluate(.responseHeaders, step: .relay)
    }

    /// Whether the body of the answer is to be held for phase 4.
    public func wantsBody(of response: borrowing VettedResponse) -> Bool {
        guard let responses = plan.responses, response.framing != .none, response.framing != .length(0) else {
            return false
        }
        return response.isOneOf(responses.contentTypes)
    }

    /// Phase 4: the body of the answer, or its beginning; empty where it is not inspected.
    public func judgeAnswer(_ bytes: Span<UInt8>) -> Fault? {
        if !bytes.isEmpty { inspection.variables.addResponseBody(bytes) }
        return evaluate(.responseBody, step: .relay)
    }

    /// An answer that cannot be inspected.
    public func failAnswer(_ reason: Reason) -> Fault? {
        guard let fault = fail(reason) else { return nil }
        return Fault(.relay, fault.reason)
    }

    /// Phase 5, whose rules only tell.
    public func conclude() {
        _ = inspection.evaluate(.logging)
    }

    // MARK: Verdicts

    /// Runs one phase; a fault where the request is refused.
    private func evaluate(_ phase: RulePhase, step: Step = .admit) -> Fault? {
        switch inspection.evaluate(phase) {
        case .pass:
            if inspection.refusal != nil, result == .passed { result = .detected }
            return nil
        case .block(let rule, _):
            result = plan.refuses ? .blocked : .detected
            return plan.refuses ? Fault(step, reason(of: rule)) : nil
        case .failed(let failure):
            result = .failed
            return plan.refuses ? Fault(step, Self.reason(of: failure)) : nil
        }
    }

    /// What makes a request refusable before or beside the rules; passed on, and told, by a rule set that only detects.
    private func fail(_ reason: Reason) -> Fault? {
        if plan.refuses {
            result = reason.code == .wafFailed ? .failed : .blocked
            return Fault(.admit, reason)
        }
        if result == .passed { result = reason.code == .wafFailed ? .failed : .detected }
        return nil
    }

    /// The rules of the base set that say that a body could not be read have reasons of their own.
    private func reason(of rule: Int) -> Reason {
        switch rule {
        case 200_002: problem.map(Self.reason) ?? .wafUnparsable
        case 200_003, 200_004: .wafMultipart
        default: .wafBlocked
        }
    }

    private static func reason(of problem: BodyProblem) -> Reason {
        problem.isMultipart ? .wafMultipart : .wafUnparsable
    }

    /// A limit of matching is a matter of time; other failures are not (attacks 61).
    private static func reason(of failure: InspectionFailure) -> Reason {
        switch failure.cause {
        case .matchLimit, .stackLimit: .wafTimeout
        case .memoryLimit, .valueLimit, .unexpected: .wafFailed
        }
    }
}
