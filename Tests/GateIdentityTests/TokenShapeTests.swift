import GateIdentity
import GatePrimitives
import Testing

/// attacks 48: a token has one spelling.
@Suite struct TokenShapeTests {
    let issuer: TestIssuer
    let token: [UInt8]

    init() throws {
        issuer = try TestIssuer()
        token = try issuer.token()
    }

    private func parts() -> [[UInt8]] { token.split(separator: 0x2E).map { [UInt8]($0) } }

    @Test func onlyThreePartsAreATwoDottedToken() {
        let parts = parts()
        #expect(issuer.judge(parts[0]) == "jwt_malformed")
        #expect(issuer.judge(parts[0] + [0x2E] + parts[1]) == "jwt_malformed")
        #expect(issuer.judge(token + [0x2E] + parts[2]) == "jwt_malformed")
        #expect(issuer.judge(token + [0x2E]) == "jwt_malformed")
        #expect(issuer.judge(token + [UInt8](".a.b.c".utf8)) == "jwt_malformed")
        #expect(issuer.judge([]) == "jwt_malformed")
        #expect(issuer.judge([0x2E, 0x2E]) == "jwt_malformed")
        #expect(issuer.judge(parts[0] + [0x2E, 0x2E] + parts[2]) == "jwt_signature")
        #expect(issuer.judge(parts[0] + [0x2E] + parts[1] + [0x2E]) == "jwt_malformed")
    }

    @Test func paddingSpacesAndOtherBytesAreRefusedInEveryPart() {
        let parts = parts()
        for index in 0..<3 {
            for extra in ["=", "==", " ", "\n", "\t", "+", "/", "%3D", "é", "\u{0}"] {
                var changed = parts
                changed[index] += [UInt8](extra.utf8)
                #expect(issuer.judge([UInt8](changed.joined(separator: [0x2E]))) != "verified")
            }
        }
        #expect(issuer.judge([0x20] + token) == "jwt_malformed")
        #expect(issuer.judge(token + [0x0A]) == "jwt_malformed")
    }

    @Test func unusedBitsOfTheSignatureMustBeZero() throws {
        // 64 bytes end in a letter of two bits: four unused ones, which decode away in a lenient reader.
        let alphabet = [UInt8]("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        let last = try #require(token.last)
        let value = try #require(alphabet.firstIndex(of: last))
        for twin in 1..<16 {
            var changed = token
            changed[changed.count - 1] = alphabet[value ^ twin]
            #expect(issuer.judge(changed) == "jwt_malformed")
        }
    }

    @Test func aSignatureOfAnotherLengthIsRefused() throws {
        let parts = parts()
        let signature = try #require(decoded(parts[2]))
        for changed in [signature + [0], [0] + signature, Array(signature.dropLast()), signature + signature, [0]] {
            let text = parts[0] + [0x2E] + parts[1] + [0x2E] + Base64URL.encode(changed)
            #expect(issuer.judge(text) == "jwt_malformed")
        }
    }

    @Test func aSignatureOfZerosIsRefused() throws {
        for algorithm in [JWSAlgorithm.es256, .es384, .edDSA, .rs256] {
            let issuer = try TestIssuer(algorithm)
            let parts = try issuer.token().split(separator: 0x2E).map { [UInt8]($0) }
            let signature = try #require(decoded(parts[2]))
            for filler in [UInt8(0), 0xFF] {
                let forged = [UInt8](repeating: filler, count: signature.count)
                let text = parts[0] + [0x2E] + parts[1] + [0x2E] + Base64URL.encode(forged)
                #expect(issuer.judge(text) == "jwt_signature")
            }
        }
    }

    @Test func theJSONSerialisationIsRefused() {
        let parts = parts().map { String(decoding: $0, as: UTF8.self) }
        let text = #"{"payload":"\#(parts[1])","protected":"\#(parts[0])","signature":"\#(parts[2])"}"#
        #expect(issuer.judge([UInt8](text.utf8)) == "jwt_malformed")
        #expect(issuer.judge([UInt8]((text + "..").utf8)) == "jwt_malformed")
    }

    @Test func duplicateMembersAreRefusedInHeaderAndClaims() throws {
        let header = [UInt8](#"{"alg":"EdDSA","kid":"k1","kid":"k1"}"#.utf8)
        let forged = Base64URL.encode(header) + token.drop { $0 != 0x2E }
        #expect(issuer.judge(forged) == "jwt_malformed")
        let claims = String(decoding: TestIssuer.claims().text.dropLast(), as: UTF8.self)
        #expect(issuer.judge(try issuer.token(payload: claims + #","sub":"root"}"#)) == "jwt_malformed")
        #expect(issuer.judge(try issuer.token(payload: claims + #","\u0073ub":"root"}"#)) == "jwt_malformed")
    }

    @Test(arguments: ["", "[]", "\"x\"", "1", "null", "{", "{}x", "not json", "\u{FEFF}{}"])
    func claimsThatAreNoObjectAreRefused(payload: String) throws {
        #expect(issuer.judge(try issuer.token(payload: payload)) == "jwt_malformed")
    }

    @Test func theSizeOfATokenIsBounded() throws {
        for (limit, verdict) in [
            (token.count + 1, "verified"), (token.count, "verified"), (token.count - 1, "jwt_malformed"),
        ] {
            #expect(issuer.judge(token, policy: TestIssuer.policy(maxTokenBytes: limit)) == verdict)
        }
        #expect(issuer.judge([UInt8](repeating: 0x41, count: 1 << 20)) == "jwt_malformed")
        #expect(issuer.judge([UInt8](repeating: 0x2E, count: 1 << 20)) == "jwt_malformed")
    }
}
