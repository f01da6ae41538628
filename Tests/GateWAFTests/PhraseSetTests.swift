import GateWAF
import Testing

@Suite struct PhraseSetTests {
    @Test func thePhraseThatEndsFirstIsFoundInAnyCase() {
        let set = PhraseSet(["she", "He", "hers", "usher"].map(bytes))
        #expect(set.firstMatch(in: bytes("xUSHErs").span) == 2..<5)
        #expect(set.firstMatch(in: bytes("HERS").span) == 0..<2)
        #expect(set.firstMatch(in: bytes("ushushh").span) == nil)
        #expect(PhraseSet([] as [[UInt8]]).firstMatch(in: bytes("a").span) == nil)
        #expect(PhraseSet([[0, 0xE9]]).firstMatch(in: ([0, 0, 0xE9] as [UInt8]).span) == 1..<3)
    }

    @Test func itAgreesWithTryingEveryPhraseEverywhere() {
        var random = Seeded(state: 11)
        func text(_ bound: Int) -> [UInt8] { (0..<random.below(bound)).map { _ in UInt8(0x61 + random.below(3)) } }
        for _ in 0..<3000 {
            let phrases = (0..<(1 + random.below(6))).map { _ in text(6) }.filter { !$0.isEmpty }
            let value = text(16)
            var expected: Range<Int>?
            for end in 1..<max(value.count + 1, 1) where expected == nil {
                expected = phrases.filter { $0.count <= end && value[(end - $0.count)..<end].elementsEqual($0) }
                    .map { end - $0.count..<end }.max { $0.count < $1.count }
            }
            #expect(PhraseSet(phrases).firstMatch(in: value.span) == expected, "\(phrases) in \(value)")
        }
    }

    @Test func parametersAreReadWithQuotesBytesAndEscapes() {
        let cases: [(String, [String]?)] = [
            ("a b  c", ["a", "b", "c"]), ("  \"a b\"", ["a", "b"]), ("A|42 43|D e", ["abcd", "e"]),
            ("?> <?", ["<?", "?>"]),
            (#"a\:\;\\\""#, [#"a:;\""#]), (#"a\n"#, nil), ("|4|", nil), ("|4g|", nil), ("", []),
        ]
        for (parameter, phrases) in cases {
            let set = PhraseSet(parameter: parameter.utf8)
            #expect(set?.phrases.map { String(decoding: $0, as: UTF8.self) } == phrases, "\(parameter)")
        }
    }

    @Test func linesOfAFileAreReadWithoutComments() {
        let set = PhraseSet(lines: "# all\n\n  # more\nB c\na#\r\n".utf8)
        #expect(set.phrases.map { String(decoding: $0, as: UTF8.self) } == ["a#\r", "b c"])
    }

    @Test func timeIsLinearInTheValue() {
        let set = PhraseSet((0..<60).map { [UInt8](repeating: 0x61, count: 4 * $0) + [0x62] })
        let isLinear = isFlat { size in
            let value = [UInt8](repeating: 0x61, count: size)
            return { _ = set.firstMatch(in: value.span) }
        }
        #expect(isLinear)
    }
}
