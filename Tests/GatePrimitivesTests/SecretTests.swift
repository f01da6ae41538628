import GatePrimitives
import Testing

@Suite struct SecretTests {
    @Test func aSecretNeverPrints() {
        let secret = Secret("hunter2")
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!"\(secret) \(String(reflecting: secret)) \(dumped) \(["k": secret])".contains("hunter2"))
        #expect("\(secret)" == "<secret>")
    }

    @Test func secretsAreEqualByTheirBytes() {
        #expect(Secret("abc") == Secret("abc"))
        #expect(Secret("abc") != Secret("abd"))
        #expect(Secret("abc") != Secret("bbc"))
        #expect(Secret("abc") != Secret("ab"))
        #expect(Secret("") == Secret(""))
        #expect(Secret("abc").matches("abc".utf8.span) == true)
        #expect(Secret("abc").withBytes { $0.count } == 3)
        #expect(Secret("abc").count == 3)
    }
}
