public import GateIdentity
public import GatePrimitives
import NIOSSL

/// What a listener, or one server name of it, asks of its clients' certificates.
///
/// One object for each rule of the configuration: two names with the same rule share it, so that identity of the object
/// is equality of the rule, which decides whether a connection may serve another host (421).
public final class ClientVerification: Sendable {
    /// What becomes of a client without a certificate.
    public enum Mode: Sendable {
        /// None is asked for.
        case off
        /// It is let in; a certificate that is presented must be good.
        case request
        /// It is refused.
        case require
    }

    /// What becomes of a client without a certificate.
    public let mode: Mode
    /// Who vouches for clients; nil where none is asked.
    public let authorities: ClientAuthorities?
    let roots: [NIOSSLCertificate]

    /// The rule that asks for nothing.
    public static let off = ClientVerification()

    private init() { (mode, authorities, roots) = (.off, nil, []) }

    /// A rule with these authorities, in PEM.
    ///
    /// - Throws: `ClientAuthorities.Problem` where the TLS library does not read the bundle.
    public init(
        isRequired: Bool, authorities: ClientAuthorities, bundle: [UInt8]
    ) throws(ClientAuthorities.Problem) {
        mode = isRequired ? .require : .request
        self.authorities = authorities
        do { roots = try NIOSSLCertificate.fromPEMBytes(bundle) } catch { throw .noAuthority }
    }

    /// What is known of the client once the handshake, resumed or not, is complete; nil where it showed no certificate.
    ///
    /// The library verified the chain in the full handshake. Everything that can change since, and what it does not look
    /// at, is checked here each time (attacks 39, 82).
    func verify(_ peer: NIOSSLCertificate?, at now: WallInstant) throws(Fault) -> ClientCertificate? {
        guard mode != .off else { return nil }
        let der: [UInt8]?
        do { der = try peer?.toDERBytes() } catch { throw Fault(.accept, .tlsCertificateInvalid) }
        return try read(der, at: now)
    }

    /// As a handshake with this certificate, in DER, would end, without one: `explain` asks.
    ///
    /// Without the library the chain is followed in the bundle alone, not through what a client would send along.
    public func explain(_ der: [UInt8]?, at now: WallInstant) throws(Fault) -> ClientCertificate? {
        guard let certificate = try read(der, at: now) else { return nil }
        guard let authorities, authorities.vouch(for: certificate) else {
            throw Fault(.accept, .tlsCertificateInvalid)
        }
        return certificate
    }

    private func read(_ der: [UInt8]?, at now: WallInstant) throws(Fault) -> ClientCertificate? {
        guard let authorities else { return nil }
        guard let der else {
            guard mode == .require else { return nil }
            throw Fault(.accept, .tlsCertificateMissing)
        }
        let certificate: ClientCertificate
        do throws(ClientCertificate.Problem) {
            certificate = try ClientCertificate(der: der, authorities: authorities.path)
        } catch { throw Fault(.accept, .tlsCertificateInvalid) }
        try authorities.check(certificate, at: now)
        return certificate
    }

    /// Why the library refused the handshake, as far as its words tell: BoringSSL's names of errors are part of its
    /// interface, and anything else is `tls_failed`.
    static func reason(of error: any Error) -> Reason {
        let words = String(describing: error)
        if words.contains("PEER_DID_NOT_RETURN_A_CERTIFICATE") { return .tlsCertificateMissing }
        if words.contains("CERTIFICATE_VERIFY_FAILED") { return .tlsCertificateInvalid }
        return .tlsFailed
    }
}
