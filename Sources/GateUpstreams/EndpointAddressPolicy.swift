public import GatePrimitives

/// Which addresses an upstream may have; asked at every resolution, since a name can be pointed elsewhere (attacks 53).
public struct EndpointAddressPolicy: Equatable, Sendable {
    /// Why an address is refused.
    public enum Refusal: String, Error, Sendable {
        /// 169.254.0.0/16 or fe80::/10.
        case linkLocal = "a link-local address"
        /// Where cloud machines read their credentials.
        case metadata = "a cloud metadata address"
        /// A listener of this gateway: requests would go in a circle.
        case ownListener = "an address of this gateway"
        /// Unspecified, multicast or broadcast: no host.
        case notAHost = "not the address of a host"
        /// Outside the private ranges, which must be allowed by name.
        case notPrivate = "a public address"
    }

    private let allowsPublic: Bool
    private let listeners: [SocketEndpoint]
    private let local: [IPAddress]

    /// A policy beside these listeners of our own; `local` are the addresses of this host's interfaces, which a listener on
    /// all interfaces answers on.
    public init(allowsPublic: Bool, listeners: [SocketEndpoint], local: [IPAddress]) {
        self.allowsPublic = allowsPublic
        self.listeners = listeners
        self.local = local
    }

    /// Refuses what a backend must not be; returns where it may.
    public func check(_ address: IPAddress, port: UInt16) throws(Refusal) {
        try Self.checkAlways(address)
        // What a translator makes of it must not be one of these either.
        if let embedded = address.embeddedV4 { try Self.checkAlways(embedded) }
        for listener in listeners where isOwn(listener, address, port) { throw .ownListener }
        guard allowsPublic || address.isPrivate else { throw .notPrivate }
    }

    /// Refuses the path of one of our own Unix sockets.
    public func check(path: String) throws(Refusal) {
        guard !listeners.contains(.unix(path: path)) else { throw .ownListener }
    }

    private static func checkAlways(_ address: IPAddress) throws(Refusal) {
        guard !address.isMetadata else { throw .metadata }
        guard !address.isLinkLocal else { throw .linkLocal }
        guard !address.isUnspecified, !address.isMulticast, address.v4Bits != .max else { throw .notAHost }
    }

    private func isOwn(_ listener: SocketEndpoint, _ address: IPAddress, _ port: UInt16) -> Bool {
        guard case .ip(let own, let ownPort) = listener, ownPort == port else { return false }
        if own == address { return true }
        // An unspecified listener answers on every interface; one on :: may answer IPv4 as well.
        return own.isUnspecified && (address.isLoopback || local.contains(address))
    }
}
