/// Who may call: the certificate of the TLS client.
public struct CertificateIdentitySettings: Described {
    /// Patterns of the subject.
    public var subjects: [Located<String>] = []
    /// Patterns of the subjectAltName.
    public var sans: [Located<String>] = []
    /// The authorities that must have vouched for it; nil: those of whichever listener it was.
    public var ca: Located<FilePath>?
    /// Where it stands.
    public var position = SourcePosition.unknown

    /// Nobody.
    public init() {}

    static let schema = Schema<CertificateIdentitySettings>(
        "identities.NAME.clientCertificate",
        """
        The certificate of the TLS client, which a listener's `clientCertificates` verified. With both lists one pattern of \
        each must match. The principal is the subject in the form of RFC 4514 (`CN=meter-17,O=Example`), or the name that \
        matched where there is no subject. No header is ever read for it.
        """,
        [
            .defaulted(
                "subjects", \.subjects, Shape<String>.text("a pattern", most: 512).located.list(0...1_000),
                default: "[]",
                """
                Patterns of the subject: `CN=meter-*`, or several attributes, `CN=meter-*,O=Example`. Each attribute must \
                stand in the subject exactly once; `*` is any characters of its value.
                """),
            .defaulted(
                "sans", \.sans, Shape<String>.text("a pattern", most: 512).located.list(0...1_000), default: "[]",
                """
                Patterns of the subjectAltName: `dns:*.meters.example.com`, `uri:spiffe://example.com/meter/*`, \
                `email:*@example.com`, `ip:192.0.2.7`.
                """),
            .optional(
                "ca", \.ca, Shape<FilePath>.file.located, absent: "those of the listener that was called",
                """
                The file of authorities that must have vouched for the certificate: the same as in a listener's \
                `clientCertificates`. Where listeners or names trust different ones, each could name the others' clients.
                """),
        ])
}
