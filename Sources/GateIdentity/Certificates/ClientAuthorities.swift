public import GatePrimitives
import SwiftASN1
import X509

/// The authorities that vouch for TLS clients of one listener or server name, with what they have revoked.
///
/// The TLS library verifies the chain in a full handshake and nothing when a session is resumed. What this checks is
/// checked after every handshake, resumed or not: expiry, usage and revocation (attacks 39, 82).
public final class ClientAuthorities: Sendable {
    /// What keeps files from being used.
    public enum Problem: Error, Equatable, Sendable {
        /// The bundle holds no certificate in PEM, or one that cannot be read.
        case noAuthority
        /// A certificate of the bundle may not issue others.
        case notAnAuthority(subject: String)
        /// The file of lists holds none.
        case noList
        /// A list cannot be used; in words that follow the path.
        case badList(String)
        /// A list is of an authority that is not in the bundle, or its signature is wrong.
        case unknownIssuer(String)
    }

    // LIMIT: authorities above a client's certificate; real chains have one or two.
    static let maximumDepth = 8

    private struct Authority: Sendable {
        let certificate: Certificate
        /// The newest list of it; nil where the file has none.
        var list: RevocationList?
    }

    /// The path of the bundle: what an identity's `ca` names.
    public let path: String
    private let authorities: [Authority]
    private let checksRevocation: Bool
    /// From when on one of the lists is stale, so that nobody is let in by it; nil without lists.
    public let listsEnd: WallInstant?

    /// The authorities of a bundle in PEM and, where given, their lists in PEM or one in DER.
    public init(path: String, bundle: [UInt8], lists: [UInt8]?) throws(Problem) {
        self.path = path
        var authorities: [Authority] = []
        let documents = (try? PEMDocument.parseMultiple(pemString: String(decoding: bundle, as: UTF8.self))) ?? []
        for document in documents where document.discriminator == "CERTIFICATE" {
            guard let certificate = try? Certificate(derEncoded: document.derBytes) else { throw .noAuthority }
            guard Self.mayIssue(certificate) else { throw .notAnAuthority(subject: "\(certificate.subject)") }
            authorities.append(Authority(certificate: certificate))
        }
        guard !authorities.isEmpty else { throw .noAuthority }
        let parsed = try lists.map { bytes throws(Problem) in try Self.parse(lists: bytes) } ?? []
        for list in parsed {
            let name = "\(list.issuer)"
            guard let index = authorities.firstIndex(where: { list.isIssued(by: $0.certificate) }) else {
                throw .unknownIssuer(name)
            }
            if let known = authorities[index].list, list.begins <= known.begins { continue }
            authorities[index].list = list
        }
        self.authorities = authorities
        checksRevocation = lists != nil
        listsEnd = authorities.compactMap { $0.list?.ends }.min()
    }

    /// Checks a certificate whose chain the handshake, this one or the one that is resumed, has verified.
    ///
    /// With lists every authority between the certificate and a root must be in the bundle and have one that is not stale.
    public func check(_ certificate: ClientCertificate, at now: WallInstant) throws(Fault) {
        guard certificate.validFrom <= now, now < certificate.validUntil else {
            throw Fault(.accept, .tlsCertificateExpired)
        }
        guard certificate.mayAuthenticateClients else { throw Fault(.accept, .tlsCertificateInvalid) }
        guard checksRevocation else { return }
        var current = certificate.certificate
        for _ in 0..<Self.maximumDepth {
            guard let issuer = issuer(of: current), let list = issuer.list else {
                throw Fault(.accept, .tlsRevocationUnknown)
            }
            guard list.begins <= now, now < list.ends else { throw Fault(.accept, .tlsRevocationUnknown) }
            guard !list.serials.contains(current.serialNumber.bytes) else {
                throw Fault(.accept, .tlsCertificateRevoked)
            }
            // A root vouches for itself: nobody above it could revoke it.
            if issuer.certificate.subject == issuer.certificate.issuer { return }
            current = issuer.certificate
        }
        throw Fault(.accept, .tlsRevocationUnknown)
    }

    /// Whether the bundle alone leads from the certificate to a root: what `explain` goes by, where the TLS library has not
    /// verified the chain.
    public func vouch(for certificate: ClientCertificate) -> Bool {
        var current = certificate.certificate
        for _ in 0..<Self.maximumDepth {
            guard let issuer = issuer(of: current) else { return false }
            if issuer.certificate.subject == issuer.certificate.issuer { return true }
            current = issuer.certificate
        }
        return false
    }

    private func issuer(of certificate: Certificate) -> Authority? {
        authorities.first {
            $0.certificate.subject == certificate.issuer
                && $0.certificate.publicKey.isValidSignature(certificate.signature, for: certificate)
        }
    }

    /// RFC 5280 §4.2.1.9, §4.2.1.3.
    private static func mayIssue(_ certificate: Certificate) -> Bool {
        guard let constraints = try? certificate.extensions.basicConstraints,
            case .isCertificateAuthority = constraints
        else { return false }
        guard let usage = try? certificate.extensions.keyUsage else { return true }
        return usage.keyCertSign
    }

    private static func parse(lists bytes: [UInt8]) throws(Problem) -> [RevocationList] {
        var encoded: [[UInt8]] = []
        // DER begins with a SEQUENCE; PEM is text.
        if bytes.first == 0x30 {
            encoded = [bytes]
        } else {
            let documents = (try? PEMDocument.parseMultiple(pemString: String(decoding: bytes, as: UTF8.self))) ?? []
            encoded = documents.filter { $0.discriminator == "X509 CRL" }.map(\.derBytes)
        }
        guard !encoded.isEmpty else { throw .noList }
        var lists: [RevocationList] = []
        for der in encoded {
            do throws(RevocationList.Problem) { lists.append(try RevocationList(der: der)) } catch {
                throw .badList(error.rawValue)
            }
        }
        return lists
    }
}
