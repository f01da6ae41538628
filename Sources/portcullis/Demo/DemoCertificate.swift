import Crypto
import FoundationEssentials
import SwiftASN1
import X509

/// An authority of the demo's own, valid for a month, and a certificate from it for `localhost` and 127.0.0.1.
struct DemoCertificate {
    /// The authority's certificate in PEM, for `curl --cacert`.
    let authority: String
    /// The server's certificate in PEM.
    let chain: String
    /// The server's private key in PEM.
    let key: String

    /// Makes both.
    init() throws {
        let authorityKey = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let serverKey = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let authorityName = try DistinguishedName { CommonName("Portcullis demo authority") }
        let serverName = try DistinguishedName { CommonName("localhost") }
        let now = Date()
        let start = now.addingTimeInterval(-300)
        let end = now.addingTimeInterval(30 * 86_400)

        let authority = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: authorityKey.publicKey, notValidBefore: start,
            notValidAfter: end, issuer: authorityName, subject: authorityName, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(keyCertSign: true))
            },
            issuerPrivateKey: authorityKey)
        let server = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: serverKey.publicKey, notValidBefore: start,
            notValidAfter: end, issuer: authorityName, subject: serverName, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames([
                    .dnsName("localhost"), .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])),
                ])
            },
            issuerPrivateKey: authorityKey)
        self.authority = try authority.serializeAsPEM().pemString + "\n"
        chain = try server.serializeAsPEM().pemString + "\n"
        key = try serverKey.serializeAsPEM().pemString + "\n"
    }
}
