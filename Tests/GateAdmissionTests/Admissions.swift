import GateHTTP
import GateIdentity
import GateLimits
import GatePrimitives
import NIOCore
import Testing

@testable import GateAdmission

/// A vetted GET through the parser that the gateway uses.
func request(_ target: String = "/orders", _ fields: [(String, String)] = []) throws -> VettedRequest {
    var text = "GET \(target) HTTP/1.1\r\nhost: api.example.com\r\n"
    for (name, value) in fields { text += "\(name): \(value)\r\n" }
    var buffer = ByteBuffer(string: text + "\r\n")
    var reader = RequestHeadReader()
    var table = HeadTable()
    return try VettedRequest.vet(#require(try reader.read(&buffer, into: &table)))
}

/// One loop's admission of the tests: an issuer, its keys, limits, and a clock that stands still unless moved.
final class Admissions {
    let key: DevelopmentKey
    let keys: KeySet
    let context: AdmissionContext
    var wall = WallInstant(milliseconds: 1_767_225_600_000)
    var now = MonotonicInstant(nanoseconds: 1_000_000_000)

    init(zones: [LimitZone] = [], keySets: Int = 1, inspections: InspectionPool? = nil) throws {
        key = try DevelopmentKey.generate(.edDSA, keyID: "k1")
        let text = try DevelopmentKey.keySet([key]).text
        keys = try KeySet(text.span)
        context = AdmissionContext(
            keySets: Array(repeating: keys, count: keySets), tokens: TokenCache(capacity: 16),
            limits: LimitTable(zones), inspections: inspections)
    }

    var facts: AdmissionFacts {
        AdmissionFacts(client: IPAddress("192.0.2.1"), route: 3, wall: wall, now: now)
    }

    func token(
        issuer: String = "https://i", subject: String = "alice", audience: String = "orders", scope: String = "read",
        lifetime: Int64 = 300, key: DevelopmentKey? = nil
    ) throws -> String {
        let claims = JSONNode.object([
            ("iss", .text(issuer)), ("sub", .text(subject)), ("aud", .text(audience)), ("scope", .text(scope)),
            ("exp", .integer(wall.seconds + lifetime)),
        ])
        return String(decoding: try DevelopmentToken.mint(claims: claims, key: key ?? self.key), as: UTF8.self)
    }

    static func identity(
        _ name: String, issuer: String = "https://i", audience: String = "orders",
        from sources: [CredentialSource] = [.header], keySet: Int = 0
    ) -> TokenIdentity {
        TokenIdentity(
            verifier: TokenVerifier(policy: JWTPolicy(identity: name, issuer: issuer, audiences: [audience])),
            keySet: keySet, sources: sources)
    }

    static func plan(
        _ identities: [TokenIdentity], scopes: [String] = [], addressLimits: [LimitReference] = [],
        principalLimits: [LimitReference] = [], headChecks: [any AdmissionCheck] = [],
        bodyChecks: [any AdmissionCheck] = [], forwardsCredentials: Bool = false
    ) -> AdmissionPlan {
        let rule = AccessRule(
            anyOf: identities.map { IdentityRequirement(identity: $0.verifier.policy.identity, scopes: scopes) })
        return AdmissionPlan(
            access: .anyOf(
                rule, sources: CredentialSources(identities.flatMap(\.sources)), tokens: identities, certificates: []),
            addressLimits: addressLimits, principalLimits: principalLimits, headChecks: headChecks,
            bodyChecks: bodyChecks, forwardsCredentials: forwardsCredentials)
    }
}

/// One admission as a transcript: the events in, a line for each action out.
struct Transcript {
    var machine = AdmissionMachine()
    let admissions: Admissions
    let plan: AdmissionPlan
    let request: VettedRequest

    init(_ admissions: Admissions, _ plan: AdmissionPlan, _ request: VettedRequest) {
        self.admissions = admissions
        self.plan = plan
        self.request = request
    }

    mutating func start() -> String {
        line(machine.start(request, admissions.facts, plan: plan, context: admissions.context))
    }

    mutating func resume(_ answer: AdmissionAnswer) -> String {
        line(machine.resume(request, admissions.facts, plan: plan, context: admissions.context, answer: answer))
    }

    /// Whether the machine gives the permit that a connector would accept.
    mutating func yieldsPermit(route: Int) -> Bool {
        guard let permit = machine.takePermit(for: request, route: route) else { return false }
        return permit.route == route
    }

    private func line(_ action: AdmissionMachine.Action) -> String {
        switch action {
        case .permit: "permit"
        case .refuse(let fault): "refuse \(fault.code.status) \(fault.reason.rawValue)"
        case .wait(.keySet(let index)): "wait for key set \(index)"
        case .wait(.body(let limit, _)): "wait for a body of \(limit)"
        case .wait(.inspection): "wait for the rules"
        case .wait(.delay(let span)): "wait \(span.milliseconds) ms"
        case .wait(.question(let number)): "wait for answer \(number)"
        }
    }
}
