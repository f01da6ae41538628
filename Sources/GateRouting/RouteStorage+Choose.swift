import GateHTTP
import GatePattern

extension RouteStorage {
    /// Chooses by method, headers and query among `range`, the routes of the path.
    ///
    /// `matching` has the bits of the node's expressions that match; all bits where there are none.
    func choose(
        _ range: Range<Int>, _ matching: UInt64, _ request: borrowing VettedRequest, _ policy: UInt8?,
        _ scratch: MatchScratch
    ) -> RouteMatch {
        if request.method == .options, let answer = preflight(range, matching, request, policy) { return answer }
        let method = methodNames.member(request.method, request)
        var allowed = MethodSet.none
        var isMethodKnown = false
        var isPolicyShared = true
        for index in range {
            let candidate = candidates[index]
            guard matching & (1 &<< UInt64(candidate.pattern)) != 0 else { continue }
            if let policy, candidate.policy != policy { isPolicyShared = false }
            allowed.formUnion(candidate.methods)
            guard candidate.methods.intersects(method) else { continue }
            isMethodKnown = true
            switch satisfies(candidate, request, scratch) {
            case .match:
                // A route takes only the reading that its own policy gave.
                if let policy, candidate.policy != policy { return .notFound }
                return .route(Int(candidate.route))
            case .noMatch: continue
            case .failed(let failure): return .refused(RouteStorage.fault(failure))
            }
        }
        return isMethodKnown || !isPolicyShared ? .notFound : .methodNotAllowed(allowed)
    }

    /// The route that answers the preflight `request` (Fetch §3.2.2), or nil: no preflight, or no route answers any.
    ///
    /// Browsers send a preflight without the fields and with another method than the request it asks for, so the
    /// route is the one with the method asked for whose query matches, whatever its headers; else, so that the page
    /// gets an answer that it can read, any route of the path that answers preflights.
    private func preflight(
        _ range: Range<Int>, _ matching: UInt64, _ request: borrowing VettedRequest, _ policy: UInt8?
    ) -> RouteMatch? {
        guard request.first(.origin) != nil, let line = request.first(.accessControlRequestMethod),
            request.next(.accessControlRequestMethod, after: line) == nil
        else { return nil }
        let method = methodNames.member(request.value(at: line))
        var fallback: RouteMatch?
        for index in range {
            let candidate = candidates[index]
            guard candidate.answersPreflights, matching & (1 &<< UInt64(candidate.pattern)) != 0,
                policy == nil || candidate.policy == policy, satisfiesQuery(candidate, request)
            else { continue }
            if candidate.methods.intersects(method) { return .preflight(Int(candidate.route)) }
            if fallback == nil { fallback = .preflight(Int(candidate.route)) }
        }
        return fallback
    }

    private func satisfies(
        _ candidate: Candidate, _ request: borrowing VettedRequest, _ scratch: MatchScratch
    ) -> PatternResult {
        guard candidate.headerCount | candidate.queryCount != 0 else { return .match }
        guard satisfiesQuery(candidate, request) else { return .noMatch }
        let first = Int(candidate.firstConstraint)
        for index in first..<first &+ Int(candidate.headerCount) {
            let result = constraints[index].judge(header: request, patterns, scratch)
            guard result == .match else { return result }
        }
        return .match
    }

    private func satisfiesQuery(_ candidate: Candidate, _ request: borrowing VettedRequest) -> Bool {
        let first = Int(candidate.firstConstraint) &+ Int(candidate.headerCount)
        for index in first..<first &+ Int(candidate.queryCount) {
            guard constraints[index].holds(query: request) else { return false }
        }
        return true
    }
}
