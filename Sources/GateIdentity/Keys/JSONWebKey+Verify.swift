import Crypto
import CryptoExtras

extension JSONWebKey {
    /// Whether `signature` is one of `input` by this key under `algorithm`.
    ///
    /// False where the key does not permit the algorithm or the signature has another length than the algorithm's.
    /// About 60 µs for ES256, 17 µs for RS256; never on the path of a cached token.
    func isValid(signature: [UInt8], of input: Span<UInt8>, algorithm: JWSAlgorithm) -> Bool {
        guard algorithms.contains(algorithm), signature.count == signatureLength(algorithm) else { return false }
        return switch (material, algorithm) {
        case (.p256(let key), .es256):
            if let parsed = try? P256.Signing.ECDSASignature(rawRepresentation: signature) {
                key.isValidSignature(parsed, for: Self.digest(SHA256.self, input))
            } else {
                false
            }
        case (.p384(let key), .es384):
            if let parsed = try? P384.Signing.ECDSASignature(rawRepresentation: signature) {
                key.isValidSignature(parsed, for: Self.digest(SHA384.self, input))
            } else {
                false
            }
        case (.ed25519(let key), .edDSA):
            key.isValidSignature(signature, for: Self.copy(input))
        case (.rsa(let key, _), .rs256), (.rsa(let key, _), .ps256):
            key.isValidSignature(
                _RSA.Signing.RSASignature(rawRepresentation: signature), for: Self.digest(SHA256.self, input),
                padding: algorithm == .ps256 ? .PSS : .insecurePKCS1v1_5)
        case (.rsa(let key, _), .rs384), (.rsa(let key, _), .ps384):
            key.isValidSignature(
                _RSA.Signing.RSASignature(rawRepresentation: signature), for: Self.digest(SHA384.self, input),
                padding: algorithm == .ps384 ? .PSS : .insecurePKCS1v1_5)
        case (.rsa(let key, _), .rs512), (.rsa(let key, _), .ps512):
            key.isValidSignature(
                _RSA.Signing.RSASignature(rawRepresentation: signature), for: Self.digest(SHA512.self, input),
                padding: algorithm == .ps512 ? .PSS : .insecurePKCS1v1_5)
        default: false
        }
    }

    private static func digest<Hash: HashFunction>(_ hash: Hash.Type, _ input: Span<UInt8>) -> Hash.Digest {
        var hasher = hash.init()
        // SAFETY: the pointer is used during the call alone, and hashing does not keep it.
        unsafe input.withUnsafeBytes { unsafe hasher.update(bufferPointer: $0) }
        return hasher.finalize()
    }

    private static func copy(_ input: Span<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(input.count)
        for index in input.indices { bytes.append(input[index]) }
        return bytes
    }
}
