import GatePrimitives

extension SettingsValidator {
    /// Endpoints are private unless said otherwise, and what is sent to them in plain text stays private.
    mutating func validateUpstreams() {
        for upstream in settings.upstreams {
            let owner = "upstream '\(upstream.name)'"
            var seen: [SocketEndpoint: SourcePosition] = [:]
            for endpoint in upstream.endpoints {
                let address = endpoint.address
                if let first = seen[address.value], address.value.port != 0 {
                    error(
                        at: address.position,
                        "\(owner): endpoint \(address.value) stands twice, first at \(diagnostics.place(first))",
                        instead: "remove one of them, or give it a weight")
                }
                seen[address.value] = address.position
                validate(address, of: upstream, owner: owner)
            }
            if let tls = upstream.tls { validate(tls, owner: owner) }
        }
    }

    private mutating func validate(_ endpoint: Located<SocketEndpoint>, of upstream: UpstreamSettings, owner: String) {
        let allowsPublic = upstream.allowPublicAddresses.value
        switch endpoint.value {
        case .unix: return
        case .name:
            // Resolution refuses public addresses; only where they are allowed can plain text leave the network.
            if upstream.tls == nil, allowsPublic {
                waive(
                    at: endpoint.position, "\(owner) sends plain text to \(endpoint.value), wherever that resolves to")
            }
        case .ip(let address, let port):
            // The placeholder of an address that could not be read, which was reported.
            guard port != 0 else { return }
            if address.isLinkLocal || address.isMetadata || address.isUnspecified || address.isMulticast {
                error(
                    at: endpoint.position,
                    "\(owner): \(address) is never a backend (link-local, metadata, unspecified or multicast)")
            } else if !address.isPrivate, !allowsPublic {
                error(
                    at: endpoint.position, "\(owner): \(address) is no private address",
                    instead: "use a private one, or set allowPublicAddresses: true")
            } else if !address.isPrivate, upstream.tls == nil {
                waive(
                    at: endpoint.position,
                    "\(owner) sends plain text to \(address), outside loopback and private ranges")
            }
        }
    }

    private mutating func validate(_ tls: UpstreamTLSSettings, owner: String) {
        if let ca = tls.ca { requireReadable(ca, "authorities") }
        if let certificate = tls.certificate {
            requireReadable(certificate.chain, "certificate chain")
            requirePrivate(certificate.key)
        }
        guard tls.unsafeSkipVerification.value else { return }
        waive(at: tls.unsafeSkipVerification.position, "\(owner) takes any certificate: unsafeSkipVerification")
        if tls.ca != nil || tls.name != nil {
            error(
                at: tls.unsafeSkipVerification.position,
                "\(owner): with unsafeSkipVerification 'ca' and 'name' verify nothing",
                instead: "remove unsafeSkipVerification")
        }
    }
}
