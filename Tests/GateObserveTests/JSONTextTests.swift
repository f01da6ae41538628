import Foundation
import NIOCore
import Testing

@testable import GateObserve

/// Attacks 76: what a client sends cannot act on a log's reader.
@Suite struct JSONTextTests {
    private func quoted(_ bytes: [UInt8], limit: Int = .max) -> String {
        var output = TextBuffer()
        JSONText.append(ByteBuffer(bytes: bytes), limit: limit, to: &output)
        return output.string
    }

    private func decoded(_ text: String) throws -> String {
        try JSON.object("{\"a\":\(text)}")["a"] as? String ?? ""
    }

    @Test func plainTextStaysAsItIs() {
        #expect(quoted(Array("/orders?a=b&c='~ !".utf8)) == "\"/orders?a=b&c='~ !\"")
    }

    @Test func attacks76LineBreaksEscapesAndQuotesAreEscaped() {
        #expect(quoted(Array("a\r\n\u{1b}[31m\"\\\u{7f}\u{0}".utf8)) == #""a\u000d\u000a\u001b[31m\"\\\u007f\u0000""#)
    }

    @Test func attacks76SeparatorsAndBidirectionalMarksAreEscaped() {
        #expect(quoted(Array("\u{2028}\u{2029}\u{202e}\u{9b}".utf8)) == #""\u2028\u2029\u202e\u009b""#)
    }

    @Test func charactersBeyondTheBasicPlaneAreSurrogatePairs() throws {
        #expect(quoted(Array("é😀".utf8)) == #""\u00e9\ud83d\ude00""#)
        #expect(try decoded(quoted(Array("é😀".utf8))) == "é😀")
    }

    @Test(
        arguments: [
            ([0xff], #"\\xff"#), ([0xc0, 0x80], #"\\xc0\\x80"#), ([0xed, 0xa0, 0x80], #"\\xed\\xa0\\x80"#),
            ([0xf4, 0x90, 0x80, 0x80], #"\\xf4\\x90\\x80\\x80"#), ([0xe2, 0x80], #"\\xe2\\x80"#),
            ([0xe0, 0x80, 0xaf], #"\\xe0\\x80\\xaf"#), ([0x61, 0x80, 0x62], #"a\\x80b"#),
        ] as [([UInt8], String)])
    func bytesThatAreNotUTF8AreShownOneByOne(bytes: [UInt8], text: String) {
        #expect(quoted(bytes) == "\"\(text)\"")
    }

    @Test func attacks76ATextBeyondItsLimitIsCutWithAMark() {
        let text = [UInt8](repeating: 0x61, count: 100_001)
        #expect(quoted(Array(text.prefix(9)), limit: 10) == "\"aaaaaaaaa\"")
        #expect(quoted(Array(text.prefix(10)), limit: 10) == "\"aaaaaaaaaa\"")
        #expect(quoted(Array(text.prefix(11)), limit: 10) == "\"aaaaaaaaaa...(+1 bytes)\"")
        #expect(quoted(text, limit: 10) == "\"aaaaaaaaaa...(+99991 bytes)\"")
    }

    @Test func aCutNeverSplitsACharacter() {
        #expect(quoted(Array("aé".utf8), limit: 2) == "\"a...(+2 bytes)\"")
        #expect(quoted(Array("😀b".utf8), limit: 3) == "\"...(+5 bytes)\"")
        #expect(quoted([0x80, 0x80, 0x80, 0x80, 0x80], limit: 4) == #""\\x80\\x80\\x80\\x80...(+1 bytes)""#)
    }

    @Test func randomBytesAlwaysMakeOneLineOfPrintableJSON() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 0...60, using: &random)).map { _ in
                // Half of the bytes from where UTF-8's rules are.
                Bool.random(using: &random)
                    ? UInt8.random(in: 0...255, using: &random) : UInt8.random(in: 0x80...0xf5, using: &random)
            }
            let text = quoted(bytes, limit: Int.random(in: 0...70, using: &random))
            #expect(text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f })
            #expect(throws: Never.self) { try JSON.object("{\"a\":\(text)}") }
        }
    }

    @Test func validTextReadsBackAsItWas() throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            let scalars = (0..<20).compactMap { _ in Unicode.Scalar(UInt32.random(in: 0...0x10_ffff, using: &random)) }
            var text = ""
            text.unicodeScalars.append(contentsOf: scalars)
            #expect(try decoded(quoted(Array(text.utf8))).unicodeScalars.elementsEqual(scalars))
        }
    }
}
