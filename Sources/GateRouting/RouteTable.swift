public import GateHTTP
public import GatePattern
import GatePrimitives

/// The compiled routes: which of them answers a request.
///
/// Immutable and shared by all loops. `match` is total, allocates nothing for a path that every parser reads alike,
/// and its work is bounded by the table, not by the request: one look-up for the host, one comparison or look-up
/// for each depth at which the host has a literal path, and the routes of one path.
///
/// ## Which route
///
/// 1. **The host decides first**: an exact host before the longest wildcard (`*.example.com` stands for one or more
///    labels) before any. Nothing falls through: a request for a host that the table names sees that host's routes
///    and no others, as with nginx's `server_name` and Envoy's virtual hosts.
/// 2. **Then the path**: the exact path; else the longest literal prefix of whole segments that has a route. On equal
///    length a regex that matches beats a plain prefix; a regex that does not match is as if it were not there.
/// 3. **Then method, headers and query** choose among the routes of that path and no others. No route with the method
///    is a 405, none with the headers and query a 404. Where several remain, the highest `priority` is taken;
///    two of equal priority that could match one request do not compile.
public final class RouteTable: Sendable {
    let storage: RouteStorage

    /// The number of rules that were compiled; indices in `RouteMatch` are below it.
    public let count: Int
    /// Whether a pattern runs in PCRE2's interpreter, because machine code could not be made for it.
    public let usesInterpreter: Bool

    init(storage: RouteStorage, count: Int) {
        self.storage = storage
        self.count = count
        usesInterpreter = storage.patterns.contains { !$0.isJITCompiled }
    }

    /// Compiles `rules`, or says everything that is wrong with them.
    public static func compile(_ rules: [RouteRule]) throws(RouteProblems) -> RouteTable {
        var compiler = RouteCompiler(rules)
        return try compiler.compile()
    }

    /// The value of `allow` for a 405. Makes a string: for refusals, not for every request.
    public func allow(_ methods: MethodSet) -> String { storage.methodNames.text(methods) }

    /// The route of `request`.
    ///
    /// A path with spellings that parsers read differently is read under each policy that occurs in the table, and
    /// only a route whose own policy gave that reading may take it. One such route: it is taken and the request's path
    /// is left canonical under its policy. Several: `route_ambiguous`. None: what the strict policy refuses it for.
    public func match(_ request: inout VettedRequest, in scratch: MatchScratch) -> RouteMatch {
        switch request.targetForm {
        // RFC 9110 §9.3.6, §9.3.7: neither names a resource of a route. CONNECT is not enabled anywhere (attacks 9).
        case .authority: return .methodNotAllowed(.none)
        case .asterisk: return .notFound
        case .origin, .absolute: break
        }
        if request.pathIsCanonical, request.pathAnomalies.isEmpty {
            return storage.match(request, policy: nil, in: scratch)
        }
        return matchUnderPolicies(&request, in: scratch)
    }

    private func matchUnderPolicies(_ request: inout VettedRequest, in scratch: MatchScratch) -> RouteMatch {
        var found: RouteMatch = .notFound
        var winner: PathPolicy?
        for index in storage.policies.indices {
            let policy = storage.policies[index]
            guard canonicalise(&request, under: policy) == nil else { continue }
            let match = storage.match(request, policy: UInt8(truncatingIfNeeded: index), in: scratch)
            switch match {
            case .notFound: continue
            case .refused: return match
            case .route, .preflight, .methodNotAllowed:
                if winner != nil { return .refused(Fault(.route, .routeAmbiguous)) }
                found = match
                winner = policy
            }
        }
        let refusal = canonicalise(&request, under: winner ?? .strict)
        if winner != nil || refusal == nil {
            return refusal.map { .refused($0) } ?? found
        }
        return .refused(refusal ?? Fault(.route, .internalError))
    }

    private func canonicalise(_ request: inout VettedRequest, under policy: PathPolicy) -> Fault? {
        do throws(Fault) {
            try request.canonicalisePath(under: policy)
            return nil
        } catch {
            return error
        }
    }
}
