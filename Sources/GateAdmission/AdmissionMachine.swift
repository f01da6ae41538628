public import GateHTTP
public import GateIdentity
import GateLimits
public import GatePrimitives

/// Steps 5a and 5b of one request: who is calling, what they may do, how often. A resumable machine without I/O.
///
/// ```
/// addressLimits ─> headInspection ─> identity ─> principalLimits ─> headChecks
///                                                                       │
///          permitted <─ delay <─ bodyChecks <─ bodyInspection <─────────┘
/// ```
/// Every phase may refuse; identity, the checks, the inspection of the body and the delay may wait.
/// Default deny: a machine that did not say `permitted` gives no permit, and an error in a check is a refusal.
public struct AdmissionMachine {
    /// What the machine wants next.
    public enum Action: Sendable {
        /// Every check passed: take the permit.
        case permit
        /// The request is refused.
        case refuse(Fault)
        /// Something must be known or done first; then `resume`.
        case wait(AdmissionWait)
    }

    private enum Phase: Equatable {
        case idle
        case addressLimits
        case headInspection
        case identity
        case principalLimits
        case headCheck(Int)
        case bodyInspection
        case bodyCheck(Int)
        case delay
        case permitted
        case refused
    }

    // LIMIT: waits of one request; a check that asks again and again is an error, and so a refusal.
    static let maximumWaits = 32

    private var phase = Phase.idle
    private var route = -1
    private var charge = LimitCharge()
    private var delay = TimeSpan.zero
    /// What the last action asked for; only an answer to it resumes.
    private var awaited: AdmissionWait?
    private var waits = 0
    private var credential = FoundCredential()
    /// Who is calling, once identity passed.
    public private(set) var principal: Principal?
    /// Where the verified credential stood.
    public private(set) var removal = CredentialRemoval.none
    /// The key set that verified the credential.
    public private(set) var keySet: KeySet?
    /// Whether the token cache knew the credential.
    public private(set) var cacheHit = false
    /// Whether the delay of its limits was begun.
    public private(set) var isDelayed = false
    /// The rules' view of the request, once its head was inspected; whoever started the machine gives it back.
    public private(set) var inspection: RequestInspection?
    /// The inspection that was given up, since its verdict did not come.
    public private(set) var missedInspection: InspectionPlan?
    /// What the limits said, for the answer's fields, the log and the decision.
    public private(set) var limits = LimitReport()

    /// A machine at rest.
    public init() {}

    /// Begins with a request of a route.
    public mutating func start(
        _ request: borrowing VettedRequest, _ facts: AdmissionFacts, plan: borrowing AdmissionPlan,
        context: AdmissionContext
    ) -> Action {
        self = AdmissionMachine()
        route = facts.route
        phase = .addressLimits
        return advance(request, facts, plan, context, answer: nil)
    }

    /// Goes on after a wait; an answer that nobody waits for, or to another question, is an error and so a refusal.
    public mutating func resume(
        _ request: borrowing VettedRequest, _ facts: AdmissionFacts, plan: borrowing AdmissionPlan,
        context: AdmissionContext, answer: AdmissionAnswer
    ) -> Action {
        guard facts.route == route, let awaited, answer.isAnswer(to: awaited) else {
            return refuse(Fault(.admit, .internalError), context)
        }
        self.awaited = nil
        return advance(request, facts, plan, context, answer: answer)
    }

    /// Whether the last action was `permit`, for this route; spends it.
    mutating func concludes(route: Int) -> Bool {
        guard phase == .permitted, route == self.route else { return false }
        phase = .idle
        return true
    }

    private mutating func advance(
        _ request: borrowing VettedRequest, _ facts: AdmissionFacts, _ plan: borrowing AdmissionPlan,
        _ context: AdmissionContext, answer: AdmissionAnswer?
    ) -> Action {
        let action = run(request, facts, plan, context, answer: answer)
        guard case .wait(let wait) = action else { return action }
        waits += 1
        guard waits <= Self.maximumWaits else { return refuse(Fault(.admit, .undecided), context) }
        awaited = wait
        return action
    }

    private mutating func run(
        _ request: borrowing VettedRequest, _ facts: AdmissionFacts, _ plan: borrowing AdmissionPlan,
        _ context: AdmissionContext, answer: AdmissionAnswer?
    ) -> Action {
        var answer = answer
        while true {
            switch phase {
            case .addressLimits:
                if let refusal = charge(plan.addressLimits, request, facts, context) { return refusal }
                phase = .headInspection
            case .headInspection:
                if let refusal = inspectHead(request, facts, plan, context) { return refusal }
                phase = .identity
            case .identity:
                switch identify(request, facts, plan, context, answer) {
                case .pass: phase = .principalLimits
                case .refuse(let fault): return refuse(fault, context)
                case .wait(let wait): return .wait(wait)
                }
                answer = nil
            case .principalLimits:
                if let refusal = charge(plan.principalLimits, request, facts, context) { return refusal }
                phase = .headCheck(0)
            case .headCheck(let index):
                guard index < plan.headChecks.count else {
                    phase = .bodyInspection
                    continue
                }
                switch plan.headChecks[index].judge(request, facts, principal: principal, answer: answer) {
                case .pass: phase = .headCheck(index + 1)
                case .refuse(let fault): return refuse(fault, context)
                case .wait(let wait): return .wait(wait)
                }
                answer = nil
            case .bodyInspection:
                switch inspectBody(request, context, answer) {
                case .pass: phase = .bodyCheck(0)
                case .refuse(let fault): return refuse(fault, context)
                case .wait(let wait): return .wait(wait)
                }
                if case .body = answer {} else { answer = nil }
            case .bodyCheck(let index):
                guard index < plan.bodyChecks.count else {
                    phase = .delay
                    continue
                }
                switch plan.bodyChecks[index].judge(request, facts, principal: principal, answer: answer) {
                case .pass: phase = .bodyCheck(index + 1)
                case .refuse(let fault): return refuse(fault, context)
                case .wait(let wait): return .wait(wait)
                }
                // The body that was read for one check is there for the next; what else it was told is its own.
                if case .body = answer {} else { answer = nil }
            case .delay:
                // Delays are not summed: the largest is waited once, just before the permit.
                if delay > .zero, !isDelayed {
                    isDelayed = true
                    return .wait(.delay(delay))
                }
                phase = .permitted
                return .permit
            case .idle, .permitted, .refused:
                return refuse(Fault(.admit, .internalError), context)
            }
        }
    }

    // MARK: Inspection

    /// Lets go of the inspection, which its owner gave back.
    public mutating func forgetInspection() {
        inspection = nil
        missedInspection = nil
    }

    /// Phase 1 of the rules, before anybody is asked who they are.
    private mutating func inspectHead(
        _ request: borrowing VettedRequest, _ facts: AdmissionFacts, _ plan: borrowing AdmissionPlan,
        _ context: AdmissionContext
    ) -> Action? {
        guard let wanted = plan.inspection else { return nil }
        guard let pool = context.inspections else { return refuse(Fault(.admit, .undecided), context) }
        let inspection = pool.take(wanted)
        self.inspection = inspection
        return inspection.judgeHead(request, facts).map { refuse($0, context) }
    }

    /// Phase 2 of the rules, on the body where there is one and the route has it inspected.
    private mutating func inspectBody(
        _ request: borrowing VettedRequest, _ context: AdmissionContext, _ answer: AdmissionAnswer?
    ) -> CheckVerdict {
        guard let inspection else { return .pass }
        let fault: Fault?
        switch answer {
        case .inspected(let found): fault = found
        case .inspectionMissed:
            // Whoever was to find the verdict may still be at it: nothing of the inspection is touched any more.
            missedInspection = inspection.plan
            self.inspection = nil
            fault = inspection.plan.refuses ? Fault(.admit, .wafTimeout) : nil
        case .body(let body), .bodyBeginning(let body):
            if case .body = answer {
                inspection.take(body, isBeginning: false)
            } else {
                inspection.take(body, isBeginning: true)
            }
            if context.inspectsElsewhere, inspection.isCostly { return .wait(.inspection) }
            fault = inspection.judgeBody()
        default:
            if let refusal = inspection.judgeFraming(request) { return .refuse(refusal) }
            if inspection.wantsBody(request) {
                let limit = UInt64(clamping: inspection.plan.requests.limit)
                return .wait(.body(limit: limit, beyond: inspection.bodyExcess))
            }
            fault = inspection.judgeWithoutBody()
        }
        return fault.map { .refuse($0) } ?? .pass
    }

    // MARK: Limits

    private mutating func charge(
        _ references: [LimitReference], _ request: borrowing VettedRequest, _ facts: AdmissionFacts,
        _ context: AdmissionContext
    ) -> Action? {
        guard !references.isEmpty else { return nil }
        for reference in references {
            guard reference.zone < context.limits.zones.count,
                charge.add(
                    zone: reference.zone,
                    key: key(reference, context.limits.zones[reference.zone], request, facts))
            else { return refuse(Fault(.admit, .internalError), context) }
        }
        let verdict = context.limits.charge(&charge, at: facts.now)
        limits.note(verdict, charge, context.limits)
        switch verdict {
        case .pass: return nil
        case .wait(let milliseconds, _):
            delay = max(delay, .milliseconds(milliseconds))
            return nil
        case .refused:
            context.limits.drop(&charge)
            return refuse(Fault(.admit, .rateLimited), context)
        }
    }

    private func key(
        _ reference: LimitReference, _ zone: LimitZone, _ request: borrowing VettedRequest, _ facts: AdmissionFacts
    ) -> LimitKey {
        var builder = zone.makeKey()
        for part in reference.key {
            switch part {
            case .clientAddress:
                if let client = facts.client { builder.add(client) } else { builder.addAbsent() }
            case .principal:
                if let principal {
                    let (issuer, subject) = (principal.issuerBytes, principal.subjectBytes)
                    builder.add(issuer: issuer.span, subject: subject.span)
                } else {
                    builder.addAbsent()
                }
            case .claim(let name):
                switch principal?.claim(name) {
                case .text(let value): builder.add(claim: value.span)
                case .list(let values): for value in values { builder.add(claim: value.span) }
                case nil: builder.addAbsent()
                }
            case .header(let name):
                if let index = request.first(named: name.span) {
                    builder.add(header: request.value(at: index))
                } else {
                    builder.addAbsent()
                }
            case .route: builder.add(route: facts.route)
            }
        }
        return builder.finish()
    }

    // MARK: Identity

    private mutating func identify(
        _ request: borrowing VettedRequest, _ facts: AdmissionFacts, _ plan: borrowing AdmissionPlan,
        _ context: AdmissionContext, _ answer: AdmissionAnswer?
    ) -> CheckVerdict {
        switch plan.access {
        case .denyAll: return .refuse(Fault(.admit, .undecided))
        case .open: return .pass
        case .anyOf(let rule, let sources, let tokens, let certificates):
            do throws(Fault) {
                if credential.token == nil { try credential.find(in: request, sources) }
                guard let place = credential.token, sources.all.indices.contains(place.source) else {
                    try identify(by: facts.certificate, rule, certificates, at: facts.wall)
                    return .pass
                }
                // A token that is presented must be good, whatever else would pass.
                let source = sources.all[place.source]
                let verdict = verify(place.token(in: request), from: source, tokens, facts, context, answer)
                guard case .pass = verdict, let principal else { return verdict }
                if !plan.forwardsCredentials { removal = credential.removal(sources) }
                do throws(Fault) { try rule.evaluate(principal) } catch {
                    // A good token that is not enough leaves the other alternatives open.
                    guard (try? identify(by: facts.certificate, rule, certificates, at: facts.wall)) != nil else {
                        throw error
                    }
                }
                return .pass
            } catch {
                return .refuse(error)
            }
        }
    }

    /// The principal of the client's certificate: the first identity whose rules match it and that the route accepts.
    private mutating func identify(
        by certificate: ClientCertificate?, _ rule: AccessRule, _ identities: [CertificateIdentity],
        at now: WallInstant
    ) throws(Fault) {
        guard let certificate, !identities.isEmpty else { throw Fault(.admit, .credentialsMissing) }
        // It was valid in the handshake; the connection may outlive it.
        guard certificate.validFrom <= now, now < certificate.validUntil else {
            throw Fault(.admit, .certificateExpired)
        }
        var fault = Fault(.admit, .certificateMismatch)
        for identity in identities {
            guard let found = certificate.principal(for: identity) else { continue }
            do throws(Fault) {
                try rule.evaluate(found)
                principal = found
                return
            } catch { fault = error }
        }
        throw fault
    }

    private mutating func verify(
        _ token: Span<UInt8>, from source: CredentialSource, _ identities: [TokenIdentity], _ facts: AdmissionFacts,
        _ context: AdmissionContext, _ answer: AdmissionAnswer?
    ) -> CheckVerdict {
        for identity in identities where identity.reads(source) {
            guard let keys = context.keySet(identity.keySet) else { continue }
            if let known = context.tokens.principal(
                for: token, policy: identity.verifier.policy.fingerprint, keys: keys.fingerprint, now: facts.wall)
            {
                (principal, keySet, cacheHit) = (known, keys, true)
                return .pass
            }
        }
        let fitting = identities.filter { $0.reads(source) }
        let index = TokenVerifier.candidate(for: token, among: fitting.map(\.verifier.policy)) ?? 0
        guard index < fitting.count else { return .refuse(Fault(.admit, .undecided)) }
        let identity = fitting[index]
        let keys = context.keySet(identity.keySet)
        switch identity.verifier.verify(token, keys: keys, now: facts.wall) {
        case .refused(let fault): return .refuse(fault)
        case .verified(let verified):
            guard let keys else { return .refuse(Fault(.admit, .internalError)) }
            context.tokens.insert(
                verified, for: token, policy: identity.verifier.policy.fingerprint, keys: keys.fingerprint)
            (principal, keySet, cacheHit) = (verified, keys, false)
            return .pass
        case .keyUnknown:
            // Asked once: after that a missing set is the dependency's fault, an unknown key the token's.
            guard case .keySetAsked(let reason) = answer else { return .wait(.keySet(identity.keySet)) }
            return .refuse(Fault(.admit, keys == nil ? .jwksUnavailable : reason ?? .jwtKid))
        }
    }

    // MARK: Ends

    private mutating func refuse(_ fault: Fault, _ context: AdmissionContext) -> Action {
        phase = .refused
        // What was charged is given back when the refusal is not the caller's doing: a 401 or 403 stays charged, so
        // that guessing has a price.
        switch fault.code.status {
        case 401, 403: break
        default: context.limits.refund(&charge)
        }
        return .refuse(fault)
    }
}

/// What the limits of one request said.
public struct LimitReport: Sendable {
    /// The limit by zone index that refused, delays, or is fullest; nil without limits.
    public private(set) var zone: Int?
    /// Its excess in thousandths of a request.
    public private(set) var excess: Int64 = 0
    /// Seconds until it would pass, when it refused.
    public private(set) var retryAfter: Int64 = 0
    /// How long the request is delayed.
    public private(set) var delay = TimeSpan.zero

    mutating func note(_ verdict: LimitVerdict, _ charge: LimitCharge, _ table: LimitTable) {
        switch verdict {
        case .refused(let zone, let seconds): (self.zone, retryAfter) = (zone, seconds)
        case .wait(let milliseconds, let zone):
            guard .milliseconds(milliseconds) > delay else { break }
            self.zone = zone
            delay = .milliseconds(milliseconds)
        case .pass: if delay == .zero { zone = Self.tightest(charge, table) }
        }
        for position in 0..<charge.count where charge.zone(at: position) == zone {
            excess = charge.excess(at: position)
        }
    }

    /// The limit that lets the fewest more requests pass.
    private static func tightest(_ charge: LimitCharge, _ table: LimitTable) -> Int? {
        var found: (zone: Int, left: Int64)?
        for position in 0..<charge.count {
            let zone = charge.zone(at: position)
            guard zone < table.zones.count else { continue }
            let left = table.zones[zone].parameters.remaining(at: charge.excess(at: position))
            if let found, found.left <= left { continue }
            found = (zone, left)
        }
        return found?.zone
    }
}
