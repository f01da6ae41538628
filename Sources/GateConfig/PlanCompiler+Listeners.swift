import GateHTTP
import GatePlan
import GatePrimitives
import GateSettings
import GateWire

extension PlanCompiler {
    /// The listeners, with certificates read and tables compiled; those of the previous plan keep their places, since open
    /// connections know their listener by its index.
    mutating func compileListeners(_ process: ProcessPlan) -> [ListenerPlan] {
        // Each client connection may need one to a backend.
        let connectionsPerLoop = max(1, process.maximumConnections / 2 / process.loops)
        var plans: [ListenerPlan] = []
        let old = previous?.listeners.map(\.name) ?? []
        let kept = old.compactMap { name in settings.listeners.first { $0.name == name } }
        let added = settings.listeners.filter { !old.contains($0.name) }
        for (index, listener) in (kept + added).enumerated() {
            let limits = listener.limits
            var timeouts = DownstreamTimeouts()
            timeouts.handshake = listener.timeouts.handshake
            timeouts.head = listener.timeouts.head
            timeouts.body = listener.timeouts.body
            timeouts.bodyRead = listener.timeouts.bodyProgress
            timeouts.idle = listener.timeouts.idle
            timeouts.write = listener.timeouts.write
            var compiled = GateWire.ListenerSettings(
                index: index, tls: listener.tls.flatMap { compile($0, protocols: listener.protocols) },
                headLimits: HeadLimits(
                    requestLine: limits.requestLine.bytes, fieldLine: limits.field.bytes, head: limits.head.bytes,
                    fields: limits.fields),
                timeouts: timeouts, proxy: listener.proxyProtocol.map { ProxyRule(from: AddressSet($0.from)) },
                allow: AddressSet(listener.allow ?? []), deny: AddressSet(listener.deny),
                maximumConnections: connectionsPerLoop)
            compiled.offersWebSocket = settings.routes.contains { $0.webSocket != nil }
            plans.append(
                ListenerPlan(
                    name: listener.name, address: listener.address.value, settings: compiled,
                    redirectsToHTTPS: listener.redirectToHTTPS.value,
                    clientAddress: listener.clientAddress.map(Self.compile),
                    ownFields: listener.tls?.hsts.map { compile($0) } ?? FieldBlock()))
        }
        return plans
    }

    private static func compile(_ rule: ClientAddressSettings) -> ClientAddressRule {
        let field: ClientAddressRule.Field =
            switch rule.from {
            case .xForwardedFor: .xForwardedFor
            case .forwarded: .forwarded
            case .xRealIP: .xRealIP
            }
        return ClientAddressRule(field: field, trusted: AddressSet(rule.trusted))
    }

    /// The field of RFC 6797 §6.1.
    private mutating func compile(_ hsts: HSTSSettings) -> FieldBlock {
        var value = "max-age=\(hsts.maxAge.seconds)"
        if hsts.includeSubDomains { value += "; includeSubDomains" }
        if hsts.preload { value += "; preload" }
        var fields = FieldBlock()
        do throws(FieldProblem) {
            try fields.append(.strictTransportSecurity, value)
        } catch {
            self.error(at: hsts.position, "cannot be written as a field")
        }
        return fields
    }

    private mutating func compile(_ tls: TLSSettings, protocols: [HTTPProtocol]) -> ServerTLS? {
        let offered = protocols.map(\.rawValue)
        var certificates: [ServerCertificate] = []
        var defaultIndex: Int?
        var owners: [String: SourcePosition] = [:]
        for certificate in tls.certificates {
            guard let compiled = compile(certificate, minimum: tls.minimumVersion.value, protocols: offered) else {
                continue
            }
            if certificate.isDefault.value { defaultIndex = certificates.count }
            certificates.append(compiled)
            for name in compiled.names {
                if let first = owners[name] {
                    diagnostics.warning(
                        at: certificate.chain.position,
                        "never shown for '\(name)': the certificate at \(diagnostics.place(first)) has that name, too")
                } else {
                    owners[name] = certificate.chain.position
                }
            }
        }
        guard let clients = compileClientRules(tls, certificates) else { return nil }
        do throws(ServerCertificate.Problem) {
            return try ServerTLS(
                certificates: certificates, defaultIndex: defaultIndex, protocols: offered, clients: clients)
        } catch {
            self.error(at: tls.position, "the TLS library does not take these certificates")
            return nil
        }
    }

    /// The certificate with its key, or nil after an error was recorded.
    private mutating func compile(
        _ certificate: CertificateSettings, minimum: TLSSettings.Version, protocols: [String]
    ) -> ServerCertificate? {
        let (chain, key) = (certificate.chain, certificate.key)
        guard !chain.value.path.isEmpty, !key.value.path.isEmpty, !diagnostics.hasError(at: chain.position),
            !diagnostics.hasError(at: key.position)
        else { return nil }
        watch(chain.value.path)
        watch(key.value.path)
        do throws(ServerCertificate.Problem) {
            let compiled = try ServerCertificate(
                chainPath: chain.value.path, keyPath: key.value.path,
                minimumVersion: minimum == .tls12 ? .tls12 : .tls13, protocols: protocols, now: machine.now)
            warnOfExpiry(compiled, at: chain.position)
            return compiled
        } catch {
            switch error {
            case .unreadableChain:
                self.error(at: chain.position, "\(chain.value) holds no certificate in PEM")
            case .unreadableKey:
                self.error(at: key.position, "\(key.value) holds no key in PEM that is supported")
            case .keyMismatch:
                self.error(at: key.position, "\(key.value) is not the key of the certificate in \(chain.value)")
            case .expired:
                self.error(at: chain.position, "the certificate in \(chain.value) has expired", instead: "renew it")
            case .noNames:
                self.error(
                    at: chain.position, "the certificate in \(chain.value) names no host",
                    instead: "issue it with a subjectAltName")
            }
            return nil
        }
    }

    /// Two weeks are enough to renew by hand.
    private mutating func warnOfExpiry(_ certificate: ServerCertificate, at position: SourcePosition) {
        let days = (certificate.notAfter.seconds &- machine.now.seconds) / 86_400
        if days < 14 {
            diagnostics.warning(at: position, "the certificate expires in \(days) days", instead: "renew it")
        }
    }
}
