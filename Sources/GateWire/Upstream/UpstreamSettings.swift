public import GateHTTP
public import GatePrimitives
public import GateUpstreams
public import NIOSSL

/// How one upstream is reached; part of the plan.
public struct UpstreamSettings: Sendable {
    /// The upstream's name.
    public var name: String
    /// Index in the plan.
    public var index: Int
    /// Where it is, with the endpoints' weights.
    public var endpoints: [Endpoint]
    /// What is spoken to the endpoints.
    public var `protocol`: UpstreamProtocol
    /// How an endpoint is chosen.
    public var balance: BalancePolicy
    /// What the node knows about each endpoint; shared by its loops, kept over reloads.
    public var states: [EndpointState]
    /// When an endpoint counts as failed, and for how long it is left alone.
    public var failureRule: FailureRule
    /// Deadlines of the backend's side.
    public var timeouts: UpstreamTimeouts
    /// Idle connections kept per loop.
    public var maximumIdle: Int
    /// How long an idle connection is kept.
    public var idleTimeout: TimeSpan
    /// Connections per loop, all endpoints together, beyond which requests are refused.
    public var maximumConnections: Int
    /// TLS towards the endpoints; nil speaks plaintext.
    public var tls: UpstreamTLS?
    /// Which addresses its endpoints may have.
    public var addresses: EndpointAddressPolicy
    /// Bounds of an answer's head.
    public var headLimits: HeadLimits

    /// One endpoint.
    public struct Endpoint: Sendable, Equatable {
        /// Address and port, name and port, or a unix socket.
        public var address: SocketEndpoint
        /// Its share of the requests.
        public var weight: Int

        /// An endpoint with a weight of at least 1.
        public init(address: SocketEndpoint, weight: Int = 1) {
            self.address = address
            self.weight = weight
        }
    }

    /// An upstream's settings; the rest has defaults.
    public init(name: String, index: Int, endpoints: [Endpoint]) {
        self.name = name
        self.index = index
        self.endpoints = endpoints
        self.protocol = .http11
        self.balance = .roundRobin
        self.states = endpoints.map { _ in EndpointState() }
        self.failureRule = FailureRule()
        self.timeouts = UpstreamTimeouts()
        self.maximumIdle = 64
        self.idleTimeout = .seconds(60)
        self.maximumConnections = 4096
        self.tls = nil
        self.addresses = EndpointAddressPolicy(allowsPublic: false, listeners: [], local: [])
        self.headLimits = .standard
    }
}

/// What is spoken to the endpoints of an upstream.
public enum UpstreamProtocol: Sendable, Hashable {
    /// HTTP/1.1.
    case http11
    /// HTTP/2: agreed by ALPN where there is TLS, else with prior knowledge (RFC 9113 §3.3).
    case http2

    /// Its name in ALPN.
    var applicationProtocol: String { self == .http2 ? "h2" : "http/1.1" }
}

/// Deadlines of the backend's side.
public struct UpstreamTimeouts: Sendable, Equatable {
    /// To the end of connect and TLS handshake. Default 2 s. Breach: 504 `upstream_connect_timeout`.
    public var connect = TimeSpan.seconds(2)
    /// Between two reads, as nginx' `proxy_read_timeout`. Default 30 s. Breach: 504 `upstream_timeout`.
    public var read = TimeSpan.seconds(30)

    /// The defaults.
    public init() {}
}

/// TLS towards an upstream: verified by default.
public struct UpstreamTLS: Sendable {
    /// The library's context: roots, client certificate, versions.
    public let context: NIOSSLContext
    /// The name that the certificate must carry, also sent as SNI; nil for an endpoint that is verified by address.
    public let serverName: String?

    /// What keeps the settings from being used.
    public enum Problem: Error, Equatable, Sendable {
        /// The file of trusted roots cannot be read.
        case unreadableRoots(String)
        /// Client chain or key cannot be read or do not belong together.
        case unreadableClientCertificate(String)
    }

    /// Builds the context off the loops, since it reads the disk.
    ///
    /// `roots` nil trusts the system's. `dangerousUnverified` is what the configuration lists as a waiver.
    public init(
        roots: String?, serverName: String?, clientCertificate: (chain: String, key: String)?,
        protocol: UpstreamProtocol = .http11, dangerousUnverified: Bool = false
    ) throws(Problem) {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = [`protocol`.applicationProtocol]
        configuration.renegotiationSupport = .none
        configuration.certificateVerification = dangerousUnverified ? .none : .fullVerification
        if let roots {
            do { configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(roots)) } catch {
                throw .unreadableRoots(roots)
            }
        }
        if let clientCertificate {
            do {
                let chain = try NIOSSLCertificate.fromPEMFile(clientCertificate.chain)
                configuration.certificateChain = chain.map { .certificate($0) }
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: clientCertificate.key, format: .pem))
            } catch { throw .unreadableClientCertificate(clientCertificate.chain) }
        }
        do { self.context = try NIOSSLContext(configuration: configuration) } catch {
            throw .unreadableClientCertificate(clientCertificate?.chain ?? "")
        }
        self.serverName = serverName
    }
}
