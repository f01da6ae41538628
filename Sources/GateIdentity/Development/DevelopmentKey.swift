import Crypto
import CryptoExtras
import SwiftASN1

/// A private key for development and tests: made, stored as a private JWK, and used to sign tokens.
///
/// The gateway itself never signs a token: what stands here serves `portcullis token`, the demo and the tests.
public struct DevelopmentKey: Sendable {
    /// Why a private JWK cannot be used.
    public enum Problem: String, Error, Sendable {
        /// Not a JSON object with `kty`, `alg`, `kid` and the private members of its type.
        case malformed
        /// An algorithm that is not signed with here.
        case algorithm
        /// The cryptographic library refused the key or the operation.
        case refused
    }

    private enum Material: Sendable {
        case p256(P256.Signing.PrivateKey)
        case p384(P384.Signing.PrivateKey)
        case rsa(_RSA.Signing.PrivateKey)
        case ed25519(Curve25519.Signing.PrivateKey)
    }

    /// The algorithm that the key signs with.
    public let algorithm: JWSAlgorithm
    /// The key's name.
    public let keyID: String
    private let material: Material

    /// A new key for `algorithm`; RSA keys have 2048 bits.
    public static func generate(_ algorithm: JWSAlgorithm, keyID: String) throws(Problem) -> DevelopmentKey {
        let material: Material
        switch algorithm {
        case .es256: material = .p256(P256.Signing.PrivateKey())
        case .es384: material = .p384(P384.Signing.PrivateKey())
        case .edDSA: material = .ed25519(Curve25519.Signing.PrivateKey())
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512:
            guard let key = try? _RSA.Signing.PrivateKey(keySize: .bits2048) else { throw .refused }
            material = .rsa(key)
        }
        return DevelopmentKey(algorithm: algorithm, keyID: keyID, material: material)
    }

    private init(algorithm: JWSAlgorithm, keyID: String, material: Material) {
        self.algorithm = algorithm
        self.keyID = keyID
        self.material = material
    }

    /// The key that a private JWK holds.
    public init(jwk bytes: Span<UInt8>) throws(Problem) {
        guard let value = try? JSONReader.read(bytes), let type = value["kty"]?.string,
            let keyID = value["kid"]?.string, let name = value["alg"]?.string
        else { throw .malformed }
        guard let algorithm = JWSAlgorithm(name: name) else { throw .algorithm }
        let secret = try DevelopmentKey.octets(value, "d")
        let material: Material
        switch (String(decoding: type, as: UTF8.self), algorithm) {
        case ("EC", .es256):
            guard let key = try? P256.Signing.PrivateKey(rawRepresentation: secret) else { throw .refused }
            material = .p256(key)
        case ("EC", .es384):
            guard let key = try? P384.Signing.PrivateKey(rawRepresentation: secret) else { throw .refused }
            material = .p384(key)
        case ("OKP", .edDSA):
            guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: secret) else { throw .refused }
            material = .ed25519(key)
        case ("RSA", .rs256), ("RSA", .rs384), ("RSA", .rs512), ("RSA", .ps256), ("RSA", .ps384), ("RSA", .ps512):
            let modulus = try DevelopmentKey.octets(value, "n")
            let exponent = try DevelopmentKey.octets(value, "e")
            let first = try DevelopmentKey.octets(value, "p")
            let second = try DevelopmentKey.octets(value, "q")
            guard
                let key = try? _RSA.Signing.PrivateKey(n: modulus, e: exponent, d: secret, p: first, q: second)
            else { throw .refused }
            material = .rsa(key)
        default: throw .algorithm
        }
        self.init(algorithm: algorithm, keyID: String(decoding: keyID, as: UTF8.self), material: material)
    }

    private static func octets(_ value: JSONNode, _ name: String) throws(Problem) -> [UInt8] {
        guard let text = value[name]?.string, let bytes = Base64URL.decode(text.span) else { throw .malformed }
        return bytes
    }

    /// The signature of `input`, in the form that a JWS carries (RFC 7518 §3).
    public func signature(of input: [UInt8]) throws(Problem) -> [UInt8] {
        do {
            switch material {
            case .p256(let key): return [UInt8](try key.signature(for: input).rawRepresentation)
            case .p384(let key): return [UInt8](try key.signature(for: input).rawRepresentation)
            case .ed25519(let key): return [UInt8](try key.signature(for: input))
            case .rsa(let key): return [UInt8](try rsaSignature(key, of: input).rawRepresentation)
            }
        } catch {
            throw .refused
        }
    }

    private func rsaSignature(
        _ key: _RSA.Signing.PrivateKey, of input: [UInt8]
    ) throws -> _RSA.Signing.RSASignature {
        switch algorithm {
        case .rs384: try key.signature(for: SHA384.hash(data: input), padding: .insecurePKCS1v1_5)
        case .rs512: try key.signature(for: SHA512.hash(data: input), padding: .insecurePKCS1v1_5)
        case .ps256: try key.signature(for: SHA256.hash(data: input), padding: .PSS)
        case .ps384: try key.signature(for: SHA384.hash(data: input), padding: .PSS)
        case .ps512: try key.signature(for: SHA512.hash(data: input), padding: .PSS)
        default: try key.signature(for: SHA256.hash(data: input), padding: .insecurePKCS1v1_5)
        }
    }
}

// As JWKs.
extension DevelopmentKey {
    /// The public JWK, with `use`, `alg` and `kid`.
    public func publicJWK() throws(Problem) -> JSONNode { .object(try members().shown) }

    /// The private JWK (RFC 7518 §6.2.2 and §6.3.2, RFC 8037 §2). Whoever has it can sign.
    public func privateJWK() throws(Problem) -> JSONNode {
        let members = try members()
        return .object(members.shown + members.hidden)
    }

    /// The key set that holds the public halves of `keys`.
    public static func keySet(_ keys: [DevelopmentKey]) throws(Problem) -> JSONNode {
        var entries: [JSONNode] = []
        for key in keys { entries.append(try key.publicJWK()) }
        return .object([("keys", .array(entries))])
    }

    private typealias Members = [(String, JSONNode)]

    private func members() throws(Problem) -> (shown: Members, hidden: Members) {
        func encoded(_ bytes: some Sequence<UInt8>) -> JSONNode { .string(Base64URL.encode([UInt8](bytes))) }
        let purpose: Members = [
            ("use", .text("sig")), ("alg", .text(algorithm.name)), ("kid", .text(keyID)),
        ]
        switch material {
        case .p256(let key):
            let point = [UInt8](key.publicKey.rawRepresentation)
            let shown: Members = [
                ("kty", .text("EC")), ("crv", .text("P-256")), ("x", encoded(point.prefix(32))),
                ("y", encoded(point.dropFirst(32))),
            ]
            return (shown + purpose, [("d", encoded(key.rawRepresentation))])
        case .p384(let key):
            let point = [UInt8](key.publicKey.rawRepresentation)
            let shown: Members = [
                ("kty", .text("EC")), ("crv", .text("P-384")), ("x", encoded(point.prefix(48))),
                ("y", encoded(point.dropFirst(48))),
            ]
            return (shown + purpose, [("d", encoded(key.rawRepresentation))])
        case .ed25519(let key):
            let shown: Members = [
                ("kty", .text("OKP")), ("crv", .text("Ed25519")), ("x", encoded(key.publicKey.rawRepresentation)),
            ]
            return (shown + purpose, [("d", encoded(key.rawRepresentation))])
        case .rsa(let key):
            let numbers = try DevelopmentKey.numbers(key)
            let names = ["n", "e", "d", "p", "q", "dp", "dq", "qi"]
            let all = zip(names, numbers).map { ($0, encoded($1)) }
            return ([("kty", .text("RSA"))] + all.prefix(2) + purpose, Members(all.dropFirst(2)))
        }
    }

    /// The eight numbers of RFC 8017 §A.1.2, without leading zeros.
    private static func numbers(_ key: _RSA.Signing.PrivateKey) throws(Problem) -> [ArraySlice<UInt8>] {
        do {
            return try DER.sequence(try DER.parse([UInt8](key.derRepresentation)), identifier: .sequence) { nodes in
                _ = try Int(derEncoded: &nodes)
                var numbers: [ArraySlice<UInt8>] = []
                for _ in 0..<8 { numbers.append(try ArraySlice<UInt8>(derEncoded: &nodes).drop { $0 == 0 }) }
                return numbers
            }
        } catch {
            throw .refused
        }
    }
}
