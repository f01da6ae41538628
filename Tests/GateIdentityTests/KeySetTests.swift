import GateIdentity
import Testing

@Suite struct KeySetTests {
    private func problem(_ key: JSONNode) -> JSONWebKey.Problem? {
        do throws(JSONWebKey.Problem) {
            _ = try JSONWebKey(key)
            return nil
        } catch {
            return error
        }
    }

    private func setProblem(_ text: String) -> KeySet.Problem? {
        let bytes = [UInt8](text.utf8)
        do throws(KeySet.Problem) {
            _ = try KeySet(bytes.span)
            return nil
        } catch {
            return error
        }
    }

    /// The public JWK of a new key with some members replaced (nil: left out).
    private func jwk(_ algorithm: JWSAlgorithm, _ changes: [(String, JSONNode?)] = []) throws -> JSONNode {
        guard case .object(let members) = try DevelopmentKey.generate(algorithm, keyID: "k").publicJWK() else {
            throw DevelopmentKey.Problem.malformed
        }
        var list = members.map { (String(decoding: $0.name, as: UTF8.self), $0.value) }
        for (name, value) in changes {
            list.removeAll { $0.0 == name }
            if let value { list.append((name, value)) }
        }
        return .object(list)
    }

    @Test(arguments: JWSAlgorithm.allCases)
    func theAlgorithmOfAKeyIsItsAlgOrWhatItsTypeAllows(algorithm: JWSAlgorithm) throws {
        #expect(try JSONWebKey(jwk(algorithm)).algorithms == AlgorithmSet([algorithm]))
        let open = try JSONWebKey(jwk(algorithm, [("alg", nil)])).algorithms
        #expect(open.contains(algorithm))
        #expect(
            open.algorithms.count
                == (algorithm.name.dropFirst().hasPrefix("S") && !algorithm.name.hasPrefix("ES") ? 6 : 1))
    }

    // attacks 45
    @Test func anAlgorithmThatDoesNotGoWithTheKeyIsRefused() throws {
        #expect(problem(try jwk(.es256, [("alg", .text("ES384"))])) == .algorithm)
        #expect(problem(try jwk(.es256, [("alg", .text("RS256"))])) == .algorithm)
        #expect(problem(try jwk(.rs256, [("alg", .text("HS256"))])) == .algorithm)
        #expect(problem(try jwk(.rs256, [("alg", .text("none"))])) == .algorithm)
        #expect(problem(try jwk(.edDSA, [("alg", .integer(1))])) == .algorithm)
    }

    @Test func aKeyForAnotherPurposeIsNotUsed() throws {
        #expect(problem(try jwk(.es256, [("use", nil)])) == nil)
        #expect(problem(try jwk(.es256, [("use", .text("enc"))])) == .notForSignatures)
        #expect(problem(try jwk(.es256, [("use", .null)])) == .notForSignatures)
        #expect(problem(try jwk(.es256, [("key_ops", .array([.text("verify")]))])) == nil)
        #expect(problem(try jwk(.es256, [("key_ops", .array([.text("encrypt")]))])) == .notForSignatures)
        #expect(problem(try jwk(.es256, [("key_ops", .array([]))])) == .notForSignatures)
        #expect(problem(try jwk(.es256, [("key_ops", .text("verify"))])) == .notForSignatures)
    }

    @Test(arguments: [JWSAlgorithm.es256, .rs256, .edDSA])
    func aPrivateKeyIsNotUsed(algorithm: JWSAlgorithm) throws {
        #expect(problem(try DevelopmentKey.generate(algorithm, keyID: "k").privateJWK()) == .privateKey)
    }

    @Test func aKidIsAStringOfOneTo256Bytes() throws {
        func kid(_ length: Int) -> JSONNode { .text(String(repeating: "k", count: length)) }
        #expect(problem(try jwk(.edDSA, [("kid", nil)])) == nil)
        #expect(problem(try jwk(.edDSA, [("kid", kid(255))])) == nil)
        #expect(problem(try jwk(.edDSA, [("kid", kid(256))])) == nil)
        #expect(problem(try jwk(.edDSA, [("kid", kid(257))])) == .keyID)
        #expect(problem(try jwk(.edDSA, [("kid", kid(0))])) == .keyID)
        #expect(problem(try jwk(.edDSA, [("kid", .integer(1))])) == .keyID)
    }

    @Test func unknownTypesAndCurvesAreNotUsed() throws {
        #expect(problem(try json(#"{"kty":"oct","k":"AAAA"}"#)) == .unknownType)
        #expect(problem(try json(#"{"kty":"AKP"}"#)) == .unknownType)
        #expect(problem(try json(#"{}"#)) == .unknownType)
        #expect(problem(try json(#"[]"#)) == .malformed)
        #expect(problem(try jwk(.es256, [("crv", .text("secp256k1"))])) == .unknownCurve)
        #expect(problem(try jwk(.es256, [("crv", .text("P-384"))])) == .malformed)
        #expect(problem(try jwk(.edDSA, [("crv", .text("X25519"))])) == .unknownCurve)
    }

    @Test func aPointOffItsCurveOrOfAnotherLengthIsRefused() throws {
        let point = try jwk(.es256)
        let x = try #require(point["x"]?.string)
        let bytes = try #require(decoded(x))
        var other = bytes
        other[31] ^= 1
        for changed in [other, Array(bytes.dropLast()), [0] + bytes, []] {
            #expect(problem(try jwk(.es256, [("x", .string(Base64URL.encode(changed)))])) == .malformed)
        }
        #expect(problem(try jwk(.es256, [("x", .string(x + [0x3D]))])) == .malformed)
        #expect(problem(try jwk(.es256, [("y", nil)])) == .malformed)
        #expect(problem(try jwk(.edDSA, [("x", .string(Base64URL.encode(Array(bytes.dropLast()))))])) == .malformed)
    }

    @Test func theSizeOfAnRSAKeyIsBounded() throws {
        func modulus(bits: Int) -> JSONNode {
            var bytes = [UInt8](repeating: 0xA7, count: (bits + 7) / 8)
            bytes[0] = UInt8(truncatingIfNeeded: 1 << ((bits - 1) % 8))
            return .string(Base64URL.encode(bytes))
        }
        // LIMIT: 2048 to 8192 bits.
        #expect(problem(try jwk(.rs256, [("n", modulus(bits: 2047))])) == .size)
        #expect(problem(try jwk(.rs256, [("n", modulus(bits: 2048))])) == nil)
        #expect(problem(try jwk(.rs256, [("n", modulus(bits: 2049))])) == nil)
        #expect(problem(try jwk(.rs256, [("n", modulus(bits: 8192))])) == nil)
        #expect(problem(try jwk(.rs256, [("n", modulus(bits: 8193))])) == .size)
        #expect(
            problem(try jwk(.rs256, [("n", .string(Base64URL.encode([0] + [UInt8](repeating: 0xA7, count: 256))))]))
                == .malformed)
        #expect(
            problem(try jwk(.rs256, [("n", .string(Base64URL.encode([UInt8](repeating: 0xA6, count: 256))))]))
                == .malformed)
    }

    @Test func anRSAExponentIsOddAndBetween65537And32Bits() throws {
        func exponent(_ bytes: [UInt8]) -> [(String, JSONNode?)] { [("e", .string(Base64URL.encode(bytes)))] }
        #expect(problem(try jwk(.rs256, exponent([1]))) == .exponent)
        #expect(problem(try jwk(.rs256, exponent([3]))) == .exponent)
        #expect(problem(try jwk(.rs256, exponent([0xFF, 0xFF]))) == .exponent)
        #expect(problem(try jwk(.rs256, exponent([1, 0, 0]))) == .exponent)
        #expect(problem(try jwk(.rs256, exponent([1, 0, 1]))) == nil)
        #expect(problem(try jwk(.rs256, exponent([0xFF, 0xFF, 0xFF, 0xFF]))) == nil)
        #expect(problem(try jwk(.rs256, exponent([1, 0, 0, 0, 1]))) == .exponent)
        #expect(problem(try jwk(.rs256, exponent([0, 1, 0, 1]))) == .malformed)
    }

    @Test func aModulusThatGivesItsFactorsAwayIsRefused() throws {
        // A power of 65537 is one modulo every prime: the form of CVE-2017-15361.
        var modulus: [UInt8] = [1]
        for _ in 0..<200 {
            var carry: UInt32 = 0
            for index in modulus.indices.reversed() {
                let product = UInt32(modulus[index]) * 65537 + carry
                modulus[index] = UInt8(truncatingIfNeeded: product)
                carry = product >> 8
            }
            while carry > 0 {
                modulus.insert(UInt8(truncatingIfNeeded: carry), at: 0)
                carry >>= 8
            }
            if modulus.count >= 257 { break }
        }
        #expect(problem(try jwk(.rs256, [("n", .string(Base64URL.encode(modulus)))])) == .weak)
    }

    @Test func aKeyThatCannotBeUsedIsSkippedAndTheOthersServe() throws {
        let good = try DevelopmentKey.generate(.es256, keyID: "good")
        let set = try TestIssuer.set([
            try json(#"{"kty":"oct","k":"AAAA","kid":"secret"}"#), .integer(7), good.publicJWK(),
            try json(#"{"kty":"EC","crv":"P-521","x":"AA","y":"AA","kid":"large"}"#),
        ])
        #expect(set.keys.map(\.keyID) == [[UInt8]("good".utf8)])
        #expect(set.skipped.map(\.index) == [0, 1, 3])
        #expect(set.skipped.map(\.problem) == [.unknownType, .malformed, .unknownCurve])
        #expect(set.skipped[0].keyID == [UInt8]("secret".utf8))
    }

    // attacks 52
    @Test func aKidThatTwoKeysShareNamesNeither() throws {
        let issuer = try TestIssuer(keyID: "same")
        let other = try TestIssuer(.es256, keyID: "same")
        let third = try TestIssuer(keyID: "third")
        let set = try TestIssuer.set([issuer.key.publicJWK(), other.key.publicJWK(), third.key.publicJWK()])
        #expect(set.keys.map(\.keyID) == [[UInt8]("third".utf8)])
        #expect(set.skipped.map(\.problem) == [.duplicateKeyID, .duplicateKeyID])
        #expect(issuer.judge(try issuer.token(), keys: set) == "keyUnknown")
        #expect(issuer.judge(try third.token(), keys: set) == "verified")
        #expect(setProblem("{\"keys\":[]}") == .noUsableKey([]))
    }

    // attacks 52
    @Test(arguments: [
        "<html><body>It works!</body></html>", "", "{}", "[]", "{\"keys\":{}}", "{\"keys\":null}", "null",
    ])
    func whatIsNoKeySetIsRefused(text: String) {
        #expect(setProblem(text) != nil)
    }

    // attacks 52
    @Test func theSizeOfASetIsBounded() throws {
        let key = JSONNode.object([("kty", .text("oct"))])
        func set(_ count: Int) throws -> String {
            let good = try DevelopmentKey.generate(.edDSA, keyID: "k").publicJWK()
            let keys = [good] + Array(repeating: key, count: count - 1)
            return String(decoding: JSONNode.object([("keys", .array(keys))]).text, as: UTF8.self)
        }
        #expect(setProblem(try set(99)) == nil)
        #expect(setProblem(try set(KeySet.maxKeys)) == nil)
        #expect(setProblem(try set(KeySet.maxKeys + 1)) == .tooLarge)
        let text = try set(1)
        func padded(_ size: Int) -> String { text + String(repeating: " ", count: size - text.utf8.count) }
        #expect(setProblem(padded(KeySet.maxBytes)) == nil)
        #expect(setProblem(padded(KeySet.maxBytes + 1)) == .tooLarge)
    }

    @Test func theFingerprintChangesWithTheBytes() throws {
        let key = try DevelopmentKey.generate(.edDSA, keyID: "k").publicJWK()
        let other = try DevelopmentKey.generate(.edDSA, keyID: "k").publicJWK()
        #expect(try TestIssuer.set([key]).fingerprint == TestIssuer.set([key]).fingerprint)
        #expect(try TestIssuer.set([key]).fingerprint != TestIssuer.set([other]).fingerprint)
        // FIPS 180-4, SHA-256 of "abc".
        #expect(Fingerprint(of: [UInt8]("abc".utf8)).hex == "ba7816bf8f01cfea414140de5dae2223")
    }

    @Test(arguments: JWSAlgorithm.allCases)
    func aPrivateJWKReadsBackAndSignsForItsPublicHalf(algorithm: JWSAlgorithm) throws {
        let key = try DevelopmentKey.generate(algorithm, keyID: "k1")
        let text = try key.privateJWK().text
        let back = try DevelopmentKey(jwk: text.span)
        let keys = try TestIssuer.set([key.publicJWK()])
        let token = try DevelopmentToken.mint(claims: TestIssuer.claims(), key: back)
        #expect(try SignedPayload.verify(token.span, keys: keys) == TestIssuer.claims().text)
    }
}
