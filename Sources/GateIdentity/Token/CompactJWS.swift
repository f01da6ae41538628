import GatePrimitives

/// A token taken apart (RFC 7515 §7.1), its header read and found acceptable; nothing of it is verified yet.
struct CompactJWS {
    /// The header's own claims, which are not to be believed before the signature is verified.
    let header: JOSEHeader
    /// `header.payload`, the bytes that were signed.
    let signingInput: Range<Int>
    /// The payload, encoded.
    let payload: Range<Int>
    /// The signature.
    let signature: [UInt8]

    /// Takes a token apart: cheap checks first, and no work for what is no signed token (attacks 48, 51).
    init(_ token: Span<UInt8>, maxBytes: Int, algorithms: AlgorithmSet, types: JOSEHeader.Types) throws(Fault) {
        guard token.count <= maxBytes else { throw Fault(.admit, .jwtMalformed) }
        var dots = 0
        var first = 0
        var second = 0
        for index in token.indices where token[index] == 0x2E {
            dots &+= 1
            if dots == 1 { first = index } else if dots == 2 { second = index }
        }
        // RFC 7516 §9: five parts are an encrypted token. Refused before anything of it is decoded.
        guard dots != 4 else { throw Fault(.admit, .jwtType) }
        guard dots == 2 else { throw Fault(.admit, .jwtMalformed) }
        guard let json = Base64URL.decode(token.extracting(0..<first)) else { throw Fault(.admit, .jwtMalformed) }
        header = try JOSEHeader(json.span, algorithms: algorithms, types: types)
        guard let signature = Base64URL.decode(token.extracting(second &+ 1..<token.count)) else {
            throw Fault(.admit, .jwtMalformed)
        }
        self.signature = signature
        signingInput = 0..<second
        payload = first &+ 1..<second
    }

    /// Verifies the signature: yields the payload, or nil where another set may have the key.
    func verifiedPayload(_ token: Span<UInt8>, keys: KeySet) throws(Fault) -> [UInt8]? {
        switch keys.lookup(keyID: header.keyID, algorithm: header.algorithm) {
        case .unknown: return nil
        case .wrongAlgorithm: throw Fault(.admit, .jwtAlg)
        case .ambiguous: throw Fault(.admit, .jwtKid)
        case .found(let key):
            guard signature.count == key.signatureLength(header.algorithm) else { throw Fault(.admit, .jwtMalformed) }
            guard
                key.isValid(signature: signature, of: token.extracting(signingInput), algorithm: header.algorithm)
            else { throw Fault(.admit, .jwtSignature) }
            return try decodedPayload(token)
        }
    }

    /// The payload's bytes, verified or not.
    func decodedPayload(_ token: Span<UInt8>) throws(Fault) -> [UInt8] {
        guard let bytes = Base64URL.decode(token.extracting(payload)) else { throw Fault(.admit, .jwtMalformed) }
        return bytes
    }
}
