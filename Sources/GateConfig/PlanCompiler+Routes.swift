import GateAdmission
import GateHTTP
import GateIdentity
import GateLimits
import GatePlan
import GatePrimitives
import GateRouting
import GateSettings
import NIOCore

/// What routes refer to, by name.
struct CompiledParts {
    let identities: [CompiledIdentity]
    let zones: [LimitZone]
    let ruleSets: [RuleSetPlan]
    private let identityIndex: [String: Int]
    private let zoneIndex: [String: Int]
    private let upstreamIndex: [String: Int]

    init(identities: [CompiledIdentity], zones: [LimitZone], upstreams: [String], ruleSets: [RuleSetPlan]) {
        self.identities = identities
        self.zones = zones
        self.ruleSets = ruleSets
        identityIndex = Self.index(identities.map(\.name))
        zoneIndex = Self.index(zones.map(\.name))
        upstreamIndex = Self.index(upstreams)
    }

    func identity(_ name: String) -> Int? { identityIndex[name] }
    func zone(_ name: String) -> Int? { zoneIndex[name] }
    func upstream(_ name: String) -> Int? { upstreamIndex[name] }

    private static func index(_ names: [String]) -> [String: Int] {
        Dictionary(names.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
    }
}

extension PlanCompiler {
    /// One route's plan, or nil where what it refers to could not be read, which was reported.
    mutating func compile(_ route: RouteSettings, _ parts: CompiledParts) -> RoutePlan? {
        let inspection = inspection(of: route, parts.ruleSets)
        // An answer that is to be inspected must come as it is.
        let requestEdits = compile(
            route.headers.request, of: route, removing: inspection?.responses == nil ? [] : ["accept-encoding"])
        let responseEdits = compile(route.headers.response, of: route)
        let cors = route.cors.flatMap { compile($0, of: route) }
        let webSocket = route.webSocket.flatMap { compile($0, of: route) }
        let prefix = compilePrefix(of: route)
        guard let upstream = parts.upstream(route.upstream.value) else { return nil }
        let host = hostField(of: route, settings.upstreams[upstream])
        let limits = references(for: route, parts)
        let admission = AdmissionPlan(
            access: access(of: route, parts), addressLimits: limits.address, principalLimits: limits.principal,
            bodyLimit: UInt64(clamping: (route.body ?? settings.defaults.body).max.bytes),
            forwardsCredentials: route.forwardCredentials, inspection: inspection)
        return RoutePlan(
            name: route.name.value, admission: admission, upstream: upstream,
            rewrite: UpstreamRewrite(
                prefix: prefix, host: host.map { ByteBuffer(string: $0) }, edits: requestEdits),
            responseEdits: responseEdits, cors: cors, webSocket: webSocket,
            backends: BackendAuthorities(authorities(of: settings.upstreams[upstream]) + [host].compactMap { $0 }),
            readTimeout: route.timeouts?.read, totalTimeout: route.timeouts?.total,
            showsLimits: route.rateLimitHeaders ?? settings.defaults.rateLimitHeaders)
    }

    /// Who may pass: nobody, unless the route says otherwise.
    private func access(of route: RouteSettings, _ parts: CompiledParts) -> AdmissionPlan.Access {
        guard case .anyOf(let uses) = route.auth else { return .open }
        var tokens: [TokenIdentity] = []
        var certificates: [CertificateIdentity] = []
        var sources: [CredentialSource] = []
        var seen: Set<String> = []
        for use in uses where seen.insert(use.identity.value).inserted {
            guard let index = parts.identity(use.identity.value) else { continue }
            switch parts.identities[index].credential {
            case .token(let verifier, let own, let keySet):
                tokens.append(TokenIdentity(verifier: verifier, keySet: keySet, sources: own))
                sources += own
            case .certificate(let identity): certificates.append(identity)
            case .unreadable: continue
            }
        }
        guard !tokens.isEmpty || !certificates.isEmpty else { return .denyAll }
        let rule = AccessRule(
            anyOf: uses.map { use in
                IdentityRequirement(
                    identity: use.identity.value, scopes: use.scopes,
                    claims: use.claims.map { (name: $0.name, value: $0.value) })
            }, takesTokens: !tokens.isEmpty)
        return .anyOf(rule, sources: CredentialSources(sources), tokens: tokens, certificates: certificates)
    }

    /// The edits of one direction; each is tried alone first, so that a diagnostic points at its own line.
    private mutating func compile(
        _ edits: HeaderEditSettings, of route: RouteSettings, removing own: [String] = []
    ) -> HeaderEdits {
        for pair in edits.set { check(pair.name, pair.value, at: pair.position, route) }
        for name in edits.remove { check(name.value, nil, at: name.position, route) }
        let set = edits.set.map { (name: $0.name, value: $0.value) }
        return (try? HeaderEdits(set: set, remove: edits.remove.map(\.value) + own)) ?? .none
    }

    private mutating func check(_ name: String, _ value: String?, at position: SourcePosition, _ route: RouteSettings) {
        do throws(FieldProblem) {
            _ = try HeaderEdits(set: value.map { [(name: name, value: $0)] } ?? [], remove: value == nil ? [name] : [])
        } catch {
            let words =
                switch error {
                case .badName: "'\(name)' is not a header name"
                case .badValue: "the value of '\(name)' is not a header value"
                case .reserved: "'\(name)' is written by the gateway alone"
                }
            self.error(at: position, "route '\(route.name.value)': \(words)", instead: "remove it")
        }
    }

    /// The CORS policy; each origin is tried alone first, so that a diagnostic points at it.
    private mutating func compile(_ cors: CORSSettings, of route: RouteSettings) -> CORSPolicy? {
        let owner = "route '\(route.name.value)'"
        guard check(cors.origins, of: route) else { return nil }
        do throws(CORSPolicyError) {
            return try CORSPolicy(
                origins: isAny(cors.origins) ? .any : .list(cors.origins.map(\.value)), methods: cors.methods,
                headers: cors.headers,
                exposedHeaders: cors.exposedHeaders, credentials: cors.credentials.value,
                maxAge: cors.maxAge.map { Int($0.value.seconds) })
        } catch {
            self.error(at: cors.position, "\(owner): \(error.message)")
            return nil
        }
    }

    /// Which WebSockets the route takes, or nil where an origin is none, which was reported.
    private mutating func compile(_ webSocket: WebSocketSettings, of route: RouteSettings) -> WebSocketPlan? {
        guard check(webSocket.origins, of: route) else { return nil }
        let list = isAny(webSocket.origins) ? OriginList.any : try? OriginList(webSocket.origins.map(\.value))
        return list.map { WebSocketPlan(origins: $0, idleTimeout: webSocket.idleTimeout) }
    }

    private func isAny(_ origins: [Located<String>]) -> Bool { origins.count == 1 && origins[0].value == "*" }

    /// Tries each origin alone, so that a diagnostic points at it; whether all are origins.
    private mutating func check(_ origins: [Located<String>], of route: RouteSettings) -> Bool {
        for origin in origins where !isAny(origins) {
            do throws(CORSPolicyError) {
                _ = try OriginList([origin.value])
            } catch {
                self.error(at: origin.position, "route '\(route.name.value)': \(error.message)")
            }
        }
        return !origins.contains { diagnostics.hasError(at: $0.position) }
    }

    /// What replaces the matched prefix; it must be a path that every parser reads alike, as the table's own.
    private mutating func compilePrefix(of route: RouteSettings) -> UpstreamRewrite.Prefix? {
        guard let prefix = route.rewrite.prefix else { return nil }
        do throws(RouteProblems) {
            _ = try RouteTable.compile([RouteRule(name: route.name.value, path: .prefix(prefix.value))])
        } catch {
            self.error(
                at: prefix.position, "route '\(route.name.value)': rewrite.prefix '\(prefix.value)' is no plain path",
                instead: error.all.first?.remedy)
        }
        let matched =
            switch route.match.path {
            case .prefix(let path)?, .exact(let path)?, .regex(let path, _)?: path.value
            case nil: "/"
            }
        return UpstreamRewrite.Prefix(matched: matched, replacement: prefix.value)
    }

    /// The `host` that the backend sees; nil: the client's.
    private mutating func hostField(
        of route: RouteSettings, _ upstream: GateSettings.UpstreamSettings
    ) -> String? {
        switch route.rewrite.host {
        case .client: return nil
        case .name(let name): return name
        case .upstream:
            if let name = upstream.tls?.name { return name.value }
            let names = Set(
                upstream.endpoints.compactMap { Self.authority($0.address.value, isTLS: upstream.tls != nil) })
            if names.count == 1 { return names.first }
            error(
                at: route.rewrite.position,
                "route '\(route.name.value)': upstream '\(upstream.name)' has \(names.isEmpty ? "no name" : "several names")",
                instead: "write the host out")
            return nil
        }
    }

    /// Under which authorities answers may name the backend.
    private func authorities(of upstream: GateSettings.UpstreamSettings) -> [String] {
        var names = upstream.endpoints.compactMap { endpoint -> String? in
            if case .unix = endpoint.address.value { return nil }
            return endpoint.address.value.description
        }
        if let name = upstream.tls?.name {
            let ports = Set(upstream.endpoints.compactMap(\.address.value.port))
            names += [name.value] + ports.sorted().map { "\(name.value):\($0)" }
        }
        return names
    }

    /// What stands in `host` for an endpoint: without the port where it is the scheme's own (RFC 9110 §7.2).
    private static func authority(_ endpoint: SocketEndpoint, isTLS: Bool) -> String? {
        let standard: UInt16 = isTLS ? 443 : 80
        switch endpoint {
        case .unix: return nil
        case .name(let name, let port): return port == standard ? name : "\(name):\(port)"
        case .ip(let address, let port):
            let host = address.family == .v6 ? "[\(address)]" : "\(address)"
            return port == standard ? host : "\(host):\(port)"
        }
    }
}
