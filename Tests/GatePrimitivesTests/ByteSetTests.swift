import GatePrimitives
import Testing

@Suite struct ByteSetTests {
    private func members(_ set: ByteSet) -> String {
        String(decoding: (0...255).map { UInt8($0) }.filter(set.contains), as: UTF8.self)
    }

    @Test func theSetsAreThoseOfTheGrammar() {
        let digits = "0123456789"
        let upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        let alpha = upper + upper.lowercased()
        func sorted(_ text: String) -> String { String(decoding: text.utf8.sorted(), as: UTF8.self) }
        #expect(members(.digit) == digits)
        #expect(members(.hexDigit) == sorted(digits + "ABCDEFabcdef"))
        #expect(members(.token) == sorted("!#$%&'*+-.^_`|~" + digits + alpha))
        #expect(members(.unreserved) == sorted("-._~" + digits + alpha))
        #expect(members(ByteSet("\0\u{7f}@?é")) == sorted("\0\u{7f}@?"))
    }

    @Test func aSpanIsHeldWhenEveryByteIs() {
        #expect(ByteSet.digit.holdsAll(of: "0123".utf8.span) == true)
        #expect(ByteSet.digit.holdsAll(of: "01a3".utf8.span) == false)
        #expect(ByteSet.digit.holdsAll(of: "".utf8.span) == true)
    }
}

@Suite struct LoopRandomTests {
    /// The first outputs for seed 1234567, as the algorithm's description gives them.
    @Test func itIsSplitMix64() {
        var random = LoopRandom(seed: 1_234_567)
        #expect((0..<3).map { _ in random.next() } == [6457827717110365317, 3203168211198807973, 9817491932198370423])
    }

    @Test func aNumberBelowABoundIsBelowIt() {
        var random = LoopRandom(seed: 1)
        var seen: Set<Int> = []
        for _ in 0..<200 { seen.insert(random.below(5)) }
        #expect(seen == [0, 1, 2, 3, 4])
        #expect(random.below(1) == 0)
        #expect(random.below(0) == 0)
        #expect(random.below(-3) == 0)
    }
}
