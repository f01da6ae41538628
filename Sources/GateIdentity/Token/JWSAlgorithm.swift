/// A signature algorithm that a token may be signed with (RFC 7518 §3.1, RFC 8037 §3.1).
///
/// Asymmetric ones alone: there is no HMAC and no `none`, so a public key can never be taken for a secret
/// (attacks 44 and 45).
public enum JWSAlgorithm: UInt8, Sendable, CaseIterable {
    case es256, es384
    case rs256, rs384, rs512
    case ps256, ps384, ps512
    case edDSA

    /// The name in `alg`, compared exactly.
    public var name: String {
        switch self {
        case .es256: "ES256"
        case .es384: "ES384"
        case .rs256: "RS256"
        case .rs384: "RS384"
        case .rs512: "RS512"
        case .ps256: "PS256"
        case .ps384: "PS384"
        case .ps512: "PS512"
        case .edDSA: "EdDSA"
        }
    }

    /// The algorithm of that exact name, or nil.
    public init?(name: String) { self.init(name: [UInt8](name.utf8)) }

    /// The algorithm whose name is exactly these bytes, or nil.
    ///
    /// RFC 9864 §2.2: `Ed25519` is the newer name of what `EdDSA` means with a key of that curve.
    init?(name: [UInt8]) {
        if let found = JWSAlgorithm.allCases.first(where: { name.elementsEqual($0.name.utf8) }) {
            self = found
        } else if name.elementsEqual("Ed25519".utf8) {
            self = .edDSA
        } else {
            return nil
        }
    }

    /// The signature's length in bytes where the algorithm fixes it; nil for RSA, where the modulus does.
    var signatureLength: Int? {
        switch self {
        // RFC 7518 §3.4: R and S, each as long as the curve's order.
        case .es256: 64
        case .es384: 96
        // RFC 8032 §5.1.6.
        case .edDSA: 64
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512: nil
        }
    }
}

/// A set of signature algorithms.
public struct AlgorithmSet: OptionSet, Hashable, Sendable {
    /// One bit an algorithm.
    public let rawValue: UInt16

    /// The set with these bits.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The set of these algorithms.
    public init(_ algorithms: some Sequence<JWSAlgorithm>) {
        rawValue = algorithms.reduce(0) { $0 | 1 << UInt16($1.rawValue) }
    }

    /// Every algorithm the gateway verifies.
    public static let all = AlgorithmSet(JWSAlgorithm.allCases)
    /// Those of an RSA key.
    static let rsa = AlgorithmSet([.rs256, .rs384, .rs512, .ps256, .ps384, .ps512])

    /// Whether the set holds `algorithm`.
    public func contains(_ algorithm: JWSAlgorithm) -> Bool { rawValue & 1 << UInt16(algorithm.rawValue) != 0 }

    /// The algorithms of the set, in declaration order.
    public var algorithms: [JWSAlgorithm] { JWSAlgorithm.allCases.filter { contains($0) } }
}
