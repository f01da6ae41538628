import FoundationEssentials
public import GatePrimitives
import SwiftASN1
import Synchronization
import X509

/// The certificate of a TLS client, read after the handshake verified its chain; one for each connection.
public final class ClientCertificate: Sendable {
    /// One attribute of the subject, such as `CN` and `meter-17`.
    public struct Attribute: Equatable, Sendable {
        /// The short name of RFC 4514 §3, or the object identifier in dots.
        public let type: String
        /// The value.
        public let value: String
    }

    /// One entry of the subjectAltName.
    public enum AlternativeName: Hashable, Sendable {
        /// A DNS name, in lower case.
        case dns(String)
        /// A URI, such as a SPIFFE id.
        case uri(String)
        /// A mail address.
        case email(String)
        /// An address.
        case ip(IPAddress)
    }

    /// What keeps a certificate from being read.
    public enum Problem: Error, Equatable, Sendable {
        /// It is no certificate in DER, or an extension that rules look at cannot be read.
        case malformed
    }

    // LIMIT: names of a subjectAltName that are kept; a certificate with more is refused rather than read in part.
    static let maximumNames = 64

    /// The subject's attributes, in order.
    public let subject: [Attribute]
    /// The names of the subjectAltName, in order.
    public let alternativeNames: [AlternativeName]
    /// The subject as a string of RFC 4514 in visible ASCII; empty where the certificate has none.
    public let subjectText: String
    /// The issuer as a string of RFC 4514 in visible ASCII.
    public let issuerText: String
    /// Not valid before this instant.
    public let validFrom: WallInstant
    /// Not valid after this instant.
    public let validUntil: WallInstant
    /// Whether its usages allow a TLS client; absent usages allow everything (RFC 5280 §4.2.1.3, §4.2.1.12).
    public let mayAuthenticateClients: Bool

    /// The path of the bundle of authorities that vouched for it (`ClientAuthorities.path`).
    public let authorities: String

    let certificate: Certificate
    private let principals = Mutex<[(identity: CertificateIdentity, principal: Principal?)]>([])

    /// The certificate in DER, whose chain `authorities` vouched for.
    public init(der: [UInt8], authorities: String) throws(Problem) {
        self.authorities = authorities
        do {
            let certificate = try Certificate(derEncoded: der)
            self.certificate = certificate
            subject = certificate.subject.flatMap { $0 }.map(Attribute.init)
            alternativeNames = try Self.names(certificate)
            subjectText = Self.text(certificate.subject)
            issuerText = Self.text(certificate.issuer)
            validFrom = WallInstant(date: certificate.notValidBefore)
            validUntil = WallInstant(date: certificate.notValidAfter)
            mayAuthenticateClients = try Self.mayAuthenticateClients(certificate)
        } catch { throw .malformed }
    }

    /// The principal that `identity` makes of it, or nil where its rules do not match; worked out once a connection.
    public func principal(for identity: CertificateIdentity) -> Principal? {
        principals.withLock { known in
            if let found = known.first(where: { $0.identity === identity }) { return found.principal }
            let made = identity.makePrincipal(of: self)
            // LIMIT: a connection remembers eight identities; a ninth is worked out each time.
            if known.count < 8 { known.append((identity, made)) }
            return made
        }
    }

    private static func names(_ certificate: Certificate) throws -> [AlternativeName] {
        guard let all = try certificate.extensions.subjectAlternativeNames else { return [] }
        guard all.count <= maximumNames else { throw Problem.malformed }
        return all.compactMap { name in
            switch name {
            case .dnsName(let text): .dns(text.lowercased())
            case .uniformResourceIdentifier(let text): .uri(text)
            case .rfc822Name(let text): .email(text)
            case .ipAddress(let octets): IPAddress(bytes: Array(octets.bytes).span).map(AlternativeName.ip)
            default: nil
            }
        }
    }

    private static func mayAuthenticateClients(_ certificate: Certificate) throws -> Bool {
        if let usage = try certificate.extensions.keyUsage, !usage.digitalSignature { return false }
        guard let extended = try certificate.extensions.extendedKeyUsage else { return true }
        return extended.contains(.clientAuth) || extended.contains(.any)
    }

    /// RFC 4514 §2: the attributes in reverse order; what is not visible ASCII is escaped, so that it fits into a field
    /// and a log line.
    private static func text(_ name: DistinguishedName) -> String {
        name.reversed().map { relative in
            relative.map { attribute in
                let attribute = Attribute(attribute)
                return attribute.type + "=" + escaped(attribute.value)
            }.joined(separator: "+")
        }.joined(separator: ",")
    }

    /// RFC 4514 §2.4.
    private static func escaped(_ value: String) -> String {
        let special = Set(#",+"\<>;"#.utf8)
        var text = ""
        let bytes = Array(value.utf8)
        for (index, byte) in bytes.enumerated() {
            let isEdge = (index == 0 && (byte == 0x20 || byte == 0x23)) || (index == bytes.count - 1 && byte == 0x20)
            if byte < 0x20 || byte > 0x7e {
                let digits = String(byte, radix: 16)
                text += digits.utf8.count == 1 ? "\\0" + digits : "\\" + digits
            } else {
                if isEdge || special.contains(byte) { text += "\\" }
                text.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
        return text
    }
}

extension ClientCertificate.Attribute {
    /// RFC 4514 §3, with the common name of an e-mail address and a serial number beside it.
    private static let shortNames: [ASN1ObjectIdentifier: String] = [
        .RDNAttributeType.commonName: "CN", .RDNAttributeType.organizationName: "O",
        .RDNAttributeType.organizationalUnitName: "OU", .RDNAttributeType.countryName: "C",
        .RDNAttributeType.localityName: "L", .RDNAttributeType.stateOrProvinceName: "ST",
        .RDNAttributeType.streetAddress: "STREET", .RDNAttributeType.domainComponent: "DC",
        .RDNAttributeType.emailAddress: "emailAddress", [2, 5, 4, 5]: "serialNumber",
        [0, 9, 2342, 19_200_300, 100, 1, 1]: "UID",
    ]

    /// The types that a pattern may name.
    public static let knownTypes: [String] = shortNames.values.sorted()

    init(_ attribute: RelativeDistinguishedName.Attribute) {
        type = Self.shortNames[attribute.type] ?? String(describing: attribute.type)
        // A value that is no string matches no pattern: patterns have no way to write one.
        value = String(attribute.value) ?? ""
    }
}

extension WallInstant {
    init(date: Date) {
        // Certificates reach to the year 9999 at most (RFC 5280 §4.1.2.5): no overflow.
        self.init(milliseconds: Int64(exactly: (date.timeIntervalSince1970 * 1000).rounded()) ?? 0)
    }
}
