public import GateHTTP
public import GatePrimitives
public import GateWire

/// One listener of the plan; a class, since every exchange asks for it and a copy would retain all its parts.
public final class ListenerPlan: Sendable {
    /// Its name.
    public let name: String
    /// Where it listens.
    public let address: SocketEndpoint
    /// What it enforces.
    public let settings: ListenerSettings
    /// Whether it only redirects to HTTPS.
    public let redirectsToHTTPS: Bool
    /// Whose forwarding fields are believed, and which field.
    public let clientAddress: ClientAddressRule?
    /// `strict-transport-security` on a TLS listener; else empty.
    public let ownFields: FieldBlock

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
