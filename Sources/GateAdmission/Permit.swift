public import GateHTTP
public import GateIdentity

// No permit, no upstream. This file holds the only makers of what a connector accepts: reviewing authorisation is
// reading this file and AdmissionMachine.

/// The right to forward one admitted request; cannot be copied, and is consumed by `dispatch()`.
public struct Permit: ~Copyable {
    /// The request that was judged: what is forwarded is this very value.
    public let request: VettedRequest
    /// The route that admitted it, by index in the plan.
    public let route: Int
    /// Who is calling; nil on a route that says `auth: none`.
    public let principal: Principal?
    /// Where the verified credential stood, to be left out of what the backend gets.
    public let removal: CredentialRemoval

    fileprivate init(request: VettedRequest, route: Int, principal: Principal?, removal: CredentialRemoval) {
        self.request = request
        self.route = route
        self.principal = principal
        self.removal = removal
    }

    /// Turns the permit into the one thing that a connector accepts.
    public consuming func dispatch() -> UpstreamRequest {
        UpstreamRequest(purpose: .permitted, isIdempotent: request.method.isIdempotent, method: request.method)
    }
}

extension AdmissionMachine {
    /// The permit of a request that passed every check; nil unless the machine just said so.
    ///
    /// The only place where a permit is made.
    public mutating func takePermit(for request: borrowing VettedRequest, route: Int) -> Permit? {
        guard concludes(route: route) else { return nil }
        return Permit(request: copy request, route: route, principal: principal, removal: removal)
    }
}

/// The right to ask a dependency that the plan names: a key set, discovery, a health check; never made from a request.
public struct Errand: ~Copyable {
    /// What it is for; a fixed word for logs.
    public let purpose: StaticString

    /// An errand that the gateway itself runs for a dependency of the plan.
    public init(purpose: StaticString) { self.purpose = purpose }

    /// Turns the errand into the one thing that a connector accepts.
    public consuming func dispatch() -> UpstreamRequest {
        UpstreamRequest(purpose: .errand, isIdempotent: true, method: .get)
    }
}

/// The right to lease upstream connections for one request: one, and one more when the first was stale.
public struct UpstreamRequest: ~Copyable {
    /// Whether a caller or the gateway itself asks.
    public enum Purpose: Sendable { case permitted, errand }

    /// Whether a caller or the gateway itself asks.
    public let purpose: Purpose
    /// Whether a repetition has the same effect (RFC 9110 §9.2.2).
    public let isIdempotent: Bool
    /// The method: the answer's framing hangs on it.
    public let method: HTTPMethod
    // LIMIT: a second lease only follows a stale connection; a third never.
    private var leasesLeft = 2

    fileprivate init(purpose: Purpose, isIdempotent: Bool, method: HTTPMethod) {
        self.purpose = purpose
        self.isIdempotent = isIdempotent
        self.method = method
    }

    /// Spends one lease; false when none is left.
    public mutating func spendLease() -> Bool {
        guard leasesLeft > 0 else { return false }
        leasesLeft -= 1
        return true
    }

    /// How many leases were spent.
    public var leasesSpent: Int { 2 - leasesLeft }
}
