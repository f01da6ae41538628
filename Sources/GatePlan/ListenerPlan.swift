public import GateHTTP
public import GatePrimitives
public import GateWire

/// One listener of the plan.
public struct ListenerPlan: Sendable {
    /// Its name.
    public var name: String
    /// Where it listens.
    public var address: SocketEndpoint
    /// What it enforces.
    public var settings: ListenerSettings
    /// Whether it only redirects to HTTPS.
    public var redirectsToHTTPS: Bool
    /// Whose forwarding fields are believed, and which field.
    public var clientAddress: ClientAddressRule?
    /// `strict-transport-security` on a TLS listener; else empty.
    public var ownFields: FieldBlock

    /// A listener.
    public init(
        name: String, address: SocketEndpoint, settings: ListenerSettings, redirectsToHTTPS: Bool = false,
        clientAddress: ClientAddressRule? = nil, ownFields: FieldBlock = FieldBlock()
    ) {
        self.name = name
        self.address = address
        self.settings = settings
        self.redirectsToHTTPS = redirectsToHTTPS
        self.clientAddress = clientAddress
        self.ownFields = ownFields
    }
}

/// Which field names the client, and whom it is believed from: the rightmost address that is not trusted.
public struct ClientAddressRule: Sendable {
    /// The field.
    public enum Field: Sendable {
        /// `x-forwarded-for`.
        case xForwardedFor
        /// `forwarded` (RFC 7239).
        case forwarded
        /// `x-real-ip`.
        case xRealIP
    }

    /// The field.
    public var field: Field
    /// The hops that are believed.
    public var trusted: AddressSet

    /// A rule.
    public init(field: Field, trusted: AddressSet) {
        self.field = field
        self.trusted = trusted
    }
}
