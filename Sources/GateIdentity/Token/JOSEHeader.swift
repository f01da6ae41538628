import GatePrimitives

/// The header of a signed token, as far as it is looked at (RFC 7515 §4).
///
/// `jku`, `jwk`, `x5u`, `x5c` and whatever else names or carries a key are not read: keys come from the
/// configuration (RFC 8725 §3.10, attacks 46).
struct JOSEHeader {
    /// Which `typ` values pass.
    enum Types {
        /// `JWT`, `at+jwt` (RFC 9068 §2.1), or none.
        case accessToken
        /// Any: for payloads that are no claims.
        case any
    }

    /// `alg`, one of the allowed.
    let algorithm: JWSAlgorithm
    /// `kid`, if there is one.
    let keyID: [UInt8]?

    /// Reads and judges a header.
    init(_ json: Span<UInt8>, algorithms: AlgorithmSet, types: Types) throws(Fault) {
        guard let header = try? JSONReader.read(json), header.isObject else { throw Fault(.admit, .jwtMalformed) }
        // RFC 7516 §4.1, RFC 7518 §4.8.1: members of an encrypted token; no key is ever derived (attacks 51).
        for member in ["enc", "zip", "p2c", "p2s"] where header[member] != nil { throw Fault(.admit, .jwtType) }
        // RFC 7515 §4.1.11: no extension is implemented, so whatever stands in crit is not understood. RFC 7797 §3:
        // b64 changes what is signed (attacks 47).
        guard header["crit"] == nil, header["b64"] == nil else { throw Fault(.admit, .jwtCrit) }
        guard let name = header["alg"]?.string, let algorithm = JWSAlgorithm(name: name),
            algorithms.contains(algorithm)
        else { throw Fault(.admit, .jwtAlg) }
        self.algorithm = algorithm
        if let member = header["kid"] {
            guard let text = member.string, !text.isEmpty, text.count <= JSONWebKey.maxKeyIDBytes else {
                throw Fault(.admit, .jwtKid)
            }
            keyID = text
        } else {
            keyID = nil
        }
        if case .accessToken = types, let type = header["typ"] {
            guard let text = type.string, JOSEHeader.isAccessToken(text) else { throw Fault(.admit, .jwtType) }
        }
    }

    private static let acceptedTypes = ["jwt", "at+jwt", "application/jwt", "application/at+jwt"].map {
        [UInt8]($0.utf8)
    }

    /// RFC 7515 §4.1.9: media types are compared without regard to case, `application/` may be left out.
    private static func isAccessToken(_ type: [UInt8]) -> Bool {
        acceptedTypes.contains { Bytes.equalsIgnoringCase(type.span, $0) }
    }
}
