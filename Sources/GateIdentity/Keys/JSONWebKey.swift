import Crypto
import CryptoExtras

/// A public key that verifies signatures, read from a JWK (RFC 7517, RFC 7518 §6, RFC 8037 §2).
public struct JSONWebKey: Sendable {
    /// Why a key of a set is not used; the set's other keys are.
    public enum Problem: String, Error, Sendable, CaseIterable {
        /// `kty` is missing or of a kind that is not verified with (`oct` above all: there is no HMAC).
        case unknownType = "unknown_type"
        /// `crv` is none of P-256, P-384, Ed25519.
        case unknownCurve = "unknown_curve"
        /// `alg` is not verified here, or does not go with `kty` and `crv`.
        case algorithm
        /// `use` is not `sig`, or `key_ops` lacks `verify`.
        case notForSignatures = "not_for_signatures"
        /// It holds private members: whoever can read the set can sign.
        case privateKey = "private_key"
        /// RSA below 2048 or above 8192 bits.
        case size
        /// An RSA exponent that is even, below 65537 or above 32 bits.
        case exponent
        /// An RSA modulus of the kind that can be factored from its form (ROCA, CVE-2017-15361).
        case weak
        /// A member is missing, of the wrong type, length or spelling, or the point is not on its curve.
        case malformed
        /// `kid` is no string, empty, or longer than 256 bytes.
        case keyID = "key_id"
        /// Another key of the set has the same `kid`: neither is used.
        case duplicateKeyID = "duplicate_key_id"
    }

    enum Material: Sendable {
        case p256(P256.Signing.PublicKey)
        case p384(P384.Signing.PublicKey)
        case rsa(_RSA.Signing.PublicKey, modulusLength: Int)
        case ed25519(Curve25519.Signing.PublicKey)
    }

    /// LIMIT: bytes of a `kid`; it is a map key and nothing else (attacks 46).
    public static let maxKeyIDBytes = 256
    /// LIMIT: bits of an RSA modulus, least: below it is forgeable (RFC 7518 §3.3).
    static let minModulusBits = 2048
    /// LIMIT: bits of an RSA modulus, most: verification grows with its square.
    static let maxModulusBits = 8192

    /// `kid`, if the key has one.
    public let keyID: [UInt8]?
    /// The algorithms that the key may verify: the one of `alg`, else those of its type and curve.
    public let algorithms: AlgorithmSet
    let material: Material

    /// The key that a JWK describes.
    public init(_ value: JSONNode) throws(Problem) {
        guard value.isObject else { throw .malformed }
        try JSONWebKey.checkPurpose(value)
        keyID = try JSONWebKey.keyID(value)
        guard let type = value["kty"]?.string else { throw .unknownType }
        let (material, natural): (Material, AlgorithmSet)
        switch String(decoding: type, as: UTF8.self) {
        case "EC": (material, natural) = try JSONWebKey.ellipticCurve(value)
        case "RSA": (material, natural) = (try JSONWebKey.rsa(value), .rsa)
        case "OKP": (material, natural) = (try JSONWebKey.octetKeyPair(value), AlgorithmSet([.edDSA]))
        default: throw .unknownType
        }
        self.material = material
        // RFC 8725 §3.1: the algorithm belongs to the key, whatever a token says (attacks 45).
        if let name = value["alg"] {
            guard let text = name.string, let algorithm = JWSAlgorithm(name: text), natural.contains(algorithm) else {
                throw .algorithm
            }
            algorithms = AlgorithmSet([algorithm])
        } else {
            algorithms = natural
        }
    }

    /// The signature's length in bytes under `algorithm`.
    func signatureLength(_ algorithm: JWSAlgorithm) -> Int {
        if case .rsa(_, let modulusLength) = material { modulusLength } else { algorithm.signatureLength ?? 0 }
    }

    private static func checkPurpose(_ value: JSONNode) throws(Problem) {
        // RFC 7517 §4.2 and §4.3.
        if let use = value["use"] {
            guard use == .string([UInt8]("sig".utf8)) else { throw .notForSignatures }
        }
        if let operations = value["key_ops"] {
            guard let names = operations.strings, names.contains([UInt8]("verify".utf8)) else {
                throw .notForSignatures
            }
        }
        guard value["d"] == nil, value["p"] == nil, value["q"] == nil else { throw .privateKey }
    }

    private static func keyID(_ value: JSONNode) throws(Problem) -> [UInt8]? {
        guard let member = value["kid"] else { return nil }
        guard let text = member.string, !text.isEmpty, text.count <= maxKeyIDBytes else { throw .keyID }
        return text
    }

    private static func octets(_ value: JSONNode, _ name: String) throws(Problem) -> [UInt8] {
        guard let text = value[name]?.string, let bytes = Base64URL.decode(text.span), !bytes.isEmpty else {
            throw .malformed
        }
        return bytes
    }

    private static func ellipticCurve(_ value: JSONNode) throws(Problem) -> (Material, AlgorithmSet) {
        guard let curve = value["crv"]?.string else { throw .malformed }
        let x = try octets(value, "x")
        let y = try octets(value, "y")
        // X9.62 §4.3.6, uncompressed; the library refuses a point that is not on the curve.
        let point = [0x04] + x + y
        switch String(decoding: curve, as: UTF8.self) {
        case "P-256":
            // RFC 7518 §6.2.1.2: the full size of a coordinate, leading zeros included.
            guard x.count == 32, y.count == 32,
                let key = try? P256.Signing.PublicKey(x963Representation: point)
            else { throw .malformed }
            return (.p256(key), AlgorithmSet([.es256]))
        case "P-384":
            guard x.count == 48, y.count == 48,
                let key = try? P384.Signing.PublicKey(x963Representation: point)
            else { throw .malformed }
            return (.p384(key), AlgorithmSet([.es384]))
        default: throw .unknownCurve
        }
    }

    private static func rsa(_ value: JSONNode) throws(Problem) -> Material {
        let modulus = try octets(value, "n")
        let exponent = try octets(value, "e")
        // RFC 7518 §2: the shortest form, so without leading zeros.
        guard let top = modulus.first, let bottom = modulus.last, top != 0, exponent.first != 0, bottom & 1 == 1 else {
            throw .malformed
        }
        let bits = modulus.count &* 8 &- top.leadingZeroBitCount
        guard bits >= minModulusBits, bits <= maxModulusBits else { throw .size }
        // FIPS 186-5 §5.4: above 2^16 and odd; 32 bits are what libraries agree to verify.
        guard exponent.count <= 4 else { throw .exponent }
        let number = exponent.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard number >= 65537, number & 1 == 1 else { throw .exponent }
        guard !RSAWeakness.isROCA(modulus) else { throw .weak }
        guard let key = try? _RSA.Signing.PublicKey(n: modulus, e: exponent) else { throw .malformed }
        return .rsa(key, modulusLength: modulus.count)
    }

    private static func octetKeyPair(_ value: JSONNode) throws(Problem) -> Material {
        guard let curve = value["crv"]?.string else { throw .malformed }
        guard curve.elementsEqual("Ed25519".utf8) else { throw .unknownCurve }
        let x = try octets(value, "x")
        guard x.count == 32, let key = try? Curve25519.Signing.PublicKey(rawRepresentation: x) else {
            throw .malformed
        }
        return .ed25519(key)
    }
}
