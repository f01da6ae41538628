extension SettingsValidator {
    /// The limits that `defaults` name must exist.
    mutating func validateDefaults() {
        let known = settings.limits.map(\.name)
        let names = Set(known)
        for limit in settings.defaults.limits {
            require(limit, "limit", among: known, in: names, for: "defaults")
        }
        reportTwice(settings.defaults.limits, owner: "defaults")
    }

    /// Every route leads somewhere, names what exists, and is watched by something or listed.
    mutating func validateRoutes() {
        let identities = settings.identities.map(\.name)
        let limits = settings.limits.map(\.name)
        let upstreams = settings.upstreams.map(\.name)
        let identityNames = Set(identities)
        let limitNames = Set(limits)
        let upstreamNames = Set(upstreams)
        for route in settings.routes {
            let owner = "route '\(route.name.value)'"
            require(route.upstream, "upstream", among: upstreams, in: upstreamNames, for: owner)
            for limit in route.limits ?? [] {
                require(limit, "limit", among: limits, in: limitNames, for: owner)
            }
            reportTwice(route.limits ?? [], owner: owner)
            if case .anyOf(let uses) = route.auth {
                for use in uses {
                    require(use.identity, "identity", among: identities, in: identityNames, for: owner)
                }
            } else {
                refusePrincipalLimits(of: route, owner: owner)
            }
            if (route.limits ?? settings.defaults.limits).isEmpty {
                waive(at: route.name.position, "\(owner) has neither a limit nor a rule set")
            }
            validateMatch(of: route, owner: owner)
            validateCORS(of: route, owner: owner)
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
