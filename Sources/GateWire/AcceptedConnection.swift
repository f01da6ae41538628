public import GateIdentity
public import GatePrimitives

/// What is known of one downstream connection once it is accepted; step 1's result.
public final class AcceptedConnection {
    /// A number that no other connection of this process has; stands in the access log as `conn`.
    public let id: UInt64
    /// Index of the listener in the plan.
    public let listener: Int
    /// The peer's address; nil on a unix socket. Behind a believed load balancer the address in its PROXY header.
    public private(set) var peer: IPAddress?
    /// The peer's port; 0 on a unix socket.
    public private(set) var peerPort: UInt16
    /// The TLS side; nil on a plain connection and before the handshake is complete.
    public internal(set) var tls: TLSFacts?

    /// What the layer above keeps beside the connection.
    public var note: AnyObject?

    /// The facts of an accepted socket.
    public init(id: UInt64, listener: Int, peer: IPAddress?, peerPort: UInt16, tls: TLSFacts? = nil) {
        self.id = id
        self.listener = listener
        self.peer = peer
        self.peerPort = peerPort
        self.tls = tls
    }

    /// Takes the client that a believed load balancer's PROXY header names, ahead of everything that reads `peer`.
    func identify(peer: IPAddress, port: UInt16) {
        self.peer = peer
        self.peerPort = port
    }
}

/// What the TLS handshake settled.
public struct TLSFacts: Sendable {
    /// The client's server name, lower-cased; nil when it sent none.
    public let serverName: String?
    /// The listener's TLS as it was when the connection was made.
    public let server: ServerTLS
    /// The certificate that was shown.
    public let certificate: ServerCertificate
    /// The rule for clients' certificates that the handshake enforced.
    public let clients: ClientVerification
    /// The client's certificate, verified; nil where it showed none.
    public let clientCertificate: ClientCertificate?
    /// The version's name as it stands in logs: `TLSv1.3` or `TLSv1.2`.
    public let version: String
    /// The ALPN protocol; nil when the client offered none.
    public let applicationProtocol: String?
}
