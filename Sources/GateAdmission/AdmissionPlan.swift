public import GateIdentity
public import GatePrimitives

/// What one route asks before it lets a request through; compiled once, part of the plan.
public struct AdmissionPlan: Sendable {
    /// Who may pass.
    public enum Access: Sendable {
        /// Nobody: what a plan says when nothing was said.
        case denyAll
        /// Anybody: the configuration wrote `auth: none`.
        case open
        /// Whoever satisfies the rule with a token of one of these identities, or with a client certificate.
        case anyOf(
            AccessRule, sources: CredentialSources, tokens: [TokenIdentity], certificates: [CertificateIdentity])
    }

    /// Limits whose key needs no principal; charged before identity, so that a flood of 401s is charged.
    public var addressLimits: [LimitReference]
    /// How the firewall inspects its requests; nil for not at all.
    public var inspection: InspectionPlan?
    /// Who may pass.
    public var access: Access
    /// Limits whose key needs the principal.
    public var principalLimits: [LimitReference]
    /// Further checks on the head, in order.
    public var headChecks: [any AdmissionCheck]
    /// Checks that read the body, in order; with none the body is streamed.
    public var bodyChecks: [any AdmissionCheck]
    /// The most bytes of body, in all.
    public var bodyLimit: UInt64
    /// Whether the backend gets the verified credential.
    public var forwardsCredentials: Bool

    /// A plan that admits nobody until told otherwise.
    public init(
        access: Access = .denyAll, addressLimits: [LimitReference] = [], principalLimits: [LimitReference] = [],
        headChecks: [any AdmissionCheck] = [], bodyChecks: [any AdmissionCheck] = [], bodyLimit: UInt64 = 10 << 20,
        forwardsCredentials: Bool = false, inspection: InspectionPlan? = nil
    ) {
        self.access = access
        self.addressLimits = addressLimits
        self.principalLimits = principalLimits
        self.headChecks = headChecks
        self.bodyChecks = bodyChecks
        self.bodyLimit = bodyLimit
        self.forwardsCredentials = forwardsCredentials
        self.inspection = inspection
    }

    /// Whether a caller whom an earlier plan let through could still be let through by this one: for a stream that
    /// outlives a reload. Limits are not asked again.
    public func stillGrants(_ principal: Principal?) -> Bool {
        switch access {
        case .denyAll: return false
        case .open: return true
        case .anyOf(let rule, _, _, _):
            guard let principal else { return false }
            return (try? rule.evaluate(principal)) != nil
        }
    }
}

/// One identity that a route accepts: its verifier, and where its keys are.
public struct TokenIdentity: Sendable {
    /// What verifies its tokens.
    public let verifier: TokenVerifier
    /// The index of its key set in the plan.
    public let keySet: Int
    /// Where its tokens may stand.
    ///
    /// A route may accept one identity by header and another by cookie. A token of the first that comes in the cookie is
    /// not taken: browsers attach cookies unasked.
    public let sources: [CredentialSource]

    /// An identity.
    public init(verifier: TokenVerifier, keySet: Int, sources: [CredentialSource]) {
        self.verifier = verifier
        self.keySet = keySet
        self.sources = sources
    }

    /// Whether its tokens may stand there.
    func reads(_ source: CredentialSource) -> Bool { sources.contains(source) }
}

/// One limit of a route: the zone, and what makes the key.
public struct LimitReference: Sendable {
    /// One property of a request that a key is made of.
    public enum KeyPart: Sendable, Equatable {
        /// The client's address, IPv6 by its /64.
        case clientAddress
        /// The principal within its issuer.
        case principal
        /// A claim of the principal's credential.
        case claim(String)
        /// A header field, its name in lower case.
        case header([UInt8])
        /// The route.
        case route

        /// Whether it is known only once the caller is.
        public var needsPrincipal: Bool {
            switch self {
            case .principal, .claim: true
            case .clientAddress, .header, .route: false
            }
        }
    }

    /// The index of the zone in the plan's limit table.
    public let zone: Int
    /// What the key is made of, in order.
    public let key: [KeyPart]

    /// A reference.
    public init(zone: Int, key: [KeyPart]) {
        self.zone = zone
        self.key = key
    }
}

/// Facts of a request beside its bytes.
public struct AdmissionFacts: Sendable {
    /// The client's address as limits count it; nil on a unix socket.
    public var client: IPAddress?
    /// The client's certificate, verified by the connection's handshake; nil where it has none.
    public var certificate: ClientCertificate?
    /// The route by index.
    public var route: Int
    /// Wall time, for tokens.
    public var wall: WallInstant
    /// Monotonic time, for limits.
    public var now: MonotonicInstant

    /// The facts at one instant.
    public init(
        client: IPAddress?, certificate: ClientCertificate? = nil, route: Int, wall: WallInstant, now: MonotonicInstant
    ) {
        self.client = client
        self.certificate = certificate
        self.route = route
        self.wall = wall
        self.now = now
    }
}
