public import GatePrimitives

/// Where a request goes.
public enum RouteMatch: Equatable, Sendable {
    /// The route with this index; the request's path is canonical under the route's policy.
    case route(Int)
    /// A CORS preflight that the policy of the route with this index answers; it never goes upstream.
    case preflight(Int)
    /// 404: no host, no path, or no route of the path whose headers and query match.
    case notFound
    /// 405: routes have the path, none the method; the set goes into `allow`.
    case methodNotAllowed(MethodSet)
    /// There is no one answer.
    case refused(Fault)
}
