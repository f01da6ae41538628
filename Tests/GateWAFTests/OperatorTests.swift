import GateWAF
import Testing

@Suite struct OperatorTests {
    @Test func textOperatorsFindWhatTheirNamesSay() {
        let cases: [(TextOperator, String, String, Range<Int>?)] = [
            (.beginsWith, "abc", "ab", 0..<2), (.beginsWith, "abc", "bc", nil), (.beginsWith, "a", "ab", nil),
            (.endsWith, "abc", "bc", 1..<3), (.endsWith, "abc", "ab", nil), (.endsWith, "c", "bc", nil),
            (.contains, "abcabd", "abd", 3..<6), (.contains, "ABC", "abc", nil), (.contains, "", "", 0..<0),
            (.strmatch, "xay", "a", 1..<2), (.streq, "a", "a", 0..<1), (.streq, "a", "A", nil),
            (.streq, "ab", "a", nil),
            (.within, "GET", "GET POST", 0..<3), (.within, "", "GET", 0..<0), (.within, "GETX", "GET POST", nil),
            (.containsWord, "a cat.", "cat", 2..<5), (.containsWord, "concat", "cat", nil),
            (.containsWord, "cats", "cat", nil),
            (.containsWord, "cat1", "cat", 0..<3), (.containsWord, "cats cat", "cat", 5..<8),
            (.containsWord, "x", "", 0..<0),
        ]
        for (name, value, parameter, expected) in cases {
            let found = name.firstMatch(in: bytes(value).span, parameter: bytes(parameter).span)
            #expect(found == expected, "\(name) \(parameter) in \(value)")
        }
    }

    @Test func searchAgreesWithTryingEveryPlace() {
        var random = Seeded(state: 7)
        for _ in 0..<20000 {
            let text = (0..<random.below(64)).map { _ in UInt8(0x61 + random.below(2)) }
            // Long ones are searched for otherwise than short ones; those are found where they were taken from the text.
            var needle = (0..<random.below(9)).map { _ in UInt8(0x61 + random.below(2)) }
            if random.below(2) == 0 {
                let start = random.below(text.count + 1)
                needle += text[start...].prefix(17 + random.below(20))
            }
            let places = text.count < needle.count ? [] : Array(0...(text.count - needle.count))
            let expected = places.first { text[$0..<$0 + needle.count].elementsEqual(needle) }
            let found = TextOperator.contains.firstMatch(in: text.span, parameter: needle.span)
            #expect(found == expected.map { $0..<$0 + needle.count }, "\(needle) in \(text)")
        }
    }

    @Test func searchTakesTimeLinearInBothTexts() {
        let isLinear = isFlat { size in
            let text = [UInt8](repeating: 0x61, count: size)
            let halves = [UInt8](repeating: 0x61, count: size / 4) + [0x62] + [UInt8](repeating: 0x61, count: size / 4)
            return { _ = TextOperator.contains.firstMatch(in: text.span, parameter: halves.span) }
        }
        #expect(isLinear)
    }

    @Test func numbersAreReadAsCReadsThem() {
        let cases: [(String, Int, Int)] = [
            ("12", 12, 12), (" \t-7x", -7, -7), ("+3", 3, 3), ("", 0, 0), ("abc", 0, 0), ("-", 0, 0), ("0x10", 0, 0),
            ("2147483647", 2_147_483_647, 2_147_483_647), ("2147483648", 0, 2_147_483_648),
            ("9223372036854775807", 0, .max), ("9223372036854775808", 0, .max), ("-9223372036854775809", 0, .min),
        ]
        for (text, equal, other) in cases {
            #expect(NumericOperator.eq.number(in: bytes(text).span) == equal, "\(text)")
            #expect(NumericOperator.gt.number(in: bytes(text).span) == other, "\(text)")
        }
        for (name, less, same, more) in [
            (NumericOperator.eq, false, true, false), (.ge, false, true, true), (.gt, false, false, true),
            (.le, true, true, false), (.lt, true, false, false),
        ] {
            #expect([4, 5, 6].map { name.matches($0, parameter: 5) } == [less, same, more], "\(name)")
        }
    }

    @Test func aByteRangeAllowsWhatItLists() throws {
        let set = try #require(ByteRangeSet(parameter: "9, 10,32-126"))
        #expect((0...255).filter { set.contains(UInt8($0)) } == [9, 10] + Array(32...126))
        let values: [[UInt8]] = [[32, 126, 127, 0], [9, 10], []]
        #expect(values.map { set.firstOffence(in: $0.span) } == [2, nil, nil])
        let all = try #require(ByteRangeSet(parameter: "0-255"))
        #expect((0...255).allSatisfy { all.contains($0) })
        for bad in ["", "256", "5-4", "a", "1-2-3", "1,,2", "-1", "1-"] {
            #expect(ByteRangeSet(parameter: bad) == nil, "\(bad)")
        }
    }

    @Test func badEncodingIsFoundWhereItBegins() {
        let urls: [(String, Int?)] = [("%41%", 3), ("a%4", 1), ("%zz", 0), ("%41%fF", nil), ("", nil), ("%%41", 0)]
        for (text, expected) in urls {
            #expect(EncodingOperator.validateUrlEncoding.firstOffence(in: bytes(text).span) == expected, "\(text)")
        }
        let sequences: [([UInt8], Int?)] = [
            ([0x61, 0xC2, 0xA9], nil), ([0xC1, 0xBF], 0), ([0x61, 0xC2], 1), ([0xE0, 0x9F, 0xBF], 0),
            ([0xE0, 0xA0, 0x80], nil),
            ([0xED, 0x9F, 0xBF], nil), ([0xED, 0xA0, 0x80], 0), ([0xF0, 0x8F, 0xBF, 0xBF], 0),
            ([0xF0, 0x90, 0x80, 0x80], nil),
            ([0xF4, 0x8F, 0xBF, 0xBF], nil), ([0xF4, 0x90, 0x80, 0x80], 0), ([0xF5, 0x80, 0x80, 0x80], 0), ([0x80], 0),
            ([0xEF, 0xBF], 0), ([0xF1, 0x80, 0x80], 0), ([0xF1, 0x80, 0x80, 0x41], 0), ([], nil),
        ]
        for (text, expected) in sequences {
            #expect(EncodingOperator.validateUtf8Encoding.firstOffence(in: text.span) == expected, "\(text)")
        }
    }

    @Test func addressesAreFoundInTheirBlocks() throws {
        let set = try AddressOperator(parameter: "127.0.0.1, 10.1.2.3/8,2001:db8::/32,::1")
        let held = ["127.0.0.1", "10.9.9.9", "2001:db8::9", "::1"]
        let others = ["127.0.0.2", "11.0.0.1", "2001:db9::", "", "localhost"]
        #expect((held + others).filter { set.contains(bytes($0).span) } == held)
        let problem = #expect(throws: AddressOperator.Problem.self) { try AddressOperator(parameter: "::1,10.0.0") }
        #expect(problem?.entry == "10.0.0")
        let file = try AddressOperator(lines: "# all\n10.0.0.1 # one\n\n::2\n")
        #expect(["10.0.0.1", "::2", "::1"].map { file.contains(bytes($0).span) } == [true, true, false])
    }
}
