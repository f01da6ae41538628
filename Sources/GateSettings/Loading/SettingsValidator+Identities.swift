import GatePrimitives

extension SettingsValidator {
    /// Files exist, and audiences are asked for or the lack is listed.
    mutating func validateIdentities() {
        for identity in settings.identities {
            let owner = "identity '\(identity.name)'"
            if let certificate = identity.clientCertificate { validate(certificate, of: identity, owner: owner) }
            guard let jwt = identity.jwt else {
                // A credential of another version was reported where it stands.
                if identity.clientCertificate == nil, !identity.hasErrors {
                    error(
                        at: identity.position, "\(owner) has no credential",
                        instead: "add jwt: or clientCertificate:")
                }
                continue
            }
            // An identity that could not be read was reported there.
            guard !jwt.issuer.value.isEmpty else { continue }
            if jwt.audiences.isEmpty {
                waive(at: identity.position, "\(owner) accepts tokens for any audience, those of other services, too")
            }
            if let source = jwt.jwks, case .file(let path) = source.value {
                requireReadable(Located(path, at: source.position), "key set")
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
