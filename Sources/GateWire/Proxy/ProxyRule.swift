public import GatePrimitives

/// From whom a listener takes the PROXY protocol's header.
///
/// From these addresses every connection must begin with it; from any other a header is refused, since whoever may send
/// one chooses the client's address (attacks 43).
public struct ProxyRule: Sendable {
    /// The load balancers that are believed.
    public var from: AddressSet

    /// A rule that believes these.
    public init(from: AddressSet) { self.from = from }

    /// Whether a connection from `peer` must begin with a header; a unix socket has no address, and is not believed.
    func isRequired(from peer: IPAddress?) -> Bool { peer.map(from.contains) ?? false }
}
