import GatePrimitives

extension SettingsValidator {
    /// Addresses are used once, TLS and redirects do not contradict each other, keys are nobody else's.
    mutating func validateListeners() {
        if settings.listeners.isEmpty {
            error(
                at: settings.position, "no listener: the gateway would serve nobody",
                instead: "add listeners: { NAME: { address: … } }")
        }
        reportSharedAddresses()
        for listener in settings.listeners {
            // The event log and the metrics know the gateway's own interfaces by these names.
            if listener.name == "admin" || listener.name == "telemetry" {
                error(
                    at: listener.position, "'\(listener.name)' is the name of the gateway's own interface",
                    instead: "give the listener another name")
            }
            if let proxy = listener.proxyProtocol { validate(proxy, of: listener) }
            if let tls = listener.tls {
                validate(tls, of: listener)
                if listener.redirectToHTTPS.value {
                    error(
                        at: listener.redirectToHTTPS.position,
                        "listener '\(listener.name)' redirects to HTTPS and has TLS itself",
                        instead: "remove redirectToHTTPS or tls")
                }
            } else if !listener.protocols.contains(.http11) {
                error(
                    at: listener.position, "listener '\(listener.name)' offers h2 alone, which needs TLS",
                    instead: "add tls, or http/1.1 to protocols")
            } else if !listener.redirectToHTTPS.value, !listener.address.value.isLocal {
                waive(
                    at: listener.address.position,
                    "listener '\(listener.name)' takes requests in plain text: everybody on the way can read and change them"
                )
            }
        }
    }

    /// Two interfaces cannot have one address.
    private mutating func reportSharedAddresses() {
        var interfaces = settings.listeners.map { ("listener '\($0.name)'", $0.address) }
        if let admin = settings.admin { interfaces.append(("admin", admin.address)) }
        if let telemetry = settings.telemetry { interfaces.append(("telemetry", telemetry.address)) }
        var first: [SocketEndpoint: (owner: String, position: SourcePosition)] = [:]
        for (owner, address) in interfaces where address.value.port != 0 {
            if let other = first[address.value] {
                error(
                    at: address.position,
                    "\(owner) has the address of \(other.owner), at \(diagnostics.place(other.position))",
                    instead: "give one of them another port")
            } else {
                first[address.value] = (owner, address.position)
            }
        }
    }

    /// Whoever is believed chooses the client's address: not everybody may, and a unix socket has no address to believe.
    private mutating func validate(_ proxy: ProxyProtocolSettings, of listener: ListenerSettings) {
        if case .unix = listener.address.value {
            error(
                at: proxy.position,
                "listener '\(listener.name)' is a unix socket: its peers have no address to believe",
                instead: "remove proxyProtocol, or listen on an IP address")
        }
        if let all = proxy.from.first(where: { $0.length == 0 }) {
            waive(
                at: proxy.position,
                "listener '\(listener.name)' takes the client's address from a PROXY header of anybody in \(all)")
        }
    }

    private mutating func validate(_ tls: TLSSettings, of listener: ListenerSettings) {
        if tls.minimumVersion.value == .tls12 {
            waive(at: tls.minimumVersion.position, "listener '\(listener.name)' speaks TLS 1.2")
        }
        validateClientCertificates(tls, of: listener)
        var defaults: SourcePosition?
        for certificate in tls.certificates {
            requireReadable(certificate.chain, "certificate chain")
            requirePrivate(certificate.key)
            guard certificate.isDefault.value else { continue }
            if let first = defaults {
                error(
                    at: certificate.isDefault.position,
                    "listener '\(listener.name)' has two default certificates, the first at \(diagnostics.place(first))",
                    instead: "mark one")
            }
            defaults = defaults ?? certificate.isDefault.position
        }
    }

    /// The admin interface is for this machine, telemetry for a private network.
    mutating func validateInterfaces() {
        if let admin = settings.admin { validate(admin) }
        guard let telemetry = settings.telemetry, case .ip(let address, let port) = telemetry.address.value, port != 0
        else { return }
        if address.isUnspecified || !address.isPrivate {
            error(
                at: telemetry.address.position, "telemetry on \(address) would be reachable from outside",
                instead: "use a loopback or private address")
        }
    }

    private mutating func validate(_ admin: AdminSettings) {
        if let token = admin.token, case .file(let path) = token.value {
            requirePrivate(Located(path, at: token.position))
        } else if let token = admin.token, case .environment(let name) = token.value {
            if (files.environment(name) ?? "").isEmpty {
                error(at: token.position, "the environment variable \(name) is not set")
            }
        }
        guard case .ip(let address, _) = admin.address.value else { return }
        if !address.isLoopback {
            error(
                at: admin.address.position,
                "admin on \(address) needs client certificates, which are not in this version",
                instead: "use a loopback address or unix:PATH")
        } else if admin.token == nil {
            error(
                at: admin.address.position,
                "admin on a TCP address needs a token: every user of this machine can connect",
                instead: "add token: file:PATH, or use unix:PATH")
        }
    }
}

extension SocketEndpoint {
    /// Whether only this machine can reach it.
    var isLocal: Bool {
        switch self {
        case .ip(let address, _): address.isLoopback
        case .unix: true
        case .name: false
        }
    }
}
