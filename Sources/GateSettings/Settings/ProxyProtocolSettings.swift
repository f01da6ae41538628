public import GatePrimitives

/// Whose PROXY header a listener takes.
public struct ProxyProtocolSettings: Described {
    /// The load balancers that are believed.
    public var from: [CIDR] = []
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// Nobody is believed.
    public init() {}

    static let schema = Schema<ProxyProtocolSettings>(
        "listeners.NAME.proxyProtocol",
        """
        The PROXY protocol, versions 1 and 2: the client's address from the header that a load balancer writes ahead of TLS \
        and HTTP. From the addresses in `from` every connection must begin with one; from any other a header is refused, \
        since whoever may send one chooses the client's address. LOCAL (health checks), UNKNOWN and UNSPEC keep the \
        socket's own address. At most 4 KiB; what its TLVs say is not used.
        """,
        [
            .required(
                "from", \.from, Shape<CIDR>.addresses.list(1...10_000),
                "The load balancers that are believed.")
        ])
}
