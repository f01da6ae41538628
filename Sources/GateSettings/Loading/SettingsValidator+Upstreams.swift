import GatePrimitives

extension SettingsValidator {
    /// Endpoints stand once, files exist, and what gives up a protection is listed.
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
            validateProtocol(of: upstream, owner: owner)
        }
    }

    /// `h2` is agreed on in the TLS handshake, `h2c` is for where there is none.
    private mutating func validateProtocol(of upstream: UpstreamSettings, owner: String) {
        let position = upstream.protocol.position
        switch upstream.protocol.value {
        case .http11: break
        case .http2 where upstream.tls == nil:
            error(
                at: position, "\(owner): h2 needs TLS, in which it is agreed on",
                instead: "add tls: {}, or protocol: h2c for plain text")
        case .http2Plain where upstream.tls != nil:
            error(at: position, "\(owner): h2c is HTTP/2 in plain text", instead: "use protocol: h2")
        case .http2, .http2Plain: break
        }
    }

    /// What leaves the private network in plain text is listed. Which addresses an endpoint may have at all is judged where
    /// the plan is compiled, by the rule that judges each resolution.
    private mutating func validate(_ endpoint: Located<SocketEndpoint>, of upstream: UpstreamSettings, owner: String) {
        guard upstream.tls == nil, upstream.allowPublicAddresses.value else { return }
        switch endpoint.value {
        case .unix: return
        case .name:
            waive(at: endpoint.position, "\(owner) sends plain text to \(endpoint.value), wherever that resolves to")
        case .ip(let address, let port):
            // Port 0 is the placeholder of an address that could not be read, which was reported.
            guard port != 0, !address.isPrivate else { return }
            waive(at: endpoint.position, "\(owner) sends plain text to \(address), outside loopback and private ranges")
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
