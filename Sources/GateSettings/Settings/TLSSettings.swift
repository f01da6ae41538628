public import GatePrimitives

/// TLS of a listener.
public struct TLSSettings: Described {
    /// A version of TLS.
    public enum Version: String, Word {
        /// RFC 5246.
        case tls12 = "1.2"
        /// RFC 8446.
        case tls13 = "1.3"
    }

    /// The certificates, chosen by the name that the client asks for.
    public var certificates: [CertificateSettings] = []
    /// The oldest version spoken.
    public var minimumVersion = Located(Version.tls13)
    /// The policy that browsers remember; nil for none.
    public var hsts: HSTSSettings? = HSTSSettings()
    /// Certificates asked of clients; nil asks for none.
    public var clientCertificates: ClientVerificationSettings?
    /// What differs for some server names.
    public var names: [Pair<ServerNameSettings>] = []
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// No certificate.
    public init() {}

    static let schema = Schema<TLSSettings>(
        "listeners.NAME.tls",
        """
        TLS of a listener. The client's server name (SNI) chooses the certificate; an unknown name is refused. Without a \
        name the client gets the certificate marked `default`, or the only one.
        """,
        [
            .required(
                "certificates", \.certificates, Shape<CertificateSettings>.object.list(1...10_000),
                "The certificates and their keys. Each is shown for the names it was issued for (its subjectAltName)."),
            .defaulted(
                "minimumVersion", \.minimumVersion, Shape<Version>.word.located, default: "1.3",
                "The oldest version spoken. `1.2` is listed as a waiver: its handshake shows the certificate to everybody on the line."
            ),
            .defaulted(
                "hsts", \.hsts, Shape<HSTSSettings>.object.orNone, default: "{}",
                "The `strict-transport-security` field of every answer (RFC 6797); `none` leaves it out."),
            .optional(
                "clientCertificates", \.clientCertificates, .object, absent: "no certificate is asked for",
                "Certificates asked of clients (mutual TLS)."),
            .defaulted(
                "names", \.names, Shape<ServerNameSettings>.object.pairs("a mapping from host names", key: .serverName),
                default: "{}",
                "What differs for some server names: `partners.example.com`, or `*.example.com` for one label."),
        ])
}

extension Shape where Value == String {
    /// A host name as the handshake has it, in lower case; `*.` before it stands for one label.
    static let serverName: Shape = .scalar("a host name") { text in
        let host = text.lowercased()
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        let isValid =
            host.utf8.count <= 253 && labels.count >= 2
            && labels.enumerated().allSatisfy { index, label in
                (index == 0 && label == "*")
                    || ((1...63).contains(label.utf8.count)
                        && label.utf8.allSatisfy { byte in
                            (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2d || byte == 0x5f
                        })
            }
        return isValid
            ? .value(host)
            : .problem("\(Quantity.quoted(text)) is not a host name", instead: "write api.example.com or *.example.com")
    } render: {
        $0
    }
}

/// A certificate chain and its key.
public struct CertificateSettings: Described {
    /// The chain in PEM, the gateway's own certificate first.
    public var chain = Located(FilePath(written: "", path: ""))
    /// The key in PEM.
    public var key = Located(FilePath(written: "", path: ""))
    /// Whether clients get it that name no server.
    public var isDefault = Located(false)
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// No file.
    public init() {}

    static let schema = Schema<CertificateSettings>(
        "listeners.NAME.tls.certificates[]", "A certificate and its key.",
        [
            .required(
                "chain", \.chain, Shape<FilePath>.file.located,
                "The certificates in PEM: the gateway's own first, then the intermediate ones."),
            .required(
                "key", \.key, Shape<FilePath>.file.located,
                """
                The private key in PEM. A key that others can read is an error that prints the command to run; one its \
                group can read, too, unless root owns it and the group is the service's own.
                """),
            .defaulted(
                "default", \.isDefault, Shape<Bool>.flag.located, default: "false",
                "Whether clients that send no server name get this certificate. One of a listener at most."),
        ])
}

/// The policy that makes browsers use HTTPS only.
public struct HSTSSettings: Described {
    /// For how long it is remembered.
    public var maxAge = TimeSpan.seconds(31_536_000)
    /// Whether it holds for every name below, too.
    public var includeSubDomains = false
    /// Whether the operator agrees to be listed in browsers.
    public var preload = false
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// A year, this host alone.
    public init() {}

    static let schema = Schema<HSTSSettings>(
        "listeners.NAME.tls.hsts", "The `strict-transport-security` field (RFC 6797).",
        [
            .defaulted(
                "maxAge", \.maxAge, .duration(.seconds(1) ... .seconds(63_072_000)), default: "365d",
                "For how long a browser refuses plain HTTP for this host."),
            .defaulted(
                "includeSubDomains", \.includeSubDomains, .flag, default: "false",
                "Whether that holds for every name below this host. Off by default: the gateway cannot know what serves them."
            ),
            .defaulted(
                "preload", \.preload, .flag, default: "false",
                "Whether the host may be built into browsers; that is hard to undo."),
        ])
}
