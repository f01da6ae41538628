import GatePlan
import GatePrimitives
import GateSettings
import GateUpstreams
import GateWire

extension PlanCompiler {
    /// The upstreams in their order; what is known of an endpoint that stays is kept.
    mutating func compileUpstreams() -> [GateWire.UpstreamSettings] {
        settings.upstreams.enumerated().map { index, upstream in compile(upstream, index: index) }
    }

    private mutating func compile(
        _ upstream: GateSettings.UpstreamSettings, index: Int
    ) -> GateWire.UpstreamSettings {
        var compiled = GateWire.UpstreamSettings(
            name: upstream.name, index: index,
            endpoints: upstream.endpoints.map { .init(address: $0.address.value, weight: $0.weight) })
        compiled.protocol = upstream.protocol.value == .http11 ? .http11 : .http2
        compiled.balance =
            switch upstream.balance {
            case .roundRobin: .roundRobin
            case .leastRequest: .leastRequest
            }
        compiled.states = states(of: compiled)
        compiled.failureRule = FailureRule(maxFails: upstream.maxFails, timeout: upstream.failTimeout)
        compiled.timeouts.connect = upstream.timeouts.connect
        compiled.timeouts.read = upstream.timeouts.read
        compiled.maximumIdle = upstream.keepAlive.maxIdle
        compiled.idleTimeout = upstream.keepAlive.idleTimeout
        compiled.maximumConnections = upstream.maxConnections
        compiled.addresses = EndpointAddressPolicy(
            allowsPublic: upstream.allowPublicAddresses.value, listeners: ownAddresses, local: machine.localAddresses)
        for endpoint in upstream.endpoints { check(endpoint.address, compiled.addresses, upstream.name) }
        compiled.tls = upstream.tls.flatMap { compile($0, of: upstream) }
        return compiled
    }

    /// Where the gateway itself listens: a backend there would be the gateway.
    private var ownAddresses: [SocketEndpoint] {
        settings.listeners.map(\.address.value)
            + [settings.admin?.address.value, settings.telemetry?.address.value].compactMap { $0 }
    }

    private func states(of upstream: GateWire.UpstreamSettings) -> [EndpointState] {
        guard let old = previous?.upstreams.first(where: { $0.name == upstream.name }) else { return upstream.states }
        return zip(upstream.endpoints, upstream.states).map { endpoint, fresh in
            zip(old.endpoints, old.states).first { $0.0.address == endpoint.address }?.1 ?? fresh
        }
    }

    /// The rule that also judges what a name resolves to, later.
    private mutating func check(_ endpoint: Located<SocketEndpoint>, _ policy: EndpointAddressPolicy, _ name: String) {
        do throws(EndpointAddressPolicy.Refusal) {
            switch endpoint.value {
            case .ip(let address, let port):
                // Port 0 is the placeholder of an address that could not be read, which was reported.
                if port != 0 { try policy.check(address, port: port) }
            case .unix(let path): try policy.check(path: path)
            case .name: break
            }
        } catch {
            self.error(
                at: endpoint.position, "upstream '\(name)': \(endpoint.value) is \(error.rawValue)",
                instead: error == .notPrivate ? "use a private address, or set allowPublicAddresses: true" : nil)
        }
    }

    private mutating func compile(
        _ tls: UpstreamTLSSettings, of upstream: GateSettings.UpstreamSettings
    ) -> UpstreamTLS? {
        let serverName = serverName(of: tls, upstream)
        let files = [tls.ca, tls.certificate?.chain, tls.certificate?.key].compactMap { $0 }
        guard !files.contains(where: { diagnostics.hasError(at: $0.position) }) else { return nil }
        for file in files { watch(file.value.path) }
        do throws(UpstreamTLS.Problem) {
            return try UpstreamTLS(
                roots: tls.ca?.value.path, serverName: serverName,
                clientCertificate: tls.certificate.map { ($0.chain.value.path, $0.key.value.path) },
                protocol: upstream.protocol.value == .http11 ? .http11 : .http2,
                dangerousUnverified: tls.unsafeSkipVerification.value)
        } catch {
            switch error {
            case .unreadableRoots(let path):
                self.error(at: tls.ca?.position ?? tls.position, "\(path) holds no certificate in PEM")
            case .unreadableClientCertificate:
                self.error(
                    at: tls.certificate?.chain.position ?? tls.position,
                    "the client certificate cannot be used: chain and key must be PEM and belong together")
            }
            return nil
        }
    }

    /// The name that an upstream's certificates must have: as written, or the one host name that all endpoints share.
    private mutating func serverName(
        of tls: UpstreamTLSSettings, _ upstream: GateSettings.UpstreamSettings
    ) -> String? {
        if let name = tls.name {
            if IPAddress(name.value) != nil {
                error(
                    at: name.position, "upstream '\(upstream.name)': a TLS name is a host name",
                    instead: "leave it out: endpoints without a name are verified by address")
            }
            return name.value
        }
        var names: Set<String?> = []
        for endpoint in upstream.endpoints {
            if case .name(let name, _) = endpoint.address.value { names.insert(name) } else { names.insert(nil) }
        }
        guard names.count > 1 else { return names.first ?? nil }
        error(
            at: tls.position, "upstream '\(upstream.name)': its endpoints have several names to verify",
            instead: "add name: the one that their certificates have")
        return nil
    }
}
