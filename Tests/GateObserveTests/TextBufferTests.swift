import Testing

@testable import GateObserve

@Suite struct TextBufferTests {
    @Test(
        arguments: [
            0, 1, 9, 10, 99, 100, 999_999_999, 1_000_000_000, 9_999_999_999_999_999_999, 10_000_000_000_000_000_000,
            .max,
        ] as [UInt64])
    func aNumberIsWrittenInDecimal(value: UInt64) {
        var text = TextBuffer(capacity: 1)
        text.append(value)
        let written = text.string
        #expect(written == String(value))
    }

    @Test(arguments: [.min, -1, 0, .max] as [Int64])
    func aSignedNumberIsWrittenWithItsSign(value: Int64) {
        var text = TextBuffer()
        text.append(value)
        let written = text.string
        #expect(written == String(value))
    }

    @Test func aWidthAddsLeadingZerosAndCutsNothing() {
        var text = TextBuffer()
        for (value, width) in [(7, 3), (1234, 3), (0, 0), (5, 99)] as [(UInt64, Int)] {
            text.append(value, atLeast: width)
            text.append(" ")
        }
        let written = text.string
        #expect(written == "007 1234 0 00000000000000000005 ")
    }

    @Test func everyNumberOfBytesFitsWhateverTheRoomWas() {
        for capacity in 0..<40 {
            var text = TextBuffer(capacity: capacity)
            var expected: [UInt8] = []
            for amount in 0..<60 {
                let bytes = [UInt8](repeating: UInt8(amount), count: amount)
                text.append(bytes)
                text.append(UInt8(amount))
                text.append(literal: "literal")
                expected += bytes + [UInt8(amount)] + Array("literal".utf8)
            }
            let written = text.array
            #expect(written == expected)
            text.removeAll()
            let isEmpty = text.count == 0 && text.span.isEmpty
            #expect(isEmpty)
        }
    }

    @Test func digitsAreThoseOfTheStandardLibrary() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<1000 {
            let id = DecisionID(high: random.next(), low: random.next())
            let expected = [id.high, id.low].map { word in
                let digits = String(word, radix: 16)
                return String(repeating: "0", count: 16 - digits.count) + digits
            }
            #expect(id.description == expected.joined())
        }
    }
}
