import GateHTTP
import GatePattern

extension RouteStorage {
    /// Chooses by method, headers and query among the `count` candidates at `first`, the routes of the path.
    ///
    /// `matching` has the bits of the node's expressions that match; all bits where there are none.
    func choose(
        _ first: Int, _ count: Int, _ matching: UInt64, _ request: borrowing VettedRequest, _ policy: UInt8?,
        _ scratch: MatchScratch
    ) -> RouteMatch {
        if request.method == .options, let answer = preflight(first, count, matching, request, policy) {
            return answer
        }
        let records = self.records.span
        let method = methodNames.member(request.method, request)
        var allowed = MethodSet.none
        var isMethodKnown = false
        var isPolicyShared = true
        var offset = first
        for _ in 0..<count {
            let methods = MethodSet(bits: records[offset])
            let candidate = CandidateHeader(word: records[offset &+ 1])
            offset &+= CandidateHeader.words
            guard matching & (1 &<< candidate.pattern) != 0 else { continue }
            if let policy, candidate.policy != policy { isPolicyShared = false }
            allowed.formUnion(methods)
            guard methods.intersects(method) else { continue }
            isMethodKnown = true
            switch candidate.isConstrained ? satisfies(candidate.route, request, scratch) : .match {
            case .match:
                // A route takes only the reading that its own policy gave.
                if let policy, candidate.policy != policy { return .notFound }
                return .route(candidate.route)
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
        _ first: Int, _ count: Int, _ matching: UInt64, _ request: borrowing VettedRequest, _ policy: UInt8?
    ) -> RouteMatch? {
        guard request.first(.origin) != nil, let line = request.first(.accessControlRequestMethod),
            request.next(.accessControlRequestMethod, after: line) == nil
        else { return nil }
        let method = methodNames.member(request.value(at: line))
        var fallback: RouteMatch?
        var offset = first
        for _ in 0..<count {
            let methods = MethodSet(bits: records[offset])
            let candidate = CandidateHeader(word: records[offset &+ 1])
            offset &+= CandidateHeader.words
            guard candidate.answersPreflights, matching & (1 &<< candidate.pattern) != 0,
                policy == nil || candidate.policy == policy, satisfiesQuery(candidate.route, request)
            else { continue }
            if methods.intersects(method) { return .preflight(candidate.route) }
            if fallback == nil { fallback = .preflight(candidate.route) }
        }
        return fallback
    }

    private func satisfies(
        _ route: Int, _ request: borrowing VettedRequest, _ scratch: MatchScratch
    ) -> PatternResult {
        guard satisfiesQuery(route, request) else { return .noMatch }
        for index in constraintRanges[route].headers {
            let result = constraints[index].judge(header: request, patterns, scratch)
            guard result == .match else { return result }
        }
        return .match
    }

    private func satisfiesQuery(_ route: Int, _ request: borrowing VettedRequest) -> Bool {
        for index in constraintRanges[route].query {
            guard constraints[index].holds(query: request) else { return false }
        }
        return true
    }
}
