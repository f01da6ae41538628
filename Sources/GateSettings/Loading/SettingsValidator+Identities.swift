import GatePrimitives

extension SettingsValidator {
    /// Issuers are URLs, keys come over TLS, audiences are asked for or the lack is listed.
    mutating func validateIdentities() {
        for identity in settings.identities {
            let owner = "identity '\(identity.name)'"
            let jwt = identity.jwt
            // An identity that could not be read was reported there.
            guard !jwt.issuer.value.isEmpty else { continue }
            if jwt.audiences.isEmpty {
                waive(at: identity.position, "\(owner) accepts tokens for any audience, those of other services, too")
            }
            switch jwt.jwks?.value {
            case .file(let path)?:
                requireReadable(Located(path, at: jwt.jwks?.position ?? identity.position), "key set")
            case .url(let url)?:
                requireSecure(Located(url, at: jwt.jwks?.position ?? identity.position), "\(owner): jwks")
            case nil: requireSecure(jwt.issuer, "\(owner): without jwks the issuer")
            }
            if let ca = jwt.ca { requireReadable(ca, "authorities") }
            if jwt.refreshCooldown > jwt.refreshInterval {
                error(
                    at: jwt.position, "\(owner): refreshCooldown is longer than refreshInterval",
                    instead: "make it shorter than \(jwt.refreshInterval.setting)")
            }
            for place in jwt.from {
                if case .query(let name) = place {
                    waive(
                        at: jwt.position,
                        "\(owner) takes tokens from the query parameter '\(name)', which logs and histories keep")
                }
            }
        }
    }

    /// Reports a URL that is not `https`, unless it is this machine's.
    private mutating func requireSecure(_ url: Located<String>, _ owner: String) {
        let text = url.value
        if text.hasPrefix("https://"), text.utf8.count > 8 { return }
        if text.hasPrefix("http://") {
            let authority = text.dropFirst(7).prefix { $0 != "/" }
            let endpoint = try? SocketEndpoint(authority.contains(":") ? String(authority) : authority + ":80")
            if endpoint?.address?.isLoopback == true { return }
            error(
                at: url.position, "\(owner) would be fetched in plain text: whoever stands in the way chooses the keys",
                instead: "write https://…")
            return
        }
        error(at: url.position, "\(owner) is no URL: '\(text.abbreviated)'", instead: "write https://…")
    }

    /// Keys are named once, delays lie within the burst.
    mutating func validateLimits() {
        for limit in settings.limits {
            var seen: Set<LimitKey> = []
            for key in limit.key where !seen.insert(key.value).inserted {
                error(
                    at: key.position, "limit '\(limit.name)': \(key.value) is listed twice",
                    instead: "remove one of them")
            }
            if let delay = limit.delayAfter, delay.value > limit.burst.value {
                error(
                    at: delay.position, "limit '\(limit.name)': delayAfter is beyond the burst of \(limit.burst.value)",
                    instead: "write at most \(limit.burst.value), or raise burst")
            }
        }
    }
}
