extension SettingsValidator {
    /// The limits that `defaults` name must exist.
    mutating func validateDefaults() {
        let known = settings.limits.map(\.name)
        let names = Set(known)
        for limit in settings.defaults.limits {
            require(limit, "limit", among: known, in: names, for: "defaults")
        }
        reportTwice(settings.defaults.limits, owner: "defaults")
        let sets = settings.waf.map(\.name)
        require(settings.defaults.waf, among: sets, in: Set(sets), for: "defaults")
    }

    /// Every route leads somewhere, names what exists, and is watched by something or listed.
    mutating func validateRoutes() {
        let identities = settings.identities.map(\.name)
        let limits = settings.limits.map(\.name)
        let sets = settings.waf.map(\.name)
        let upstreams = settings.upstreams.map(\.name)
        let identityNames = Set(identities)
        let limitNames = Set(limits)
        let setNames = Set(sets)
        let upstreamNames = Set(upstreams)
        for route in settings.routes {
            let owner = "route '\(route.name.value)'"
            require(route.upstream, "upstream", among: upstreams, in: upstreamNames, for: owner)
            for limit in route.limits ?? [] {
                require(limit, "limit", among: limits, in: limitNames, for: owner)
            }
            reportTwice(route.limits ?? [], owner: owner)
            require(route.waf, among: sets, in: setNames, for: owner)
            if case .anyOf(let uses) = route.auth {
                for use in uses {
                    require(use.identity, "identity", among: identities, in: identityNames, for: owner)
                    validate(use, owner: owner)
                }
            } else {
                refusePrincipalLimits(of: route, owner: owner)
            }
            let set = (route.waf ?? settings.defaults.waf)?.value.name
            if (route.limits ?? settings.defaults.limits).isEmpty, set == nil {
                waive(at: route.name.position, "\(owner) has neither a limit nor a rule set")
            }
            validateInspection(of: route, set: set, owner: owner)
            validateMatch(of: route, owner: owner)
            validateCORS(of: route, owner: owner)
            validateWebSocket(of: route, owner: owner)
        }
    }

    /// A route for everybody has no principal to count by.
    private mutating func refusePrincipalLimits(of route: RouteSettings, owner: String) {
        for name in route.limits ?? settings.defaults.limits {
            guard let limit = settings.limits.first(where: { $0.name == name.value }) else { continue }
            for key in limit.key {
                switch key.value {
                case .principalSubject, .principalClaim:
                    error(
                        at: route.limits == nil ? route.name.position : name.position,
                        "\(owner) has no principal, and limit '\(limit.name)' counts by \(key.value)",
                        instead: "use a limit by client.address")
                case .clientAddress, .header, .route: continue
                }
            }
        }
    }

    /// What a rule set does not see is listed; a streaming call cannot wait for its own end.
    private mutating func validateInspection(of route: RouteSettings, set: String?, owner: String) {
        guard let set, let found = settings.waf.first(where: { $0.name == set }), found.mode.value != .disabled else {
            return
        }
        let body = route.body ?? settings.defaults.body
        switch body.inspect.value {
        case .headOnly: waive(at: body.inspect.position, "\(owner): rule set '\(set)' sees no bodies: inspect headOnly")
        case .full:
            let isGRPC = route.match.headers.contains { $0.name == "content-type" && $0.value == "application/grpc" }
            guard isGRPC else { return }
            error(
                at: route.name.position, "\(owner) takes gRPC, whose streams cannot be held for rule set '\(set)'",
                instead: "write body: { inspect: headOnly }, or waf: none")
        }
    }

    /// `exact`, `path` and `regex` must not contradict each other.
    private mutating func validateMatch(of route: RouteSettings, owner: String) {
        let match = route.match
        if let exact = match.exact, match.writtenPath != nil || match.regex != nil {
            error(
                at: exact.position, "\(owner): 'exact' stands alone, without 'path' and 'regex'",
                instead: "remove one of them")
        } else if let regex = match.regex, let path = match.writtenPath {
            guard case .prefix = path else {
                error(at: regex.position, "\(owner): 'regex' needs a prefix in 'path'", instead: "write path: /users")
                return
            }
        }
        switch match.path {
        case .prefix(let path), .exact(let path), .regex(let path, _):
            if !path.value.hasPrefix("/") {
                error(
                    at: path.position, "\(owner): a path begins with '/'", instead: "write /\(path.value.abbreviated)")
            }
        case nil: break
        }
    }

    /// A WebSocket needs a backend that can switch protocols (RFC 9110 §7.8).
    private mutating func validateWebSocket(of route: RouteSettings, owner: String) {
        guard let webSocket = route.webSocket else { return }
        if webSocket.origins.contains(where: { $0.value == "*" }) {
            waive(at: webSocket.position, "\(owner) lets the pages of every origin open a WebSocket")
        }
        let upstream = settings.upstreams.first { $0.name == route.upstream.value }
        if let upstream, upstream.protocol.value != .http11 {
            error(
                at: webSocket.position,
                "\(owner): a WebSocket needs a backend of HTTP/1.1, and upstream '\(upstream.name)' speaks \(upstream.protocol.value.rawValue)",
                instead: "lead the route to an upstream with protocol: http/1.1")
        }
    }

    private mutating func validateCORS(of route: RouteSettings, owner: String) {
        guard let cors = route.cors, cors.credentials.value else { return }
        for origin in cors.origins where origin.value == "*" {
            error(
                at: origin.position,
                "\(owner): any origin together with credentials hands every site the user's session",
                instead: "list the origins, or remove credentials")
        }
    }

    private mutating func reportTwice(_ names: [Located<String>], owner: String) {
        var seen: Set<String> = []
        for name in names where !seen.insert(name.value).inserted {
            error(at: name.position, "\(owner): limit '\(name.value)' is listed twice", instead: "remove one of them")
        }
    }
}
