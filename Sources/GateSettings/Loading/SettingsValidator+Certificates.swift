extension SettingsValidator {
    /// Files of the listener's rules for client certificates; each name once, and none that only plain HTTP could reach.
    mutating func validateClientCertificates(_ tls: TLSSettings, of listener: ListenerSettings) {
        if let rule = tls.clientCertificates { validate(rule) }
        for name in tls.names {
            if let rule = name.value.clientCertificates { validate(rule) }
        }
    }

    private mutating func validate(_ rule: ClientVerificationSettings) {
        requireReadable(rule.ca, "authorities")
        if let crl = rule.crl {
            requireReadable(crl, "revocation lists", limit: ClientVerificationSettings.largestRevocationFile)
        }
    }

    /// An identity by certificate says whom it means, and some listener asks for certificates of its authorities.
    mutating func validate(
        _ certificate: CertificateIdentitySettings, of identity: IdentitySettings, owner: String
    ) {
        if identity.jwt != nil {
            error(
                at: identity.position, "\(owner) has two credentials",
                instead: "make two identities; a route may accept both")
        }
        if certificate.subjects.isEmpty, certificate.sans.isEmpty {
            error(
                at: certificate.position, "\(owner) does not say whose certificate it means",
                instead: "add subjects: [\"CN=…\"] or sans: [\"dns:…\"]; subjects: [\"CN=*\"] means any with one name")
        }
        let rules = settings.listeners.compactMap(\.tls).flatMap { tls in
            [tls.clientCertificates] + tls.names.map(\.value.clientCertificates)
        }
        let authorities = Set(rules.compactMap { $0?.ca.value.path })
        if authorities.isEmpty {
            error(
                at: certificate.position, "\(owner) can never be met: no listener asks for client certificates",
                instead: "add clientCertificates: { ca: … } to a listener's tls")
        } else if let ca = certificate.ca {
            guard !authorities.contains(ca.value.path) else { return }
            error(
                at: ca.position, "\(owner): no listener trusts the authorities in \(ca.value.path.abbreviated)",
                instead: "name a file that a listener's clientCertificates names")
        } else if authorities.count > 1 {
            waive(
                at: certificate.position,
                "\(owner) takes the word of any of \(authorities.count) files of authorities: each can name its clients (add ca:)"
            )
        }
    }

    /// A certificate carries neither scopes nor claims.
    mutating func validate(_ use: IdentityUseSettings, owner: String) {
        guard let identity = settings.identities.first(where: { $0.name == use.identity.value }),
            identity.clientCertificate != nil, !use.scopes.isEmpty || !use.claims.isEmpty
        else { return }
        error(
            at: use.identity.position, "\(owner): a certificate has no scopes and no claims",
            instead: "remove them; identity '\(identity.name)' chooses by subjects and sans")
    }
}
