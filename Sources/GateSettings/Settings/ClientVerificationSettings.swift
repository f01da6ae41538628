/// The certificates that a listener, or a server name of it, asks of its clients.
public struct ClientVerificationSettings: Described {
    /// What becomes of a client without a certificate.
    public enum Mode: String, Word {
        /// It is let in; routes may still ask for one.
        case request
        /// The handshake is refused.
        case require
    }

    /// LIMIT: bytes of a file of revocation lists; those of large public authorities stay below 10 MiB.
    public static let largestRevocationFile = 16 << 20

    /// Who vouches for the clients.
    public var ca = Located(FilePath(written: "", path: ""))
    /// What becomes of a client without a certificate.
    public var mode = Mode.require
    /// What the authorities have revoked; nil: nothing is looked up.
    public var crl: Located<FilePath>?
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// No authority.
    public init() {}

    static let schema = Schema<ClientVerificationSettings>(
        "listeners.NAME.tls.clientCertificates",
        """
        Certificates of clients (mutual TLS). A certificate that is presented must be valid, whatever the mode. Expiry, \
        usage and revocation are checked after every handshake, of a resumed session, too.
        """,
        [
            .required(
                "ca", \.ca, Shape<FilePath>.file.located,
                "The authorities in PEM that vouch for clients. With `crl` also those between a root and the clients."),
            .defaulted(
                "mode", \.mode, .word, default: "require",
                "`require` refuses a handshake without a certificate; `request` asks for one, for routes that accept it."
            ),
            .optional(
                "crl", \.crl, Shape<FilePath>.file.located, absent: "revocation is not looked up",
                """
                The revocation lists of these authorities, in PEM or one in DER: complete lists with a `nextUpdate`. A \
                client whose authority has no list, or a stale one, is refused.
                """),
        ])
}

/// What differs for one server name of a listener.
public struct ServerNameSettings: Described {
    /// Certificates asked of clients of this name; nil asks for none.
    public var clientCertificates: ClientVerificationSettings?
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// As the listener without certificates of clients.
    public init() {}

    static let schema = Schema<ServerNameSettings>(
        "listeners.NAME.tls.names.HOST",
        """
        What differs for one server name. Once a listener has such names, a client that sends no name is refused, and a \
        request for a host whose rule is another one than the connection's is answered 421.
        """,
        [
            .required(
                "clientCertificates", \.clientCertificates, Shape<ClientVerificationSettings>.object.orNone,
                "Certificates asked of clients of this name, instead of the listener's own rule; `none` asks for none.")
        ])
}
