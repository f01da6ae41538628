import GateIdentity
import Testing

@Suite struct Base64URLTests {
    private func decoded(_ text: String) -> [UInt8]? { Base64URL.decode([UInt8](text.utf8).span) }

    @Test func everyLengthSurvivesTheRoundTrip() {
        var bytes: [UInt8] = []
        for length in 0..<70 {
            let text = Base64URL.encode(bytes)
            #expect(Base64URL.decode(text.span) == bytes)
            bytes.append(UInt8(truncatingIfNeeded: length &* 37 &+ 11))
        }
    }

    // RFC 7515 appendix C.
    @Test func theExampleOfTheStandardIsReadAndWritten() {
        #expect(decoded("A-z_4ME") == [3, 236, 255, 224, 193])
        #expect(Base64URL.encode([3, 236, 255, 224, 193]) == [UInt8]("A-z_4ME".utf8))
    }

    @Test(arguments: ["QQ==", "QUI=", "Q Q", "QQ\n", "Q+Q", "Q/Q", "A", "AAAAA", "QUI\u{0}", "Q.Q", "é"])
    func anyOtherSpellingIsRefused(text: String) {
        // attacks 48: padding, spaces, the other alphabet, impossible lengths.
        #expect(decoded(text) == nil)
    }

    @Test func unusedBitsMustBeZero() {
        // attacks 48: "QQ" is 0x41 and the only spelling of it.
        #expect(decoded("QQ") == [0x41])
        for text in ["QR", "QS", "QT", "Qf", "QUJ", "QUK"] { #expect(decoded(text) == nil) }
        #expect(decoded("QUI") == [0x41, 0x42])
    }
}
